/*
 * What one request may conclude about a peer, and what not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "peer_attempt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "journal.h"
#include "link_steps.h"

#define API     "api.sagemaker.eu-west-1.amazonaws.com"
#define LONG_MS 15000

static struct peer_attempt
attempt_of(struct outages *outages, bool by_user)
{
    struct peer_attempt attempt = {.outages = outages, .by_user = by_user};

    snprintf(attempt.peer, sizeof(attempt.peer), "%s", API);
    return attempt;
}

/* Ask it now, and let it end in this way after so many milliseconds of waiting. */
static void
ask_and_end(struct outages *outages, bool by_user, enum peer_end end, int64_t waited_ms)
{
    struct peer_attempt attempt = attempt_of(outages, by_user);

    assert_true(peer_attempt_admit(&attempt, deadline_in_ms(LONG_MS), NULL));
    peer_attempt_ask(&attempt);
    attempt.asked_ms -= waited_ms;
    peer_attempt_end(&attempt, end);
    peer_attempt_leave(&attempt);
}

static bool
is_outage(struct outages *outages)
{
    struct peer_attempt attempt = attempt_of(outages, false);
    bool admitted = peer_attempt_admit(&attempt, deadline_in_ms(LONG_MS), NULL);

    peer_attempt_leave(&attempt);
    return !admitted;
}

static bool
three_make_an_outage(bool by_user, enum peer_end end, int64_t waited_ms)
{
    struct outages outages = {0};

    for (int i = 0; i < OUTAGE_FAILURES; i++)
        ask_and_end(&outages, by_user, end, waited_ms);
    return is_outage(&outages);
}

static bool
three_calls_make_an_outage(struct outages *outages, const struct http_answer *end)
{
    for (int i = 0; i < OUTAGE_FAILURES; i++) {
        struct peer_attempt attempt = attempt_of(outages, false);

        assert_true(peer_attempt_admit(&attempt, deadline_in_ms(LONG_MS), NULL));
        peer_attempt_ask(&attempt);
        attempt.asked_ms -= LONG_MS;
        link_end_attempt(&attempt, end);
        peer_attempt_leave(&attempt);
    }
    return is_outage(outages);
}

static void
a_refusal_counts_at_once(void **state)
{
    (void) state;
    assert_true(three_make_an_outage(true, PEER_FAILED, 0));
}

static void
an_answer_never_counts(void **state)
{
    (void) state;
    assert_false(three_make_an_outage(false, PEER_ANSWERED, LONG_MS));
}

/* In a storm most wait for a connection of the helper's to become free. */
static void
silence_towards_one_does_not_count_while_others_are_answered(void **state)
{
    struct outages outages = {0};

    (void) state;
    ask_and_end(&outages, false, PEER_ANSWERED, 0);
    for (int i = 0; i < OUTAGE_FAILURES; i++)
        ask_and_end(&outages, false, PEER_UNCONNECTED, LONG_MS);
    assert_false(is_outage(&outages));
}

/* Of three attempts at an API that throttles the last may well run out of time. */
static void
a_call_that_was_answered_before_its_last_attempt_never_counts(void **state)
{
    static const struct http_answer ends[] = {
        {.end = HTTP_TIMED_OUT, .status = 400, .failure = {.code = "timeout"}},
        {.end = HTTP_UNCONNECTED, .status = 503, .failure = {.code = "timeout"}},
        {.end = HTTP_BROKEN, .status = 429, .failure = {.code = "network"}},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct outages outages = {0};
        struct outages others = {0};
        struct http_answer silent = ends[i];

        silent.status = 0;
        assert_false(three_calls_make_an_outage(&outages, &ends[i]));
        assert_true(three_calls_make_an_outage(&others, &silent));
    }
}

static void
no_connection_counts_after_a_while_and_for_clicks_after_longer(void **state)
{
    (void) state;
    assert_false(three_make_an_outage(false, PEER_UNCONNECTED, 300));
    assert_true(three_make_an_outage(false, PEER_UNCONNECTED, 700));
    assert_false(three_make_an_outage(true, PEER_UNCONNECTED, 700));
    assert_true(three_make_an_outage(true, PEER_UNCONNECTED, 1000));
}

