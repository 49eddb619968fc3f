/*
 * check_clock.c: see check_clock.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_clock.h"

#include <inttypes.h>

#include "aws_call.h"
#include "aws_clock.h"

#define SET_IT "Set it, and keep it so: `chronyc tracking`, or `timedatectl`, tells whether somebody does."

void
check_clock(struct check_progress *progress, const char *date)
{
    int64_t offset, difference;

    if (progress->clock_was_told || !aws_clock_offset(date, &offset))
        return;
    progress->clock_was_told = true;
    difference = offset < 0 ? -offset : offset;
    if (difference <= CHECK_CLOCK_WARNING_S)
        check_report_add(progress->report, CHECK_GOOD, "clock", "The clock of this host agrees with AWS's.", NULL);
    else if (difference <= AWS_CLOCK_SKEW_S)
        check_report_say(progress->report, CHECK_WARNING, "clock", SET_IT,
                         "The clock of this host is %" PRId64 " s %s AWS's. From 300 s on AWS refuses what it signs.",
                         difference, offset < 0 ? "ahead of" : "behind");
    else
        check_report_say(progress->report, CHECK_CRITICAL, "clock", SET_IT,
                         "The clock of this host is %" PRId64
                         " s %s AWS's. AWS refuses what is signed 300 s off; links are made as long as signing for "
                         "AWS's time instead works.",
                         difference, offset < 0 ? "ahead of" : "behind");
}
