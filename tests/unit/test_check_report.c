/*
 * What check prints: lines for a person, one JSON object for a program, and an exit status for monitoring.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "json_text.h"

struct printed {
    char *text;
    size_t length;
    FILE *out;
    struct check_report *report;
};

/* open_memstream(3) writes to the text and length of this very struct. */
static void
begin(struct printed *printed, bool json)
{
    *printed = (struct printed){0};
    printed->out = open_memstream(&printed->text, &printed->length);
    assert_non_null(printed->out);
    printed->report = check_report_begin(printed->out, json);
    assert_non_null(printed->report);
}

/* What was printed, on the heap. */
static char *
end(struct printed *printed, int status)
{
    assert_int_equal(check_report_end(printed->report), status);
    fclose(printed->out);
    return printed->text;
}

static void
each_step_is_a_line_with_its_mark_and_the_advice_below_it(void **state)
{
    struct printed printed;

    (void) state;
    begin(&printed, false);
    check_report_add(printed.report, CHECK_GOOD, "clock", "the clock is right", NULL);
    check_report_say(printed.report, CHECK_WARNING, "map", "write rules", "%d rules", 0);
    check_report_add(printed.report, CHECK_CRITICAL, "pam", "no stack", "add it");
    AUTO_FREE char *text = end(&printed, 2);
    assert_string_equal(text, "✓ clock: the clock is right\n"
                              "! map: 0 rules\n"
                              "  → write rules\n"
                              "✗ pam: no stack\n"
                              "  → add it\n"
                              "Something is wrong: critical: 1, warnings: 1.\n");
}

static void
the_exit_status_is_that_of_the_worst_step(void **state)
{
    struct printed good;
    struct printed warned;

    (void) state;
    begin(&good, false);
    begin(&warned, false);
    check_report_add(good.report, CHECK_GOOD, "clock", "right", NULL);
    AUTO_FREE char *all_well = end(&good, 0);
    assert_string_equal(all_well, "✓ clock: right\nAll is well.\n");
    check_report_add(warned.report, CHECK_WARNING, "clock", "slow", NULL);
    check_report_add(warned.report, CHECK_GOOD, "map", "fine", NULL);
    AUTO_FREE char *warnings = end(&warned, 1);
    assert_non_null(strstr(warnings, "Nothing is critical; warnings: 1.\n"));
}

static void
a_step_is_told_before_the_next_is_looked_at(void **state)
{
    struct printed printed;

    (void) state;
    begin(&printed, false);
    check_report_add(printed.report, CHECK_GOOD, "clock", "right", NULL);
    assert_string_equal(printed.text, "✓ clock: right\n");
    free(end(&printed, 0));
}

static void
json_is_one_object_of_what_was_found(void **state)
{
    struct printed printed;

    (void) state;
    begin(&printed, true);
    check_report_add(printed.report, CHECK_GOOD, "clock", "right", NULL);
    check_report_attach(printed.report, "stats", "{\"failed\":3}");
    check_report_add(printed.report, CHECK_WARNING, "map", "a \"rule\"", "move it");
    assert_int_equal(printed.length, 0);
    AUTO_FREE char *text = end(&printed, 1);
    assert_string_equal(text,
                        "{\"status\":\"warning\",\"version\":\"" VERSION "\",\"steps\":["
                        "{\"step\":\"clock\",\"status\":\"ok\",\"found\":\"right\",\"advice\":null},"
                        "{\"step\":\"map\",\"status\":\"warning\",\"found\":\"a \\\"rule\\\"\",\"advice\":\"move it\"}"
                        "],\"stats\":{\"failed\":3}}\n");
    AUTO_JSON cJSON *object = json_object_parse(text, strlen(text));
    assert_non_null(object);
}

static void
a_note_has_its_own_mark_and_counts_for_nothing(void **state)
{
    struct printed text;
    struct printed json;

    (void) state;
    begin(&text, false);
    check_report_note(text.report, "not-checked", "A link (--no-link).");
    AUTO_FREE char *lines = end(&text, 0);
    assert_string_equal(lines, "– not-checked: A link (--no-link).\nAll is well.\n");
    begin(&json, true);
    check_report_note(json.report, "not-checked", "A link.");
    AUTO_FREE char *object = end(&json, 0);
    assert_non_null(
        strstr(object, "{\"step\":\"not-checked\",\"status\":\"note\",\"found\":\"A link.\",\"advice\":null}"));
}

static void
an_attachment_is_for_programs_alone(void **state)
{
    struct printed printed;

    (void) state;
    begin(&printed, false);
    check_report_attach(printed.report, "stats", "{\"failed\":3}");
    AUTO_FREE char *text = end(&printed, 0);
    assert_null(strstr(text, "failed"));
}

/* A group's name, a line of a file, what a server says: all of it may be meant for the terminal of root. */
static void
what_others_wrote_cannot_steer_a_terminal_or_forge_a_line(void **state)
{
    static const char hostile[] = "x\033[2J\n✓ all: fine\r\x9b\xc2\x9bY\xff";
    struct printed text;
    struct printed json;

    (void) state;
    begin(&text, false);
    begin(&json, true);
    check_report_add(text.report, CHECK_WARNING, "map", hostile, hostile);
    AUTO_FREE char *lines = end(&text, 1);
    assert_string_equal(lines, "! map: x?[2J?✓ all: fine????Y?\n"
                               "  → x?[2J?✓ all: fine????Y?\n"
                               "Nothing is critical; warnings: 1.\n");
    check_report_add(json.report, CHECK_WARNING, "map", hostile, NULL);
    AUTO_FREE char *object = end(&json, 1);
    assert_non_null(strstr(object, "\"x?[2J?✓ all: fine????Y?\""));
}

static void
a_sentence_without_end_is_cut(void **state)
{
    struct printed printed;
    AUTO_FREE char *endless = malloc(1 << 20);

    (void) state;
    begin(&printed, false);
    assert_non_null(endless);
    memset(endless, 'x', (1 << 20) - 1);
    endless[(1 << 20) - 1] = '\0';
    check_report_add(printed.report, CHECK_GOOD, "map", endless, NULL);
    AUTO_FREE char *text = end(&printed, 0);
    assert_true(strlen(text) < 20000);
}

static void
a_report_that_cannot_be_printed_is_never_a_good_one(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    struct check_report *report;

    (void) state;
    assert_non_null(full);
    report = check_report_begin(full, true);
    assert_non_null(report);
    assert_int_equal(check_report_end(report), CHECK_CRITICAL);
    fclose(full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_a_line_with_its_mark_and_the_advice_below_it),
        cmocka_unit_test(the_exit_status_is_that_of_the_worst_step),
        cmocka_unit_test(a_step_is_told_before_the_next_is_looked_at),
        cmocka_unit_test(json_is_one_object_of_what_was_found),
        cmocka_unit_test(a_note_has_its_own_mark_and_counts_for_nothing),
        cmocka_unit_test(an_attachment_is_for_programs_alone),
        cmocka_unit_test(what_others_wrote_cannot_steer_a_terminal_or_forge_a_line),
        cmocka_unit_test(a_sentence_without_end_is_cut),
        cmocka_unit_test(a_report_that_cannot_be_printed_is_never_a_good_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
