/*
 * deadline.h: one point in time on CLOCK_MONOTONIC (clock_gettime(2)) that a whole piece of work must end by.
 *
 * A deadline is made once and handed down; nobody below makes a timeout of its own that is longer.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DEADLINE_H
#define DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline {
    int64_t at_ms; /* CLOCK_MONOTONIC, milliseconds */
};

int64_t monotonic_ms(void);
struct deadline deadline_in_ms(int64_t milliseconds);
struct deadline deadline_earlier(struct deadline one, struct deadline other);

/* Milliseconds left, 0 when it has passed, never negative. */
int64_t deadline_left_ms(struct deadline deadline);
bool deadline_passed(struct deadline deadline);

/*
 * Wait until the descriptor has one of the poll(2) events (or an error condition).  Returns 1 when it has, 0 when the
 * deadline passed first, -1 with errno on failure.  Signals do not shorten or lengthen the wait.
 */
int deadline_poll(int fd, short events, struct deadline deadline);

#endif
