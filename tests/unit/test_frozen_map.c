/*
 * test_frozen_map.c: the copy of a map that other processes use.  That it maps as the map itself does is in
 * test_map_cases.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "frozen_map.h"
#include "rule_match.h"
#include "settings.h"

#define TEXT_LIMIT ((size_t) 4 * 1024 * 1024)
#define RULES      20000

static struct user_map *
parse(const struct buffer *text)
{
    struct settings *settings = settings_finish(settings_begin(), NULL);
    struct user_map *map = user_map_create();
    struct failure failure;
    if (!user_map_feed(map, "users.map", text->data, text->length, &failure) ||
        !user_map_finish(map, settings, &failure))
        fail_msg("%s", failure.message);
    settings_free(settings);
    return map;
}

static struct user_map *
parse_text(const char *text)
{
    AUTO_BUFFER struct buffer copy = BUFFER(TEXT_LIMIT);
    assert_true(buffer_append_text(&copy, text));
    return parse(&copy);
}

/* As large a text as is told; the map is freed. */
static struct user_map *
freeze(struct user_map *map, size_t text_bytes)
{
    struct failure failure = {0};
    struct frozen_map *frozen = frozen_map_prepare(text_bytes, &failure);
    struct user_map *result = NULL;
    size_t used;
    assert_non_null(frozen);
    if (frozen_map_fill(frozen, map, &used, &failure))
        result = frozen_map_open(frozen, used, &failure);
    if (result == NULL)
        fail_msg("%s", failure.message);
    user_map_free(map);
    return result;
}

static void
assert_text_equal(const char *one, const char *other)
{
    if (one == NULL || other == NULL)
        assert_ptr_equal(one, other);
    else
        assert_string_equal(one, other);
}

static void
assert_rules_equal(const struct rule *one, const struct rule *other)
{
    assert_int_equal(one->kind, other->kind);
    assert_string_equal(one->who, other->who);
    assert_text_equal(one->domain, other->domain);
    assert_text_equal(one->profile, other->profile);
    assert_text_equal(one->space_name, other->space_name);
    assert_text_equal(one->landing_uri, other->landing_uri);
    assert_int_equal(one->uid_first, other->uid_first);
    assert_int_equal(one->uid_last, other->uid_last);
    assert_int_equal(one->lossy, other->lossy);
    assert_int_equal(one->line, other->line);
    assert_int_equal(one->pattern == NULL, other->pattern == NULL);
}

static const char EVERYTHING[] = "alice d-abcdefghij12 alice\n"
                                 "bob   d-abcdefghij12 bob space_name=lab\n"
                                 "carol d-abcdefghij12 bob landing_uri=app:JupyterLab:\n"
                                 "@ml   d-abcdefghij12 {user} landing_uri=app:JupyterLab: lossy=yes\n"
                                 "/x-([a-z]+)/ d-abcdefghij99 {1}\n"
                                 "\"dave smith\" -\n"
                                 "1000:1999 d-abcdefghij99 u{uid}\n"
                                 "alice d-abcdefghij99 other\n"
                                 "* -\n";

static void
a_frozen_map_has_the_rules_of_the_one_that_was_read(void **state)
{
    (void) state;
    struct user_map *read = parse_text(EVERYTHING);
    struct user_map *frozen = freeze(parse_text(EVERYTHING), strlen(EVERYTHING));
    assert_int_equal(frozen->count, read->count);
    assert_int_equal(frozen->pattern_count, 1);
    for (size_t i = 0; i < read->count; i++)
        assert_rules_equal(&frozen->rules[i], &read->rules[i]);
    assert_int_equal(frozen->file_count, 1);
    assert_string_equal(frozen->files[0], "users.map");
    assert_int_equal(user_map_named(frozen, "alice"), 0);
    assert_int_equal(user_map_named(frozen, "dave smith"), 5);
    assert_int_equal(user_map_named(frozen, "nobody"), frozen->count);
    assert_int_equal(frozen->other_count, read->other_count);
    assert_memory_equal(frozen->others, read->others, read->other_count * sizeof *read->others);
    user_map_free(read);
    user_map_free(frozen);
}

static void
a_pattern_is_compiled_where_it_is_first_matched(void **state)
{
    (void) state;
    struct user_map *map = freeze(parse_text(EVERYTHING), strlen(EVERYTHING));
    const struct rule *rule = &map->rules[4];
    struct rule_subject subject = {.account = {.name = "x-lab"}};
    struct failure failure;
    assert_false(rule->pattern->is_compiled);
    assert_int_equal(rule_match(&subject, rule, &failure), RULE_MATCHES);
    assert_true(rule->pattern->is_compiled);
    assert_int_equal(subject.matches[2].rm_so, 2);
    assert_int_equal(rule_match(&subject, rule, &failure), RULE_MATCHES);
    subject.account.name[0] = 'y';
    assert_int_equal(rule_match(&subject, rule, &failure), RULE_DIFFERS);
    user_map_free(map);
}

