/*
 * worker_pool.c: which call gets which worker, and when a worker has to go.
 *
 * A worker is in one of three lists: idle, busy (it does a job) or dying (killed, not yet reaped).  A call is in the
 * queue, at work, or refused (no worker could be had; its callback comes with the next turn of the loop).  A busy
 * worker whose call is gone is abandoned: a timer of its own ends it unless it finishes the job before. Every callback
 * is the last thing that a function does, so that it may end anything, the pool itself included.
 *
 * SPDX-License-Identifier: MIT
 */
#include "worker_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <time.h>

#include "worker_process.h"

#define REAP_FIRST_MS 5
#define REAP_SLOW_MS  1000
#define FREE_WAIT_MS  200 /* how long worker_pool_free waits for what it has killed */

struct worker {
    struct worker_pool *pool;
    struct worker_process process;
    struct loop_source source;
    bool busy;
    int64_t begun_ms;         /* CLOCK_MONOTONIC: when it got its job */
    struct worker_call *call; /* NULL: idle or abandoned */
    struct loop_timer abandoned_timer;
    unsigned generation;
    TAILQ_ENTRY(worker) link;
};

TAILQ_HEAD(workers, worker);

enum call_state { CALL_QUEUED, CALL_AT_WORK, CALL_REFUSED };

struct worker_call {
    struct worker_pool *pool;
    enum call_state state;
    struct worker *worker; /* CALL_AT_WORK */
    struct loop_timer timer;
    struct worker_task task;
    worker_done *done;
    void *owner;
    TAILQ_ENTRY(worker_call) link; /* CALL_QUEUED: in the queue; CALL_REFUSED: in refused */
    size_t length;
    unsigned char request[];
};

TAILQ_HEAD(worker_calls, worker_call);

struct worker_pool {
    struct loop *loop;
    char name[64];
    worker_job *job;
    const void *context;
    unsigned maximum;
    unsigned generation; /* of the context */
    unsigned living;     /* idle and busy */
    unsigned dying_count;
    struct workers idle, busy, dying;
    struct worker_calls queue, refused;
    struct loop_timer reap_timer;
    int64_t reap_delay_ms;
};

static void pool_dispatch(struct worker_pool *pool);

/*
 * Workers
 */

static void
worker_free(struct worker *worker)
{
    TAILQ_REMOVE(&worker->pool->dying, worker, link);
    worker->pool->dying_count--;
    free(worker);
}

static void
pool_reap(struct worker_pool *pool)
{
    struct worker *worker, *next;

    for (worker = TAILQ_FIRST(&pool->dying); worker; worker = next) {
        next = TAILQ_NEXT(worker, link);
        if (worker_process_reap(&worker->process))
            worker_free(worker);
    }
}

/* A process that hangs inside the kernel dies when the kernel lets it: asked again, ever more slowly. */
static void
reap_and_go_on(void *owner)
{
    struct worker_pool *pool = owner;

    pool_reap(pool);
    if (pool->dying_count > 0) {
        pool->reap_delay_ms = pool->reap_delay_ms * 2 < REAP_SLOW_MS ? pool->reap_delay_ms * 2 : REAP_SLOW_MS;
        loop_timer_start(pool->loop, &pool->reap_timer, deadline_in_ms(pool->reap_delay_ms));
    }
    pool_dispatch(pool);
}

/* Kill a worker that is idle or busy; its call, if any, is the caller's to end. */
static void
worker_end(struct worker *worker)
{
    struct worker_pool *pool = worker->pool;

    TAILQ_REMOVE(worker->busy ? &pool->busy : &pool->idle, worker, link);
    worker->busy = false;
    worker->call = NULL;
    loop_timer_stop(pool->loop, &worker->abandoned_timer);
    loop_forget(pool->loop, &worker->source);
    worker_process_kill(&worker->process);
    pool->living--;
    pool->dying_count++;
    TAILQ_INSERT_TAIL(&pool->dying, worker, link);
    pool->reap_delay_ms = REAP_FIRST_MS;
    loop_timer_start(pool->loop, &pool->reap_timer, deadline_in_ms(REAP_FIRST_MS));
}

