/*
 * test_map_cases.c: runs tests/map_cases.txt, the contract of users.map; the file says how it is written.  Each case
 * has the same outcome with the map as it was read and with the copy that a large one is used by.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "frozen_map.h"
#include "mapping.h"

#define CASES_FILE      "tests/map_cases.txt"
#define ENTRIES_MAX     64
#define EXPECTATION_MAX 2048

/* The directory of the cases. */
static struct entry {
    char name[257];
    uid_t uid;
    char groups[256];
} directory_accounts[ENTRIES_MAX], directory_groups[ENTRIES_MAX];
static size_t account_count, group_count;

static struct {
    char title[256];
    unsigned line; /* in the file */
    struct buffer settings;
    struct buffer map;
    struct configuration configuration;
    struct configuration frozen; /* the same settings, and a copy of the map */
    bool loaded;
    bool refused;
    struct failure failure;
    unsigned expectations;
    unsigned wrong;
} now;

static enum account_answer
fill(const struct entry *entry, struct account *account)
{
    memset(account, 0, sizeof *account);
    memcpy(account->name, entry->name, sizeof account->name);
    account->uid = entry->uid;
    return ACCOUNT_FOUND;
}

static enum account_answer
by_uid(uid_t uid, struct account *account, struct failure *failure)
{
    (void) failure;
    for (size_t i = 0; i < account_count; i++) {
        if (directory_accounts[i].uid == uid)
            return fill(&directory_accounts[i], account);
    }
    return ACCOUNT_ABSENT;
}

static const struct entry *
account_named(const char *name)
{
    for (size_t i = 0; i < account_count; i++) {
        if (strcmp(directory_accounts[i].name, name) == 0)
            return &directory_accounts[i];
    }
    return NULL;
}

static enum account_answer
by_name(const char *name, struct account *account, struct failure *failure)
{
    (void) failure;
    const struct entry *entry = account_named(name);
    return entry != NULL ? fill(entry, account) : ACCOUNT_ABSENT;
}

/* A group's number is its place in the list; groups[0] == '!' marks one that the directory fails for. */
static size_t
group_number(const char *name, bool add)
{
    for (size_t i = 0; i < group_count; i++) {
        if (strcmp(directory_groups[i].name, name) == 0)
            return i;
    }
    if (add) {
        assert_true(group_count < ENTRIES_MAX);
        snprintf(directory_groups[group_count++].name, 257, "%s", name);
        return group_count - 1;
    }
    return ENTRIES_MAX;
}

static enum account_answer
group_by_name(const char *name, gid_t *gid, struct failure *failure)
{
    size_t number = group_number(name, false);
    if (number == ENTRIES_MAX)
        return ACCOUNT_ABSENT;
    if (directory_groups[number].groups[0] == '!') {
        failure_set(failure, "directory", "the directory is down");
        return ACCOUNT_UNKNOWN;
    }
    *gid = (gid_t) number;
    return ACCOUNT_FOUND;
}

static bool
groups_of(const struct account *account, gid_t **groups, size_t *count, struct failure *failure)
{
    const struct entry *entry = account_named(account->name);
    if (entry == NULL || entry->groups[0] == '!')
        return failure_set(failure, "directory", "the directory is down");
    *groups = calloc(ENTRIES_MAX, sizeof **groups);
    assert_non_null(*groups);
    AUTO_FREE char *names = strdup(entry->groups);
    char *rest = names;
    for (char *name = strsep(&rest, ","); name != NULL; name = strsep(&rest, ","))
        (*groups)[(*count)++] = (gid_t) group_number(name, false);
    return true;
}

static const struct accounts directory = {by_uid, by_name, group_by_name, groups_of};

static void
report(const char *expected, const char *got)
{
    now.wrong++;
    print_error("%s:%u: %s\n  expected %s\n  got      %s\n", CASES_FILE, now.line, now.title, expected, got);
}

