/*
 * What each program is given to show: the text as it is, never as an option, as markup or as an escape.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "message.h"
#include "notice_command.h"

static const enum notice_kind KINDS[] = {NOTICE_FAILURE, NOTICE_NEWS, NOTICE_PROGRESS};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *
last_word(const struct notice_command *command)
{
    const char *last = "";

    for (size_t i = 0; command->words[i] != NULL; i++)
        last = command->words[i];
    return last;
}

/* The word that shows the text, of this program's command for this kind. */
static void
expect_shown(enum notice_kind kind, const char *program, const char *text, const char *expected)
{
    AUTO_NOTICE_COMMAND struct notice_command command = NOTICE_COMMAND_NONE;

    for (size_t choice = 0; notice_command_make(kind, choice, text, &command); choice++) {
        if (strcmp(command.words[0], program) != 0)
            continue;
        for (size_t i = 0; command.words[i] != NULL; i++) {
            if (strcmp(command.words[i], expected) == 0)
                return;
        }
        fail_msg("no word \"%s\"; the last one is \"%s\"", expected, last_word(&command));
    }
    fail_msg("%s is not among the choices", program);
}

static void
the_best_program_comes_first(void **state)
{
    static const char *const first[] = {"zenity", "notify-send", "zenity"};
    AUTO_NOTICE_COMMAND struct notice_command command = NOTICE_COMMAND_NONE;

    (void) state;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        assert_true(notice_command_make(KINDS[i], 0, "text", &command));
        assert_string_equal(command.words[0], first[i]);
        assert_false(notice_command_make(KINDS[i], 99, "text", &command));
        assert_null(command.words[0]);
    }
}

static void
nothing_in_a_text_is_markup(void **state)
{
    static const char text[] = "<b>A & B</b> \"quoted\"";
    static const char markup[] = "&lt;b&gt;A &amp; B&lt;/b&gt; &quot;quoted&quot;";

    (void) state;
    expect_shown(NOTICE_FAILURE, "zenity", text, "--no-markup");
    expect_shown(NOTICE_FAILURE, "zenity", text, "--text=<b>A & B</b> \"quoted\"");
    expect_shown(NOTICE_NEWS, "zenity", text, "--no-markup");
    expect_shown(NOTICE_PROGRESS, "zenity", text, "--text=&lt;b&gt;A &amp; B&lt;/b&gt; &quot;quoted&quot;");
    expect_shown(NOTICE_FAILURE, "notify-send", text, markup);
    expect_shown(NOTICE_NEWS, "notify-send", text, markup);
    expect_shown(NOTICE_FAILURE, "kdialog", text, "--error=<qt>&lt;b&gt;A &amp; B&lt;/b&gt; &quot;quoted&quot;</qt>");
}

static void
nothing_in_a_text_is_an_escape(void **state)
{
    (void) state;
    expect_shown(NOTICE_FAILURE, "zenity", "CORP\\nancy", "--text=CORP\\nancy");
    expect_shown(NOTICE_PROGRESS, "zenity", "CORP\\nancy", "--text=CORP\\\\nancy");
    expect_shown(NOTICE_FAILURE, "kdialog", "CORP\\nancy", "--error=<qt>CORP\\\\nancy</qt>");
    expect_shown(NOTICE_FAILURE, "notify-send", "CORP\\nancy", "CORP\\\\nancy");
    expect_shown(NOTICE_FAILURE, "xmessage", "CORP\\nancy", "\nCORP\\nancy\n");
}

/* A text that is a word of its own either does not begin with '-' or '+', or stands behind "--". */
static void
no_text_is_an_option(void **state)
{
    static const char *const texts[] = {"--help", "-xrm", "+rv", "--text=x", "-"};
    AUTO_NOTICE_COMMAND struct notice_command command = NOTICE_COMMAND_NONE;

    (void) state;
    for (size_t kind = 0; kind < COUNT(KINDS); kind++) {
        for (size_t choice = 0; notice_command_make(KINDS[kind], choice, texts[choice], &command); choice++) {
            bool options_ended = false;
            for (size_t i = 1; command.words[i] != NULL; i++) {
                if (!options_ended)
                    assert_string_not_equal(command.words[i], texts[choice]);
                options_ended = options_ended || strcmp(command.words[i], "--") == 0;
            }
        }
    }
}

static void
a_paragraph_stays_one(void **state)
{
    (void) state;
    expect_shown(NOTICE_FAILURE, "zenity", "One.\n\nTwo.", "--text=One.\n\nTwo.");
    expect_shown(NOTICE_FAILURE, "kdialog", "One.\nTwo.", "--error=<qt>One.<br>Two.</qt>");
    expect_shown(NOTICE_FAILURE, "xmessage", "One.\nTwo.", "\nOne.\nTwo.\n");
}

static void
details_are_a_paragraph_of_their_own(void **state)
{
    (void) state;
    expect_shown(NOTICE_FAILURE, "zenity", "Try again. Details: network: broke off",
                 "--text=Try again.\n\nDetails: network: broke off");
}

static void
xmessage_gets_lines_that_fit(void **state)
{
    char text[600];
    AUTO_NOTICE_COMMAND struct notice_command command = NOTICE_COMMAND_NONE;

    (void) state;
    memset(text, 'a', sizeof(text));
    for (size_t i = 7; i < sizeof(text); i += 8)
        text[i] = ' ';
    text[sizeof(text) - 1] = '\0';
    assert_true(notice_command_make(NOTICE_FAILURE, 3, text, &command));
    assert_string_equal(command.words[0], "xmessage");
    for (const char *line = last_word(&command); *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 80);
}

static void
a_text_without_end_is_cut_between_characters(void **state)
{
    static char text[3 * 4000 + 1];
    AUTO_NOTICE_COMMAND struct notice_command command = NOTICE_COMMAND_NONE;

    (void) state;
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    assert_true(notice_command_make(NOTICE_FAILURE, 0, text, &command));
    assert_in_range(strlen(last_word(&command)), 1900, NOTICE_TEXT_MAX + 100);
    assert_true(text_is_printable(last_word(&command), strlen(last_word(&command))));
    assert_non_null(strstr(last_word(&command), " [...]"));
}

static void
what_is_not_printable_utf8_is_not_shown(void **state)
{
    (void) state;
    expect_shown(NOTICE_FAILURE, "zenity", "bell \a, escape \x1b[2J, \xff", "--text=bell ?, escape ?[2J, ?");
    expect_shown(NOTICE_FAILURE, "zenity", "\xff\ncaf\xc3\xa9", "--text=?\ncaf\xc3\xa9");
    expect_shown(NOTICE_FAILURE, "zenity", "", "--text=");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_program_comes_first),
        cmocka_unit_test(nothing_in_a_text_is_markup),
        cmocka_unit_test(nothing_in_a_text_is_an_escape),
        cmocka_unit_test(no_text_is_an_option),
        cmocka_unit_test(a_paragraph_stays_one),
        cmocka_unit_test(details_are_a_paragraph_of_their_own),
        cmocka_unit_test(xmessage_gets_lines_that_fit),
        cmocka_unit_test(a_text_without_end_is_cut_between_characters),
        cmocka_unit_test(what_is_not_printable_utf8_is_not_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
