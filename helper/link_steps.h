/*
 * link_steps.h: what link.c, link_host.c, link_role.c and link_request.c share: the state of one link, and the steps
 * that lead from one of these files to another.
 *
 *   link.c: map_account -> account_mapped -> choose the domain
 *     -> link_find_region (link_host.c) -> link_region_known
 *     -> link_get_keys (link_host.c) -> link_keys_known
 *     -> link_assume_role (link_role.c), where the domain has a role_arn
 *     -> link_send_request (link_request.c) -> link_finish
 *
 * Each step either starts the next or ends the link; the link is gone when it has been ended.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LINK_STEPS_H
#define LINK_STEPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws_call.h"
#include "credentials.h"
#include "domain_role.h"
#include "link.h"
#include "loop.h"
#include "peer_attempt.h"
#include "presigned_url.h"
#include "service.h"

#define LINK_HOST_SIZE 264

/* The role that is assumed for this link alone. */
struct link_role {
    char endpoint_url[512]; /* of STS */
    char host[LINK_HOST_SIZE];
    struct domain_role asked;
};

struct link {
    TAILQ_ENTRY(link) entry;
    struct service *service;
    struct shared_configuration *configuration;
    struct link_request request;
    char *wanted_landing_uri;
    char *run_by; /* of an order: who gave it */
    link_done *done;
    void *owner;
    struct loop_timer timer; /* the next turn of the loop at first, the deadline after that */
    char awaited[OUTAGE_NAME_SIZE];
    struct configuration_waiter waiter; /* while it is being read */

    /* What is under way, at most one of them. */
    struct worker_call *mapping_call;
    struct credential_call *credential_call;
    struct aws_call *aws_call;

    /* Whom it is asked of. */
    struct credential_store *store;
    struct peer_attempt key_source;
    struct peer_attempt region_source;
    struct peer_attempt sts;
    struct peer_attempt sagemaker;
    struct peer_attempt *region_attempt; /* one of these two: often it is the same peer */
    bool region_was_kept;                /* nobody had to be asked for it */
    bool keys_were_kept;
    uint64_t keys_serial; /* of the host's own that were used last */
    bool retried;         /* once, with fresh keys */

    bool mapped;
    struct mapping mapping;
    const struct domain_settings *domain;
    struct domain_settings bare_domain; /* the defaults under a domain id that the map names itself */
    char region[64];
    struct link_role role;
    char endpoint_url[512]; /* of SageMaker */
    char host[LINK_HOST_SIZE];
    struct presigned_url_parameters parameters;
    char role_name[128]; /* whose keys were used last, for the log */
    char request_id[80];
};

/* link.c */
void link_region_known(struct link *link, const char *region);
/* The host's own. */
void link_keys_known(struct link *link, const struct credentials *credentials);
/* AWS says that keys are expired or unknown: once more with fresh ones.  host_keys: was it the host's own? */
void link_keys_refused(struct link *link, bool host_keys, const struct failure *failure);
/* Tell the owner, then end. */
void link_finish(struct link *link, struct link_result *result);
void link_fail(struct link *link, const struct failure *failure);
/* From now on the link waits for this, in words that follow "while waiting for". */
void link_await(struct link *link, const char *whom);
struct deadline link_step_deadline(const struct link *link);

/* link_host.c */
void link_find_region(struct link *link);
void link_get_keys(struct link *link);

/* link_role.c: everything but the keys; nothing to do where the domain has no role_arn. */
bool link_prepare_role(struct link *link, struct failure *failure);
void link_assume_role(struct link *link, const struct credentials *credentials);

/* link_request.c */
bool link_prepare_request(struct link *link, struct failure *failure);
void link_send_request(struct link *link, const struct credentials *credentials);
/* An AWS endpoint as a peer of outage.h: the host, and the domain's way to it. */
void link_aim_at_endpoint(const struct link *link, struct peer_attempt *attempt, const char *host);
void link_end_attempt(struct peer_attempt *attempt, const struct http_answer *answer);

#endif