static void
a_pattern_that_cannot_be_compiled_any_more_leaves_the_account_unknown(void **state)
{
    (void) state;
    struct rule_pattern pattern = {.is_compiled = false};
    const struct rule rule = {.kind = RULE_PATTERN, .who = (char[]){"(not closed"}, .pattern = &pattern};
    struct rule_subject subject = {.account = {.name = "alice"}};
    struct failure failure;
    assert_int_equal(rule_match(&subject, &rule, &failure), RULE_UNKNOWN);
    assert_string_equal(failure.code, "pattern");
    assert_false(pattern.is_compiled);
}

/* The child has the map at the same address, and what it compiles is its own. */
static void
a_process_that_is_forked_later_uses_it_and_changes_it_for_nobody(void **state)
{
    (void) state;
    struct user_map *map = freeze(parse_text(EVERYTHING), strlen(EVERYTHING));
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rule_subject subject = {.account = {.name = "x-lab"}};
        struct failure failure;
        _exit(rule_match(&subject, &map->rules[4], &failure) == RULE_MATCHES ? 7 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    assert_false(map->rules[4].pattern->is_compiled);
    user_map_free(map);
}

static void
nobody_can_write_to_it(void **state)
{
    (void) state;
    struct user_map *map = freeze(parse_text(EVERYTHING), strlen(EVERYTHING));
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* AddressSanitizer would tell of it at length */
        *(volatile char *) map->rules[0].who = 'b';
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    user_map_free(map);
}

static void
the_shortest_rules_that_there_are_fit_the_room_for_their_text(void **state)
{
    (void) state;
    static const char *const shortest[] = {"a -\n", "* -\n", "@a -\n", "1:2 -\n", "a d-0123456789ab a\n"};
    for (size_t i = 0; i < sizeof shortest / sizeof shortest[0]; i++) {
        AUTO_BUFFER struct buffer text = BUFFER(TEXT_LIMIT);
        for (size_t n = 0; n < RULES; n++)
            assert_true(buffer_append_text(&text, shortest[i]));
        struct user_map *map = freeze(parse(&text), text.length);
        assert_int_equal(map->count, RULES);
        user_map_free(map);
    }
}

static void
as_many_patterns_as_a_map_may_have_fit(void **state)
{
    (void) state;
    AUTO_BUFFER struct buffer text = BUFFER(TEXT_LIMIT);
    for (size_t n = 0; n < MAP_PATTERNS_MAX; n++)
        assert_true(buffer_append_text(&text, "/a/ -\n"));
    struct user_map *map = freeze(parse(&text), text.length);
    assert_ptr_not_equal(map->rules[0].pattern, map->rules[MAP_PATTERNS_MAX - 1].pattern);
    assert_false(map->rules[MAP_PATTERNS_MAX - 1].pattern->is_compiled);
    user_map_free(map);
}

static void
a_map_that_is_larger_than_the_room_for_it_is_refused(void **state)
{
    (void) state;
    AUTO_BUFFER struct buffer text = BUFFER(TEXT_LIMIT);
    for (size_t n = 0; n < RULES; n++)
        assert_true(buffer_append_text(&text, "alice d-abcdefghij12 alice\n"));
    struct user_map *map = parse(&text);
    struct failure failure = {0};
    struct frozen_map *frozen = frozen_map_prepare(0, &failure);
    size_t used;
    assert_non_null(frozen);
    assert_false(frozen_map_fill(frozen, map, &used, &failure));
    assert_string_equal(failure.code, "config");
    assert_non_null(strstr(failure.message, "larger than its files were"));
    frozen_map_free(frozen);
    user_map_free(map);
}

static void
what_is_said_to_lie_beyond_the_memory_is_no_map(void **state)
{
    (void) state;
    struct failure failure = {0};
    struct frozen_map *frozen = frozen_map_prepare(0, &failure);
    assert_null(frozen_map_open(frozen, (size_t) 1 << 30, &failure));
    assert_string_equal(failure.code, "internal");
    assert_null(frozen_map_open(frozen, 0, &failure));
    frozen_map_free(frozen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frozen_map_has_the_rules_of_the_one_that_was_read),
        cmocka_unit_test(a_pattern_is_compiled_where_it_is_first_matched),
        cmocka_unit_test(a_pattern_that_cannot_be_compiled_any_more_leaves_the_account_unknown),
        cmocka_unit_test(a_process_that_is_forked_later_uses_it_and_changes_it_for_nobody),
        cmocka_unit_test(nobody_can_write_to_it),
        cmocka_unit_test(the_shortest_rules_that_there_are_fit_the_room_for_their_text),
        cmocka_unit_test(as_many_patterns_as_a_map_may_have_fit),
        cmocka_unit_test(a_map_that_is_larger_than_the_room_for_it_is_refused),
        cmocka_unit_test(what_is_said_to_lie_beyond_the_memory_is_no_map),
    };
    return cmocka_run_group_tests_name("frozen map", tests, NULL, NULL);
}
