/*
 * link.h: from a uid to a Studio link: map the account, find the domain's settings, the region, the host's credentials;
 * assume the domain's role where it has one; ask SageMaker; check what it sends back.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "deadline.h"
#include "failure.h"
#include "mapping.h"
#include "rate.h"
#include "service.h"

struct link_request {
    uid_t uid;
    bool identity_only; /* who is this in Studio?  No call to AWS, no link */
    enum rate_kind kind;
    const char *landing_uri; /* NULL: the rule's or the domain's; else one of the domain's landing_uris */
    struct deadline deadline;
};

/* For a person at a terminal: this user profile, whatever the map says. */
struct link_order {
    const char *domain; /* section name or domain id */
    const char *user_profile_name;
    const char *space_name;  /* NULL: the domain's */
    const char *landing_uri; /* NULL: the domain's */
    const char *run_by;      /* the Linux user in whose name a role is assumed; NULL: "sagemaker-studio-helper" */
    struct deadline deadline;
};

enum link_end {
    LINK_MADE,   /* (or, with identity_only, the identity is known) */
    LINK_NOBODY, /* no rule, a rule `-`, or a host without a map */
    LINK_FAILED,
};

/* What callbacks are given; valid until they return. */
struct link_result {
    enum link_end end;
    const struct mapping *mapping;        /* NULL when it did not come that far */
    const struct domain_settings *domain; /* likewise */
    const struct settings *settings;      /* likewise */
    const char *url;                      /* secret; only when made */
    const char *region;
    const char *role;       /* whose keys were used last: the domain's role_arn, or the host's; "" when unknown */
    const char *request_id; /* AWS's; "" when there was no answer */
    int64_t issued_at, expires_at; /* epoch seconds */
    struct failure failure;        /* when failed */
};

typedef void link_done(void *owner, const struct link_result *result);

struct link;

/* The callback comes once, by the deadline, and never from inside these.  NULL (with the failure) when memory is short.
 */
struct link *link_start(struct service *service, const struct link_request *request, link_done *done, void *owner,
                        struct failure *failure);
struct link *link_start_order(struct service *service, const struct link_order *order, link_done *done, void *owner,
                              struct failure *failure);
void link_cancel(struct link *link);

#endif
