/*
 * What a person and a log line are told when something fails.
 *
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
a_failure_has_a_code_and_a_sentence(void **state)
{
    struct failure failure;

    (void) state;
    assert_false(failure_set(&failure, "config", "line %d of %s is wrong", 7, "users.map"));
    assert_string_equal(failure.code, "config");
    assert_string_equal(failure.message, "line 7 of users.map is wrong");
}

static void
a_caller_may_not_want_to_know(void **state)
{
    (void) state;
    assert_false(failure_set(NULL, "config", "%s", "anything"));
}

static void
a_failure_may_be_wrapped_in_itself(void **state)
{
    struct failure failure;

    (void) state;
    failure_set(&failure, "timeout", "no answer");
    failure_set(&failure, failure.code, "login: %s", failure.message);
    assert_string_equal(failure.code, "timeout");
    assert_string_equal(failure.message, "login: no answer");
}

static void
errno_is_told_and_kept(void **state)
{
    struct failure failure;

    (void) state;
    errno = ENOSPC;
    failure_set(&failure, "session", "cannot write: %m");
    assert_int_equal(errno, ENOSPC);
    assert_string_equal(failure.message, "cannot write: No space left on device");
}

static void
control_bytes_cannot_forge_a_second_log_line(void **state)
{
    struct failure failure;

    (void) state;
    failure_set(&failure, "x\ny",
                "a\nb\rc\td\x7f"
                "e\x1b[31m");
    assert_string_equal(failure.code, "x?y");
    assert_string_equal(failure.message, "a?b?c?d?e?[31m");
}

static void
text_in_other_scripts_stays_and_broken_text_does_not(void **state)
{
    struct failure failure;

    (void) state;
    failure_set(&failure, "x", "%s", "デスクトップ é \xF0\x9F\x98\x80");
    assert_string_equal(failure.message, "デスクトップ é \xF0\x9F\x98\x80");
    failure_set(&failure, "x", "%s", "\xC3(\xC0\xAF \xED\xA0\x80 \xC2\x85 \xF4\x90\x80\x80");
    assert_string_equal(failure.message, "?(?? ??? ?? ????");
}

static void
what_is_too_long_is_cut_between_characters(void **state)
{
    struct failure failure;
    char text[2 * FAILURE_MESSAGE_SIZE];

    (void) state;
    for (size_t offset = 0; offset < 4; offset++) {
        memset(text, 'a', offset);
        for (size_t at = offset; at + 4 < sizeof(text); at += 3)
            memcpy(text + at, "デ", 4);
        failure_set(&failure, "x", "%s", text);
        size_t length = strlen(failure.message);
        assert_in_range(length, FAILURE_MESSAGE_SIZE - 4, FAILURE_MESSAGE_SIZE - 1);
        assert_null(strchr(failure.message, '?'));
    }
    memset(text, 'c', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    failure_set(&failure, text, "x");
    assert_int_equal(strlen(failure.code), FAILURE_CODE_SIZE - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_has_a_code_and_a_sentence),
        cmocka_unit_test(a_caller_may_not_want_to_know),
        cmocka_unit_test(a_failure_may_be_wrapped_in_itself),
        cmocka_unit_test(errno_is_told_and_kept),
        cmocka_unit_test(control_bytes_cannot_forge_a_second_log_line),
        cmocka_unit_test(text_in_other_scripts_stays_and_broken_text_does_not),
        cmocka_unit_test(what_is_too_long_is_cut_between_characters),
    };

    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
