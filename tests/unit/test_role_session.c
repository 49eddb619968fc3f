/*
 * test_role_session.c: the names under which CloudTrail knows people, and the policy that leaves one user profile.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "role_session.h"

#define ROLE   "arn:aws:iam::123456789012:role/StudioLogin"
#define REGION "ap-northeast-1"
#define DOMAIN "d-abcdefghij12"

static void
expect_name(const char *user, const char *expected)
{
    char name[ROLE_SESSION_NAME_SIZE];
    assert_true(role_session_name(user, name));
    assert_string_equal(name, expected);
}

static void
a_legal_name_is_itself(void **state)
{
    (void) state;
    expect_name("alice", "alice");
    expect_name("al", "al");
    expect_name("Alice_B.C-D+E=F,G@corp.example", "Alice_B.C-D+E=F,G@corp.example");
    expect_name("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

/* The hashes are those of sha256sum(1). */
static void
other_characters_are_escaped_and_a_hash_tells_apart(void **state)
{
    (void) state;
    expect_name("CORP\\alice", "CORP=5Calice-83da4d2f3a04");
    expect_name("a", "a-ca978112ca1b");
    expect_name("al ice", "al=20ice-b004096ab4ac");
    expect_name("host$", "host=24-6796a1e71934");
    expect_name("\xc3\xa9lo", "=C3=A9lo-a11ec7a45d15");
    expect_name("aws:root", "aws=3Aroot-931d7d0233eb");
}

static void
a_long_name_is_cut_to_what_aws_takes(void **state)
{
    (void) state;
    expect_name("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-635361c48bb9");
}

static bool
is_legal(const char *name)
{
    size_t length = strlen(name);
    return length >= 2 && length <= 64 && strncmp(name, "aws:", 4) != 0 &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-") == length;
}

static void
whatever_the_user_is_called_the_name_is_legal_and_his_own(void **state)
{
    (void) state;
    char user[400];
    char previous[ROLE_SESSION_NAME_SIZE] = "";
    for (size_t length = 1; length < sizeof(user); length++) {
        char name[ROLE_SESSION_NAME_SIZE];
        for (size_t i = 0; i < length; i++)
            user[i] = (char) (1 + (i * 7 + length) % 255);
        user[length] = '\0';
        assert_true(role_session_name(user, name));
        assert_true(is_legal(name));
        assert_string_not_equal(name, previous);
        memcpy(previous, name, sizeof(name));
    }
}

static void
names_that_differ_after_the_cut_stay_apart(void **state)
{
    (void) state;
    char one[ROLE_SESSION_NAME_SIZE];
    char other[ROLE_SESSION_NAME_SIZE];
    assert_true(role_session_name("CORP\\aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1", one));
    assert_true(
        role_session_name("CORP\\aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2", other));
    assert_memory_equal(one, other, 51);
    assert_string_not_equal(one, other);
}

/* Whoever may choose the name of his account (in a directory, say) could else be another in CloudTrail. */
static void
nobody_can_be_called_what_anothers_name_becomes(void **state)
{
    (void) state;
    static const char *const others[] = {
        "a",          "al ice", "CORP\\alice", "host$",
        "\xc3\xa9lo", "",       "aws:root",    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char name[ROLE_SESSION_NAME_SIZE];
        char taken[ROLE_SESSION_NAME_SIZE];
        assert_true(role_session_name(others[i], name));
        assert_true(role_session_name(name, taken));
        assert_string_not_equal(taken, name);
        assert_true(is_legal(taken));
    }
    expect_name("a-ca978112ca1b", "a-ca978112ca1b-1cfe4551ba6e");
    expect_name("a-CA978112CA1B", "a-CA978112CA1B");
    expect_name("a-ca978112ca1", "a-ca978112ca1");
}

static void
expect_policy(const char *role_arn, const char *region, const char *profile, bool with_tags, const char *expected)
{
    AUTO_BUFFER struct buffer policy = BUFFER(4096);
    struct failure failure = {0};
    if (!role_session_policy(role_arn, region, DOMAIN, profile, with_tags, &policy, &failure))
        fail_msg("%s", failure.message);
    assert_string_equal(policy.data, expected);
}