/* What was busy has done its job: keep it, or end it if its context is old. */
static void
worker_release(struct worker *worker)
{
    struct worker_pool *pool = worker->pool;

    if (worker->generation != pool->generation) {
        worker_end(worker);
        return;
    }
    worker->busy = false;
    worker->call = NULL;
    loop_timer_stop(pool->loop, &worker->abandoned_timer);
    TAILQ_REMOVE(&pool->busy, worker, link);
    TAILQ_INSERT_HEAD(&pool->idle, worker, link);
}

static void
abandoned_too_long(void *owner)
{
    struct worker *worker = owner;
    struct worker_pool *pool = worker->pool;

    worker_end(worker);
    pool_dispatch(pool);
}

/* The call at work is over for its caller.  Let the job come to its end, within the limits that worker_pool.h gives. */
static void
worker_abandon(struct worker *worker)
{
    struct deadline end = worker->call->timer.due;
    int64_t earliest_ms = worker->begun_ms + WORKER_JOB_MIN_MS;
    int64_t latest_ms = worker->begun_ms + WORKER_ABANDONED_MAX_MS;

    if (end.at_ms < earliest_ms)
        end.at_ms = earliest_ms;
    if (end.at_ms > latest_ms)
        end.at_ms = latest_ms;
    worker->call = NULL;
    if (deadline_passed(end))
        worker_end(worker);
    else
        loop_timer_start(worker->pool->loop, &worker->abandoned_timer, end);
}

static void worker_ready(void *owner, uint32_t events);

static struct worker *
worker_fork(struct worker_pool *pool)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (!worker || !worker_process_start(&worker->process, pool->name, pool->context)) {
        free(worker);
        return NULL;
    }
    worker->pool = pool;
    worker->generation = pool->generation;
    worker->source = (struct loop_source){.fd = worker->process.socket, .ready = worker_ready, .owner = worker};
    worker->abandoned_timer = (struct loop_timer){.fire = abandoned_too_long, .owner = worker};
    TAILQ_INSERT_HEAD(&pool->idle, worker, link);
    pool->living++;
    if (!loop_watch(pool->loop, &worker->source, EPOLLIN, NULL)) {
        worker_end(worker);
        return NULL;
    }
    return worker;
}

/* Processes that cannot be killed do not count against the maximum, or four of them would end all service; but they
 * cannot grow without end either. */
static bool
pool_may_fork(struct worker_pool *pool)
{
    if (pool->dying_count >= 2 * pool->maximum)
        pool_reap(pool);
    return pool->living < pool->maximum && pool->dying_count < 2 * pool->maximum;
}

/*
 * Calls
 */

/* Unlink and free.  The worker of a call at work must have been released, abandoned or ended before. */
static void
call_free(struct worker_call *call)
{
    struct worker_pool *pool = call->pool;

    loop_timer_stop(pool->loop, &call->timer);
    if (call->state == CALL_QUEUED)
        TAILQ_REMOVE(&pool->queue, call, link);
    else if (call->state == CALL_REFUSED)
        TAILQ_REMOVE(&pool->refused, call, link);
    explicit_bzero(call->request, call->length);
    free(call);
}

/* The last thing that its caller does. */
static void
call_finish(struct worker_call *call, const void *answer, size_t length, const struct failure *failure)
{
    worker_done *done = call->done;
    void *owner = call->owner;

    call_free(call);
    done(owner, answer, length, failure);
}

/* There is no worker for it and none at work that could become free.  The callback has to wait for the loop. */
static void
call_refuse(struct worker_call *call)
{
    struct worker_pool *pool = call->pool;

    TAILQ_REMOVE(&pool->queue, call, link);
    TAILQ_INSERT_TAIL(&pool->refused, call, link);
    call->state = CALL_REFUSED;
    loop_timer_start(pool->loop, &call->timer, deadline_in_ms(0));
}

