/*
 * check_clock.h: does this host's clock agree with AWS's?  Signatures are made of the time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_CLOCK_H
#define CHECK_CLOCK_H

#include "check_progress.h"

#define CHECK_CLOCK_WARNING_S 60

/* By the Date header of an answer that came just now; told of once. */
void check_clock(struct check_progress *progress, const char *date);

#endif
