/*
 * clock_ahead.h: the monotonic clock of a test program, which can be put forward.
 *
 * Included once, in the program's only source file: it stands in for the C library's clock_gettime.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLOCK_AHEAD_H
#define CLOCK_AHEAD_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ahead_ms;

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int) syscall(SYS_clock_gettime, clock, now);

    if (result == 0 && clock == CLOCK_MONOTONIC) {
        int64_t nanoseconds = now->tv_nsec + clock_ahead_ms % 1000 * 1000000;

        now->tv_sec += clock_ahead_ms / 1000 + nanoseconds / 1000000000;
        now->tv_nsec = nanoseconds % 1000000000;
    }
    return result;
}

#endif
