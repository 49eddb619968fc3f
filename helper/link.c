/*
 * The story of one link, a step a function.  Each step either goes on to the next, or ends the link.
 *
 *   map_account -> account_mapped -> find_region -> get_credentials -> send_request -> answer_came -> finish
 *
 * SPDX-License-Identifier: MIT
 */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "endpoint.h"
#include "peer_attempt.h"
#include "presigned_url.h"

#define METADATA_SERVICE "the instance metadata service"

/* A step ends this much before the link does, so that what is told is the step's own reason and not just "too late". */
#define STEP_EARLIER_MS 25

/* So many clicks of one user are mapped at a time; further ones look again a little later. */
#define MAPPINGS_PER_USER 2
#define MAPPING_AGAIN_MS  10

struct link {
    TAILQ_ENTRY(link) entry;
    struct service *service;
    struct shared_configuration *configuration;
    struct link_request request;
    char *wanted_landing_uri;
    link_done *done;
    void *owner;
    struct loop_timer timer; /* the next turn of the loop at first, the deadline after that */
    struct worker_call *mapping_call;
    struct credential_call *credential_call;
    struct http_exchange *exchange;
    struct credential_store *store;
    struct peer_attempt metadata;
    struct peer_attempt endpoint;
    bool keys_were_kept; /* nobody had to be asked for them */
    bool mapped;
    bool retried; /* once, with fresh keys */
    struct mapping mapping;
    const struct domain_settings *domain;
    struct domain_settings bare_domain; /* the defaults under a domain id that the map names itself */
    char region[64];
    char endpoint_url[512];
    char endpoint_host[264];
    char role[128];
    char request_id[80];
    int64_t issued_at;
    struct presigned_url_parameters parameters;
};

static void
link_free(struct link *link)
{
    peer_attempt_leave(&link->metadata);
    peer_attempt_leave(&link->endpoint);
    TAILQ_REMOVE(&link->service->links, link, entry);
    loop_timer_stop(link->service->loop, &link->timer);
    if (link->mapping_call != NULL)
        worker_call_cancel(link->mapping_call);
    if (link->credential_call != NULL)
        credential_call_cancel(link->credential_call);
    if (link->exchange != NULL)
        http_cancel(link->exchange);
    configuration_release(link->configuration);
    free(link->wanted_landing_uri);
    free(link);
}

void
link_cancel(struct link *link)
{
    link_free(link);
}

/* Tell the owner, then end. */
static void
finish(struct link *link, struct link_result *result)
{
    result->mapping = link->mapped ? &link->mapping : NULL;
    result->domain = link->domain;
    result->settings = link->configuration != NULL ? link->configuration->configuration->settings : NULL;
    result->region = link->region;
    result->role = link->role;
    result->request_id = link->request_id;
    link->done(link->owner, result);
    link_free(link);
}

static void
finish_failed(struct link *link, const struct failure *failure)
{
    struct link_result result = {.end = LINK_FAILED, .failure = *failure};

    finish(link, &result);
}

static void
finish_nobody(struct link *link)
{
    struct link_result result = {.end = LINK_NOBODY};

    finish(link, &result);
}

static void
report_endpoint(struct link *link, const struct http_answer *answer)
{
    bool ran_out_of_time = strcmp(answer->failure.code, "timeout") == 0;
    enum peer_end end = PEER_FAILED;

    if (answer->end == HTTP_NO_SOCKET)
        return;
    if (answer->end == HTTP_ANSWERED)
        end = PEER_ANSWERED;
    else if (ran_out_of_time)
        end = answer->end == HTTP_TIMED_OUT ? PEER_SILENT : PEER_UNCONNECTED;
    peer_attempt_end(&link->endpoint, end);
}

/* A metadata service that refuses is there; one that cannot be reached, or says nothing, is not. */
static void
report_metadata(struct link *link, const struct failure *failure)
{
    enum peer_end end = PEER_ANSWERED;

    if (failure != NULL && strcmp(failure->code, "resources") == 0)
        return;
    if (failure != NULL && strcmp(failure->code, "timeout") == 0)
        end = PEER_UNCONNECTED;
    else if (failure != NULL && strcmp(failure->code, "imds-unreachable") == 0)
        end = PEER_FAILED;
    peer_attempt_end(&link->metadata, end);
}

