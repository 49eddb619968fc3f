/*
 * test_profile_template.c: templates of user profile names, word by word.  Whole rules are in tests/map_cases.txt.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "profile_template.h"

/* lost is the word that lost something, NULL for none. */
static void
expect(const char *text, const char *user, const char *expected, const char *lost)
{
    struct template_result result;
    assert_null(profile_template_objection(text, 0));
    profile_template_fill(text, &(struct template_values){.user = user, .uid = 1234}, &result);
    assert_string_equal(result.text, expected);
    assert_false(result.cut);
    if (lost == NULL)
        assert_null(result.lost_word);
    else
        assert_string_equal(result.lost_word, lost);
}

static void
the_local_part_is_the_name_without_domain_and_realm(void **state)
{
    (void) state;
    expect("{localpart}", "alice", "alice", NULL);
    expect("{localpart}", "alice@corp.example.com", "alice", "{localpart}");
    expect("{localpart}", "CORP\\alice", "alice", "{localpart}");
    expect("{localpart}", "CORP\\alice@corp", "alice", "{localpart}");
    expect("{localpart}", "CORP\\sub\\alice", "sub\\alice", "{localpart}");
    expect("{localpart}", "a@b@c", "a@b", "{localpart}");
    expect("{localpart}", "@corp", "", "{localpart}");
    expect("{localpart}", "alice@", "alice", "{localpart}");
    expect("{localpart}", "\\", "", "{localpart}");
}

static void
a_slug_makes_each_run_of_other_characters_one_hyphen(void **state)
{
    (void) state;
    expect("{slug}", "a.b", "a-b", "{slug}");
    expect("{slug}", "a._.b", "a-b", "{slug}");
    expect("{slug}", "a-.b", "a-b", "{slug}");
    expect("{slug}", "a--b", "a-b", "{slug}");
    expect("{slug}", "a-b-c", "a-b-c", NULL);
    expect("{slug}", "A1-b2", "a1-b2", NULL);
    expect("{slug}", "太郎", "-", "{slug}");
    expect("{slug}", "z\xc3\xab", "z-", "{slug}");
    expect("{slug}", "CORP\\a.b@x", "a-b", "{slug}");
}

static void
words_and_text_may_be_mixed(void **state)
{
    (void) state;
    expect("T-{user}-{uid}x", "Bob", "t-bob-1234x", NULL);
    expect("{uid}{uid}", "x", "12341234", NULL);
    expect("{localpart}{slug}", "a@b", "aa", "{localpart}");
}

static void
a_text_without_words_keeps_its_case(void **state)
{
    (void) state;
    expect("Team-A", "bob", "Team-A", NULL);
}

static void
folding_to_lower_case_is_told(void **state)
{
    (void) state;
    struct template_result result;
    profile_template_fill("X{user}", &(struct template_values){.user = "bob"}, &result);
    assert_false(result.folded);
    profile_template_fill("x{user}", &(struct template_values){.user = "boB"}, &result);
    assert_true(result.folded);
    profile_template_fill("x{slug}", &(struct template_values){.user = "boB"}, &result);
    assert_true(result.folded);
    profile_template_fill("x{uid}", &(struct template_values){.user = "boB", .uid = 1}, &result);
    assert_false(result.folded);
}

static void
a_group_is_what_the_pattern_matched(void **state)
{
    (void) state;
    regmatch_t groups[TEMPLATE_GROUPS];
    struct template_result result;
    for (size_t i = 0; i < TEMPLATE_GROUPS; i++)
        groups[i] = (regmatch_t){-1, -1};
    groups[1] = (regmatch_t){0, 3};
    groups[9] = (regmatch_t){3, 5};
    profile_template_fill("{9}-{1}{2}", &(struct template_values){.user = "Anna5", .groups = groups}, &result);
    assert_string_equal(result.text, "a5-ann");
}

static void
what_does_not_fit_is_told_and_never_overflows(void **state)
{
    (void) state;
    char user[257];
    char text[16384] = "";
    struct template_result result;
    memset(user, 'a', 256);
    user[256] = '\0';
    for (size_t i = 0; i < 2000; i++)
        memcpy(text + i * 6, "{user}", 7);
    profile_template_fill(text, &(struct template_values){.user = user}, &result);
    assert_true(result.cut);
    assert_int_equal(strlen(result.text), TEMPLATE_RESULT_LENGTH);
}

static void
a_bad_template_is_told_before_anybody_logs_in(void **state)
{
    (void) state;
    static const char *const bad[] = {"",   "{",    "}",     "{user", "user}",  "{{user}}", "{USER}",
                                      "{}", "{10}", "{1}",   "a b",   "a_b",    "{user}_",  "-a",
                                      "a-", "a.b",  "{user", "é",     "{user}@"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (profile_template_objection(bad[i], 0) == NULL)
            fail_msg("accepted: %s", bad[i]);
    }
    assert_null(profile_template_objection("{9}", 9));
    assert_non_null(profile_template_objection("{9}", 8));
    assert_null(profile_template_objection("-{user}-", 0)); /* what it gives is told at the login */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_local_part_is_the_name_without_domain_and_realm),
        cmocka_unit_test(a_slug_makes_each_run_of_other_characters_one_hyphen),
        cmocka_unit_test(words_and_text_may_be_mixed),
        cmocka_unit_test(a_text_without_words_keeps_its_case),
        cmocka_unit_test(folding_to_lower_case_is_told),
        cmocka_unit_test(a_group_is_what_the_pattern_matched),
        cmocka_unit_test(what_does_not_fit_is_told_and_never_overflows),
        cmocka_unit_test(a_bad_template_is_told_before_anybody_logs_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
