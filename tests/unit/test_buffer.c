/*
 * Bytes that grow up to a limit, and are wiped when they go.
 *
 * SPDX-License-Identifier: MIT
 */
#include "buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
text_is_appended_and_ends_with_a_nul(void **state)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(100);

    (void) state;
    assert_true(buffer_append_text(&buffer, "one"));
    assert_true(buffer_append(&buffer, "\0two", 4));
    assert_true(buffer_append_format(&buffer, " %d", 3));
    assert_int_equal(buffer.length, 9);
    assert_memory_equal(buffer.data, "one\0two 3", 10);
}

static void
appending_nothing_makes_an_empty_text(void **state)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(0);

    (void) state;
    assert_true(buffer_append_text(&buffer, ""));
    assert_string_equal(buffer.data, "");
}

static void
the_limit_is_reached_and_not_passed(void **state)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(8);

    (void) state;
    assert_true(buffer_append_text(&buffer, "12345"));
    assert_false(buffer_append_text(&buffer, "6789"));
    assert_false(buffer_append_format(&buffer, "%s", "6789"));
    assert_false(buffer_reserve(&buffer, 4));
    assert_false(buffer_reserve(&buffer, SIZE_MAX));
    assert_string_equal(buffer.data, "12345");
    assert_true(buffer_append_format(&buffer, "%d", 678));
    assert_string_equal(buffer.data, "12345678");
}

static void
many_small_pieces_are_as_good_as_a_large_one(void **state)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(100000);

    (void) state;
    for (size_t i = 0; i < 100000; i++)
        assert_true(buffer_append(&buffer, &"abc"[i % 3], 1));
    assert_false(buffer_append_text(&buffer, "x"));
    assert_int_equal(strspn(buffer.data, "abc"), 100000);
}

static void
reserved_room_can_be_filled_by_hand(void **state)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(1000);

    (void) state;
    assert_true(buffer_append_text(&buffer, "a"));
    assert_true(buffer_reserve(&buffer, 999));
    memset(buffer.data + 1, 'b', 999);
    buffer.length += 999;
    buffer_terminate(&buffer);
    assert_int_equal(strlen(buffer.data), 1000);
}

static void
consuming_removes_the_first_bytes_and_wipes_behind_the_rest(void **state)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(100);

    (void) state;
    assert_true(buffer_append_text(&buffer, "secret rest"));
    buffer_consume(&buffer, 7);
    assert_string_equal(buffer.data, "rest");
    assert_memory_equal(buffer.data + 4, "\0\0\0\0\0\0\0", 7);
    buffer_consume(&buffer, 1000);
    assert_int_equal(buffer.length, 0);
    assert_string_equal(buffer.data, "");
}

static void
clearing_wipes_everything_and_keeps_the_memory(void **state)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(100);

    (void) state;
    assert_true(buffer_append_text(&buffer, "secret"));
    buffer_clear(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_memory_equal(buffer.data, "\0\0\0\0\0\0", 6);
}

static void
a_freed_buffer_can_be_used_again(void **state)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(3);

    (void) state;
    assert_true(buffer_append_text(&buffer, "abc"));
    buffer_free(&buffer);
    buffer_free(&buffer);
    assert_null(buffer.data);
    assert_false(buffer_append_text(&buffer, "abcd"));
    assert_true(buffer_append_text(&buffer, "abc"));
}

static void
a_buffer_without_memory_can_be_emptied(void **state)
{
    struct buffer buffer = BUFFER(3);

    (void) state;
    buffer_consume(&buffer, 1);
    buffer_clear(&buffer);
    buffer_terminate(&buffer);
    buffer_free(&buffer);
    assert_null(buffer.data);
}

static void
a_freed_secret_is_gone(void **state)
{
    char *secret = strdup("secret");

    (void) state;
    secret_free(&secret);
    assert_null(secret);
    secret_free(&secret);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_appended_and_ends_with_a_nul),
        cmocka_unit_test(appending_nothing_makes_an_empty_text),
        cmocka_unit_test(the_limit_is_reached_and_not_passed),
        cmocka_unit_test(many_small_pieces_are_as_good_as_a_large_one),
        cmocka_unit_test(reserved_room_can_be_filled_by_hand),
        cmocka_unit_test(consuming_removes_the_first_bytes_and_wipes_behind_the_rest),
        cmocka_unit_test(clearing_wipes_everything_and_keeps_the_memory),
        cmocka_unit_test(a_freed_buffer_can_be_used_again),
        cmocka_unit_test(a_buffer_without_memory_can_be_emptied),
        cmocka_unit_test(a_freed_secret_is_gone),
    };

    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
