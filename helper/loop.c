/*
 * loop.c: epoll(7) for descriptors, a list sorted by deadline for timers.
 *
 * Each turn fires at most one due timer and hands on at most one ready descriptor.  One, because a handler may free any
 * other source, so that a second event of the same batch could point at memory that is gone; and one of each, so that
 * busy sockets cannot hold up the timers, nor timers that start themselves again the sockets.  epoll itself takes the
 * ready descriptors in turn.
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

static bool
control(const struct loop *loop, struct loop_source *source, int operation, uint32_t events, struct failure *failure)
{
    struct epoll_event event = {.events = events, .data = {.ptr = source}};

    if (epoll_ctl(loop->epoll, operation, source->fd, &event) != 0)
        return failure_set(failure, "system", "epoll_ctl failed for descriptor %d: %s", source->fd, strerror(errno));
    source->events = events;
    return true;
}

bool
loop_watch(struct loop *loop, struct loop_source *source, uint32_t events, struct failure *failure)
{
    if (!control(loop, source, EPOLL_CTL_ADD, events, failure))
        return false;
    source->watched = true;
    return true;
}

bool
loop_change(struct loop *loop, struct loop_source *source, uint32_t events, struct failure *failure)
{
    return source->events == events || control(loop, source, EPOLL_CTL_MOD, events, failure);
}

void
loop_forget(struct loop *loop, struct loop_source *source)
{
    if (!source->watched)
        return;
    source->watched = false;
    /* Linux before 2.6.9 wanted an event here as well; it can only fail for a descriptor that is not watched any more,
     * and then there is nothing left to do. */
    (void) epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
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

static bool
serve_one_source(const struct loop *loop, struct failure *failure)
{
    struct epoll_event event;
    int count = epoll_wait(loop->epoll, &event, 1, wait_ms(loop));

    if (count < 0 && errno != EINTR)
        return failure_set(failure, "system", "epoll_wait failed: %s", strerror(errno));
    if (count == 1) {
        struct loop_source *source = event.data.ptr;

        source->ready(source->owner, event.events);
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
