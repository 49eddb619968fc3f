/*
 * resolver.c: what is known of each host, who waits for it, and when it is looked up again.
 *
 * The look-up itself is host_lookup.c, which runs in the workers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "host_lookup.h"

#define WORKERS     4
#define WORKER_NAME "host name"
#define HOSTS_MAX   256 /* names come from the configuration; this only keeps a mistake elsewhere from filling memory */

struct resolver_call {
    struct resolver *resolver;
    struct resolver_host *host;
    struct loop_timer timer;                  /* its deadline; at once when settled */
    bool settled;                             /* the outcome is below, only the callback is still to come */
    char addresses[HOST_ADDRESSES_LIMIT + 1]; /* "": there are none, for this reason */
    struct failure failure;
    resolver_done *done;
    void *owner;
    TAILQ_ENTRY(resolver_call) link;
};

struct resolver_host {
    struct resolver *resolver;
    char name[HOST_NAME_LIMIT + 1];
    char addresses[HOST_ADDRESSES_LIMIT + 1]; /* "": not known */
    struct deadline fresh, stale, again;
    struct worker_call *look_up; /* NULL: none under way */
    TAILQ_HEAD(resolver_calls, resolver_call) calls;
    TAILQ_ENTRY(resolver_host) link;
};

struct resolver {
    struct loop *loop;
    struct worker_pool *pool;
    bool pool_is_own;
    struct worker_task look_up;
    unsigned host_count;
    TAILQ_HEAD(resolver_hosts, resolver_host) hosts; /* the newest first */
};

/*
 * Hosts
 */

static struct resolver_host *
host_find(const struct resolver *resolver, const char *name)
{
    struct resolver_host *host;

    for (host = TAILQ_FIRST(&resolver->hosts); host; host = TAILQ_NEXT(host, link)) {
        if (strcasecmp(host->name, name) == 0)
            return host;
    }
    return NULL;
}

/* Only of a host that is not in use. */
static void
host_free(struct resolver_host *host)
{
    struct resolver *resolver = host->resolver;

    TAILQ_REMOVE(&resolver->hosts, host, link);
    resolver->host_count--;
    free(host);
}

static bool
host_in_use(const struct resolver_host *host)
{
    return host->look_up || !TAILQ_EMPTY(&host->calls);
}

static void
host_free_if_useless(struct resolver_host *host)
{
    if (!host->addresses[0] && !host_in_use(host))
        host_free(host);
}

static void
make_room(struct resolver *resolver)
{
    struct resolver_host *host;

    if (resolver->host_count < HOSTS_MAX)
        return;
    for (host = TAILQ_LAST(&resolver->hosts, resolver_hosts); host; host = TAILQ_PREV(host, resolver_hosts, link)) {
        if (!host_in_use(host)) {
            host_free(host);
            return;
        }
    }
}

static struct resolver_host *
host_get(struct resolver *resolver, const char *name, struct failure *failure)
{
    struct resolver_host *host = host_find(resolver, name);

    if (host)
        return host;
    make_room(resolver);
    host = resolver->host_count < HOSTS_MAX ? calloc(1, sizeof(*host)) : NULL;
    if (!host) {
        failure_set(failure, "memory", "there is no room to look up the host name %s", name);
        return NULL;
    }
    host->resolver = resolver;
    memcpy(host->name, name, strlen(name) + 1); /* host_name_is_valid has checked the length */
    TAILQ_INIT(&host->calls);
    TAILQ_INSERT_HEAD(&resolver->hosts, host, link);
    resolver->host_count++;
    return host;
}

static void look_up_done(void *owner, const void *answer, size_t length, const struct failure *failure);

static bool
host_look_up(struct resolver_host *host)
{
    if (!host->look_up)
        host->look_up =
            worker_call_start_task(host->resolver->pool, &host->resolver->look_up, host->name, strlen(host->name),
                                   deadline_in_ms(RESOLVER_LOOK_UP_MS), look_up_done, host, NULL);
    return host->look_up != NULL;
}

/* The addresses if they may still be used; those that are not fresh are looked up anew beside it. */
static const char *
host_known(struct resolver_host *host)
{
    if (host->addresses[0] && deadline_passed(host->stale))
        host->addresses[0] = '\0';
    if (host->addresses[0] && deadline_passed(host->fresh) && deadline_passed(host->again))
        (void) host_look_up(host); /* if it cannot be started now, the next one who asks tries again */
    return host->addresses[0] ? host->addresses : NULL;
}

/*
 * Calls
 */

/* The callback comes by the loop, and each in a turn of its own: it may cancel the others or free the resolver. */
static void
call_settle(struct resolver_call *call, const char *addresses, const struct failure *failure)
{
    call->settled = true;
    if (addresses)
        (void) snprintf(call->addresses, sizeof(call->addresses), "%s", addresses);
    else
        call->failure = *failure;
    loop_timer_start(call->resolver->loop, &call->timer, deadline_in_ms(0));
}

static void
call_free(struct resolver_call *call)
{
    struct resolver_host *host = call->host;

    loop_timer_stop(call->resolver->loop, &call->timer);
    TAILQ_REMOVE(&host->calls, call, link);
    host_free_if_useless(host);
    free(call);
}

static void
call_timer_fired(void *owner)
{
    struct resolver_call *call = owner;
    struct resolver_call told = *call;

    if (!call->settled)
        failure_set(
            &told.failure, "timeout",
            "no name server answered for %s in time; check /etc/resolv.conf and the way to the servers it names",
            call->host->name);
    call_free(call);
    if (told.addresses[0])
        told.done(told.owner, told.addresses, NULL);
    else
        told.done(told.owner, NULL, &told.failure);
}