static void
freeze_map(void)
{
    struct failure failure;
    struct frozen_map *frozen = frozen_map_prepare(now.map.length, &failure);
    size_t used;
    assert_non_null(frozen);
    assert_true(frozen_map_fill(frozen, now.configuration.map, &used, &failure));
    now.frozen.settings = now.configuration.settings;
    now.frozen.map = frozen_map_open(frozen, used, &failure);
    assert_non_null(now.frozen.map);
}

static void
load_case(void)
{
    if (now.loaded)
        return;
    now.loaded = true;
    struct settings_reader *reader = settings_begin();
    struct failure failure = {0};
    if (!settings_feed(reader, "studio.conf", now.settings.data, now.settings.length, &failure))
        fail_msg("%s", failure.message);
    now.configuration.settings = settings_finish(reader, &failure);
    assert_non_null(now.configuration.settings);
    now.configuration.map = user_map_create();
    now.refused = !user_map_feed(now.configuration.map, "users.map", now.map.data, now.map.length, &now.failure) ||
                  !user_map_finish(now.configuration.map, now.configuration.settings, &now.failure);
    if (!now.refused)
        freeze_map();
}

static void
end_case(void)
{
    settings_free(now.configuration.settings);
    user_map_free(now.configuration.map);
    user_map_free(now.frozen.map);
    now.frozen = (struct configuration){.map = NULL};
    memset(&now.configuration, 0, sizeof now.configuration);
    now.loaded = false;
    buffer_clear(&now.map);
}

/* The outcome as the file words it. */
static void
word_outcome(const struct mapping *mapping, char *text, size_t size)
{
    const char *colon = strrchr(mapping->rule, ':');
    const char *line = colon != NULL ? colon + 1 : "?";
    switch (mapping->kind) {
    case MAPPING_NOBODY:
        snprintf(text, size, "none");
        break;
    case MAPPING_REFUSED:
        snprintf(text, size, "refused %s", line);
        break;
    case MAPPING_FAILED:
        snprintf(text, size, "fails %s %s", mapping->failure.code, mapping->failure.message);
        break;
    case MAPPING_PROFILE:
        snprintf(text, size, "%s %s %s%s%s%s%s", mapping->domain, mapping->user_profile_name, line,
                 mapping->space_name[0] != '\0' ? " space_name=" : "", mapping->space_name,
                 mapping->landing_uri[0] != '\0' ? " landing_uri=" : "", mapping->landing_uri);
        break;
    }
}

static void
expect_mapping_by(const struct configuration *configuration, const struct entry *entry, const char *expected)
{
    char got[EXPECTATION_MAX];
    struct mapping mapping;
    mapping_find_among(configuration, &directory, entry->uid, &mapping);
    word_outcome(&mapping, got, sizeof got);
    if (strcmp(got, expected) != 0)
        report(expected, got);
    if (mapping.kind == MAPPING_FAILED && mapping.user_profile_name[0] != '\0')
        report("no profile with a failure", mapping.user_profile_name);
    assert_string_equal(mapping.user, entry->name);
}

static void
expect_mapping(const char *user, const char *expected)
{
    const struct entry *entry = account_named(user);
    if (entry == NULL) {
        report(user, "no account of this name in the file");
        return;
    }
    if (now.refused) {
        report(expected, now.failure.message);
        return;
    }
    expect_mapping_by(&now.configuration, entry, expected);
    expect_mapping_by(&now.frozen, entry, expected);
}

static void
expect_error(const char *expected)
{
    const char *got = now.refused ? now.failure.message : "the map was accepted";
    if (strcmp(got, expected) != 0)
        report(expected, got);
    if (now.refused && strcmp(now.failure.code, "config") != 0)
        report("code config", now.failure.code);
}

