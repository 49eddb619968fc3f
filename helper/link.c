/*
 * The story of one link, a step a function; link_steps.h shows the way from file to file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link_steps.h"

/* A step ends this much before the link does, so that what is told is the step's own reason and not just "too late". */
#define STEP_EARLIER_MS 25

/* So many clicks of one user are mapped at a time; further ones look again a little later. */
#define MAPPINGS_PER_USER 2
#define MAPPING_AGAIN_MS  10

/* Who gave an order that does not say so. */
#define NOBODY_IN_PARTICULAR "sagemaker-studio-helper"

/*
 * Its end
 */

static void
link_free(struct link *link)
{
    peer_attempt_leave(&link->key_source);
    peer_attempt_leave(&link->region_source);
    peer_attempt_leave(&link->sts);
    peer_attempt_leave(&link->sagemaker);
    TAILQ_REMOVE(&link->service->links, link, entry);
    loop_timer_stop(link->service->loop, &link->timer);
    service_stop_awaiting(link->service, &link->waiter);
    if (link->mapping_call != NULL)
        worker_call_cancel(link->mapping_call);
    if (link->credential_call != NULL)
        credential_call_cancel(link->credential_call);
    if (link->aws_call != NULL)
        aws_call_cancel(link->aws_call);
    domain_role_free(&link->role.asked);
    configuration_release(link->configuration);
    free(link->wanted_landing_uri);
    free(link->run_by);
    free(link);
}

void
link_cancel(struct link *link)
{
    link_free(link);
}

void
link_finish(struct link *link, struct link_result *result)
{
    result->mapping = link->mapped ? &link->mapping : NULL;
    result->domain = link->domain;
    result->settings = link->configuration != NULL ? link->configuration->configuration->settings : NULL;
    result->region = link->region;
    result->role = link->role_name;
    result->request_id = link->request_id;
    link->done(link->owner, result);
    link_free(link);
}

void
link_fail(struct link *link, const struct failure *failure)
{
    struct link_result result = {.end = LINK_FAILED, .failure = *failure};

    link_finish(link, &result);
}

static void
finish_nobody(struct link *link)
{
    struct link_result result = {.end = LINK_NOBODY};

    link_finish(link, &result);
}

void
link_await(struct link *link, const char *whom)
{
    snprintf(link->awaited, sizeof(link->awaited), "%s", whom);
}

static void
deadline_came(void *owner)
{
    struct link *link = owner;
    const char *trouble = link->aws_call != NULL ? aws_call_trouble(link->aws_call) : "";
    struct failure failure;

    failure_set(&failure, "timeout", "no link in the time that was given; it stopped while waiting for %s%s%s%s",
                link->awaited, trouble[0] != '\0' ? " (before that: " : "", trouble, trouble[0] != '\0' ? ")" : "");
    link_fail(link, &failure);
}

struct deadline
link_step_deadline(const struct link *link)
{
    return (struct deadline){.at_ms = link->request.deadline.at_ms - STEP_EARLIER_MS};
}

/*
 * Keys, and a role
 */

/* Everything about the requests is known but the keys. */
void
link_region_known(struct link *link, const char *region)
{
    struct failure failure;

    if ((size_t) snprintf(link->region, sizeof(link->region), "%s", region) >= sizeof(link->region))
        link->region[0] = '\0';
    if (link_prepare_request(link, &failure) && link_prepare_role(link, &failure))
        link_get_keys(link);
    else
        link_fail(link, &failure);
}

void
link_keys_known(struct link *link, const struct credentials *credentials)
{
    snprintf(link->role_name, sizeof(link->role_name), "%s", credentials->role);
    link->keys_serial = credentials->serial;
    if (link->domain->role_arn != NULL)
        link_assume_role(link, credentials);
    else
        link_send_request(link, credentials);
}

void
link_keys_refused(struct link *link, bool host_keys, const struct failure *failure)
{
    if (link->retried) {
        link_fail(link, failure);
        return;
    }
    link->retried = true;
    if (host_keys)
        credentials_reject(link->store, link->keys_serial);
    link_get_keys(link);
}

/*
 * The domain
 */

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
        link_fail(link, &failure);
    else if (link->mapping.kind != MAPPING_PROFILE)
        finish_nobody(link);
    else if (link->request.identity_only)
        link_finish(link, &known);
    else
        link_find_region(link);
}

/*
 * The account
 */

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
        link_fail(link, &unknown);
    }
}

static void
begin_attempts(struct link *link)
{
    struct peer_attempt attempt = {.outages = &link->service->outages, .by_user = link->request.kind == RATE_CLICK};

    link->key_source = attempt;
    link->region_source = attempt;
    link->sts = attempt;
    link->sagemaker = attempt;
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

/* The configuration in force, and where its keys come from. */
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

/* The step that needs it is taken again when it has been read. */
static void
await_configuration(struct link *link, void (*step)(void *owner))
{
    arm_deadline(link);
    link_await(link, "the configuration, which is being read");
    link->waiter.go_on = step;
    link->waiter.owner = link;
    service_await_configuration(link->service, &link->waiter);
}

static void
finish_unconfigured(struct link *link)
{
    if (link->service->state == CONFIGURATION_BROKEN)
        link_fail(link, &link->service->broken);
    else
        finish_nobody(link);
}

static void
map_account(void *owner)
{
    struct link *link = owner;
    struct failure failure;

    hold_configuration(link);
    if (service_is_reading(link->service)) {
        await_configuration(link, map_account);
        return;
    }
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
    link_await(link, "the account and its groups (NSS)");
    link->mapping_call =
        worker_call_start(link->service->mappers[link->request.kind], &link->request.uid, sizeof(link->request.uid),
                          link_step_deadline(link), account_mapped, link, &failure);
    if (link->mapping_call == NULL)
        link_fail(link, &failure);
}

static void
carry_out_order(void *owner)
{
    struct link *link = owner;
    struct failure failure;

    arm_deadline(link);
    hold_configuration(link);
    if (service_is_reading(link->service)) {
        await_configuration(link, carry_out_order);
    } else if (link->configuration == NULL) {
        failure = link->service->broken;
        if (link->service->state != CONFIGURATION_BROKEN)
            failure_set(&failure, "config", "there is no users.map in %s: this host is not configured yet",
                        link->service->options.config_folder);
        link_fail(link, &failure);
    } else if (!choose_domain(link, &failure)) {
        link_fail(link, &failure);
    } else {
        if (link->mapping.space_name[0] == '\0' && link->mapping.landing_uri[0] == '\0') {
            snprintf(link->mapping.space_name, sizeof(link->mapping.space_name), "%s",
                     link->domain->space_name != NULL ? link->domain->space_name : "");
            snprintf(link->mapping.landing_uri, sizeof(link->mapping.landing_uri), "%s",
                     link->domain->landing_uri != NULL ? link->domain->landing_uri : "");
        }
        link_find_region(link);
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
    link_await(link, "its turn");
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
    link->run_by = strdup(order->run_by != NULL ? order->run_by : NOBODY_IN_PARTICULAR);
    if (link->run_by == NULL) {
        link_free(link);
        failure_set(failure, "memory", "out of memory");
        return NULL;
    }
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
