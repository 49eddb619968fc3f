/*
 * Whose logins are people's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "eligible_uid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "private_folder.h"

static uid_t
uid_min_in(const char *text)
{
    char folder[PRIVATE_PATH_SIZE];
    uid_t uid_min;

    private_folder_make(folder);
    write_text(in_folder(folder, "login.defs"), text, 0644);
    uid_min = uid_min_of(in_folder(folder, "login.defs"));
    private_folder_remove(folder);
    return uid_min;
}

static void
people_have_uids_from_uid_min_on(void **state)
{
    (void) state;
    assert_false(uid_is_eligible(0, 1000));
    assert_false(uid_is_eligible(999, 1000));
    assert_true(uid_is_eligible(1000, 1000));
    assert_true(uid_is_eligible(60000, 1000));
    assert_true(uid_is_eligible(60513, 1000)); /* systemd-homed */
    assert_true(uid_is_eligible(500, 500));
}

static void
directories_give_people_uids_above_uid_max(void **state)
{
    (void) state;
    assert_true(uid_is_eligible(61183, 1000));
    assert_true(uid_is_eligible(65520, 1000));
    assert_true(uid_is_eligible(65536, 1000));
    assert_true(uid_is_eligible(1234567890, 1000));
}

static void
root_is_nobody_to_us_whatever_uid_min_says(void **state)
{
    (void) state;
    assert_false(uid_is_eligible(0, 0));
}

static void
nobody_and_dynamic_users_and_invalid_uids_are_not_people(void **state)
{
    (void) state;
    assert_false(uid_is_eligible(61184, 1000));
    assert_false(uid_is_eligible(65519, 1000));
    assert_false(uid_is_eligible(65534, 1000));
    assert_false(uid_is_eligible(65535, 1000));
    assert_false(uid_is_eligible((uid_t) -1, 1000));
}

static void
uid_min_is_read_as_shadow_reads_it(void **state)
{
    (void) state;
    assert_int_equal(uid_min_in("UID_MIN 500\n"), 500);
    assert_int_equal(uid_min_in("# UID_MIN 7\nGID_MIN 8\n \tUID_MIN\t\t  2000  \nUID_MAX 9\nSYS_UID_MIN 101\n"), 2000);
    assert_int_equal(uid_min_in("UID_MIN 500\nUID_MIN 600"), 600);
    assert_int_equal(uid_min_in("UID_MIN \"700\"\n"), 700);
    assert_int_equal(uid_min_in("UID_MIN 0x3e9\n"), 1001);
}

static void
uid_min_is_1000_where_nothing_sensible_says_otherwise(void **state)
{
    static const char *const TEXTS[] = {"",
                                        "UID_MAX 5\n",
                                        "UID_MIN\n",
                                        "UID_MIN x\n",
                                        "UID_MIN -5\n",
                                        "UID_MIN +5\n",
                                        "UID_MIN 0\n",
                                        "UID_MIN 5 6\n",
                                        "UID_MIN 4294967295\n",
                                        "UID_MIN 99999999999999999999\n",
                                        "UID_MIN=5\n",
                                        "#UID_MIN 5\n"};

    (void) state;
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        assert_int_equal(uid_min_in(TEXTS[i]), 1000);
    assert_int_equal(uid_min_of("/nonexistent/login.defs"), 1000);
    assert_int_equal(uid_min_of("/etc"), 1000);
}

static void
a_fifo_in_the_place_of_the_file_does_not_hang(void **state)
{
    char folder[PRIVATE_PATH_SIZE];

    (void) state;
    private_folder_make(folder);
    assert_int_equal(mkfifo(in_folder(folder, "login.defs"), 0600), 0);
    assert_int_equal(uid_min_of(in_folder(folder, "login.defs")), 1000);
    private_folder_remove(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_have_uids_from_uid_min_on),
        cmocka_unit_test(directories_give_people_uids_above_uid_max),
        cmocka_unit_test(root_is_nobody_to_us_whatever_uid_min_says),
        cmocka_unit_test(nobody_and_dynamic_users_and_invalid_uids_are_not_people),
        cmocka_unit_test(uid_min_is_read_as_shadow_reads_it),
        cmocka_unit_test(uid_min_is_1000_where_nothing_sensible_says_otherwise),
        cmocka_unit_test(a_fifo_in_the_place_of_the_file_does_not_hang),
    };

    return cmocka_run_group_tests_name("eligible_uid", tests, NULL, NULL);
}