static void
deadline_came(void *owner)
{
    struct link *link = owner;
    struct failure failure;

    failure_set(&failure, "timeout", "no link in the time that was given; it stopped while waiting for %s",
                link->exchange != NULL          ? link->endpoint_host
                : link->credential_call != NULL ? METADATA_SERVICE
                : link->mapping_call != NULL    ? "the account and its groups (NSS)"
                                                : "its turn");
    finish_failed(link, &failure);
}

static struct deadline
step_deadline(const struct link *link)
{
    return (struct deadline){.at_ms = link->request.deadline.at_ms - STEP_EARLIER_MS};
}

static void answer_came(void *owner, struct http_answer *answer);

static void
send_request(struct link *link, const struct credentials *credentials)
{
    struct failure failure;

    snprintf(link->role, sizeof(link->role), "%s", credentials->role);
    link->issued_at = time(NULL);
    peer_attempt_ask(&link->endpoint);
    link->exchange = presigned_url_request(link->service->http, &link->parameters, credentials, link->issued_at,
                                           step_deadline(link), answer_came, link, &failure);
    if (link->exchange == NULL)
        finish_failed(link, &failure);
}

static void
credentials_came(void *owner, const struct credentials *credentials, const struct failure *failure)
{
    struct link *link = owner;

    link->credential_call = NULL;
    if (!link->keys_were_kept)
        report_metadata(link, credentials == NULL ? failure : NULL);
    if (credentials == NULL)
        finish_failed(link, failure);
    else
        send_request(link, credentials);
}

/* Kept keys need no metadata service, so an outage of it does not stop those. */
static bool
metadata_admits(struct link *link, bool kept, struct failure *failure)
{
    return kept || peer_attempt_admit(&link->metadata, link->request.deadline, failure);
}

static void
get_credentials(struct link *link)
{
    struct failure failure;

    link->keys_were_kept = credentials_kept(link->store) != NULL;
    if (!metadata_admits(link, link->keys_were_kept, &failure)) {
        finish_failed(link, &failure);
        return;
    }
    peer_attempt_ask(&link->metadata);
    link->credential_call = credentials_get(link->store, step_deadline(link), credentials_came, link, &failure);
    if (link->credential_call == NULL)
        finish_failed(link, &failure);
}

static void
keys_were_refused(struct link *link)
{
    link->retried = true;
    credentials_reject(link->store);
    get_credentials(link);
}

static void
answer_came(void *owner, struct http_answer *answer)
{
    struct link *link = owner;
    struct link_result result = {.end = LINK_MADE};
    char *url = NULL;

    link->exchange = NULL;
    report_endpoint(link, answer);
    snprintf(link->request_id, sizeof(link->request_id), "%s", answer->request_id);
    if (!presigned_url_answer(&link->parameters, answer, &url, &result.failure)) {
        if (strcmp(result.failure.code, "expired-credentials") == 0 && !link->retried)
            keys_were_refused(link);
        else
            finish_failed(link, &result.failure);
        return;
    }
    result.url = url;
    result.issued_at = link->issued_at;
    result.expires_at = link->issued_at + link->parameters.expires_in_seconds;
    finish(link, &result);
    secret_free(&url);
}

/* The host, and the way to it: another domain may go there by a proxy, or trust another CA. */
static void
name_endpoint(struct link *link)
{
    const char *proxy = link->domain->proxy_url;
    const char *ca_bundle = link->domain->ca_bundle;

    snprintf(link->endpoint.peer, sizeof(link->endpoint.peer), "%s%s%s%s%s%s", link->endpoint_host,
             proxy != NULL ? " by proxy " : "", proxy != NULL ? proxy : "", ca_bundle != NULL ? " (CA bundle " : "",
             ca_bundle != NULL ? ca_bundle : "", ca_bundle != NULL ? ")" : "");
}

