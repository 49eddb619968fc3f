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
#include <sys/queue.h>
#include <time.h>

#include "buffer.h"
#include "imds.h"
#include "imds_answer.h"

#define FETCH_TIMEOUT_MS \
    10000 /* three tries at each of three requests, with a margin; callers have shorter deadlines */
#define REFRESH_EVERY_MS 60000 /* beside use; the service may have no newer keys yet */

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
    struct imds *imds;
    struct credentials credentials; /* access_key_id NULL: none */
    bool rejected;
    char region[IMDS_REGION_SIZE]; /* "": not known */
    struct imds_fetch *credentials_fetch;
    struct imds_fetch *region_fetch;
    struct deadline next_refresh; /* beside use: not before */
    bool refresh_failed;          /* the last one */
    TAILQ_HEAD(call_list, credential_call) calls;
};

void
credentials_wipe(struct credentials *credentials)
{
    secret_free(&credentials->access_key_id);
    secret_free(&credentials->secret_access_key);
    secret_free(&credentials->session_token);
    *credentials = (struct credentials){0};
}

struct credential_store *
credential_store_create(struct loop *loop, struct http *http, const char *endpoint, struct failure *failure)
{
    struct credential_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        failure_set(failure, "memory", "There is no memory for the store of credentials.");
        return NULL;
    }
    store->loop = loop;
    TAILQ_INIT(&store->calls);
    store->imds = imds_create(loop, http, endpoint, failure);
    if (store->imds != NULL)
        return store;
    free(store);
    return NULL;
}

void
credential_store_free(struct credential_store *store)
{
    if (store == NULL)
        return;
    if (store->credentials_fetch != NULL)
        imds_cancel(store->credentials_fetch);
    if (store->region_fetch != NULL)
        imds_cancel(store->region_fetch);
    for (struct credential_call *call = TAILQ_FIRST(&store->calls); call != NULL;) {
        struct credential_call *next = TAILQ_NEXT(call, link);
        credential_call_cancel(call);
        call = next;
    }
    imds_free(store->imds);
    credentials_wipe(&store->credentials);
    free(store);
}

/* What is kept */

static bool
is_good_for(const struct credential_store *store, int64_t seconds)
{
    if (store->credentials.access_key_id == NULL || store->rejected)
        return false;
    return store->credentials.expires_at == 0 || store->credentials.expires_at - (int64_t) time(NULL) > seconds;
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
credentials_reject(struct credential_store *store)
{
    store->rejected = true;
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
    const struct imds_fetch *fetch = call->region_done != NULL ? store->region_fetch : store->credentials_fetch;
    if (fetch != NULL)
        imds_explain_wait(fetch, &call->failure);
    else
        failure_set(&call->failure, "timeout", "The metadata service did not answer in time.");
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

static void
credentials_fetched(void *owner, struct credentials *credentials, const struct failure *failure)
{
    struct credential_store *store = owner;
    store->credentials_fetch = NULL;
    if (credentials != NULL) {
        credentials_wipe(&store->credentials);
        store->credentials = *credentials;
        *credentials = (struct credentials){0};
        store->rejected = false;
    }
    store->refresh_failed = failure != NULL;
    store->next_refresh = deadline_in_ms(REFRESH_EVERY_MS);
    settle_waiting(store, false, failure);
}

static void
region_fetched(void *owner, const char *region, const struct failure *failure)
{
    struct credential_store *store = owner;
    store->region_fetch = NULL;
    if (region != NULL)
        snprintf(store->region, sizeof(store->region), "%s", region);
    settle_waiting(store, true, failure);
}

/* Not the callers' deadlines: a fetch that comes too late for them still serves the next one. */
static bool
fetch_credentials(struct credential_store *store, struct failure *failure)
{
    if (store->credentials_fetch == NULL)
        store->credentials_fetch =
            imds_credentials(store->imds, deadline_in_ms(FETCH_TIMEOUT_MS), credentials_fetched, store, failure);
    return store->credentials_fetch != NULL;
}

static bool
fetch_region(struct credential_store *store, struct failure *failure)
{
    if (store->region_fetch == NULL)
        store->region_fetch =
            imds_region(store->imds, deadline_in_ms(FETCH_TIMEOUT_MS), region_fetched, store, failure);
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

static struct credential_call *
serve_or_wait(struct credential_call *call, bool kept, bool fetching, struct deadline wait)
{
    if (kept) {
        settle(call, CALL_SERVED);
    } else if (fetching) {
        loop_timer_start(call->store->loop, &call->timer, wait);
    } else {
        credential_call_cancel(call);
        return NULL;
    }
    return call;
}

struct credential_call *
credentials_get(struct credential_store *store, struct deadline deadline, credentials_done *done, void *owner,
                struct failure *failure)
{
    struct credential_call *call = call_create(store, deadline, owner, failure);
    if (call == NULL)
        return NULL;
    call->credentials_done = done;
    bool good = credentials_kept(store) != NULL;
    /* Near their end, and they could not be renewed just now: they do, or an outage would cost each login its wait. */
    bool kept = good && (is_good_for(store, CREDENTIALS_MANDATORY_SECONDS) ||
                         (store->refresh_failed && !deadline_passed(store->next_refresh)));
    if (kept)
        refresh_beside_use(store);
    struct deadline wait = deadline;
    if (good)
        wait = deadline_earlier(deadline, deadline_in_ms(CREDENTIALS_STALE_WAIT_MS));
    return serve_or_wait(call, kept, kept || fetch_credentials(store, failure), wait);
}

struct credential_call *
credential_region_get(struct credential_store *store, struct deadline deadline, region_done *done, void *owner,
                      struct failure *failure)
{
    struct credential_call *call = call_create(store, deadline, owner, failure);
    if (call == NULL)
        return NULL;
    call->region_done = done;
    bool kept = credential_region_kept(store) != NULL;
    return serve_or_wait(call, kept, kept || fetch_region(store, failure), deadline);
}
