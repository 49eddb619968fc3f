/*
 * helper_stats.h: how the helper's answer to op=stats is told.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HELPER_STATS_H
#define HELPER_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "message.h"

/* For people and for programs.  What the answer does not have is left out.  now: epoch seconds.  False when it cannot
 * be written. */
bool helper_stats_print_text(FILE *out, const struct message *answer, int64_t now);
bool helper_stats_print_json(FILE *out, const struct message *answer);

#endif
