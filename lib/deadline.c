/*
 * deadline.c: points in time on the monotonic clock, and waiting until one of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "deadline.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

int64_t
monotonic_ms(void)
{
    struct timespec now = {0};

    /* CLOCK_MONOTONIC with a valid pointer cannot fail (clock_gettime(2)). */
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct deadline
deadline_in_ms(int64_t milliseconds)
{
    int64_t at_ms;

    if (__builtin_add_overflow(monotonic_ms(), milliseconds, &at_ms))
        at_ms = milliseconds > 0 ? INT64_MAX : INT64_MIN;
    return (struct deadline){.at_ms = at_ms};
}

struct deadline
deadline_earlier(struct deadline one, struct deadline other)
{
    return one.at_ms <= other.at_ms ? one : other;
}

int64_t
deadline_left_ms(struct deadline deadline)
{
    int64_t now = monotonic_ms();

    return deadline.at_ms > now ? deadline.at_ms - now : 0;
}

bool
deadline_passed(struct deadline deadline)
{
    return deadline_left_ms(deadline) == 0;
}

int
deadline_poll(int fd, short events, struct deadline deadline)
{
    struct pollfd waited = {.fd = fd, .events = events};
    int64_t left;

    if (fd < 0) {
        errno = EBADF;
        return -1;
    }
    while ((left = deadline_left_ms(deadline)) > 0) {
        int ready = poll(&waited, 1, left < INT_MAX ? (int) left : INT_MAX);
        if (ready < 0 && errno != EINTR)
            return -1;
        if (ready > 0 && (waited.revents & POLLNVAL) != 0) {
            errno = EBADF;
            return -1;
        }
        if (ready > 0)
            return 1;
    }
    return 0;
}
