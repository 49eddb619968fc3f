/*
 * Counting.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
stats_link_made(struct stats *stats, bool login, int64_t milliseconds)
{
    uint32_t *place = &stats->times_ms[stats->times_taken % STATS_TIMES];

    if (login)
        stats->made_at_login++;
    else
        stats->made_by_click++;
    if (milliseconds < 0)
        milliseconds = 0;
    *place = milliseconds > UINT32_MAX ? UINT32_MAX : (uint32_t) milliseconds;
    stats->times_taken++;
}

/* The entry of this code, made if it is new; NULL when the table is full. */
static struct stats_code *
find_code(struct stats *stats, const char *code)
{
    struct stats_code *entry = stats->codes;

    while (entry < stats->codes + stats->code_count && strcmp(entry->code, code) != 0)
        entry++;
    if (entry < stats->codes + stats->code_count)
        return entry;
    if (stats->code_count == STATS_CODES)
        return NULL;
    stats->code_count++;
    snprintf(entry->code, sizeof(entry->code), "%s", code);
    return entry;
}

void
stats_failed(struct stats *stats, const char *code)
{
    struct stats_code *entry = find_code(stats, code);

    stats->failed++;
    if (entry != NULL)
        entry->count++;
    else
        stats->other_codes++;
}

size_t
stats_times(const struct stats *stats)
{
    return stats->times_taken < STATS_TIMES ? (size_t) stats->times_taken : STATS_TIMES;
}

static int
compare_times(const void *one, const void *other)
{
    uint32_t left = *(const uint32_t *) one;
    uint32_t right = *(const uint32_t *) other;

    return (left > right) - (left < right);
}

uint32_t
stats_percentile_ms(const struct stats *stats, unsigned percent)
{
    uint32_t sorted[STATS_TIMES];
    size_t count = stats_times(stats);
    size_t rank = (count * percent + 99) / 100;

    if (count == 0)
        return 0;
    memcpy(sorted, stats->times_ms, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_times);
    return sorted[rank > 0 ? rank - 1 : 0];
}
