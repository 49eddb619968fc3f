/*
 * link_role.c: the role that is assumed for one link, in the name of the person whose link it is.
 *
 * Its keys are used for one request and never kept: nobody else may get them.  A role that cannot be assumed ends the
 * link; the host's own keys are never used in its place.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "link_steps.h"

/* A link that is not asked for by its owner bears the name of who asked. */
static const char *
person(const struct link *link)
{
    return link->run_by != NULL ? link->run_by : link->mapping.user;
}

static bool
find_endpoint(struct link *link, struct failure *failure)
{
    const struct domain_settings *domain = link->domain;
    struct link_role *role = &link->role;

    if (!endpoint_sts(link->region, domain->sts_endpoint_url, domain->use_fips_endpoint, domain->use_dualstack_endpoint,
                      role->endpoint_url, sizeof(role->endpoint_url), failure))
        return false;
    return endpoint_host(role->endpoint_url, role->host, sizeof(role->host)) ||
           failure_set(failure, "config", "sts_endpoint_url %s has no host name", role->endpoint_url);
}

bool
link_prepare_role(struct link *link, struct failure *failure)
{
    struct domain_role_place place = {
        .domain = link->domain, .region = link->region, .sts_endpoint_url = link->role.endpoint_url};

    if (link->domain->role_arn == NULL)
        return true;
    if (!find_endpoint(link, failure) ||
        !domain_role_prepare(&link->role.asked, &place, person(link), link->mapping.user_profile_name, failure))
        return false;
    link_aim_at_endpoint(link, &link->sts, link->role.host);
    return peer_attempt_admit(&link->sts, link->request.deadline, failure);
}

static void
use_role(struct link *link, struct credentials *credentials)
{
    snprintf(link->role_name, sizeof(link->role_name), "%s", credentials->role);
    link_send_request(link, credentials);
    credentials_wipe(credentials);
}

static void
role_answered(void *owner, struct http_answer *answer, time_t sent_at)
{
    struct link *link = owner;
    struct credentials credentials = {0};
    struct failure failure;

    (void) sent_at;
    link->aws_call = NULL;
    link_end_attempt(&link->sts, answer);
    snprintf(link->request_id, sizeof(link->request_id), "%s", answer->request_id);
    if (assume_role_answer(&link->role.asked.parameters, answer, &credentials, &failure))
        use_role(link, &credentials);
    else if (answer->status != 200 && strcmp(failure.code, "expired-credentials") == 0)
        link_keys_refused(link, true, &failure); /* and not those of the role that STS gave */
    else
        link_fail(link, &failure);
}

void
link_assume_role(struct link *link, const struct credentials *credentials)
{
    struct failure failure;

    link_await(link, link->role.host);
    peer_attempt_ask(&link->sts);
    link->aws_call = assume_role_start(link->service->aws, &link->role.asked.parameters, credentials,
                                       link_step_deadline(link), role_answered, link, &failure);
    if (link->aws_call == NULL)
        link_fail(link, &failure);
}
