/*
 * credentials.c: who waits for what, and when a fetch is due.
 *
 * Every call is answered from its own timer: at its deadline while it waits, at once when it has been settled.  So no
 * callback runs inside another one or inside a start function, and a callback may do to the store what it likes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "buffer.h"
#include "credential_fetch.h"
#include "credential_plan.h"
#include "credential_settings.h"
#include "imds.h"
#include "imds_answer.h"
#include "journal.h"
#include "outage.h"

#define REFRESH_EVERY_MS 60000 /* beside use; the source may have no newer keys yet */
/* Keys that never expire and were refused are tried again after this: a new one may not be known everywhere yet. */
#define REFUSED_PAUSE_MS 15000

#define METADATA_SERVICE   "the instance metadata service"
#define CONTAINER_ENDPOINT "the endpoint of container credentials"
#define CREDENTIAL_PROGRAM "the program of credential_process"

enum call_state {
    CALL_WAITING, /* for a fetch */
    CALL_SERVED,  /* there is something to give */
    CALL_FAILED,  /* the fetch that it waited for failed */
};

struct credential_call {
    struct credential_store *store;
    enum call_state state;
    struct deadline deadline;
    struct loop_timer timer;
    struct failure failure;             /* CALL_FAILED */
    credentials_done *credentials_done; /* exactly one of the two is set */
    region_done *region_done;
    void *owner;
    TAILQ_ENTRY(credential_call) link;
};

struct credential_store {
    struct loop *loop;
    struct credential_settings settings;
    uid_t also_owner;
    struct credential_sources *sources;
    struct credential_plan plan;    /* the one in force; not changed while a fetch is under way */
    bool planned;                   /* there is one */
    char description[400];          /* of where the kept keys come from, or those to be fetched */
    char peer[OUTAGE_NAME_SIZE];    /* "": nobody over the network */
    struct credentials credentials; /* access_key_id NULL: none */
    uint64_t serial;                /* of the fetch that gave them */
    bool rejected;
    struct deadline refused_until; /* rejected, and they never expire: the same ones will not do before */
    bool outdated;                 /* they are not of the plan in force */
    char region[IMDS_REGION_SIZE]; /* "": not known */
    bool region_planned;           /* it is the plan's */
    struct credential_fetch *credentials_fetch;
    struct imds_fetch *region_fetch;
    struct deadline next_refresh; /* beside use: not before */
    bool refresh_failed;          /* the last one */
    bool trouble_logged;          /* since keys came */
    TAILQ_HEAD(call_list, credential_call) calls;
};

static bool make_plan(struct credential_store *store, struct failure *failure);

struct credential_store *
credential_store_create(struct loop *loop, struct http *http, struct aws_client *aws, const struct settings *settings,
                        uid_t also_owner, struct failure *failure)
{
    struct credential_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        failure_set(failure, "memory", "There is no memory for the store of credentials.");
        return NULL;
    }
    store->loop = loop;
    store->also_owner = also_owner;
    TAILQ_INIT(&store->calls);
    if (credential_settings_copy(&store->settings, settings, failure))
        store->sources = credential_sources_create(loop, http, aws, &store->settings, also_owner, failure);
    if (store->sources == NULL) {
        credential_store_free(store);
        return NULL;
    }
    make_plan(store, NULL);
    return store;
}

void
credential_store_free(struct credential_store *store)
{
    if (store == NULL)
        return;
    if (store->credentials_fetch != NULL)
        credential_fetch_cancel(store->credentials_fetch);
    if (store->region_fetch != NULL)
        imds_cancel(store->region_fetch);
    for (struct credential_call *call = TAILQ_FIRST(&store->calls); call != NULL;) {
        struct credential_call *next = TAILQ_NEXT(call, link);
        credential_call_cancel(call);
        call = next;
    }
    credential_sources_free(store->sources);
    credential_plan_free(&store->plan);
    credential_settings_free(&store->settings);
    credentials_wipe(&store->credentials);
    free(store);
}

bool
credential_store_serves(const struct credential_store *store, const struct settings *settings)
{
    return credential_settings_equal(&store->settings, settings);
}

/* The plan */

static void
describe(struct credential_store *store)
{
    const struct credentials *keys = &store->credentials;
    if (store->planned && store->plan.base == CREDENTIAL_BASE_IMDS && store->plan.role_count == 0 &&
        keys->role[0] != '\0' && !store->outdated)
        snprintf(store->description, sizeof(store->description), "the role %s of this instance", keys->role);
    else if (store->planned)
        snprintf(store->description, sizeof(store->description), "%s", store->plan.description);
    else
        snprintf(store->description, sizeof(store->description), "%s",
                 store->settings.credentials.shared_credentials_file);
}