static void
call_set_to_work(struct worker_call *call, struct worker *worker)
{
    struct worker_pool *pool = call->pool;

    TAILQ_REMOVE(&pool->queue, call, link);
    call->state = CALL_AT_WORK;
    call->worker = worker;
    TAILQ_REMOVE(&pool->idle, worker, link);
    worker->busy = true;
    worker->begun_ms = monotonic_ms();
    worker->call = call;
    TAILQ_INSERT_TAIL(&pool->busy, worker, link);
}

/* Hand the call to a worker.  An idle one may have died meanwhile: it has not begun the job, so another may do it; one
 * new worker at most is forked for a call. */
static bool
call_give(struct worker_call *call)
{
    struct worker_pool *pool = call->pool;
    struct worker *worker;

    while ((worker = TAILQ_FIRST(&pool->idle))) {
        if (worker_process_send(&worker->process, call->task.job, call->request, call->length)) {
            call_set_to_work(call, worker);
            return true;
        }
        worker_end(worker);
    }
    worker = pool_may_fork(pool) ? worker_fork(pool) : NULL;
    if (!worker)
        return false;
    if (!worker_process_send(&worker->process, call->task.job, call->request, call->length)) {
        worker_end(worker);
        return false;
    }
    call_set_to_work(call, worker);
    return true;
}

/* Give out the queue.  What cannot be given waits for a busy worker or for a dying one to be reaped. */
static void
pool_dispatch(struct worker_pool *pool)
{
    struct worker_call *call;

    while ((call = TAILQ_FIRST(&pool->queue))) {
        if (call_give(call))
            continue;
        if (pool->living > 0 || pool->dying_count >= 2 * pool->maximum)
            return;
        call_refuse(call);
    }
}

static void
worker_died(struct worker *worker)
{
    struct worker_pool *pool = worker->pool;
    struct worker_call *call = worker->call;
    struct failure failure;

    failure_set(&failure, "worker", "the %s process ended without an answer: it crashed or was killed",
                call ? call->task.name : pool->name);
    worker_end(worker);
    pool_dispatch(pool);
    if (call)
        call_finish(call, NULL, 0, &failure);
}

static void
worker_ready(void *owner, uint32_t events)
{
    struct worker *worker = owner;
    struct worker_pool *pool = worker->pool;
    struct worker_call *call = worker->call;
    unsigned char answer[WORKER_ANSWER_LIMIT];
    size_t length = 0;
    enum worker_message message = worker_process_receive(&worker->process, answer, &length);

    (void) events; /* whichever it is, reading tells */
    if (message == WORKER_NO_MESSAGE)
        return;
    if (message == WORKER_ENDED || !worker->busy) {
        worker_died(worker);
        return;
    }
    worker_release(worker);
    pool_dispatch(pool);
    if (call)
        call_finish(call, answer, length, NULL);
    explicit_bzero(answer, length);
}

static void
call_timer_fired(void *owner)
{
    struct worker_call *call = owner;
    struct worker_pool *pool = call->pool;
    struct failure failure;

    if (call->state == CALL_REFUSED)
        failure_set(&failure, "worker", "no %s process could be started: too many processes, or no memory",
                    call->task.name);
    else if (call->state == CALL_QUEUED)
        failure_set(&failure, "timeout", "all %s processes were busy until the time was over", call->task.name);
    else
        failure_set(&failure, "timeout", "the %s process did not answer in time", call->task.name);
    if (call->state == CALL_AT_WORK) {
        worker_abandon(call->worker);
        pool_dispatch(pool);
    }
    call_finish(call, NULL, 0, &failure);
}

struct worker_call *
worker_call_start(struct worker_pool *pool, const void *request, size_t length, struct deadline deadline,
                  worker_done *done, void *owner, struct failure *failure)
{
    const struct worker_task own = {.name = pool->name, .job = pool->job};

    return worker_call_start_task(pool, &own, request, length, deadline, done, owner, failure);
}

struct worker_call *
worker_call_start_task(struct worker_pool *pool, const struct worker_task *task, const void *request, size_t length,
                       struct deadline deadline, worker_done *done, void *owner, struct failure *failure)
{
    struct worker_call *call;

