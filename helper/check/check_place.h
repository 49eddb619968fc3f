/*
 * check_place.h: one domain of the settings as the steps of check_aws.h see it: where it is asked about, with whose
 * keys, and what was found out on the way.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_PLACE_H
#define CHECK_PLACE_H

#include <stdbool.h>

#include "check_progress.h"
#include "credentials.h"
#include "mapping.h"
#include "network_address.h"
#include "sagemaker_description.h"
#include "settings.h"

struct check_place {
    const struct domain_settings *settings;
    const struct mapping *mapping; /* of the user who is asked about; NULL: nobody */
    bool no_link;                  /* nothing is done in that user's name */
    char region[64];               /* "": not known, and then nothing below is */
    char endpoint_url[512];
    char endpoint_host[264]; /* with the port, if there is one */
    char sts_endpoint_url[512];
    enum network_reach api, studio;      /* NETWORK_NO_ADDRESS: not found out */
    char studio_host[264];               /* that was looked at; "": none */
    const struct credentials *host_keys; /* NULL: there are none */
    char account[13];                    /* of host_keys; "": not known */
    char caller[2049];                   /* their ARN; "": not known */
    struct credentials link_keys;        /* of the role, for this user's link; no keys: it was not assumed */
    struct credentials describing_keys;  /* of the role, for nobody's link */
    bool api_is_out_of_reach;            /* and so it is for every domain that is alike */
    /* What is wrong has been said already, so that there is no use in asking on: */
    bool domain_is_hopeless; /* about the domain's users and their links */
    bool link_is_hopeless;   /* for this user's link */
};

/* Region and endpoints; says so where they cannot be known.  The place is all zero but for what it is about and
 * host_keys. */
bool check_place_find(struct check_progress *progress, struct check_place *place);
/* Wipes. */
void check_place_free(struct check_place *place);

/* By the same way, and with the same keys: what was found out about one holds for the other. */
bool check_place_is_alike(const struct check_place *one, const struct check_place *other);

/* Is role_arn of another account than the host?  No, where one of them is not known. */
bool check_place_is_foreign(const struct check_place *place);

/*
 * The keys to describe things with; NULL: there are none.  Those of a link may do nothing but make links, so these are
 * the host's own, or, where the domain is in another account, those of the role.
 */
const struct credentials *check_place_describing_keys(const struct check_place *place);

/* A question about this domain; the caller fills in the rest. */
struct sagemaker_question check_place_question(const struct check_place *place, enum sagemaker_operation operation);

#endif