/* Everything about the request is known but the keys. */
static bool
prepare_request(struct link *link, struct failure *failure)
{
    const struct domain_settings *domain = link->domain;
    const char *landing_uri = link->mapping.landing_uri;

    if (!endpoint_sagemaker(link->region, domain->endpoint_url, domain->use_fips_endpoint,
                            domain->use_dualstack_endpoint, link->endpoint_url, sizeof(link->endpoint_url), failure))
        return false;
    if (!endpoint_host(link->endpoint_url, link->endpoint_host, sizeof(link->endpoint_host)))
        return failure_set(failure, "config", "endpoint_url %s has no host name", link->endpoint_url);
    if (link->wanted_landing_uri != NULL)
        landing_uri = link->wanted_landing_uri;
    link->parameters = (struct presigned_url_parameters){
        .endpoint_url = link->endpoint_url,
        .region = link->region,
        .domain_id = domain->domain_id,
        .user_profile_name = link->mapping.user_profile_name,
        .space_name = link->wanted_landing_uri == NULL ? link->mapping.space_name : NULL,
        .landing_uri = landing_uri,
        .expires_in_seconds = domain->expires_in_seconds,
        .session_expiration_duration_in_seconds = domain->session_expiration_duration_in_seconds,
        .ca_bundle = domain->ca_bundle,
        .proxy_url = domain->proxy_url,
        .studio_url_suffixes = domain->studio_url_suffixes,
    };
    name_endpoint(link);
    return presigned_url_check(&link->parameters, failure) &&
           peer_attempt_admit(&link->endpoint, link->request.deadline, failure);
}

static void
use_region(struct link *link, const char *region)
{
    struct failure failure;

    if ((size_t) snprintf(link->region, sizeof(link->region), "%s", region) >= sizeof(link->region))
        link->region[0] = '\0';
    if (prepare_request(link, &failure))
        get_credentials(link);
    else
        finish_failed(link, &failure);
}

static void
region_came(void *owner, const char *region, const struct failure *failure)
{
    struct link *link = owner;

    link->credential_call = NULL;
    report_metadata(link, region == NULL ? failure : NULL);
    if (region != NULL) {
        use_region(link, region);
        return;
    }
    finish_failed(link, failure);
}

/* The domain's own region, else the instance's. */
static void
find_region(struct link *link)
{
    struct failure failure;

    if (link->domain->region != NULL) {
        use_region(link, link->domain->region);
        return;
    }
    if (!metadata_admits(link, credential_region_kept(link->store) != NULL, &failure)) {
        finish_failed(link, &failure);
        return;
    }
    peer_attempt_ask(&link->metadata);
    link->credential_call = credential_region_get(link->store, step_deadline(link), region_came, link, &failure);
    if (link->credential_call == NULL)
        finish_failed(link, &failure);
}

/* The section of this name, or the defaults under the domain id that the map or the person names. */
static bool
choose_domain(struct link *link, struct failure *failure)
{
    const struct settings *settings = link->configuration->configuration->settings;

    link->domain = settings_domain(settings, link->mapping.domain);
    if (link->domain != NULL)
        return true;
    if (!domain_id_is_valid(link->mapping.domain))
        return failure_set(failure, "config", "there is no section [domain %s] in studio.conf, and it is no domain id",
                           link->mapping.domain);
    link->bare_domain = settings->defaults;
    link->bare_domain.domain_id = link->mapping.domain;
    link->domain = &link->bare_domain;
    return true;
}

static bool
landing_uri_is_allowed(const struct link *link, struct failure *failure)
{
    char *const *allowed = link->domain->landing_uris;

    if (link->wanted_landing_uri == NULL)
        return true;
    for (; allowed != NULL && *allowed != NULL; allowed++)
        if (strcmp(*allowed, link->wanted_landing_uri) == 0)
            return true;
    return failure_set(failure, "landing-uri", "this landing URI is not among the landing_uris of the domain");
}

