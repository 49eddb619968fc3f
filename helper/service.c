/*
 * The state of one helper process, and keeping its configuration fresh.
 *
 * SPDX-License-Identifier: MIT
 */
#include "service.h"

#include <stdlib.h>
#include <string.h>

#include "deadline.h"
#include "eligible_uid.h"
#include "journal.h"
#include "mapping.h"
#include "resolver.h"

/* Runs in a worker process: may hang in NSS or in a regular expression, and is killed if it does. */
static size_t
map_in_worker(const void *context, const void *request, size_t length, void *answer)
{
    struct mapping *mapping = answer;
    uid_t uid;

    if (length != sizeof(uid) || context == NULL)
        return 0;
    memcpy(&uid, request, sizeof(uid));
    memset(mapping, 0, sizeof(*mapping));
    mapping_find(context, uid, mapping);
    return sizeof(*mapping);
}

_Static_assert(sizeof(struct mapping) <= WORKER_ANSWER_LIMIT, "a mapping fits a worker's answer");

struct shared_configuration *
configuration_hold(struct shared_configuration *shared)
{
    shared->users++;
    return shared;
}

void
configuration_release(struct shared_configuration *shared)
{
    if (shared == NULL || --shared->users > 0)
        return;
    shared->origin->configurations--;
    configuration_free(shared->configuration);
    free(shared);
}

/*
 * Where its keys come from
 */

static struct credential_origin *
make_origin(struct service *service, const struct settings *settings, struct failure *failure)
{
    struct credential_origin *origin = calloc(1, sizeof(*origin));

    if (origin == NULL) {
        failure_set(failure, "memory", "out of memory");
        return NULL;
    }
    origin->store = credential_store_create(service->loop, service->http, service->aws, settings,
                                            service->options.also_owner, failure);
    if (origin->store != NULL)
        return origin;
    free(origin);
    return NULL;
}

/* Where keys come from is the only setting that a long-lived part keeps; it changes with the file as all others do. */
static bool
choose_origin(struct service *service, const struct settings *settings, struct failure *failure)
{
    struct credential_origin **place = &service->origins;
    struct credential_origin *origin;

    while (*place != NULL && !credential_store_serves((*place)->store, settings))
        place = &(*place)->next;
    origin = *place;
    if (origin != NULL)
        *place = origin->next;
    else
        origin = make_origin(service, settings, failure);
    if (origin == NULL)
        return false;
    origin->next = service->origins;
    service->origins = origin;
    return true;
}

static void
free_origin(struct credential_origin **place)
{
    struct credential_origin *origin = *place;

    *place = origin->next;
    credential_store_free(origin->store);
    free(origin);
}

/* The first one stays, for settings that are broken now will mostly say the same again. */
static void
free_older_origins(struct service *service)
{
    struct credential_origin **place = service->origins != NULL ? &service->origins->next : NULL;

    while (place != NULL && *place != NULL) {
        if ((*place)->configurations == 0)
            free_origin(place);
        else
            place = &(*place)->next;
    }
}

/*
 * Its coming into force
 */

static bool
put_in_force(struct service *service, struct configuration *configuration, struct failure *failure)
{
    struct shared_configuration *shared;

    if (!choose_origin(service, configuration->settings, failure))
        return false;
    shared = malloc(sizeof(*shared));
    if (shared == NULL)
        return failure_set(failure, "memory", "out of memory");
    *shared = (struct shared_configuration){.configuration = configuration, .origin = service->origins, .users = 1};
    shared->origin->configurations++;
    service->current = shared;
    return true;
}

/* Nothing but what is in force may be in a worker's memory, for the old configuration is about to be freed. */
static void
renew_workers(struct service *service)
{
    const void *context = service->current != NULL ? service->current->configuration : NULL;

    for (size_t i = 0; i < sizeof(service->mappers) / sizeof(service->mappers[0]); i++)
        if (service->mappers[i] != NULL)
            worker_pool_renew(service->mappers[i], context);
}

static void
log_broken(const struct failure *failure)
{
    struct journal_line line = journal_begin(LOG_ERR, "configuration-broken");

    journal_put(&line, "code", failure->code);
    journal_put(&line, "message", failure->message);
    journal_end(&line);
}

/*
 * Waiting for it
 */

bool
service_is_reading(const struct service *service)
{
    return service->reader != NULL && map_reader_is_reading(service->reader);
}

void
service_await_configuration(struct service *service, struct configuration_waiter *waiter)
{
    TAILQ_INSERT_TAIL(&service->waiters, waiter, entry);
    waiter->waiting = true;
}

void
service_stop_awaiting(struct service *service, struct configuration_waiter *waiter)
{
    if (waiter->waiting)
        TAILQ_REMOVE(&service->waiters, waiter, entry);
    waiter->waiting = false;
}

/* Going on may begin another reading, which those who are left wait for. */
static void
wake_waiters(void *owner)
{
    struct service *service = owner;
    struct configuration_waiter *waiter;

    while (!service_is_reading(service) && (waiter = TAILQ_FIRST(&service->waiters)) != NULL) {
        service_stop_awaiting(service, waiter);
        waiter->go_on(waiter->owner);
    }
}

/* Not at once: who has it read may be in the middle of something. */
static void
wake_in_a_turn(struct service *service)
{
    if (!TAILQ_EMPTY(&service->waiters))
        loop_timer_start(service->loop, &service->wake, deadline_in_ms(0));
}

/*
 * Reading it
 */

static void
put_out_of_force(struct service *service)
{
    struct shared_configuration *old = service->current;

    service->current = NULL;
    renew_workers(service);
    configuration_release(old);
}

