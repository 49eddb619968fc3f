/*
 * test_mapping.c: accounts that are not what they seem, large maps, and what --explain says.  Rules are in
 * tests/map_cases.txt.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts.h"
#include "buffer.h"
#include "cleanup.h"
#include "deadline.h"
#include "mapping.h"

static const char settings_text[] = "[domain research]\ndomain_id = d-abcdefghij12\n";

static struct configuration *
configuration_of(const char *map)
{
    struct failure failure;
    struct configuration *configuration = calloc(1, sizeof *configuration);
    struct settings_reader *reader = settings_begin();
    if (configuration == NULL || !settings_feed(reader, "studio.conf", settings_text, strlen(settings_text), &failure))
        abort();
    configuration->settings = settings_finish(reader, &failure);
    configuration->map = user_map_create();
    if (!user_map_feed(configuration->map, "users.map", map, strlen(map), &failure) ||
        !user_map_finish(configuration->map, configuration->settings, &failure)) {
        fail_msg("%s", failure.message);
        abort();
    }
    return configuration;
}

/* A directory that folds case and takes tanaka@corp and CORP\tanaka for tanaka, as SSSD and winbind do. */
static unsigned group_queries;

static enum account_answer
say(const char *name, uid_t uid, struct account *account)
{
    memset(account, 0, sizeof *account);
    snprintf(account->name, sizeof account->name, "%s", name);
    account->uid = uid;
    return ACCOUNT_FOUND;
}

static enum account_answer
by_uid(uid_t uid, struct account *account, struct failure *failure)
{
    switch (uid) {
    case 5000:
        return say("tanaka", uid, account);
    case 5001:
        return say("shadowed", uid, account); /* whose name is another account's */
    case 5002:
        return say("nameless", uid, account); /* whose name nobody knows */
    case 5003:
        return say("half-known", uid, account); /* whose name cannot be asked for */
    case 5004:
        failure_set(failure, "directory", "the directory is down");
        return ACCOUNT_UNKNOWN;
    default:
        return ACCOUNT_ABSENT;
    }
}

static enum account_answer
by_name(const char *name, struct account *account, struct failure *failure)
{
    if (strcasecmp(name, "tanaka") == 0 || strcasecmp(name, "CORP\\tanaka") == 0 ||
        strcasecmp(name, "tanaka@corp") == 0)
        return say("tanaka", 5000, account);
    if (strcmp(name, "shadowed") == 0)
        return say("shadowed", 4999, account);
    if (strcmp(name, "half-known") == 0) {
        failure_set(failure, "directory", "the directory is down");
        return ACCOUNT_UNKNOWN;
    }
    return ACCOUNT_ABSENT;
}

static enum account_answer
group_by_name(const char *name, gid_t *gid, struct failure *failure)
{
    (void) failure;
    *gid = (gid_t) name[0];
    return ACCOUNT_FOUND;
}

static bool
groups_of(const struct account *account, gid_t **groups, size_t *count, struct failure *failure)
{
    (void) account;
    (void) failure;
    group_queries++;
    *groups = calloc(1, sizeof **groups);
    assert_non_null(*groups);
    (*groups)[0] = 'm';
    *count = 1;
    return true;
}

static const struct accounts directory = {by_uid, by_name, group_by_name, groups_of};

static struct mapping
mapping_of(const char *map, uid_t uid)
{
    struct configuration *configuration = configuration_of(map);
    struct mapping mapping;
    mapping_find_among(configuration, &directory, uid, &mapping);
    configuration_free(configuration);
    return mapping;
}

static void
expect_failed(uid_t uid, const char *code)
{
    struct mapping mapping = mapping_of("* research u{uid}\n", uid);
    assert_int_equal(mapping.kind, MAPPING_FAILED);
    assert_string_equal(mapping.failure.code, code);
    assert_string_equal(mapping.user_profile_name, "");
    assert_int_equal(mapping.uid, uid);
}

static void
a_uid_without_an_account_that_maps_back_to_it_is_nobody(void **state)
{
    (void) state;
    expect_failed(1, "account");
    expect_failed(5001, "account");
    expect_failed(5002, "account");
    expect_failed(5003, "directory");
    expect_failed(5004, "directory");
}

static void
groups_are_asked_for_once_and_only_for_a_group_rule(void **state)
{
    (void) state;
    group_queries = 0;
    struct mapping mapping = mapping_of("@a research a\n@b research b\n@m research {user}\n@m research never\n", 5000);
    assert_int_equal(mapping.kind, MAPPING_PROFILE);
    assert_string_equal(mapping.rule, "users.map:3");
    assert_int_equal(group_queries, 1);
    mapping = mapping_of("tanaka research tanaka\n@m research never\n", 5000);
    assert_int_equal(mapping.kind, MAPPING_PROFILE);
    assert_int_equal(group_queries, 1);
}

