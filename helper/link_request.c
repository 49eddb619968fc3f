/*
 * link_request.c: the request for a link, and what SageMaker answers to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "link_steps.h"

void
link_end_attempt(struct peer_attempt *attempt, const struct http_answer *answer)
{
    bool ran_out_of_time = strcmp(answer->failure.code, "timeout") == 0;
    enum peer_end end = PEER_FAILED;

    if (answer->end == HTTP_NO_SOCKET || answer->end == HTTP_CROWDED)
        return;
    if (answer->end == HTTP_ANSWERED || answer->status != 0) /* one of the attempts, if not the last */
        end = PEER_ANSWERED;
    else if (ran_out_of_time)
        end = answer->end == HTTP_TIMED_OUT ? PEER_SILENT : PEER_UNCONNECTED;
    peer_attempt_end(attempt, end);
}

/* Another domain may go there by a proxy, or trust another CA. */
void
link_aim_at_endpoint(const struct link *link, struct peer_attempt *attempt, const char *host)
{
    const char *proxy = link->domain->proxy_url;
    const char *ca_bundle = link->domain->ca_bundle;
    char peer[OUTAGE_NAME_SIZE];

    snprintf(peer, sizeof(peer), "%s%s%s%s%s%s", host, proxy != NULL ? " by proxy " : "", proxy != NULL ? proxy : "",
             ca_bundle != NULL ? " (CA bundle " : "", ca_bundle != NULL ? ca_bundle : "", ca_bundle != NULL ? ")" : "");
    peer_attempt_aim(attempt, peer);
}

static bool
find_endpoint(struct link *link, struct failure *failure)
{
    const struct domain_settings *domain = link->domain;

    if (!endpoint_sagemaker(link->region, domain->endpoint_url, domain->use_fips_endpoint,
                            domain->use_dualstack_endpoint, link->endpoint_url, sizeof(link->endpoint_url), failure))
        return false;
    return endpoint_host(link->endpoint_url, link->host, sizeof(link->host)) ||
           failure_set(failure, "config", "endpoint_url %s has no host name", link->endpoint_url);
}

static void
fill_parameters(struct link *link)
{
    const char *wanted = link->wanted_landing_uri;

    link->parameters = presigned_url_parameters_of(link->domain, link->endpoint_url, link->region);
    link->parameters.user_profile_name = link->mapping.user_profile_name;
    link->parameters.space_name = wanted == NULL ? link->mapping.space_name : NULL;
    link->parameters.landing_uri = wanted == NULL ? link->mapping.landing_uri : wanted;
}

/* Everything about the request is known but the keys. */
bool
link_prepare_request(struct link *link, struct failure *failure)
{
    if (!find_endpoint(link, failure))
        return false;
    fill_parameters(link);
    link_aim_at_endpoint(link, &link->sagemaker, link->host);
    return presigned_url_check(&link->parameters, failure) &&
           peer_attempt_admit(&link->sagemaker, link->request.deadline, failure);
}

static void
hand_over(struct link *link, char *url, time_t issued_at)
{
    struct link_result result = {
        .end = LINK_MADE,
        .url = url,
        .issued_at = issued_at,
        .expires_at = issued_at + link->parameters.expires_in_seconds,
    };

    link_finish(link, &result);
}

static void
sagemaker_answered(void *owner, struct http_answer *answer, time_t sent_at)
{
    struct link *link = owner;
    struct failure failure;
    char *url = NULL;

    link->aws_call = NULL;
    link_end_attempt(&link->sagemaker, answer);
    snprintf(link->request_id, sizeof(link->request_id), "%s", answer->request_id);
    if (presigned_url_answer(&link->parameters, answer, &url, &failure))
        hand_over(link, url, sent_at);
    else if (strcmp(failure.code, "expired-credentials") == 0)
        link_keys_refused(link, link->domain->role_arn == NULL, &failure);
    else
        link_fail(link, &failure);
    secret_free(&url);
}

void
link_send_request(struct link *link, const struct credentials *credentials)
{
    struct failure failure;

    link_await(link, link->host);
    peer_attempt_ask(&link->sagemaker);
    link->aws_call = presigned_url_start(link->service->aws, &link->parameters, credentials, link_step_deadline(link),
                                         sagemaker_answered, link, &failure);
    if (link->aws_call == NULL)
        link_fail(link, &failure);
}
