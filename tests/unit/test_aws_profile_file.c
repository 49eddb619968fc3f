/*
 * The syntax of AWS's own files, as written by hand, by `aws configure` and by agents.
 *
 * SPDX-License-Identifier: MIT
 */
#include "aws_profile_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buffer.h"

static struct aws_profile_file *profiles;
static struct failure failure;

static int
tear_down(void **state)
{
    (void) state;
    aws_profile_file_free(profiles);
    profiles = NULL;
    return 0;
}

static void
parse(const char *text)
{
    aws_profile_file_free(profiles);
    failure = (struct failure){0};
    profiles = aws_profile_file_parse("/x/credentials", text, strlen(text), &failure);
}

static void
assert_value(const char *profile, const char *key, const char *expected)
{
    const struct aws_profile *found;
    struct aws_profile_value value;

    if (profiles == NULL)
        fail_msg("%s", failure.message);
    found = aws_profile_find(profiles, profile);
    assert_non_null(found);
    value = aws_profile_value(found, key);
    assert_false(value.continued);
    if (expected == NULL)
        assert_null(value.text);
    else if (value.text == NULL)
        fail_msg("no %s in %s", key, profile);
    else
        assert_string_equal(value.text, expected);
}

static void
assert_refused(const char *text, const char *message)
{
    parse(text);
    assert_null(profiles);
    assert_string_equal(failure.code, "credentials");
    assert_string_equal(failure.message, message);
}

/* ---- sections ---------------------------------------------------------------------------------------------------- */

static void
sections_of_both_files_are_profiles(void **state)
{
    (void) state;
    parse("[default]\na = 1\n[profile studio]\na = 2\n[other]\na = 3\n[profile \"two words\"]\na = 4\n[two words]\nb = "
          "5\n");
    assert_value("default", "a", "1");
    assert_value("studio", "a", "2");
    assert_value("other", "a", "3");
    assert_value("two words", "a", "4");
    assert_value("two words", "b", "5");
    assert_null(aws_profile_find(profiles, "profile studio"));
}

static void
what_credentials_say_goes_before_what_config_says(void **state)
{
    const struct aws_profile *profile;

    (void) state;
    parse("[x]\nboth = credentials\n[profile x]\nboth = config\nonly = config\n");
    assert_value("x", "both", "credentials");
    assert_value("x", "only", "config");
    parse("[profile x]\nboth = config\nonly = config\n[x]\nboth = credentials\n");
    assert_value("x", "both", "credentials");
    profile = aws_profile_find(profiles, "x");
    assert_string_equal(aws_profile_value_in(profile, AWS_PROFILE_CONFIG, "both").text, "config");
    assert_null(aws_profile_value_in(profile, AWS_PROFILE_CREDENTIALS, "only").text);
    assert_int_equal(aws_profile_line(profile), 4);
}

static void
sections_that_are_no_profiles_are_skipped(void **state)
{
    (void) state;
    parse("[sso-session corp]\nsso_region = x\n[services mine]\ns3 =\n  endpoint_url = y\n[default]\na = 1\n");
    assert_value("default", "a", "1");
    assert_null(aws_profile_find(profiles, "corp"));
    assert_null(aws_profile_find(profiles, "sso-session corp"));
    assert_null(aws_profile_find(profiles, "services mine"));
}

static void
names_of_sections_are_taken_exactly(void **state)
{
    (void) state;
    parse("[Default]\na = 1\n[  default\t]\na = 2\n[profile  'it'\\''s' ]  # mine\na = 3\n[profile]\na = 4\n");
    assert_value("Default", "a", "1");
    assert_value("default", "a", "2");
    assert_value("it's", "a", "3");
    assert_value("profile", "a", "4");
}

static void
a_section_that_comes_twice_is_refused(void **state)
{
    (void) state;
    assert_refused("[x]\n[y]\n[x]\n", "/x/credentials:3: the profile x again, which began in line 1 already; expected "
                                      "each section once");
    assert_refused("[profile x]\n[profile \"x\"]\n",
                   "/x/credentials:2: the profile x again, which began in line 1 already; expected each section once");
}

