/*
 * Deadlines and waiting for a descriptor until one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "deadline.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static void
a_deadline_counts_down_to_nothing_and_not_below(void **state)
{
    struct deadline passed = deadline_in_ms(-5000);
    struct deadline soon = deadline_in_ms(60000);

    (void) state;
    assert_true(deadline_passed(passed));
    assert_int_equal(deadline_left_ms(passed), 0);
    assert_false(deadline_passed(soon));
    assert_in_range(deadline_left_ms(soon), 1, 60000);
}

static void
absurd_budgets_do_not_overflow(void **state)
{
    (void) state;
    assert_false(deadline_passed(deadline_in_ms(INT64_MAX)));
    assert_true(deadline_passed(deadline_in_ms(INT64_MIN)));
}

static void
the_earlier_of_two_counts(void **state)
{
    struct deadline early = {.at_ms = 5};
    struct deadline late = {.at_ms = 9};

    (void) state;
    assert_int_equal(deadline_earlier(early, late).at_ms, 5);
    assert_int_equal(deadline_earlier(late, early).at_ms, 5);
}

static void
what_is_ready_is_told(void **state)
{
    int ends[2];

    (void) state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(deadline_poll(ends[0], POLLIN, deadline_in_ms(10000)), 1);
    close(ends[1]);
    close(ends[0]);
}

static void
an_end_that_was_closed_is_told(void **state)
{
    int ends[2];

    (void) state;
    assert_int_equal(pipe(ends), 0);
    close(ends[1]);
    assert_int_equal(deadline_poll(ends[0], POLLIN, deadline_in_ms(10000)), 1);
    close(ends[0]);
}

static void
silence_ends_with_the_deadline(void **state)
{
    int ends[2];
    struct deadline deadline = deadline_in_ms(30);

    (void) state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(deadline_poll(ends[0], POLLIN, deadline), 0);
    assert_true(deadline_passed(deadline));
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(deadline_poll(ends[0], POLLIN, deadline), 0); /* and it stays over */
    close(ends[1]);
    close(ends[0]);
}

static void
a_closed_descriptor_is_an_error_and_no_endless_wait(void **state)
{
    (void) state;
    assert_int_equal(deadline_poll(-1, POLLIN, deadline_in_ms(10000)), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(deadline_poll(1000, POLLIN, deadline_in_ms(10000)), -1);
    assert_int_equal(errno, EBADF);
}

static volatile sig_atomic_t alarms;

static void
count_alarm(int signal_number)
{
    (void) signal_number;
    alarms++;
}

static void
signals_do_not_shorten_or_lengthen_the_wait(void **state)
{
    struct itimerval often = {.it_interval.tv_usec = 5000, .it_value.tv_usec = 5000};
    const struct itimerval never = {0};
    struct sigaction counting = {.sa_handler = count_alarm};
    struct sigaction before;
    struct deadline deadline = deadline_in_ms(100);
    int ends[2];

    (void) state;
    assert_int_equal(pipe(ends), 0);
    sigaction(SIGALRM, &counting, &before);
    setitimer(ITIMER_REAL, &often, NULL);
    assert_int_equal(deadline_poll(ends[0], POLLIN, deadline), 0);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_true(alarms > 1);
    assert_true(deadline_passed(deadline));
    close(ends[1]);
    close(ends[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_counts_down_to_nothing_and_not_below),
        cmocka_unit_test(absurd_budgets_do_not_overflow),
        cmocka_unit_test(the_earlier_of_two_counts),
        cmocka_unit_test(what_is_ready_is_told),
        cmocka_unit_test(an_end_that_was_closed_is_told),
        cmocka_unit_test(silence_ends_with_the_deadline),
        cmocka_unit_test(a_closed_descriptor_is_an_error_and_no_endless_wait),
        cmocka_unit_test(signals_do_not_shorten_or_lengthen_the_wait),
    };

    return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
