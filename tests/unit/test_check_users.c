/*
 * What check says of the users that a host lists: who is mapped, who cannot be, and who would be two people in one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"

static const char settings_text[] = "[domain research]\ndomain_id = d-abcdefghij12\n"
                                    "[domain lab]\ndomain_id = d-abcdefghij12\n"
                                    "[domain finance]\ndomain_id = d-zyxwvutsrq98\n";

static struct configuration *
make_configuration(void)
{
    struct configuration *configuration = calloc(1, sizeof(*configuration));
    struct settings_reader *reader = settings_begin();
    struct failure failure;

    if (configuration == NULL || !settings_feed(reader, "studio.conf", settings_text, strlen(settings_text), &failure))
        abort();
    configuration->settings = settings_finish(reader, &failure);
    configuration->map = user_map_create();
    return configuration;
}

static struct mapping
mapped(uid_t uid, const char *user, const char *domain, const char *profile)
{
    struct mapping mapping = {.kind = MAPPING_PROFILE, .uid = uid};

    snprintf(mapping.user, sizeof(mapping.user), "%s", user);
    snprintf(mapping.rule, sizeof(mapping.rule), "users.map:%u", (unsigned) (uid - 1000));
    snprintf(mapping.domain, sizeof(mapping.domain), "%s", domain);
    snprintf(mapping.user_profile_name, sizeof(mapping.user_profile_name), "%s", profile);
    return mapping;
}

static struct mapping
failed(uid_t uid, const char *user, const char *message)
{
    struct mapping mapping = {.kind = MAPPING_FAILED, .uid = uid};

    snprintf(mapping.user, sizeof(mapping.user), "%s", user);
    failure_set(&mapping.failure, "lossy", "%s", message);
    return mapping;
}

typedef void judge_survey(const struct configuration *configuration, const struct user_survey *survey,
                          struct check_report *report);

/* What is said of these users, on the heap. */
static char *
said(judge_survey *judge, bool json, const struct user_survey *survey, int status)
{
    struct configuration *configuration = make_configuration();
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    struct check_report *report = check_report_begin(out, json);

    assert_non_null(report);
    judge(configuration, survey, report);
    assert_int_equal(check_report_end(report), status);
    fclose(out);
    configuration_free(configuration);
    return text;
}