static void
the_policy_allows_a_link_for_this_one_profile(void **state)
{
    (void) state;
    expect_policy(ROLE, REGION, "alice-tanaka", false,
                  "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":["
                  "\"sagemaker:CreatePresignedDomainUrl\"],\"Resource\":[\"arn:aws:sagemaker:ap-northeast-1:"
                  "123456789012:user-profile/d-abcdefghij12/alice-tanaka\"]}]}");
}

static void
with_tags_there_is_a_second_action(void **state)
{
    (void) state;
    expect_policy("arn:aws-cn:iam::210987654321:role/path/to/x", "cn-north-1", "bob", true,
                  "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":["
                  "\"sagemaker:CreatePresignedDomainUrl\",\"sagemaker:CreatePresignedDomainUrlWithPrincipalTag\"],"
                  "\"Resource\":[\"arn:aws-cn:sagemaker:cn-north-1:210987654321:user-profile/d-abcdefghij12/bob\"]}]}");
}

static void
a_profile_in_upper_case_is_allowed_in_lower_case_too(void **state)
{
    (void) state;
    expect_policy(ROLE, REGION, "AliceT", false,
                  "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":["
                  "\"sagemaker:CreatePresignedDomainUrl\"],\"Resource\":["
                  "\"arn:aws:sagemaker:ap-northeast-1:123456789012:user-profile/d-abcdefghij12/alicet\","
                  "\"arn:aws:sagemaker:ap-northeast-1:123456789012:user-profile/d-abcdefghij12/AliceT\"]}]}");
}

static void
the_longest_policy_fits(void **state)
{
    (void) state;
    static const char longest[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    AUTO_BUFFER struct buffer policy = BUFFER(4096);
    struct failure failure;
    assert_int_equal(strlen(longest), 63);
    assert_true(role_session_policy("arn:aws-us-gov:iam::123456789012:role/x", "us-gov-west-1",
                                    "d-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", longest, true,
                                    &policy, &failure));
    assert_true(policy.length <= 2048);
}

static void
expect_no_policy(const char *role_arn, const char *region, const char *domain_id, const char *profile)
{
    AUTO_BUFFER struct buffer policy = BUFFER(4096);
    struct failure failure = {0};
    if (role_session_policy(role_arn, region, domain_id, profile, false, &policy, &failure))
        fail_msg("made: %s", policy.data);
    assert_string_equal(failure.code, "config");
    assert_int_equal(policy.length, 0);
}

static void
no_name_can_open_more_than_itself(void **state)
{
    (void) state;
    static const char *const profiles[] = {"*", "a*", "a?", "${aws:username}", "a/b", "a\",\"b", "", "a b", "-a"};
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
        expect_no_policy(ROLE, REGION, DOMAIN, profiles[i]);
    expect_no_policy(ROLE, REGION, "d-*", "alice");
    expect_no_policy(ROLE, "*", DOMAIN, "alice");
    expect_no_policy(ROLE, "", DOMAIN, "alice");
}

static void
a_role_that_is_none_gives_no_policy(void **state)
{
    (void) state;
    static const char *const roles[] = {NULL,
                                        "",
                                        "StudioLogin",
                                        "arn:aws:iam::123456789012:user/x",
                                        "arn:aws:iam::*:role/x",
                                        "arn:*:iam::123456789012:role/x",
                                        "arn:aws:iam::12345678901:role/x",
                                        "arn::iam::123456789012:role/x"};
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        expect_no_policy(roles[i], REGION, DOMAIN, "alice");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_legal_name_is_itself),
        cmocka_unit_test(other_characters_are_escaped_and_a_hash_tells_apart),
        cmocka_unit_test(a_long_name_is_cut_to_what_aws_takes),
        cmocka_unit_test(whatever_the_user_is_called_the_name_is_legal_and_his_own),
        cmocka_unit_test(names_that_differ_after_the_cut_stay_apart),
        cmocka_unit_test(nobody_can_be_called_what_anothers_name_becomes),
        cmocka_unit_test(the_policy_allows_a_link_for_this_one_profile),
        cmocka_unit_test(with_tags_there_is_a_second_action),
        cmocka_unit_test(a_profile_in_upper_case_is_allowed_in_lower_case_too),
        cmocka_unit_test(the_longest_policy_fits),
        cmocka_unit_test(no_name_can_open_more_than_itself),
        cmocka_unit_test(a_role_that_is_none_gives_no_policy),
    };
    return cmocka_run_group_tests_name("role_session", tests, NULL, NULL);
}