static bool
host_has_waiting(const struct resolver_host *host)
{
    const struct resolver_call *call;

    for (call = TAILQ_FIRST(&host->calls); call; call = TAILQ_NEXT(call, link)) {
        if (!call->settled)
            return true;
    }
    return false;
}

static void
host_settle(struct resolver_host *host, const char *addresses, const struct failure *failure)
{
    struct resolver_call *call;

    for (call = TAILQ_FIRST(&host->calls); call; call = TAILQ_NEXT(call, link)) {
        if (!call->settled)
            call_settle(call, addresses, failure);
    }
}

/*
 * Look-ups
 */

static void
look_up_succeeded(struct resolver_host *host, const char *addresses, size_t length)
{
    memcpy(host->addresses, addresses, length); /* host_addresses_are_valid has checked the length */
    host->addresses[length] = '\0';
    host->fresh = deadline_in_ms(RESOLVER_FRESH_MS);
    host->stale = deadline_in_ms(RESOLVER_STALE_MS);
    host_settle(host, host->addresses, NULL);
}

static void
look_up_failed(struct resolver_host *host, const struct failure *failure)
{
    host->again = deadline_in_ms(RESOLVER_AGAIN_MS);
    host_settle(host, NULL, failure);
}

static void
look_up_done(void *owner, const void *answer, size_t length, const struct failure *failure)
{
    struct resolver_host *host = owner;
    const char *text = answer;
    struct failure reason;

    host->look_up = NULL;
    /* The look-up came to its end before those who joined it late came to theirs: they get another. */
    if (!text && strcmp(failure->code, "timeout") == 0 && host_has_waiting(host) && host_look_up(host))
        return;
    if (text && length > 1 && text[0] == '+' && host_addresses_are_valid(text + 1, length - 1)) {
        look_up_succeeded(host, text + 1, length - 1);
    } else {
        if (!text)
            failure_set(&reason, "dns", "the host name %s could not be looked up: %s", host->name, failure->message);
        else
            failure_set(&reason, "dns", "no address for the host name %s: %.*s; check the name and /etc/resolv.conf",
                        host->name, length > 1 && length < 256 ? (int) length - 1 : 0, text + 1);
        look_up_failed(host, &reason);
    }
    host_free_if_useless(host);
}

/*
 * The resolver
 */

static struct resolver *
create(struct loop *loop, struct worker_pool *pool, worker_job *look_up, struct failure *failure)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));

    if (!resolver) {
        failure_set(failure, "memory", "there is no memory for the resolver");
        return NULL;
    }
    resolver->loop = loop;
    TAILQ_INIT(&resolver->hosts);
    resolver->look_up = (struct worker_task){.name = WORKER_NAME, .job = look_up};
    resolver->pool_is_own = !pool;
    resolver->pool = pool ? pool : worker_pool_create(loop, WORKER_NAME, look_up, NULL, WORKERS, failure);
    if (!resolver->pool) {
        free(resolver);
        return NULL;
    }
    return resolver;
}

struct resolver *
resolver_create_with(struct loop *loop, worker_job *look_up, struct failure *failure)
{
    return create(loop, NULL, look_up, failure);
}

struct resolver *
resolver_create_beside(struct loop *loop, struct worker_pool *pool, struct failure *failure)
{
    return create(loop, pool, host_lookup_job, failure);
}

struct resolver *
resolver_create(struct loop *loop, struct failure *failure)
{
    return resolver_create_with(loop, host_lookup_job, failure);
}

void
resolver_free(struct resolver *resolver)
{
    struct resolver_host *host, *next_host;
    struct resolver_call *call, *next_call;

    if (!resolver)
        return;
    for (host = TAILQ_FIRST(&resolver->hosts); host; host = next_host) {
        next_host = TAILQ_NEXT(host, link);
        if (host->look_up)
            worker_call_cancel(host->look_up);
        for (call = TAILQ_FIRST(&host->calls); call; call = next_call) {
            next_call = TAILQ_NEXT(call, link);
            loop_timer_stop(resolver->loop, &call->timer);
            free(call);
        }
        free(host);
    }
    if (resolver->pool_is_own)
        worker_pool_free(resolver->pool);
    free(resolver);
}

const char *
resolver_known(struct resolver *resolver, const char *name)
{
    struct resolver_host *host = host_find(resolver, name);

    return host ? host_known(host) : NULL;
}

struct resolver_call *
resolver_start(struct resolver *resolver, const char *name, struct deadline deadline, resolver_done *done, void *owner,
               struct failure *failure)
{
    struct resolver_host *host;
    struct resolver_call *call;
    const char *known;

    if (!host_name_is_valid(name)) {
        failure_set(failure, "dns", "\"%.80s\" is not a host name: letters, digits, '-' and '.' were expected", name);
        return NULL;
    }
    host = host_get(resolver, name, failure);
    if (!host)
        return NULL;
    known = host_known(host);
    call = known || host_look_up(host) ? calloc(1, sizeof(*call)) : NULL;
    if (!call) {
        host_free_if_useless(host);
        failure_set(failure, "memory", "there is no memory to look up the host name %s", name);
        return NULL;
    }
    call->resolver = resolver;
    call->host = host;
    call->timer = (struct loop_timer){.fire = call_timer_fired, .owner = call};
    call->done = done;
    call->owner = owner;
    TAILQ_INSERT_TAIL(&host->calls, call, link);
    if (known)
        call_settle(call, known, NULL);
    else
        loop_timer_start(resolver->loop, &call->timer, deadline);
    return call;
}

void
resolver_cancel(struct resolver_call *call)
{
    call_free(call);
}

void
resolver_forget(struct resolver *resolver, const char *name)
{
    struct resolver_host *host = host_find(resolver, name);

    if (!host)
        return;
    host->addresses[0] = '\0';
    host_free_if_useless(host);
}