    if (length > WORKER_REQUEST_LIMIT) {
        failure_set(failure, "worker", "a request to a %s process has %zu bytes; %d is the most", task->name, length,
                    WORKER_REQUEST_LIMIT);
        return NULL;
    }
    call = calloc(1, sizeof(*call) + length);
    if (!call) {
        failure_set(failure, "memory", "there is no memory for a request to a %s process", task->name);
        return NULL;
    }
    call->pool = pool;
    call->state = CALL_QUEUED;
    call->timer = (struct loop_timer){.fire = call_timer_fired, .owner = call};
    call->task = *task;
    call->done = done;
    call->owner = owner;
    call->length = length;
    if (length > 0)
        memcpy(call->request, request, length);
    TAILQ_INSERT_TAIL(&pool->queue, call, link);
    loop_timer_start(pool->loop, &call->timer, deadline);
    pool_dispatch(pool);
    return call;
}

void
worker_call_cancel(struct worker_call *call)
{
    struct worker_pool *pool = call->pool;

    if (call->state == CALL_AT_WORK)
        worker_abandon(call->worker);
    call_free(call);
    pool_dispatch(pool);
}

void
worker_call_kill(struct worker_call *call)
{
    struct worker_pool *pool = call->pool;

    if (call->state == CALL_AT_WORK)
        worker_end(call->worker);
    call_free(call);
    pool_dispatch(pool);
}

/*
 * The pool
 */

struct worker_pool *
worker_pool_create(struct loop *loop, const char *name, worker_job *job, const void *context, unsigned maximum,
                   struct failure *failure)
{
    struct worker_pool *pool = calloc(1, sizeof(*pool));

    if (!pool) {
        failure_set(failure, "memory", "there is no memory for the %s processes", name);
        return NULL;
    }
    pool->loop = loop;
    (void) snprintf(pool->name, sizeof(pool->name), "%s", name); /* for people; a cut does no harm */
    pool->job = job;
    pool->context = context;
    pool->maximum = maximum;
    TAILQ_INIT(&pool->idle);
    TAILQ_INIT(&pool->busy);
    TAILQ_INIT(&pool->dying);
    TAILQ_INIT(&pool->queue);
    TAILQ_INIT(&pool->refused);
    pool->reap_timer = (struct loop_timer){.fire = reap_and_go_on, .owner = pool};
    return pool;
}

/* A killed process is gone within a moment; one that hangs in the kernel is left to whoever adopts it. */
static void
reap_for_a_moment(struct worker_pool *pool)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    struct deadline patience = deadline_in_ms(FREE_WAIT_MS);
    struct worker *worker, *next;

    for (pool_reap(pool); pool->dying_count > 0 && !deadline_passed(patience); pool_reap(pool))
        (void) nanosleep(&moment, NULL);
    for (worker = TAILQ_FIRST(&pool->dying); worker; worker = next) {
        next = TAILQ_NEXT(worker, link);
        worker_free(worker);
    }
}

static void
drop_calls(struct worker_calls *calls)
{
    struct worker_call *call, *next;

    for (call = TAILQ_FIRST(calls); call; call = next) {
        next = TAILQ_NEXT(call, link);
        call_free(call);
    }
}

static void
end_workers(struct workers *workers)
{
    struct worker *worker, *next;

    for (worker = TAILQ_FIRST(workers); worker; worker = next) {
        struct worker_call *call = worker->call;

        next = TAILQ_NEXT(worker, link);
        worker_end(worker);
        if (call)
            call_free(call);
    }
}

void
worker_pool_free(struct worker_pool *pool)
{
    if (!pool)
        return;
    drop_calls(&pool->queue);
    drop_calls(&pool->refused);
    end_workers(&pool->busy);
    end_workers(&pool->idle);
    reap_for_a_moment(pool);
    loop_timer_stop(pool->loop, &pool->reap_timer);
    free(pool);
}

void
worker_pool_warm(struct worker_pool *pool)
{
    if (pool->living == 0 && pool_may_fork(pool))
        (void) worker_fork(pool); /* without it, the first job tries again */
}

void
worker_pool_renew(struct worker_pool *pool, const void *context)
{
    pool->context = context;
    pool->generation++;
    end_workers(&pool->idle);
}
