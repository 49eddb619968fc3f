/*
 * So many links a minute for one user, logins and clicks apart.
 *
 * SPDX-License-Identifier: MIT
 */
#include "rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALICE 1000
#define BOB   1001

static struct rates *
fresh_rates(void)
{
    struct rates *rates = calloc(1, sizeof(*rates));

    assert_non_null(rates);
    return rates;
}

static void
use_up(struct rates *rates, uid_t uid, enum rate_kind kind, int limit, int64_t now_ms)
{
    for (int i = 0; i < limit; i++)
        assert_true(rate_take(rates, uid, kind, limit, now_ms));
    assert_false(rate_take(rates, uid, kind, limit, now_ms));
}

static void
a_user_gets_the_limit_at_once_and_no_more(void **state)
{
    struct rates *rates = fresh_rates();

    (void) state;
    use_up(rates, ALICE, RATE_CLICK, 20, 5000);
    free(rates);
}

static void
clicks_leave_the_logins_alone(void **state)
{
    struct rates *rates = fresh_rates();

    (void) state;
    use_up(rates, ALICE, RATE_CLICK, 20, 5000);
    assert_true(rate_take(rates, ALICE, RATE_LOGIN, 20, 5000));
    free(rates);
}

static void
one_user_leaves_the_others_alone(void **state)
{
    struct rates *rates = fresh_rates();

    (void) state;
    use_up(rates, ALICE, RATE_CLICK, 20, 5000);
    assert_true(rate_take(rates, BOB, RATE_CLICK, 20, 5000));
    free(rates);
}

static void
a_link_comes_back_every_minute_divided_by_the_limit(void **state)
{
    struct rates *rates = fresh_rates();

    (void) state;
    use_up(rates, ALICE, RATE_CLICK, 20, 5000);
    assert_false(rate_take(rates, ALICE, RATE_CLICK, 20, 5000 + 2999));
    assert_true(rate_take(rates, ALICE, RATE_CLICK, 20, 5000 + 3000));
    assert_false(rate_take(rates, ALICE, RATE_CLICK, 20, 5000 + 3001));
    free(rates);
}

static void
a_day_of_waiting_saves_up_no_more_than_the_limit(void **state)
{
    struct rates *rates = fresh_rates();

    (void) state;
    use_up(rates, ALICE, RATE_CLICK, 5, 5000);
    use_up(rates, ALICE, RATE_CLICK, 5, 5000 + 86400000);
    free(rates);
}

static void
a_table_full_of_others_forgets_the_one_unseen_for_longest(void **state)
{
    struct rates *rates = fresh_rates();

    (void) state;
    use_up(rates, ALICE, RATE_CLICK, 2, 1);
    use_up(rates, BOB, RATE_CLICK, 2, 2);
    for (uid_t uid = 2000; uid < 2000 + RATE_USERS - 1; uid++)
        assert_true(rate_take(rates, uid, RATE_CLICK, 2, 3));
    assert_false(rate_take(rates, BOB, RATE_CLICK, 2, 4));
    assert_true(rate_take(rates, ALICE, RATE_CLICK, 2, 4));
    free(rates);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_gets_the_limit_at_once_and_no_more),
        cmocka_unit_test(clicks_leave_the_logins_alone),
        cmocka_unit_test(one_user_leaves_the_others_alone),
        cmocka_unit_test(a_link_comes_back_every_minute_divided_by_the_limit),
        cmocka_unit_test(a_day_of_waiting_saves_up_no_more_than_the_limit),
        cmocka_unit_test(a_table_full_of_others_forgets_the_one_unseen_for_longest),
    };

    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