static void
name_peer(struct credential_store *store)
{
    static const char *const peers[] = {
        [CREDENTIAL_BASE_KEYS] = "",
        [CREDENTIAL_BASE_PROCESS] = CREDENTIAL_PROGRAM,
        [CREDENTIAL_BASE_CONTAINER] = CONTAINER_ENDPOINT,
        [CREDENTIAL_BASE_IMDS] = METADATA_SERVICE,
    };
    if (!store->planned)
        store->peer[0] = '\0';
    else if (store->plan.role_count > 0)
        snprintf(store->peer, sizeof(store->peer), "the source of the keys of %s", store->plan.description);
    else
        snprintf(store->peer, sizeof(store->peer), "%s", peers[store->plan.base]);
}

/* A plan that cannot be made now leaves the region as it was, for kept keys may still serve. */
static void
take_region(struct credential_store *store)
{
    if (!store->planned)
        return;
    if (store->plan.region != NULL)
        snprintf(store->region, sizeof(store->region), "%s", store->plan.region);
    else if (store->region_planned)
        store->region[0] = '\0';
    store->region_planned = store->plan.region != NULL;
}

static bool
make_plan(struct credential_store *store, struct failure *failure)
{
    credential_plan_free(&store->plan);
    store->plan = (struct credential_plan){0};
    store->outdated = true;
    store->refresh_failed = false;
    store->planned = credential_plan_make(&store->settings.credentials, store->also_owner, &store->plan, failure);
    describe(store);
    name_peer(store);
    take_region(store);
    return store->planned;
}

/* Read anew what has changed.  A fetch under way goes on with what it began with. */
static bool
plan_is_ready(struct credential_store *store, struct failure *failure)
{
    bool is_current = store->planned && credential_plan_is_current(&store->plan, &store->settings.credentials);
    return is_current || store->credentials_fetch != NULL || make_plan(store, failure);
}

const char *
credential_store_peer(const struct credential_store *store)
{
    return store->peer[0] != '\0' ? store->peer : NULL;
}

const char *
credential_store_region_peer(const struct credential_store *store)
{
    return store->region_planned ? NULL : METADATA_SERVICE;
}

const char *
credential_store_description(const struct credential_store *store)
{
    return store->description;
}

/* The last three: STS, for a role that a profile names. */
bool
credentials_source_was_silent(const struct failure *failure)
{
    static const char *const codes[] = {"imds-unreachable", "container-unreachable", "network", "dns", "tls"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(failure->code, codes[i]) == 0)
            return true;
    }
    return false;
}

/* What is kept */

/* Of a file that has changed since, keys that end by themselves may still be good, others may be so no more. */
static bool
is_good_for(const struct credential_store *store, int64_t seconds)
{
    if (store->credentials.access_key_id == NULL || store->rejected)
        return false;
    if (store->credentials.expires_at == 0)
        return !store->outdated;
    return store->credentials.expires_at - (int64_t) time(NULL) > seconds;
}

const struct credentials *
credentials_kept(const struct credential_store *store)
{
    return is_good_for(store, 0) ? &store->credentials : NULL;
}

const char *
credential_region_kept(const struct credential_store *store)
{
    return store->region[0] != '\0' ? store->region : NULL;
}

void
credentials_reject(struct credential_store *store, uint64_t serial)
{
    if (serial != store->serial)
        return;
    store->rejected = true;
    if (store->credentials.expires_at == 0)
        store->refused_until = deadline_in_ms(REFUSED_PAUSE_MS);
}

static bool
are_kept(const struct credential_store *store, const struct credentials *credentials)
{
    return store->credentials.access_key_id != NULL &&
           strcmp(credentials->access_key_id, store->credentials.access_key_id) == 0 &&
           strcmp(credentials->secret_access_key, store->credentials.secret_access_key) == 0;
}

/* Are these the very keys that AWS has refused, and that will not end by themselves? */
static bool
are_refused(const struct credential_store *store, const struct credentials *credentials)
{
    return store->rejected && credentials->expires_at == 0 && !deadline_passed(store->refused_until) &&
           are_kept(store, credentials);
}

/* Answering calls */

static void
settle(struct credential_call *call, enum call_state state)
{
    call->state = state;
    loop_timer_start(call->store->loop, &call->timer, deadline_in_ms(0));
}

