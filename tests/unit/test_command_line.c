/*
 * A command line without a shell: quoting is all there is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "command_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The words of the line, in brackets; or "expected " and what was. */
static const char *
split(const char *text)
{
    static char shown[4096];
    AUTO_COMMAND_LINE struct command_line line = {.count = 0};
    const char *expected = command_line_split(text, &line);
    size_t length = 0;

    shown[0] = '\0';
    if (expected != NULL)
        snprintf(shown, sizeof(shown), "expected %s", expected);
    for (size_t i = 0; i < line.count; i++)
        length += (size_t) snprintf(shown + length, sizeof(shown) - length, "[%s]", line.words[i]);
    return shown;
}

static void
blanks_divide_words(void **state)
{
    (void) state;
    assert_string_equal(split("/usr/bin/keys"), "[/usr/bin/keys]");
    assert_string_equal(split("  /usr/bin/keys\t--role  arn:aws:iam::1:role/a "),
                        "[/usr/bin/keys][--role][arn:aws:iam::1:role/a]");
}

static void
quotes_keep_blanks_together(void **state)
{
    (void) state;
    assert_string_equal(split("p 'a b' \"c d\""), "[p][a b][c d]");
    assert_string_equal(split("p a' 'b\" \"c"), "[p][a b c]");
    assert_string_equal(split("p '' \"\" x"), "[p][][][x]");
}

static void
a_backslash_quotes_what_it_quotes_in_python(void **state)
{
    (void) state;
    assert_string_equal(split("p a\\ b \\\\ \\' \\\""), "[p][a b][\\]['][\"]");
    assert_string_equal(split("p 'a\\b' 'a\\'"), "[p][a\\b][a\\]");
    assert_string_equal(split("p \"a\\\"b\" \"a\\\\b\" \"a\\$b\" \"a\\nb\""), "[p][a\"b][a\\b][a\\$b][a\\nb]");
}

static void
nothing_is_expanded(void **state)
{
    (void) state;
    assert_string_equal(split("p $HOME `id` $(id) * ~ a|b >x ;rm && # c"),
                        "[p][$HOME][`id`][$(id)][*][~][a|b][>x][;rm][&&][#][c]");
}

static void
what_is_not_ended_is_refused(void **state)
{
    (void) state;
    assert_string_equal(split("p 'a b"), "expected a ' that ends what the first ' begins");
    assert_string_equal(split("p \"a b"), "expected a \" that ends what the first \" begins");
    assert_string_equal(split("p \"a b\\\""), "expected a \" that ends what the first \" begins");
    assert_string_equal(split("p \\"), "expected something after the \\ at the end");
}

static void
an_empty_line_is_refused(void **state)
{
    (void) state;
    assert_string_equal(split(""), "expected a program and its arguments");
    assert_string_equal(split(" \t "), "expected a program and its arguments");
}

static void
too_many_words_are_refused(void **state)
{
    char text[2 * (COMMAND_LINE_WORDS_MAX + 1) + 1];

    (void) state;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = i % 2 == 0 ? 'a' : ' ';
    text[sizeof(text) - 1] = '\0';
    assert_string_equal(split(text), "expected at most 256 words");
    text[2 * COMMAND_LINE_WORDS_MAX] = '\0';
    assert_int_equal(strlen(split(text)), 3 * COMMAND_LINE_WORDS_MAX);
}

/* Both must read every line in the same way: what an administrator has tried with the AWS CLI runs here. */
static void
words_are_those_of_pythons_shlex(void **state)
{
    static const char *const lines[] = {
        "a b",        "a\\ b",     "'a b'c\"d e\"", "\"a\\\"b\\\\c\\d\"", "'a\\'",           "a''b",  "\\a\\'\\\"",
        "\t a \t b ", "a=\"b c\"", "a#b # 'c'",     "\"'\" '\"'",         "--x='$Y' \"$Z\"", "x\\\\", "\"\"",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char answer[4096] = "";
        FILE *python;

        setenv("LINE", lines[i], 1);
        python = popen("/usr/bin/python3 -c 'import os, shlex; "
                       "print(\"\".join(\"[%s]\" % word for word in shlex.split(os.environ[\"LINE\"])), end=\"\")'",
                       "re");
        assert_non_null(python);
        answer[fread(answer, 1, sizeof(answer) - 1, python)] = '\0';
        assert_int_equal(pclose(python), 0);
        assert_string_equal(split(lines[i]), answer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_divide_words),
        cmocka_unit_test(quotes_keep_blanks_together),
        cmocka_unit_test(a_backslash_quotes_what_it_quotes_in_python),
        cmocka_unit_test(nothing_is_expanded),
        cmocka_unit_test(what_is_not_ended_is_refused),
        cmocka_unit_test(an_empty_line_is_refused),
        cmocka_unit_test(too_many_words_are_refused),
        cmocka_unit_test(words_are_those_of_pythons_shlex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
