/*
 * The helper counts what it does, in bounded memory.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct stats *
fresh_stats(void)
{
    struct stats *stats = calloc(1, sizeof(*stats));

    assert_non_null(stats);
    return stats;
}

static void
make_links(struct stats *stats, unsigned count, int64_t milliseconds)
{
    for (unsigned i = 0; i < count; i++)
        stats_link_made(stats, true, milliseconds);
}

static void
logins_and_clicks_are_counted_apart(void **state)
{
    struct stats *stats = fresh_stats();

    (void) state;
    make_links(stats, 3, 10);
    stats_link_made(stats, false, 10);
    assert_int_equal(stats->made_at_login, 3);
    assert_int_equal(stats->made_by_click, 1);
    free(stats);
}

static void
without_a_link_there_is_no_time(void **state)
{
    struct stats *stats = fresh_stats();

    (void) state;
    assert_int_equal(stats_times(stats), 0);
    assert_int_equal(stats_percentile_ms(stats, 99), 0);
    free(stats);
}

static void
one_link_is_all_percentiles(void **state)
{
    struct stats *stats = fresh_stats();

    (void) state;
    make_links(stats, 1, 7);
    assert_int_equal(stats_percentile_ms(stats, 1), 7);
    assert_int_equal(stats_percentile_ms(stats, 50), 7);
    assert_int_equal(stats_percentile_ms(stats, 99), 7);
    free(stats);
}

/* Of 1..100 ms the nearest rank of p is p ms, in whatever order they came. */
static void
percentiles_are_exact(void **state)
{
    struct stats *stats = fresh_stats();

    (void) state;
    for (int64_t i = 0; i < 100; i++)
        stats_link_made(stats, false, 1 + i * 37 % 100);
    assert_int_equal(stats_percentile_ms(stats, 50), 50);
    assert_int_equal(stats_percentile_ms(stats, 99), 99);
    assert_int_equal(stats_percentile_ms(stats, 100), 100);
    free(stats);
}

static void
two_slow_links_of_a_hundred_are_seen_at_the_99th(void **state)
{
    struct stats *stats = fresh_stats();

    (void) state;
    make_links(stats, 98, 5);
    make_links(stats, 2, 900);
    assert_int_equal(stats_percentile_ms(stats, 50), 5);
    assert_int_equal(stats_percentile_ms(stats, 99), 900);
    free(stats);
}

static void
times_that_are_long_past_are_forgotten(void **state)
{
    struct stats *stats = fresh_stats();

    (void) state;
    make_links(stats, STATS_TIMES, 5000);
    make_links(stats, STATS_TIMES, 4);
    assert_int_equal(stats_times(stats), STATS_TIMES);
    assert_int_equal(stats_percentile_ms(stats, 100), 4);
    assert_int_equal(stats->made_at_login, 2 * STATS_TIMES);
    free(stats);
}

static void
times_out_of_all_reason_are_kept_in_range(void **state)
{
    struct stats *stats = fresh_stats();

    (void) state;
    stats_link_made(stats, true, -1);
    stats_link_made(stats, true, INT64_MAX);
    assert_int_equal(stats_percentile_ms(stats, 50), 0);
    assert_int_equal(stats_percentile_ms(stats, 100), UINT32_MAX);
    free(stats);
}

static void
failures_are_counted_by_code(void **state)
{
    struct stats *stats = fresh_stats();

    (void) state;
    stats_failed(stats, "timeout");
    stats_failed(stats, "unavailable");
    stats_failed(stats, "timeout");
    assert_int_equal(stats->failed, 3);
    assert_int_equal(stats->code_count, 2);
    assert_string_equal(stats->codes[0].code, "timeout");
    assert_int_equal(stats->codes[0].count, 2);
    free(stats);
}

static void
codes_beyond_the_table_are_counted_together(void **state)
{
    struct stats *stats = fresh_stats();
    char code[FAILURE_CODE_SIZE];

    (void) state;
    for (int i = 0; i < STATS_CODES + 5; i++) {
        snprintf(code, sizeof(code), "code-%d", i);
        stats_failed(stats, code);
    }
    stats_failed(stats, "code-0");
    assert_int_equal(stats->code_count, STATS_CODES);
    assert_int_equal(stats->codes[0].count, 2);
    assert_int_equal(stats->other_codes, 5);
    assert_int_equal(stats->failed, STATS_CODES + 6);
    free(stats);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logins_and_clicks_are_counted_apart),
        cmocka_unit_test(without_a_link_there_is_no_time),
        cmocka_unit_test(one_link_is_all_percentiles),
        cmocka_unit_test(percentiles_are_exact),
        cmocka_unit_test(two_slow_links_of_a_hundred_are_seen_at_the_99th),
        cmocka_unit_test(times_that_are_long_past_are_forgotten),
        cmocka_unit_test(times_out_of_all_reason_are_kept_in_range),
        cmocka_unit_test(failures_are_counted_by_code),
        cmocka_unit_test(codes_beyond_the_table_are_counted_together),
    };

    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