/* All who wait for this fetch; failure is NULL when it succeeded. */
static void
settle_waiting(struct credential_store *store, bool for_region, const struct failure *failure)
{
    for (struct credential_call *call = TAILQ_FIRST(&store->calls); call != NULL; call = TAILQ_NEXT(call, link)) {
        if (call->state != CALL_WAITING || (call->region_done != NULL) != for_region)
            continue;
        if (failure != NULL)
            call->failure = *failure;
        settle(call, failure != NULL ? CALL_FAILED : CALL_SERVED);
    }
}

static void
explain_lateness(struct credential_call *call)
{
    const struct credential_store *store = call->store;
    if (call->region_done != NULL && store->region_fetch != NULL)
        imds_explain_wait(store->region_fetch, &call->failure);
    else if (call->region_done == NULL && store->credentials_fetch != NULL)
        credential_fetch_explain_wait(store->credentials_fetch, &call->failure);
    else
        failure_set(&call->failure, "timeout", "Keys of %s did not come in time.", store->description);
}

/* Keys that came from a fetch are given to all who waited for it, even when the first of them found them refused. */
static const struct credentials *
credentials_for(const struct credential_call *call)
{
    const struct credential_store *store = call->store;
    if (call->state == CALL_SERVED && store->credentials.access_key_id != NULL)
        return &store->credentials;
    return credentials_kept(store);
}

/* The kept keys that it could have had by now were refused meanwhile; what it has waited for may still come. */
static bool
can_wait_longer(const struct credential_call *call)
{
    return call->state == CALL_WAITING && !deadline_passed(call->deadline) && credentials_for(call) == NULL;
}

static void
answer_call(void *owner)
{
    struct credential_call *call = owner;
    const struct credential_store *store = call->store;
    if (can_wait_longer(call)) {
        loop_timer_start(store->loop, &call->timer, call->deadline);
        return;
    }
    if (call->state == CALL_WAITING)
        explain_lateness(call);
    struct credential_call ended = *call;
    credential_call_cancel(call);
    if (ended.region_done != NULL) {
        const char *region = credential_region_kept(store);
        ended.region_done(ended.owner, region, region != NULL ? NULL : &ended.failure);
    } else {
        const struct credentials *credentials = credentials_for(&ended);
        ended.credentials_done(ended.owner, credentials, credentials != NULL ? NULL : &ended.failure);
    }
}

/* Fetching */

/* Kept keys hide the trouble from users until they end; the administrator hears of it before. */
static void
log_failed_refresh(struct credential_store *store, const struct failure *failure)
{
    if (store->trouble_logged || credentials_kept(store) == NULL)
        return;
    store->trouble_logged = true;
    struct journal_line line = journal_begin(LOG_WARNING, "credentials-not-renewed");
    journal_put(&line, "source", store->description);
    journal_put_number(&line, "good_for_seconds", store->credentials.expires_at - (int64_t) time(NULL));
    journal_put(&line, "code", failure->code);
    journal_put(&line, "message", failure->message);
    journal_end(&line);
}

static void
fetch_failed(struct credential_store *store, const struct failure *failure)
{
    log_failed_refresh(store, failure);
    store->refresh_failed = true;
    store->next_refresh = deadline_in_ms(REFRESH_EVERY_MS);
    settle_waiting(store, false, failure);
}

/* Takes them over. */
static void
keep(struct credential_store *store, struct credentials *credentials)
{
    credentials_wipe(&store->credentials);
    store->credentials = *credentials;
    store->credentials.serial = ++store->serial;
    *credentials = (struct credentials){0};
    store->rejected = false;
    store->outdated = false;
    store->refresh_failed = false;
    store->trouble_logged = false;
    store->next_refresh = deadline_in_ms(REFRESH_EVERY_MS);
    describe(store);
}

static void
credentials_fetched(void *owner, struct credentials *credentials, const struct failure *failure)
{
    struct credential_store *store = owner;
    struct failure refusal;
    store->credentials_fetch = NULL;
    if (credentials == NULL) {
        fetch_failed(store, failure);
    } else if (are_refused(store, credentials)) {
        failure_set(&refusal, "expired-credentials",
                    "AWS refused the keys of %s, and they are still the same. Put new keys there; the old ones are "
                    "tried again in a moment.",
                    store->description);
        fetch_failed(store, &refusal);
    } else {
        keep(store, credentials);
        settle_waiting(store, false, NULL);
    }
}

