/*
 * aws_clock.h: how far this host's clock is from AWS's, as the Date header of an answer tells.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AWS_CLOCK_H
#define AWS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds to add to this host's clock to have that of the Date header (RFC 9110 section 5.6.7).  False without a usable
 * one, as one is that no clock can be off by. */
bool aws_clock_offset(const char *date, int64_t *seconds);

/* One line in the log: this host's clock is off by so much, and requests are signed for AWS's time. */
void aws_clock_log(int64_t offset, const char *endpoint_url);

#endif