static void
a_hundred_thousand_rules_are_read_and_searched_quickly(void **state)
{
    (void) state;
    AUTO_BUFFER struct buffer map = BUFFER(CONFIGURATION_FILE_LIMIT);
    for (unsigned i = 0; i < 100000; i++)
        assert_true(buffer_append_format(&map, "user%u research profile-%u\n", i * 7919 % 100000, i));
    assert_true(buffer_append_text(&map, "tanaka research tanaka\n"));
    struct deadline generous = deadline_in_ms(10000);
    struct configuration *configuration = configuration_of(map.data);
    struct mapping mapping;
    for (unsigned i = 0; i < 1000; i++)
        mapping_find_among(configuration, &directory, 5000, &mapping);
    assert_string_equal(mapping.rule, "users.map:100001");
    assert_false(deadline_passed(generous));
    configuration_free(configuration);
}

/* What --explain prints, and its status. */
static char *
explain(const char *map, const char *user, int expected_status)
{
    struct configuration *configuration = configuration_of(map);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    int status = mapping_explain_among(configuration, &directory, user, out);
    fclose(out);
    configuration_free(configuration);
    assert_int_equal(status, expected_status);
    return text;
}

static void
explain_names_the_winner_and_why_those_above_it_did_not_win(void **state)
{
    (void) state;
    AUTO_FREE char *text = explain("alice research alice\n@a research a\n/x.*/ research x\n1:2 research u\n"
                                   "@m research {user}-{uid}\n* research never\n",
                                   "CORP\\Tanaka", 0);
    assert_non_null(strstr(text, "account       tanaka (uid 5000), asked for as 'CORP\\Tanaka'"));
    assert_non_null(strstr(text, "  users.map:1  alice  research alice: another name\n"));
    assert_non_null(strstr(text, "  users.map:2  @a  research a: not a member of this group\n"));
    assert_non_null(strstr(text, "  users.map:3  /x.*/  research x: the pattern does not match the whole name\n"));
    assert_non_null(strstr(text, "  users.map:4  1:2  research u: the uid lies outside the range\n"));
    assert_non_null(strstr(text, "→ users.map:5  @m  research {user}-{uid}: matches, and wins\n"));
    assert_non_null(strstr(text, "domain_id = d-abcdefghij12\n"));
    assert_non_null(strstr(text, "user profile  tanaka-5000\n"));
    assert_null(strstr(text, "users.map:6"));
}

static void
explain_tells_mapped_from_not_mapped_from_wrong(void **state)
{
    (void) state;
    free(explain("alice research alice\n", "tanaka", 1));
    free(explain("tanaka -\n", "tanaka", 1));
    free(explain("tanaka research {slug}\n", "tanaka", 0));
    free(explain("* research {user}\n", "nobody-knows", 2));
    free(explain("* research {user}\n", "shadowed", 2));
    free(explain("* research {user}\n", "half-known", 2));
    AUTO_FREE char *text = explain("* research {user}-\n", "tanaka", 2);
    assert_non_null(strstr(text, "users.map:1: user 'tanaka' would become 'tanaka-'"));
}

static void
explain_passes_over_other_names_in_a_long_map(void **state)
{
    (void) state;
    AUTO_BUFFER struct buffer map = BUFFER(65536);
    for (unsigned i = 0; i < 60; i++)
        assert_true(buffer_append_format(&map, "user%u research p%u\n", i, i));
    assert_true(buffer_append_text(&map, "@a research a\ntanaka research tanaka\n"));
    AUTO_FREE char *text = explain(map.data, "tanaka", 0);
    assert_null(strstr(text, "user59"));
    assert_non_null(strstr(text, "users.map:61  @a"));
    assert_non_null(strstr(text, "(and 60 rules for other names)"));
    assert_non_null(strstr(text, "→ users.map:62  tanaka"));
}

static void
this_hosts_accounts_and_groups_are_found(void **state)
{
    (void) state;
    const struct accounts *host = accounts_of_this_host();
    struct account root;
    struct account same;
    struct failure failure = {0};
    assert_int_equal(host->by_uid(0, &root, &failure), ACCOUNT_FOUND);
    assert_string_equal(root.name, "root");
    assert_int_equal(host->by_name("root", &same, &failure), ACCOUNT_FOUND);
    assert_int_equal(same.uid, 0);
    assert_int_equal(host->by_name("no-such-account-here", &same, &failure), ACCOUNT_ABSENT);
    gid_t gid = 1;
    assert_int_equal(host->group_by_name("root", &gid, &failure), ACCOUNT_FOUND);
    assert_int_equal(gid, 0);
    assert_int_equal(host->group_by_name("no-such-group-here", &gid, &failure), ACCOUNT_ABSENT);
    AUTO_FREE gid_t *groups = NULL;
    size_t count = 0;
    assert_true(host->groups_of(&root, &groups, &count, &failure));
    assert_true(count >= 1);
    assert_int_equal(groups[0], root.gid);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uid_without_an_account_that_maps_back_to_it_is_nobody),
        cmocka_unit_test(groups_are_asked_for_once_and_only_for_a_group_rule),
        cmocka_unit_test(a_hundred_thousand_rules_are_read_and_searched_quickly),
        cmocka_unit_test(explain_names_the_winner_and_why_those_above_it_did_not_win),
        cmocka_unit_test(explain_tells_mapped_from_not_mapped_from_wrong),
        cmocka_unit_test(explain_passes_over_other_names_in_a_long_map),
        cmocka_unit_test(this_hosts_accounts_and_groups_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