static void
region_fetched(void *owner, const char *region, const struct failure *failure)
{
    struct credential_store *store = owner;
    struct failure reason;
    store->region_fetch = NULL;
    if (region != NULL && !store->region_planned)
        snprintf(store->region, sizeof(store->region), "%s", region);
    if (failure != NULL)
        failure_set(&reason, failure->code, "%s Or set region in studio.conf, then nobody is asked for it.",
                    failure->message);
    settle_waiting(store, true, failure != NULL ? &reason : NULL);
}

/* Not the callers' deadlines: a fetch that comes too late for them still serves the next one. */
static bool
fetch_credentials(struct credential_store *store, struct failure *failure)
{
    if (store->credentials_fetch == NULL)
        store->credentials_fetch =
            credential_fetch_start(store->sources, &store->plan, credentials_fetched, store, failure);
    return store->credentials_fetch != NULL;
}

static bool
fetch_region(struct credential_store *store, struct failure *failure)
{
    if (store->region_fetch == NULL)
        store->region_fetch = imds_region(credential_sources_imds(store->sources),
                                          deadline_in_ms(CREDENTIAL_STEP_TIMEOUT_MS), region_fetched, store, failure);
    return store->region_fetch != NULL;
}

static void
refresh_beside_use(struct credential_store *store)
{
    if (is_good_for(store, CREDENTIALS_ADVISORY_SECONDS) || !deadline_passed(store->next_refresh))
        return;
    if (!fetch_credentials(store, NULL))
        store->next_refresh = deadline_in_ms(REFRESH_EVERY_MS);
}

/* Calls */

static struct credential_call *
call_create(struct credential_store *store, struct deadline deadline, void *owner, struct failure *failure)
{
    struct credential_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        failure_set(failure, "memory", "There is no memory for a request for credentials.");
        return NULL;
    }
    call->store = store;
    call->deadline = deadline;
    call->owner = owner;
    call->timer = (struct loop_timer){.fire = answer_call, .owner = call};
    TAILQ_INSERT_TAIL(&store->calls, call, link);
    return call;
}

void
credential_call_cancel(struct credential_call *call)
{
    loop_timer_stop(call->store->loop, &call->timer);
    TAILQ_REMOVE(&call->store->calls, call, link);
    free(call);
}

/* Not from inside the start function; kept keys that are still good are given all the same (credentials_for). */
static struct credential_call *
fail_call(struct credential_call *call, const struct failure *failure)
{
    call->failure = *failure;
    settle(call, CALL_FAILED);
    return call;
}

static struct credential_call *
serve_or_wait(struct credential_call *call, bool kept, bool fetching, struct deadline wait,
              const struct failure *failure)
{
    if (!kept && !fetching)
        return fail_call(call, failure);
    if (kept)
        settle(call, CALL_SERVED);
    else
        loop_timer_start(call->store->loop, &call->timer, wait);
    return call;
}

struct credential_call *
credentials_get(struct credential_store *store, struct deadline deadline, credentials_done *done, void *owner,
                struct failure *failure)
{
    struct failure reason;
    struct credential_call *call = call_create(store, deadline, owner, failure);
    if (call == NULL)
        return NULL;
    call->credentials_done = done;
    if (!plan_is_ready(store, &reason)) {
        log_failed_refresh(store, &reason);
        return fail_call(call, &reason);
    }
    bool good = credentials_kept(store) != NULL;
    bool fresh = good && !store->outdated && is_good_for(store, CREDENTIALS_MANDATORY_SECONDS);
    /* Near their end, and they could not be renewed just now: they do, or an outage would cost each login its wait. */
    bool kept = fresh || (good && store->refresh_failed && !deadline_passed(store->next_refresh));
    if (kept)
        refresh_beside_use(store);
    struct deadline wait = deadline;
    if (good)
        wait = deadline_earlier(deadline, deadline_in_ms(CREDENTIALS_STALE_WAIT_MS));
    return serve_or_wait(call, kept, kept || fetch_credentials(store, &reason), wait, &reason);
}

struct credential_call *
credential_region_get(struct credential_store *store, struct deadline deadline, region_done *done, void *owner,
                      struct failure *failure)
{
    struct failure reason;
    struct credential_call *call = call_create(store, deadline, owner, failure);
    if (call == NULL)
        return NULL;
    call->region_done = done;
    if (!plan_is_ready(store, &reason))
        return fail_call(call, &reason);
    bool kept = credential_region_kept(store) != NULL;
    return serve_or_wait(call, kept, kept || fetch_region(store, &reason), deadline, &reason);
}
