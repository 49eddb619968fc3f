/*
 * test_nearest_names.c: what is offered to somebody who mistyped a name.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "nearest_names.h"

#define LONGEST "a123456789b123456789c123456789d123456789e123456789f123456789g12"

/* The answer as words with blanks between them. */
static const char *
nearest_of(const char *wanted, const char *const *names)
{
    static char answer[NEAREST_NAMES_MAX * (NEAREST_NAME_LENGTH_MAX + 2)];
    const char *nearest[NEAREST_NAMES_MAX];
    char *copies[16];
    size_t count = 0;

    for (; names[count] != NULL; count++)
        copies[count] = (char *) (uintptr_t) names[count];

    size_t found = nearest_names(wanted, copies, count, nearest);

    assert_true(found <= NEAREST_NAMES_MAX);
    answer[0] = '\0';
    for (size_t i = 0; i < found; i++) {
        strncat(answer, nearest[i], sizeof(answer) - strlen(answer) - 1);
        if (i + 1 < found)
            strncat(answer, " ", sizeof(answer) - strlen(answer) - 1);
    }
    return answer;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
a_letter_left_out_added_changed_or_swapped_is_near(void **state)
{
    (void) state;
    assert_string_equal(nearest_of("tanaka", NAMES("tanka")), "tanka");
    assert_string_equal(nearest_of("tanaka", NAMES("tanakaa")), "tanakaa");
    assert_string_equal(nearest_of("tanaka", NAMES("tamaka")), "tamaka");
    assert_string_equal(nearest_of("tanaka", NAMES("tankaa")), "tankaa");
}

static void
names_that_differ_in_case_alone_come_first(void **state)
{
    (void) state;
    assert_string_equal(nearest_of("tanaka", NAMES("tanakb", "Tanaka")), "Tanaka tanakb");
}

static void
a_swap_counts_as_one_change(void **state)
{
    (void) state;
    assert_string_equal(nearest_of("abcdef", NAMES("xxcdef", "bacdef")), "bacdef xxcdef");
}

static void
a_name_that_the_other_begins_with_is_near_however_long(void **state)
{
    (void) state;
    assert_string_equal(nearest_of("alice", NAMES("bob", "alice-tanaka-of-research")), "alice-tanaka-of-research");
    assert_string_equal(nearest_of("alice-tanaka", NAMES("bob", "alice")), "alice");
    assert_string_equal(nearest_of("al", NAMES("alexander")), "");
}

static void
the_three_nearest_are_given_best_first_and_equals_in_their_order(void **state)
{
    (void) state;
    assert_string_equal(nearest_of("carol", NAMES("carxyl", "carola", "karol", "xarol", "carol-x")),
                        "carola karol xarol");
    assert_string_equal(nearest_of("carol", NAMES("carxyl", "xxrol", "karol")), "karol carxyl xxrol");
}

static void
another_name_is_not_near(void **state)
{
    (void) state;
    assert_string_equal(nearest_of("bob", NAMES("alice", "carol", "bib-service-account")), "");
    assert_string_equal(nearest_of("ab", NAMES("cd", "x")), "");
    assert_string_equal(nearest_of("dave", NAMES("erin")), "");
}

static void
long_names_may_differ_in_a_third_of_their_length(void **state)
{
    (void) state;
    assert_string_equal(nearest_of("research-engineer", NAMES("research-enginxxx")), "research-enginxxx");
    assert_string_equal(nearest_of("research-engineer", NAMES("xxxxxxxh-engineer")), "");
}

static void
the_longest_name_is_compared_and_longer_ones_are_passed_over(void **state)
{
    (void) state;
    assert_int_equal(strlen(LONGEST), NEAREST_NAME_LENGTH_MAX);
    assert_string_equal(nearest_of(LONGEST, NAMES(LONGEST "3", LONGEST)), LONGEST);
    assert_string_equal(nearest_of(LONGEST "3", NAMES(LONGEST)), "");
}

static void
nothing_is_near_to_nothing(void **state)
{
    (void) state;
    const char *nearest[NEAREST_NAMES_MAX];
    assert_int_equal(nearest_names("alice", NULL, 0, nearest), 0);
    assert_string_equal(nearest_of("", NAMES("a", "alice")), "");
    assert_string_equal(nearest_of("alice", NAMES("")), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_left_out_added_changed_or_swapped_is_near),
        cmocka_unit_test(names_that_differ_in_case_alone_come_first),
        cmocka_unit_test(a_swap_counts_as_one_change),
        cmocka_unit_test(a_name_that_the_other_begins_with_is_near_however_long),
        cmocka_unit_test(the_three_nearest_are_given_best_first_and_equals_in_their_order),
        cmocka_unit_test(another_name_is_not_near),
        cmocka_unit_test(long_names_may_differ_in_a_third_of_their_length),
        cmocka_unit_test(the_longest_name_is_compared_and_longer_ones_are_passed_over),
        cmocka_unit_test(nothing_is_near_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