static bool
user_may_have_a_link(struct link *link, struct failure *failure)
{
    int limit = link->configuration->configuration->settings->helper.max_links_per_user_per_minute;

    if (!landing_uri_is_allowed(link, failure))
        return false;
    if (rate_take(&link->service->rates, link->request.uid, link->request.kind, limit, monotonic_ms()))
        return true;
    return failure_set(failure, "rate-limited",
                       "more than %d links in a minute for one user (max_links_per_user_per_minute); try again shortly",
                       limit);
}

/* May this mapping be gone on with?  False with why not. */
static bool
mapping_is_good(struct link *link, struct failure *failure)
{
    if (link->mapping.kind == MAPPING_FAILED) {
        *failure = link->mapping.failure;
        return false;
    }
    return link->mapping.kind != MAPPING_PROFILE ||
           (choose_domain(link, failure) && (link->request.identity_only || user_may_have_a_link(link, failure)));
}

static void
go_on_with_mapping(struct link *link)
{
    struct link_result known = {.end = LINK_MADE};
    struct failure failure;

    link->mapped = true;
    if (!mapping_is_good(link, &failure))
        finish_failed(link, &failure);
    else if (link->mapping.kind != MAPPING_PROFILE)
        finish_nobody(link);
    else if (link->request.identity_only)
        finish(link, &known);
    else
        find_region(link);
}

static void map_account(void *owner);

static void
account_mapped(void *owner, const void *answer, size_t length, const struct failure *failure)
{
    struct link *link = owner;
    struct failure unknown;

    link->mapping_call = NULL;
    if (link->configuration != link->service->current) { /* mapped by one, the settings of another would follow */
        map_account(link);
    } else if (answer != NULL && length == sizeof(link->mapping)) {
        memcpy(&link->mapping, answer, sizeof(link->mapping));
        go_on_with_mapping(link);
    } else {
        failure_set(&unknown, "directory",
                    "the account and its groups could not be looked up in time; is the directory (NSS, SSSD) well? "
                    "(%s)",
                    failure != NULL ? failure->message : "no answer");
        finish_failed(link, &unknown);
    }
}

static void
begin_attempts(struct link *link)
{
    struct peer_attempt attempt = {.outages = &link->service->outages, .by_user = link->request.kind == RATE_CLICK};

    link->endpoint = attempt;
    link->metadata = attempt;
    snprintf(link->metadata.peer, sizeof(link->metadata.peer), "%s", METADATA_SERVICE);
}

static void
arm_deadline(struct link *link)
{
    link->timer.fire = deadline_came;
    loop_timer_start(link->service->loop, &link->timer, link->request.deadline);
}

/* Does this user have as many clicks in the mapping workers as he may have? */
static bool
user_is_being_mapped(const struct link *link)
{
    const struct link *other;
    unsigned count = 0;

    if (link->request.kind == RATE_LOGIN)
        return false;
    TAILQ_FOREACH(other, &link->service->links, entry)
    if (other->mapping_call != NULL && other->request.kind == RATE_CLICK && other->request.uid == link->request.uid)
        count++;
    return count >= MAPPINGS_PER_USER;
}

/* The configuration in force, and the metadata service that it names. */
static void
hold_configuration(struct link *link)
{
    struct shared_configuration *current = link->service->current;

    if (current != NULL)
        configuration_hold(current);
    configuration_release(link->configuration);
    link->configuration = current;
    link->store = link->service->origins != NULL ? link->service->origins->store : NULL;
}

static void
finish_unconfigured(struct link *link)
{
    if (link->service->state == CONFIGURATION_BROKEN)
        finish_failed(link, &link->service->broken);
    else
        finish_nobody(link);
}