static void
a_peer_that_took_the_connection_may_be_slow(void **state)
{
    (void) state;
    assert_false(three_make_an_outage(false, PEER_SILENT, 2000));
    assert_true(three_make_an_outage(false, PEER_SILENT, 2600));
}

static struct outages
outage_that_can_be_probed(void)
{
    struct outages outages = {0};

    for (int i = 0; i < OUTAGE_FAILURES; i++)
        outage_report(&outages, API, false, monotonic_ms() - OUTAGE_PAUSE_MS);
    return outages;
}

static void
a_hurried_click_is_no_probe(void **state)
{
    struct outages outages = outage_that_can_be_probed();
    struct peer_attempt click = attempt_of(&outages, true);

    (void) state;
    assert_false(peer_attempt_admit(&click, deadline_in_ms(500), NULL));
    assert_true(peer_attempt_admit(&click, deadline_in_ms(LONG_MS), NULL));
}

static void
a_probe_that_leaves_early_makes_room_for_the_next(void **state)
{
    struct outages outages = outage_that_can_be_probed();
    struct peer_attempt first = attempt_of(&outages, true);
    struct peer_attempt second = attempt_of(&outages, false);

    (void) state;
    assert_true(peer_attempt_admit(&first, deadline_in_ms(LONG_MS), NULL));
    assert_false(peer_attempt_admit(&second, deadline_in_ms(LONG_MS), NULL));
    peer_attempt_leave(&first);
    assert_true(peer_attempt_admit(&second, deadline_in_ms(LONG_MS), NULL));
}

static void
where_nobody_is_asked_over_the_network_there_is_no_outage(void **state)
{
    struct outages outages = {0};
    struct peer_attempt attempt = attempt_of(&outages, false);

    (void) state;
    peer_attempt_aim(&attempt, NULL);
    for (int i = 0; i < OUTAGE_FAILURES + 1; i++) {
        assert_true(peer_attempt_admit(&attempt, deadline_in_ms(LONG_MS), NULL));
        peer_attempt_ask(&attempt);
        peer_attempt_end(&attempt, PEER_FAILED);
    }
    assert_null(outage_next(&outages, NULL));
}

static void
another_peer_is_asked_about_anew(void **state)
{
    struct outages outages = outage_that_can_be_probed();
    struct peer_attempt probe = attempt_of(&outages, false);
    struct peer_attempt other = attempt_of(&outages, false);

    (void) state;
    assert_true(peer_attempt_admit(&probe, deadline_in_ms(LONG_MS), NULL));
    peer_attempt_aim(&probe, API); /* it is that one already */
    assert_false(peer_attempt_admit(&other, deadline_in_ms(LONG_MS), NULL));
    peer_attempt_aim(&probe, "sts.eu-west-1.amazonaws.com"); /* and the probe is another's */
    assert_true(peer_attempt_admit(&other, deadline_in_ms(LONG_MS), NULL));
    assert_true(peer_attempt_admit(&probe, deadline_in_ms(LONG_MS), NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_counts_at_once),
        cmocka_unit_test(an_answer_never_counts),
        cmocka_unit_test(silence_towards_one_does_not_count_while_others_are_answered),
        cmocka_unit_test(a_call_that_was_answered_before_its_last_attempt_never_counts),
        cmocka_unit_test(no_connection_counts_after_a_while_and_for_clicks_after_longer),
        cmocka_unit_test(a_peer_that_took_the_connection_may_be_slow),
        cmocka_unit_test(a_hurried_click_is_no_probe),
        cmocka_unit_test(a_probe_that_leaves_early_makes_room_for_the_next),
        cmocka_unit_test(where_nobody_is_asked_over_the_network_there_is_no_outage),
        cmocka_unit_test(another_peer_is_asked_about_anew),
    };

    journal_open(JOURNAL_STDERR, false);
    return cmocka_run_group_tests_name("peer_attempt", tests, NULL, NULL);
}