static void
sections_that_are_written_wrong_are_refused(void **state)
{
    static const char no_name[] = "/x/credentials:1: a section without a name, or with brackets in it; expected one "
                                  "like [default]";
    static const char no_profile[] = "/x/credentials:1: [profile] with something that is no name after it, expected "
                                     "one word, or more in quotes: [profile \"my name\"]";

    (void) state;
    assert_refused("[default\na = 1\n", "/x/credentials:1: a [ without a ], expected a section like [default]");
    assert_refused("[]\n", no_name);
    assert_refused("[ \t ]\n", no_name);
    assert_refused("[a]b]\n", no_name);
    assert_refused("[a] x\n", "/x/credentials:1: something behind the section, expected it on a line of its own");
    assert_refused("[profile my name]\n", no_profile);
    assert_refused("[profile \"my name]\n", no_profile);
    assert_refused("[profile \"\"]\n", no_profile);
    assert_refused("[DEFAULT]\n",
                   "/x/credentials:1: [DEFAULT], which some AWS SDKs apply to all profiles and others do "
                   "not; expected [default] for the profile of that name");
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static void
keys_and_values_are_trimmed(void **state)
{
    (void) state;
    parse("[p]\na=1\nb \t= \t2 \t\nC: 3\nd = x = y : z\ne = a b\nf =\ng : = x\n");
    assert_value("p", "a", "1");
    assert_value("p", "b", "2");
    assert_value("p", "c", "3");
    assert_value("p", "d", "x = y : z");
    assert_value("p", "e", "a b");
    assert_value("p", "f", "");
    assert_value("p", "g", "= x");
    assert_value("p", "h", NULL);
}

static void
comments_stand_on_lines_of_their_own(void **state)
{
    (void) state;
    parse("# a\n; b\n\n[p]\n  # c\n\t; d\na = 1 # x\nb = 2 ; y\n#a = 3\nc=#4\n");
    assert_value("p", "a", "1 # x");
    assert_value("p", "b", "2 ; y");
    assert_value("p", "c", "#4");
}

static void
lines_may_end_as_on_windows_or_not_at_all(void **state)
{
    (void) state;
    parse("[p]\r\na = 1\r\n\r\n[q]\r\na = 2");
    assert_value("p", "a", "1");
    assert_value("q", "a", "2");
}

static void
a_file_without_profiles_is_one(void **state)
{
    char names[32];

    (void) state;
    parse("");
    assert_non_null(profiles);
    aws_profile_names(profiles, names, sizeof(names));
    assert_string_equal(names, "none");
    parse("# nothing\n\n");
    assert_non_null(profiles);
}

static void
indented_lines_belong_to_the_key_above(void **state)
{
    const struct aws_profile *profile;

    (void) state;
    parse("[p]\ns3 =\n  region = nested\n  # comment\n\n  [q]\n  addressing_style = path\nregion = own\n");
    assert_value("p", "region", "own");
    assert_null(aws_profile_find(profiles, "q"));
    profile = aws_profile_find(profiles, "p");
    assert_true(aws_profile_value(profile, "s3").continued);
    parse("[p]\nregion = one\n two\n");
    assert_true(aws_profile_value(aws_profile_find(profiles, "p"), "region").continued);
}

static void
a_section_may_be_indented_as_a_whole(void **state)
{
    (void) state;
    parse("[p]\n  a = 1\n  b = 2\n [q]\n   a = 3\n  b = 4\n");
    assert_value("p", "a", "1");
    assert_value("p", "b", "2");
    assert_value("q", "a", "3");
    assert_value("q", "b", "4");
}

static void
lines_that_are_none_are_refused_and_never_quoted(void **state)
{
    (void) state;
    assert_refused("\n[p]\nwJalrXUtnFEMI/K7MDENG\n", "/x/credentials:3: a line without =, expected key = value");
    assert_refused("[p]\n= x\n", "/x/credentials:2: no key before the =, expected key = value");
    assert_refused("a = 1\n", "/x/credentials:1: a line before the first section, expected one like [default]");
    assert_refused("[p]\nsecret= 1\nSECRET= 2\n",
                   "/x/credentials:3: the key of line 2 again, expected each key once in a section");
    assert_refused("\xef\xbb\xbf[p]\n", "/x/credentials:1: a byte order mark, expected text in UTF-8 without it");
    assert_refused("[p]\na = \x01\n",
                   "/x/credentials:2: a control byte, or text that is not UTF-8; expected printable text");
    assert_refused("[p]\na = \xff\n",
                   "/x/credentials:2: a control byte, or text that is not UTF-8; expected printable text");
    assert_refused("[p]\ra = 1\n",
                   "/x/credentials:1: a control byte, or text that is not UTF-8; expected printable text");
}

static void
a_nul_byte_is_refused(void **state)
{
    static const char text[] = "[p]\na = 1\0b = 2\n";

    (void) state;
    profiles = aws_profile_file_parse("/x/credentials", text, sizeof(text) - 1, &failure);
    assert_null(profiles);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------ */

static void
parse_many(const char *before, const char *start, const char *end, unsigned count)
{
    AUTO_BUFFER struct buffer text = BUFFER(AWS_PROFILE_FILE_LIMIT);

    assert_true(buffer_append_text(&text, before));
    for (unsigned i = 0; i < count; i++)
        assert_true(buffer_append_format(&text, "%s%u%s", start, i, end));
    parse(text.data);
}

static void
profiles_keys_and_lines_are_bounded(void **state)
{
    char *line = malloc(AWS_PROFILE_LINE_LIMIT + 16);

    (void) state;
    assert_non_null(line);
    parse_many("", "[p", "]\n", AWS_PROFILES_MAX);
    assert_non_null(profiles);
    parse_many("", "[p", "]\n", AWS_PROFILES_MAX + 1);
    assert_null(profiles);
    assert_string_equal(failure.message, "/x/credentials:4097: too many profiles, expected at most 4096");
    parse_many("[p]\n", "k", "=\n", AWS_PROFILE_KEYS_MAX);
    assert_non_null(profiles);
    parse_many("[p]\n", "k", "=\n", AWS_PROFILE_KEYS_MAX + 1);
    assert_null(profiles);
    assert_string_equal(failure.message, "/x/credentials:258: too many keys in this section, expected at most 256");

    memset(line, 'x', AWS_PROFILE_LINE_LIMIT + 1);
    memcpy(line, "[p]\na=", 6);
    line[AWS_PROFILE_LINE_LIMIT + 4] = '\0';
    memset(line + 6, 'x', AWS_PROFILE_LINE_LIMIT - 2);
    parse(line);
    assert_non_null(profiles);
    memcpy(line + AWS_PROFILE_LINE_LIMIT + 4, "x", 2);
    assert_refused(line, "/x/credentials:2: a line of 16385 bytes, expected at most 16384");
    free(line);
}

static void
names_are_listed_for_people(void **state)
{
    char names[200];

    (void) state;
    parse("[default]\n");
    aws_profile_names(profiles, names, sizeof(names));
    assert_string_equal(names, "default");
    parse("[default]\n[profile b]\n[c]\n");
    aws_profile_names(profiles, names, sizeof(names));
    assert_string_equal(names, "default, b and c");
    parse_many("", "[p", "]\n", 13);
    aws_profile_names(profiles, names, sizeof(names));
    assert_string_equal(names, "p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 3 more");
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sections_of_both_files_are_profiles),
        TEST(what_credentials_say_goes_before_what_config_says),
        TEST(sections_that_are_no_profiles_are_skipped),
        TEST(names_of_sections_are_taken_exactly),
        TEST(a_section_that_comes_twice_is_refused),
        TEST(sections_that_are_written_wrong_are_refused),
        TEST(keys_and_values_are_trimmed),
        TEST(comments_stand_on_lines_of_their_own),
        TEST(lines_may_end_as_on_windows_or_not_at_all),
        TEST(a_file_without_profiles_is_one),
        TEST(indented_lines_belong_to_the_key_above),
        TEST(a_section_may_be_indented_as_a_whole),
        TEST(lines_that_are_none_are_refused_and_never_quoted),
        TEST(a_nul_byte_is_refused),
        TEST(profiles_keys_and_lines_are_bounded),
        TEST(names_are_listed_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