/* What was read comes into force, or the failure (service->broken) does.  Takes over the configuration; NULL when none
 * was loaded. */
static void
conclude(struct service *service, enum configuration_state state, struct configuration *configuration)
{
    service->state = state;
    service->lost = (struct configuration_stamp){.complete = false};
    if (configuration != NULL && !put_in_force(service, configuration, &service->broken)) {
        service->state = CONFIGURATION_BROKEN;
        configuration_free(configuration);
    }
    if (service->state == CONFIGURATION_BROKEN)
        log_broken(&service->broken);
    renew_workers(service);
    wake_in_a_turn(service);
}

/* It is not the files' fault, so whoever asks next has them read again; one log line for each version of them. */
static void
lose_reading(struct service *service, const struct failure *failure)
{
    service->state = CONFIGURATION_BROKEN;
    service->broken = *failure;
    if (!service->lost.complete || !configuration_stamp_equal(&service->lost, &service->stamp))
        log_broken(failure);
    service->lost = service->stamp;
    service->stamp = (struct configuration_stamp){.complete = false};
    wake_in_a_turn(service);
}

static void
read_at_once(struct service *service)
{
    struct configuration *configuration = NULL;
    enum configuration_state state = configuration_load(service->options.config_folder, service->options.also_owner,
                                                        &configuration, &service->broken);

    conclude(service, state, configuration);
}

static void
read_version(struct service *service, const struct configuration_stamp *stamp)
{
    struct failure failure;

    service->stamp = *stamp;
    map_reader_cancel(service->reader);
    put_out_of_force(service);
    if (service->options.alone || stamp->map_bytes <= SMALL_MAP_BYTES)
        read_at_once(service);
    else if (!map_reader_start(service->reader, stamp->map_bytes, &failure))
        lose_reading(service, &failure);
}

/* The stamp is looked at last: map and settings that were read between two equal ones are of one version. */
static void
map_was_read(void *owner, struct map_verdict *verdict)
{
    struct service *service = owner;
    struct configuration *configuration = NULL;
    struct configuration_stamp stamp;

    if (verdict->map != NULL) {
        configuration = configuration_with_map(service->options.config_folder, service->options.also_owner,
                                               verdict->map, &verdict->failure);
        verdict->lost = configuration == NULL;
    }
    stamp = configuration_stamp_of(service->options.config_folder);
    if (stamp.complete && !configuration_stamp_equal(&stamp, &service->stamp)) {
        configuration_free(configuration);
        read_version(service, &stamp);
    } else if (verdict->lost) {
        lose_reading(service, &verdict->failure);
    } else {
        service->broken = verdict->failure;
        conclude(service, verdict->state, configuration);
    }
}

void
service_refresh(struct service *service)
{
    struct configuration_stamp stamp = configuration_stamp_of(service->options.config_folder);

    free_older_origins(service);
    if (stamp.complete && !configuration_stamp_equal(&stamp, &service->stamp))
        read_version(service, &stamp);
}

/*
 * The whole
 */

static bool
make_reader(struct service *service, struct failure *failure)
{
    const struct configuration_source source = {.vendor_folder = VENDOR_FOLDER,
                                                .folder = service->options.config_folder,
                                                .also_owner = service->options.also_owner};

    service->reader = map_reader_create(service->loop, &source, map_was_read, service, failure);
    return service->reader != NULL;
}

/* Forking a process that has libcurl in it costs as much as all that the helper does for one link; and who is alone is
 * mapped before he needs a host. */
static struct http *
make_http(struct service *service, struct failure *failure)
{
    struct resolver *resolver;

    if (!service->options.alone)
        return http_create(service->loop, failure);
    resolver = resolver_create_beside(service->loop, service->mappers[RATE_LOGIN], failure);
    return resolver != NULL ? http_create_with(service->loop, resolver, failure) : NULL;
}

static bool
make_parts(struct service *service, struct failure *failure)
{
    static const char *const names[] = {[RATE_LOGIN] = "map-login", [RATE_CLICK] = "map-click"};

    service->loop = loop_create(failure);
    if (service->loop == NULL)
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        service->mappers[i] =
            worker_pool_create(service->loop, names[i], map_in_worker, NULL, MAPPING_WORKERS, failure);
        if (service->mappers[i] == NULL)
            return false;
    }
    service->http = make_http(service, failure);
    if (service->http == NULL)
        return false;
    service->aws = aws_client_create(service->loop, service->http, failure);
    return service->aws != NULL && make_reader(service, failure);
}

struct service *
service_create(const struct service_options *options, struct failure *failure)
{
    struct service *service = calloc(1, sizeof(*service));

    if (service == NULL) {
        failure_set(failure, "memory", "out of memory");
        return NULL;
    }
    service->options = *options;
    service->uid_min = uid_min_of(LOGIN_DEFS);
    service->state = CONFIGURATION_ABSENT;
    service->stats.started_ms = monotonic_ms();
    service->wake = (struct loop_timer){.fire = wake_waiters, .owner = service};
    TAILQ_INIT(&service->links);
    TAILQ_INIT(&service->waiters);
    if (!make_parts(service, failure)) {
        service_free(service);
        return NULL;
    }
    service_refresh(service);
    return service;
}

void
service_free(struct service *service)
{
    if (service == NULL)
        return;
    map_reader_free(service->reader);
    configuration_release(service->current);
    while (service->origins != NULL)
        free_origin(&service->origins);
    aws_client_free(service->aws);
    http_free(service->http);
    worker_pool_free(service->mappers[RATE_LOGIN]);
    worker_pool_free(service->mappers[RATE_CLICK]);
    loop_free(service->loop);
    free(service);
}
