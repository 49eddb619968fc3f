/*
 * stats.h: what the helper has done since it started, in numbers.
 *
 * Failures are counted by code; beyond STATS_CODES different ones the rest is counted together.  The times of made
 * links are those of the last STATS_TIMES links, to the millisecond: percentiles of them are exact, by nearest rank,
 * and tell how the helper fares now and not how it fared on average since last month.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STATS_H
#define STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

#define STATS_CODES 32
#define STATS_TIMES 1024

struct stats_code {
    char code[FAILURE_CODE_SIZE];
    uint64_t count;
};

/* All zero but started_ms is a good beginning. */
struct stats {
    int64_t started_ms; /* CLOCK_MONOTONIC */
    uint64_t connections;
    unsigned conversations; /* open */
    uint64_t made_at_login;
    uint64_t made_by_click;
    uint64_t identities; /* answers that say who somebody is in Studio */
    uint64_t nobody;     /* no rule, or a rule `-` */
    uint64_t failed;
    struct stats_code codes[STATS_CODES]; /* in the order of their first coming */
    size_t code_count;
    uint64_t other_codes;
    uint32_t times_ms[STATS_TIMES]; /* a ring */
    uint64_t times_taken;
};

void stats_link_made(struct stats *stats, bool login, int64_t milliseconds);
void stats_failed(struct stats *stats, const char *code);

/* How many times the percentiles are taken from. */
size_t stats_times(const struct stats *stats);

/* The time that so many of 100 made links were no slower than; 0 when none was made. */
uint32_t stats_percentile_ms(const struct stats *stats, unsigned percent);

#endif