/* Replace <TAB>, <CR> and <DEL>. */
static void
append_map_line(const char *line)
{
    static const struct {
        const char *name;
        char byte;
    } bytes[] = {{"<TAB>", '\t'}, {"<CR>", '\r'}, {"<DEL>", '\x7f'}};
    while (*line != '\0') {
        char byte = *line;
        size_t length = 1;
        for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
            if (strncmp(line, bytes[i].name, strlen(bytes[i].name)) == 0) {
                byte = bytes[i].byte;
                length = strlen(bytes[i].name);
            }
        }
        assert_true(buffer_append(&now.map, &byte, 1));
        line += length;
    }
    assert_true(buffer_append_text(&now.map, "\n"));
}

static void
read_account(char *text)
{
    struct entry *entry = &directory_accounts[account_count++];
    char *groups;
    /* A name may hold blanks; the last two columns are the uid and the groups, and only the latter may hold some. */
    char *digits = NULL;
    for (char *at = strchr(text, ' '); at != NULL && digits == NULL; at = strchr(at + 1, ' ')) {
        if (at[1] >= '0' && at[1] <= '9')
            digits = at;
    }
    groups = digits != NULL ? strchr(digits + 1, ' ') : NULL;
    if (groups == NULL) {
        fail_msg("%s:%u: expected account NAME UID GROUPS", CASES_FILE, now.line);
        return;
    }
    *digits = '\0';
    *groups = '\0';
    snprintf(entry->name, sizeof entry->name, "%s", text);
    entry->uid = (uid_t) strtoul(digits + 1, NULL, 10);
    snprintf(entry->groups, sizeof entry->groups, "%s", groups + 1);
    AUTO_FREE char *names = strdup(groups + 1);
    char *rest = names;
    for (char *name = strsep(&rest, ","); name != NULL && *name != '!'; name = strsep(&rest, ","))
        group_number(name, true);
}

static bool
take(char *line, const char *prefix, char **rest)
{
    size_t length = strlen(prefix);
    *rest = line + length;
    return strncmp(line, prefix, length) == 0;
}

static void
read_expectation(char *line)
{
    char *arrow = strstr(line, "=> ");
    if (arrow == NULL) {
        report("a line that the file's head explains", line);
        return;
    }
    load_case();
    now.expectations++;
    char *rest;
    if (arrow == line && take(line, "=> error ", &rest)) {
        expect_error(rest);
        return;
    }
    assert_true(arrow > line);
    arrow[-1] = '\0';
    expect_mapping(line, arrow + 3);
}

static void
read_line(char *line)
{
    char *rest;
    if (take(line, "account ", &rest) && strstr(line, " => ") == NULL) {
        read_account(rest);
    } else if (take(line, "group ", &rest)) {
        group_number(rest, true);
    } else if (take(line, "outage ", &rest)) {
        directory_groups[group_number(rest, true)].groups[0] = '!';
    } else if (take(line, "% ", &rest)) {
        assert_true(buffer_append_format(&now.settings, "%s\n", rest));
    } else if (take(line, "== ", &rest)) {
        end_case();
        snprintf(now.title, sizeof now.title, "%s", rest);
    } else if (take(line, "|", &rest)) {
        append_map_line(rest[0] == ' ' ? rest + 1 : rest);
    } else if (line[0] != '\0' && strcmp(line, "#") != 0 && strncmp(line, "# ", 2) != 0) {
        read_expectation(line);
    }
}

static void
every_case_of_the_table_has_the_outcome_that_it_names(void **state)
{
    (void) state;
    FILE *file = fopen(CASES_FILE, "re");
    assert_non_null(file);
    now.settings = BUFFER(65536);
    now.map = BUFFER(65536);
    AUTO_FREE char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, file)) > 0) {
        now.line++;
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        read_line(line);
    }
    fclose(file);
    end_case();
    buffer_free(&now.settings);
    buffer_free(&now.map);
    assert_int_equal(now.wrong, 0);
    assert_true(now.expectations >= 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_of_the_table_has_the_outcome_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
