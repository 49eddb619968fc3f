/*
 * loop_guard.h: run a loop in a test until something stops it, and fail when nothing does.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOP_GUARD_H
#define LOOP_GUARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loop.h"

#define LOOP_GUARD_MS 60000 /* far more than any test takes, valgrind included */

struct loop_guard {
    struct loop *loop;
    bool fired;
};

static inline void
loop_guard_fired(void *owner)
{
    struct loop_guard *guard = owner;

    guard->fired = true;
    loop_stop(guard->loop);
}

static inline void
run_until_stopped(struct loop *loop)
{
    struct loop_guard guard = {.loop = loop};
    struct loop_timer timer = {.fire = loop_guard_fired, .owner = &guard};
    struct failure failure = {.message = ""};
    bool ran;

    loop_timer_start(loop, &timer, deadline_in_ms(LOOP_GUARD_MS));
    ran = loop_run(loop, &failure);
    loop_timer_stop(loop, &timer);
    if (!ran)
        fail_msg("loop_run: %s", failure.message);
    if (guard.fired)
        fail_msg("nothing stopped the loop");
}

static inline void
loop_pause_over(void *owner)
{
    loop_stop(owner);
}

/* Let the loop do whatever it has to do for so long. */
static inline void
run_for_ms(struct loop *loop, int64_t milliseconds)
{
    struct loop_timer timer = {.fire = loop_pause_over, .owner = loop};

    loop_timer_start(loop, &timer, deadline_in_ms(milliseconds));
    run_until_stopped(loop);
    loop_timer_stop(loop, &timer);
}

#endif
