/*
 * loop.c: epoll(7) for descriptors, a list sorted by deadline for timers.
 *
 * Each turn fires at most one due timer and hands on at most one ready descriptor.  One, because a handler may free any
 * other source, so that a second event of the same batch could point at memory that is gone; and one of each, so that
 * busy sockets cannot hold up the timers, nor timers that start themselves again the sockets.  epoll itself takes the
 * ready descriptors in turn.
 *
 * Every registration is for one event (EPOLLONESHOT) and renewed before the handler is called.  That of a descriptor
 * that was closed while another process had a duplicate cannot be renewed: it comes once more at most, is found to
 * belong to no source, and does not keep the loop spinning.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct loop {
    int epoll;
    bool stop;
    uint64_t last_number;                          /* that a source was given; 0 is none */
    TAILQ_HEAD(loop_sources, loop_source) sources; /* the newest first */
    TAILQ_HEAD(loop_timers, loop_timer) timers; /* the earliest first; those of equal deadline as they were started */
};

struct loop *
loop_create(struct failure *failure)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop) {
        failure_set(failure, "memory", "there is no memory for the event loop");
        return NULL;
    }
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        failure_set(failure, "system", "epoll_create1 failed: %s", strerror(errno));
        free(loop);
        return NULL;
    }
    TAILQ_INIT(&loop->sources);
    TAILQ_INIT(&loop->timers);
    return loop;
}

void
loop_free(struct loop *loop)
{
    struct loop_timer *timer;

    if (!loop)
        return;
    while ((timer = TAILQ_FIRST(&loop->timers)))
        loop_timer_stop(loop, timer);
    close(loop->epoll);
    free(loop);
}

static struct loop_source *
find_source(const struct loop *loop, uint64_t number)
{
    struct loop_source *source = TAILQ_FIRST(&loop->sources);

    while (source && source->number != number)
        source = TAILQ_NEXT(source, link);
    return source;
}

/* Is its descriptor watched for another source that came later?  Then its own was closed, and the number given again.
 */
static bool
is_replaced(const struct loop_source *source)
{
    const struct loop_source *newer = source;

    while ((newer = TAILQ_PREV(newer, loop_sources, link))) {
        if (newer->fd == source->fd)
            return true;
    }
    return false;
}

static bool
control(const struct loop *loop, const struct loop_source *source, int operation)
{
    struct epoll_event event = {.events = source->events | EPOLLONESHOT, .data = {.u64 = source->number}};

    return epoll_ctl(loop->epoll, operation, source->fd, &event) == 0;
}

static bool
control_failed(const struct loop_source *source, struct failure *failure)
{
    return failure_set(failure, "system", "epoll_ctl failed for descriptor %d: %s", source->fd, strerror(errno));
}

bool
loop_watch(struct loop *loop, struct loop_source *source, uint32_t events, struct failure *failure)
{
    source->events = events;
    source->number = ++loop->last_number;
    if (!control(loop, source, EPOLL_CTL_ADD))
        return control_failed(source, failure);
    source->watched = true;
    TAILQ_INSERT_HEAD(&loop->sources, source, link);
    return true;
}

bool
loop_change(struct loop *loop, struct loop_source *source, uint32_t events, struct failure *failure)
{
    uint32_t before = source->events;

    source->events = events;
    if (events == before || control(loop, source, EPOLL_CTL_MOD))
        return true;
    source->events = before;
    return control_failed(source, failure);
}

void
loop_forget(struct loop *loop, struct loop_source *source)
{
    if (!source->watched)
        return;
    source->watched = false;
    /* It fails for a descriptor that was closed before, and then there is nothing left that could be done. */
    if (!is_replaced(source))
        (void) control(loop, source, EPOLL_CTL_DEL);
    TAILQ_REMOVE(&loop->sources, source, link);
}

void
loop_timer_start(struct loop *loop, struct loop_timer *timer, struct deadline due)
{
    struct loop_timer *later;
    int64_t now = monotonic_ms();

    loop_timer_stop(loop, timer);
    /* What is overdue takes its place behind what has been due for longer: a timer that starts itself again for "at
     * once" does not keep another one waiting. */
    timer->due.at_ms = due.at_ms > now ? due.at_ms : now;
    timer->running = true;
    for (later = TAILQ_FIRST(&loop->timers); later; later = TAILQ_NEXT(later, link)) {
        if (later->due.at_ms > timer->due.at_ms) {
            TAILQ_INSERT_BEFORE(later, timer, link);
            return;
        }
    }
    TAILQ_INSERT_TAIL(&loop->timers, timer, link);
}

void
loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    if (!timer->running)
        return;
    timer->running = false;
    TAILQ_REMOVE(&loop->timers, timer, link);
}

static void
fire_one_timer(struct loop *loop)
{
    struct loop_timer *timer = TAILQ_FIRST(&loop->timers);

    if (!timer || !deadline_passed(timer->due))
        return;
    loop_timer_stop(loop, timer);
    timer->fire(timer->owner);
}

static int
wait_ms(const struct loop *loop)
{
    const struct loop_timer *timer = TAILQ_FIRST(&loop->timers);
    int64_t left;

    if (!timer)
        return -1;
    left = deadline_left_ms(timer->due);
    return left > INT_MAX ? INT_MAX : (int) left;
}

static void
serve_source(const struct loop *loop, const struct loop_source *source, uint32_t events)
{
    /* Fails where the descriptor was closed and its source will be forgotten yet. */
    if (!is_replaced(source))
        (void) control(loop, source, EPOLL_CTL_MOD);
    source->ready(source->owner, events);
}

static bool
serve_one_source(const struct loop *loop, struct failure *failure)
{
    struct epoll_event event;
    int count = epoll_wait(loop->epoll, &event, 1, wait_ms(loop));

    if (count < 0 && errno != EINTR)
        return failure_set(failure, "system", "epoll_wait failed: %s", strerror(errno));
    if (count == 1) {
        const struct loop_source *source = find_source(loop, event.data.u64);

        if (source)
            serve_source(loop, source, event.events);
    }
    return true;
}

bool
loop_run(struct loop *loop, struct failure *failure)
{
    while (!loop->stop) {
        fire_one_timer(loop);
        if (!loop->stop && !serve_one_source(loop, failure))
            return false;
    }
    loop->stop = false;
    return true;
}

void
loop_stop(struct loop *loop)
{
    loop->stop = true;
}