static void
map_account(void *owner)
{
    struct link *link = owner;
    struct failure failure;

    hold_configuration(link);
    if (link->configuration == NULL) {
        finish_unconfigured(link);
        return;
    }
    if (user_is_being_mapped(link) && deadline_left_ms(link->request.deadline) > MAPPING_AGAIN_MS) {
        link->timer.fire = map_account;
        loop_timer_start(link->service->loop, &link->timer, deadline_in_ms(MAPPING_AGAIN_MS));
        return;
    }
    arm_deadline(link);
    link->mapping_call =
        worker_call_start(link->service->mappers[link->request.kind], &link->request.uid, sizeof(link->request.uid),
                          step_deadline(link), account_mapped, link, &failure);
    if (link->mapping_call == NULL)
        finish_failed(link, &failure);
}

static void
carry_out_order(void *owner)
{
    struct link *link = owner;
    struct failure failure;

    arm_deadline(link);
    hold_configuration(link);
    if (link->configuration == NULL) {
        failure = link->service->broken;
        if (link->service->state != CONFIGURATION_BROKEN)
            failure_set(&failure, "config", "there is no users.map in %s: this host is not configured yet",
                        link->service->options.config_folder);
        finish_failed(link, &failure);
    } else if (!choose_domain(link, &failure)) {
        finish_failed(link, &failure);
    } else {
        if (link->mapping.space_name[0] == '\0' && link->mapping.landing_uri[0] == '\0') {
            snprintf(link->mapping.space_name, sizeof(link->mapping.space_name), "%s",
                     link->domain->space_name != NULL ? link->domain->space_name : "");
            snprintf(link->mapping.landing_uri, sizeof(link->mapping.landing_uri), "%s",
                     link->domain->landing_uri != NULL ? link->domain->landing_uri : "");
        }
        find_region(link);
    }
}

/* A link whose first step runs in the next turn of the loop. */
static struct link *
link_create(struct service *service, struct deadline deadline, void (*first_step)(void *owner), link_done *done,
            void *owner, struct failure *failure)
{
    struct link *link = calloc(1, sizeof(*link));

    if (link == NULL) {
        failure_set(failure, "memory", "out of memory");
        return NULL;
    }
    service_refresh(service);
    link->service = service;
    link->request.deadline = deadline;
    link->done = done;
    link->owner = owner;
    link->timer = (struct loop_timer){.fire = first_step, .owner = link};
    loop_timer_start(service->loop, &link->timer, deadline_in_ms(0));
    TAILQ_INSERT_TAIL(&service->links, link, entry);
    return link;
}

struct link *
link_start(struct service *service, const struct link_request *request, link_done *done, void *owner,
           struct failure *failure)
{
    struct link *link = link_create(service, request->deadline, map_account, done, owner, failure);

    if (link == NULL)
        return NULL;
    link->request = *request;
    link->request.landing_uri = NULL;
    begin_attempts(link);
    if (request->landing_uri == NULL)
        return link;
    link->wanted_landing_uri = strdup(request->landing_uri);
    if (link->wanted_landing_uri != NULL)
        return link;
    link_free(link);
    failure_set(failure, "memory", "out of memory");
    return NULL;
}

/* Copy an argument of an order into its place in the mapping; false when it is too long to be valid. */
static bool
copy_argument(char *place, size_t size, const char *text)
{
    return text == NULL || (size_t) snprintf(place, size, "%s", text) < size;
}

struct link *
link_start_order(struct service *service, const struct link_order *order, link_done *done, void *owner,
                 struct failure *failure)
{
    struct link *link = link_create(service, order->deadline, carry_out_order, done, owner, failure);
    struct mapping *mapping;

    if (link == NULL)
        return NULL;
    begin_attempts(link);
    mapping = &link->mapping;
    if (copy_argument(mapping->domain, sizeof(mapping->domain), order->domain) &&
        copy_argument(mapping->user_profile_name, sizeof(mapping->user_profile_name), order->user_profile_name) &&
        copy_argument(mapping->space_name, sizeof(mapping->space_name), order->space_name) &&
        copy_argument(mapping->landing_uri, sizeof(mapping->landing_uri), order->landing_uri)) {
        link->mapped = true;
        return link;
    }
    link_free(link);
    failure_set(failure, "invalid-request", "a name of the domain, user profile, space or landing URI is too long");
    return NULL;
}
