/*
 * An outage costs a few logins their wait, not each.
 *
 * SPDX-License-Identifier: MIT
 */
#include "outage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "journal.h"

#define API "api.sagemaker.eu-west-1.amazonaws.com"

static void
fail_times(struct outages *outages, const char *peer, unsigned times, int64_t now_ms)
{
    for (unsigned i = 0; i < times; i++)
        outage_report(outages, peer, false, now_ms);
}

static bool
admits(struct outages *outages, const char *peer, int64_t now_ms, struct failure *failure)
{
    return outage_ask(outages, peer, true, now_ms, failure) != OUTAGE_REFUSED;
}

static void
a_peer_without_failures_is_admitted(void **state)
{
    struct outages outages = {0};

    (void) state;
    assert_true(admits(&outages, API, 1000, NULL));
}

static void
two_failures_are_no_outage(void **state)
{
    struct outages outages = {0};

    (void) state;
    fail_times(&outages, API, 2, 1000);
    assert_true(admits(&outages, API, 1001, NULL));
}

static void
after_three_failures_nobody_waits(void **state)
{
    struct outages outages = {0};
    struct failure failure = {0};

    (void) state;
    fail_times(&outages, API, 3, 1000);
    assert_false(admits(&outages, API, 1001, &failure));
    assert_string_equal(failure.code, "unavailable");
    assert_non_null(strstr(failure.message, API));
    assert_false(admits(&outages, API, 1000 + OUTAGE_PAUSE_MS - 1, NULL));
}

static void
one_probe_goes_through_after_the_pause(void **state)
{
    struct outages outages = {0};
    int64_t later = 1000 + OUTAGE_PAUSE_MS;

    (void) state;
    fail_times(&outages, API, 3, 1000);
    assert_true(admits(&outages, API, later, NULL));
    assert_false(admits(&outages, API, later, NULL));
}

static void
a_probe_that_fails_begins_the_pause_anew(void **state)
{
    struct outages outages = {0};
    int64_t later = 1000 + OUTAGE_PAUSE_MS;

    (void) state;
    fail_times(&outages, API, 3, 1000);
    assert_true(admits(&outages, API, later, NULL));
    outage_report(&outages, API, false, later + 3000);
    assert_false(admits(&outages, API, later + OUTAGE_PAUSE_MS, NULL));
    assert_true(admits(&outages, API, later + 3000 + OUTAGE_PAUSE_MS, NULL));
}

static void
a_probe_that_is_answered_ends_the_outage(void **state)
{
    struct outages outages = {0};
    int64_t later = 1000 + OUTAGE_PAUSE_MS;

    (void) state;
    fail_times(&outages, API, 3, 1000);
    assert_true(admits(&outages, API, later, NULL));
    outage_report(&outages, API, true, later);
    assert_true(admits(&outages, API, later, NULL));
    fail_times(&outages, API, 2, later);
    assert_true(admits(&outages, API, later, NULL));
}

static void
an_answer_between_failures_starts_the_count_anew(void **state)
{
    struct outages outages = {0};

    (void) state;
    fail_times(&outages, API, 2, 1000);
    outage_report(&outages, API, true, 1000);
    fail_times(&outages, API, 2, 1000);
    assert_true(admits(&outages, API, 1001, NULL));
}

static void
an_answer_is_remembered_with_its_time(void **state)
{
    struct outages outages = {0};

    (void) state;
    assert_false(outage_was_answered_since(&outages, API, 0));
    outage_report(&outages, API, true, 1000);
    assert_true(outage_was_answered_since(&outages, API, 1000));
    assert_false(outage_was_answered_since(&outages, API, 1001));
    fail_times(&outages, API, 3, 2000);
    assert_true(outage_was_answered_since(&outages, API, 999));
    assert_false(outage_was_answered_since(&outages, "another", 999));
}