static char *
check(struct mapping *mappings, size_t count, enum user_survey_end end, int status)
{
    const struct user_survey survey = {.mappings = mappings, .count = count, .accounts = count, .end = end};

    return said(check_users, false, &survey, status);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
assert_says(const char *text, const char *sentence)
{
    if (strstr(text, sentence) == NULL)
        fail_msg("expected:\n%s\nin:\n%s", sentence, text);
}

static void
users_with_a_profile_each_are_counted(void **state)
{
    struct mapping users[] = {mapped(1001, "alice", "research", "alice"),
                              mapped(1002, "bob", "research", "bob"),
                              {.kind = MAPPING_NOBODY, .uid = 1003},
                              {.kind = MAPPING_REFUSED, .uid = 1004}};

    (void) state;
    AUTO_FREE char *text = check(users, COUNT(users), USER_SURVEY_WHOLE, CHECK_GOOD);
    assert_says(text, "✓ map: Users whom this host lists: 4, mapped: 2, excluded by a rule: 1, without a rule: 1 (");
}

static void
two_users_who_are_one_profile_are_critical_and_named(void **state)
{
    struct mapping users[] = {mapped(1001, "a.b", "research", "a-b"), mapped(1002, "carol", "research", "carol"),
                              mapped(1003, "a_b", "research", "a-b")};

    (void) state;
    AUTO_FREE char *text = check(users, COUNT(users), USER_SURVEY_WHOLE, CHECK_CRITICAL);
    assert_says(text, "✗ map: 2 users are one user profile, 'a-b' of domain research, and have each other's files: a.b "
                      "(users.map:1), a_b (users.map:3).\n");
    assert_says(text, "Something is wrong: critical: 1, warnings: 0.\n");
}

/* The API's names of user profiles are not case sensitive, and two sections may name one domain. */
static void
profiles_are_the_same_whatever_their_case_and_the_sections_name(void **state)
{
    struct mapping users[] = {mapped(1001, "alice", "research", "Alice"), mapped(1002, "bob", "lab", "alice"),
                              mapped(1003, "carol", "d-abcdefghij12", "ALICE")};

    (void) state;
    AUTO_FREE char *text = check(users, COUNT(users), USER_SURVEY_WHOLE, CHECK_CRITICAL);
    assert_says(text, "✗ map: 3 users are one user profile");
}

static void
the_same_name_in_two_domains_is_two_profiles(void **state)
{
    struct mapping users[] = {mapped(1001, "alice", "research", "alice"), mapped(1002, "bob", "finance", "alice")};

    (void) state;
    free(check(users, COUNT(users), USER_SURVEY_WHOLE, CHECK_GOOD));
}

static void
a_rule_that_fails_for_a_user_is_a_warning_with_his_name(void **state)
{
    struct mapping users[] = {mapped(1001, "alice", "research", "alice"),
                              failed(1002, "carol.d", "users.map:1: {slug} lost something of the name")};

    (void) state;
    AUTO_FREE char *text = check(users, COUNT(users), USER_SURVEY_WHOLE, CHECK_WARNING);
    assert_says(text, "! map: carol.d (uid 1002) gets no link: users.map:1: {slug} lost something of the name.\n");
}

static void
a_map_that_maps_none_of_a_hosts_users_is_a_warning(void **state)
{
    struct mapping users[] = {{.kind = MAPPING_NOBODY, .uid = 1001}, {.kind = MAPPING_NOBODY, .uid = 1002}};

    (void) state;
    AUTO_FREE char *text = check(users, COUNT(users), USER_SURVEY_WHOLE, CHECK_WARNING);
    assert_says(text, "! map: None of the 2 users whom this host lists is mapped.\n");
    AUTO_FREE char *nobody_listed = check(NULL, 0, USER_SURVEY_WHOLE, CHECK_GOOD);
    assert_says(nobody_listed, "✓ map: Users whom this host lists: 0");
}

static void
a_list_that_is_not_whole_never_passes_for_one(void **state)
{
    struct mapping users[] = {mapped(1001, "alice", "research", "alice")};

    (void) state;
    AUTO_FREE char *late = check(users, 1, USER_SURVEY_LATE, CHECK_WARNING);
    assert_says(late, "! map: The list of this host's users did not come to its end in time: only the first 1 were ");
    AUTO_FREE char *many = check(users, 1, USER_SURVEY_MANY, CHECK_WARNING);
    assert_says(many, "! map: This host lists more than 10000 users: only the first of them were looked at.\n");
    AUTO_FREE char *broken = check(users, 1, USER_SURVEY_BROKEN, CHECK_WARNING);
    assert_says(broken, "! map: The list of this host's users broke off: only the first 1 were looked at.\n");
}

/* A thousand users of one profile, or a thousand who fail, must not fill the terminal. */
static void
what_there_is_too_much_of_is_cut(void **state)
{
    enum { MANY = 1000 };
    struct mapping *users = calloc(MANY, sizeof(*users));
    char name[32];

    (void) state;
    assert_non_null(users);
    for (uid_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "user%u", i);
        users[i] = mapped(1000 + i, name, "research", i % 2 == 0 ? "shared" : name);
    }
    AUTO_FREE char *collision = check(users, MANY, USER_SURVEY_WHOLE, CHECK_CRITICAL);
    assert_says(collision, "✗ map: 500 users are one user profile, 'shared' of domain research, and have each other's "
                           "files: user0 (users.map:0), ");
    assert_says(collision, "user18 (users.map:18) and 490 more.\n");
    for (uid_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "user%u", i);
        users[i] = failed(1000 + i, name, "lossy");
    }
    AUTO_FREE char *failures = check(users, MANY, USER_SURVEY_WHOLE, CHECK_WARNING);
    assert_says(failures, "! map: Another 980 users get no link.\n");
    free(users);
}

static void
all_users_are_listed_for_programs(void **state)
{
    struct mapping users[] = {mapped(1001, "alice", "lab", "alice-tanaka"),
                              failed(1002, "bob", "no \"name\""),
                              {.kind = MAPPING_NOBODY, .uid = 1003, .user = "carol"}};
    const struct user_survey survey = {.mappings = users, .count = COUNT(users)};

    (void) state;
    AUTO_FREE char *text = said(check_users_list, true, &survey, CHECK_GOOD);
    assert_says(text, "\"users\":[{\"user\":\"alice\",\"uid\":1001,\"mapping\":\"mapped\",\"rule\":\"users.map:1\","
                      "\"domain\":\"lab\",\"domain_id\":\"d-abcdefghij12\",\"user_profile_name\":\"alice-tanaka\"},"
                      "{\"user\":\"bob\",\"uid\":1002,\"mapping\":\"failed\",\"message\":\"no \\\"name\\\"\"},"
                      "{\"user\":\"carol\",\"uid\":1003,\"mapping\":\"no-rule\"}]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_with_a_profile_each_are_counted),
        cmocka_unit_test(two_users_who_are_one_profile_are_critical_and_named),
        cmocka_unit_test(profiles_are_the_same_whatever_their_case_and_the_sections_name),
        cmocka_unit_test(the_same_name_in_two_domains_is_two_profiles),
        cmocka_unit_test(a_rule_that_fails_for_a_user_is_a_warning_with_his_name),
        cmocka_unit_test(a_map_that_maps_none_of_a_hosts_users_is_a_warning),
        cmocka_unit_test(a_list_that_is_not_whole_never_passes_for_one),
        cmocka_unit_test(what_there_is_too_much_of_is_cut),
        cmocka_unit_test(all_users_are_listed_for_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