static void
peers_that_answer_are_forgotten_before_those_that_do_not(void **state)
{
    struct outages outages = {0};
    char peer[32];

    (void) state;
    fail_times(&outages, API, 3, 1000);
    for (int i = 0; i <= OUTAGE_PEERS; i++) {
        snprintf(peer, sizeof(peer), "host-%d", i);
        outage_report(&outages, peer, true, 1001 + i);
    }
    assert_false(admits(&outages, API, 2000, NULL));
}

static void
another_peer_is_not_concerned(void **state)
{
    struct outages outages = {0};

    (void) state;
    fail_times(&outages, API, 3, 1000);
    assert_true(admits(&outages, "api.sagemaker.us-east-1.amazonaws.com", 1001, NULL));
}

static void
more_peers_than_the_table_holds_forget_the_oldest_alone(void **state)
{
    struct outages outages = {0};
    char peer[32];

    (void) state;
    for (int i = 0; i <= OUTAGE_PEERS; i++) {
        snprintf(peer, sizeof(peer), "host-%d", i);
        fail_times(&outages, peer, 3, 1000 + i);
    }
    assert_true(admits(&outages, "host-0", 1100, NULL));
    assert_false(admits(&outages, "host-1", 1100, NULL));
    snprintf(peer, sizeof(peer), "host-%d", OUTAGE_PEERS);
    assert_false(admits(&outages, peer, 1100, NULL));
}

static void
who_cannot_find_out_does_not_get_the_probe(void **state)
{
    struct outages outages = {0};
    int64_t later = 1000 + OUTAGE_PAUSE_MS;

    (void) state;
    fail_times(&outages, API, 3, 1000);
    assert_int_equal(outage_ask(&outages, API, false, later, NULL), OUTAGE_REFUSED);
    assert_int_equal(outage_ask(&outages, API, true, later, NULL), OUTAGE_PROBE);
}

static void
a_probe_that_found_nothing_out_goes_to_the_next(void **state)
{
    struct outages outages = {0};
    int64_t later = 1000 + OUTAGE_PAUSE_MS;

    (void) state;
    fail_times(&outages, API, 3, 1000);
    assert_int_equal(outage_ask(&outages, API, true, later, NULL), OUTAGE_PROBE);
    outage_give_back(&outages, API, later + 10);
    assert_int_equal(outage_ask(&outages, API, true, later + 10, NULL), OUTAGE_PROBE);
}

static void
the_outages_that_go_on_can_be_told(void **state)
{
    struct outages outages = {0};
    const struct outage *outage;

    (void) state;
    assert_null(outage_next(&outages, NULL));
    fail_times(&outages, "host-a", 2, 1000);
    fail_times(&outages, "host-b", 2, 1000);
    outage_report(&outages, "host-b", false, 2000);
    fail_times(&outages, "host-b", 1, 3000);
    outage = outage_next(&outages, NULL);
    assert_non_null(outage);
    assert_string_equal(outage->peer, "host-b");
    assert_int_equal(outage->began_ms, 2000);
    assert_null(outage_next(&outages, outage));
    outage_report(&outages, "host-b", true, 4000);
    assert_null(outage_next(&outages, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_without_failures_is_admitted),
        cmocka_unit_test(two_failures_are_no_outage),
        cmocka_unit_test(after_three_failures_nobody_waits),
        cmocka_unit_test(one_probe_goes_through_after_the_pause),
        cmocka_unit_test(a_probe_that_fails_begins_the_pause_anew),
        cmocka_unit_test(a_probe_that_is_answered_ends_the_outage),
        cmocka_unit_test(an_answer_between_failures_starts_the_count_anew),
        cmocka_unit_test(who_cannot_find_out_does_not_get_the_probe),
        cmocka_unit_test(a_probe_that_found_nothing_out_goes_to_the_next),
        cmocka_unit_test(an_answer_is_remembered_with_its_time),
        cmocka_unit_test(peers_that_answer_are_forgotten_before_those_that_do_not),
        cmocka_unit_test(another_peer_is_not_concerned),
        cmocka_unit_test(the_outages_that_go_on_can_be_told),
        cmocka_unit_test(more_peers_than_the_table_holds_forget_the_oldest_alone),
    };

    journal_open(JOURNAL_STDERR, false);
    return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
