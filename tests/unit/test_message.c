/*
 * The format that module, helper, launcher and session file share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool
parses(const char *text)
{
    AUTO_MESSAGE struct message message = MESSAGE_EMPTY;
    struct failure failure = {0};
    bool parsed = message_parse(&message, text, strlen(text), &failure);

    if (!parsed) {
        assert_string_equal(failure.code, "protocol");
        assert_int_equal(message.count, 0);
        assert_null(message.text.data);
    }
    return parsed;
}

static void
a_message_is_read_as_it_was_written(void **state)
{
    AUTO_BUFFER struct buffer out = BUFFER(MESSAGE_LIMIT);
    AUTO_MESSAGE struct message message = MESSAGE_EMPTY;
    int64_t number = 0;

    (void) state;
    assert_true(message_begin(&out));
    assert_true(message_put(&out, "op", "issue"));
    assert_true(message_put(&out, "empty", ""));
    assert_true(message_put(&out, "url", "https://x/?a=b&c=ü"));
    assert_true(message_put_number(&out, "budget_ms", 2950));
    assert_true(message_end(&out));
    assert_string_equal(out.data, "proto=1\nop=issue\nempty=\nurl=https://x/?a=b&c=ü\nbudget_ms=2950\n\n");

    assert_true(message_parse(&message, out.data, out.length, NULL));
    assert_int_equal(message.count, 4);
    assert_string_equal(message_get(&message, "op"), "issue");
    assert_string_equal(message_get(&message, "empty"), "");
    assert_string_equal(message_get(&message, "url"), "https://x/?a=b&c=ü");
    assert_true(message_get_number(&message, "budget_ms", 1, 60000, &number));
    assert_int_equal(number, 2950);
    assert_null(message_get(&message, "proto"));
    assert_null(message_get(&message, "ur"));
}

static void
a_message_without_fields_is_a_message(void **state)
{
    (void) state;
    assert_true(parses("proto=1\n\n"));
}

static void
anything_but_protocol_1_in_the_first_line_is_refused(void **state)
{
    (void) state;
    assert_false(parses(""));
    assert_false(parses("\n"));
    assert_false(parses("\n\n"));
    assert_false(parses("proto=2\n\n"));
    assert_false(parses("proto=1 \n\n"));
    assert_false(parses("op=issue\nproto=1\n\n"));
    assert_false(parses("GET / HTTP/1.1\n\n"));
}

static void
a_message_ends_with_its_empty_line_and_nowhere_else(void **state)
{
    (void) state;
    assert_false(parses("proto=1\n"));
    assert_false(parses("proto=1\nop=issue"));
    assert_false(parses("proto=1\nop=issue\n"));
    assert_false(parses("proto=1\n\nop=issue\n\n"));
    assert_false(parses("proto=1\nop=issue\n\n\n"));
    assert_false(parses("proto=1\nop=issue\n\nx"));
}

static void
a_key_that_comes_twice_is_refused(void **state)
{
    (void) state;
    assert_false(parses("proto=1\nop=issue\nop=whoami\n\n"));
    assert_false(parses("proto=1\nop=issue\nuid=1\nop=issue\n\n"));
    assert_false(parses("proto=1\nproto=1\n\n"));
}

static void
keys_are_words_of_lower_case_letters_digits_and_underscores(void **state)
{
    char text[200];

    (void) state;
    assert_true(parses("proto=1\na=1\na_2=\n\n"));
    assert_false(parses("proto=1\n=1\n\n"));
    assert_false(parses("proto=1\nOp=1\n\n"));
    assert_false(parses("proto=1\n1a=1\n\n"));
    assert_false(parses("proto=1\n_a=1\n\n"));
    assert_false(parses("proto=1\na b=1\n\n"));
    assert_false(parses("proto=1\n a=1\n\n"));
    assert_false(parses("proto=1\nnothing\n\n"));
    snprintf(text, sizeof(text), "proto=1\n%064d=x\n\n", 0);
    memset(text + 8, 'k', 64);
    assert_true(parses(text));
    snprintf(text, sizeof(text), "proto=1\n%065d=x\n\n", 0);
    memset(text + 8, 'k', 65);
    assert_false(parses(text));
}

static void
values_are_printable_text(void **state)
{
    static const char WITH_NUL[] = "proto=1\na=x\0y\n\n";
    AUTO_MESSAGE struct message message = MESSAGE_EMPTY;

    (void) state;
    assert_true(parses("proto=1\na== b =\n\n"));
    assert_true(parses("proto=1\na=名前\n\n"));
    assert_false(parses("proto=1\na=x\r\n\n"));
    assert_false(parses("proto=1\na=\tx\n\n"));
    assert_false(parses("proto=1\na=\x1b[0m\n\n"));
    assert_false(parses("proto=1\na=\x7f\n\n"));
    assert_false(parses("proto=1\na=\xC2\x9B\n\n"));
    assert_false(parses("proto=1\na=\xFF\n\n"));
    assert_false(message_parse(&message, WITH_NUL, sizeof(WITH_NUL) - 1, NULL));
}

static void
utf8_is_checked_to_the_last_bit(void **state)
{
    static const struct {
        const char *text;
        bool printable;
    } CASES[] = {
        {"\xC2\xA0", true},
        {"\xC2\x80", false},
        {"\xC1\xBF", false},
        {"\xDF\xBF", true},
        {"\xE0\xA0\x80", true},
        {"\xE0\x9F\xBF", false},
        {"\xED\x9F\xBF", true},
        {"\xED\xA0\x80", false},
        {"\xEE\x80\x80", true},
        {"\xEF\xBF\xBF", true},
        {"\xF0\x90\x80\x80", true},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xF4\x8F\xBF\xBF", true},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"\xE2\x82", false},
        {"\xE2\x82\x41", false},
        {"\x80", false},
        {"a\xC3", false},
        {"", true},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        assert_int_equal(text_is_printable(CASES[i].text, strlen(CASES[i].text)), CASES[i].printable);
}

static void
numbers_are_plain_decimals_within_their_bounds(void **state)
{
    AUTO_MESSAGE struct message message = MESSAGE_EMPTY;
    static const char TEXT[] = "proto=1\nzero=0\nten=10\nlead=010\nsign=+1\nminus=-1\nblank= 1\nnone=\nhex=0x1\n"
                               "most=9223372036854775807\nover=9223372036854775808\nlong=99999999999999999999\n\n";
    static const char *const BAD[] = {"lead", "sign", "minus", "blank", "none", "hex", "over", "long", "absent"};
    int64_t number = -7;

    (void) state;
    assert_true(message_parse(&message, TEXT, strlen(TEXT), NULL));
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
        assert_false(message_get_number(&message, BAD[i], INT64_MIN, INT64_MAX, &number));
    assert_false(message_get_number(&message, "ten", 11, 20, &number));
    assert_false(message_get_number(&message, "ten", 0, 9, &number));
    assert_int_equal(number, -7);
    assert_true(message_get_number(&message, "ten", 10, 10, &number));
    assert_int_equal(number, 10);
    assert_true(message_get_number(&message, "zero", 0, 0, &number));
    assert_int_equal(number, 0);
    assert_true(message_get_number(&message, "most", 0, INT64_MAX, &number));
    assert_true(number == INT64_MAX);
}

static void
the_writer_refuses_what_the_reader_would(void **state)
{
    AUTO_BUFFER struct buffer out = BUFFER(MESSAGE_LIMIT);
    char key[MESSAGE_KEY_SIZE + 1] = {0};

    (void) state;
    memset(key, 'k', MESSAGE_KEY_SIZE);
    assert_false(message_put(&out, "early", "x"));
    assert_true(message_begin(&out));
    assert_true(message_put(&out, "op", "issue"));
    assert_false(message_put(&out, "op", "again"));
    assert_false(message_put(&out, "proto", "1"));
    assert_false(message_put(&out, "", "x"));
    assert_false(message_put(&out, "Op", "x"));
    assert_false(message_put(&out, key, "x"));
    assert_false(message_put(&out, "a", "two\nlines"));
    assert_false(message_put(&out, "a", "\xFF"));
    assert_string_equal(out.data, "proto=1\nop=issue\n");
}

static void
sixty_four_fields_and_not_one_more(void **state)
{
    AUTO_BUFFER struct buffer out = BUFFER(MESSAGE_LIMIT);
    AUTO_BUFFER struct buffer longer = BUFFER(MESSAGE_LIMIT);
    char key[16];

    (void) state;
    assert_true(message_begin(&out));
    for (int i = 0; i < MESSAGE_FIELDS; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_true(message_put(&out, key, "v"));
    }
    assert_false(message_put(&out, "more", "v"));
    assert_true(buffer_append_format(&longer, "%smore=v\n\n", out.data));
    assert_false(parses(longer.data));
    assert_true(message_end(&out));
    assert_true(parses(out.data));
}

static void
a_message_of_64_kib_and_not_a_byte_more(void **state)
{
    AUTO_BUFFER struct buffer out = BUFFER(2 * MESSAGE_LIMIT);
    size_t room = MESSAGE_LIMIT - strlen("proto=1\na=\n\n");
    char *value = calloc(1, room + 2);

    (void) state;
    assert_non_null(value);
    memset(value, 'x', room + 1);
    assert_true(message_begin(&out));
    assert_false(message_put(&out, "a", value));
    value[room] = '\0';
    assert_true(message_put(&out, "a", value));
    assert_true(message_end(&out));
    assert_int_equal(out.length, MESSAGE_LIMIT);
    assert_true(parses(out.data));
    buffer_clear(&out);
    assert_true(buffer_append_format(&out, "proto=1\na=y%s\n\n", value));
    assert_false(parses(out.data));
    free(value);
}

static void
a_second_message_in_one_buffer_has_keys_of_its_own(void **state)
{
    AUTO_BUFFER struct buffer out = BUFFER(MESSAGE_LIMIT);

    (void) state;
    for (int i = 0; i < 2; i++)
        assert_true(message_begin(&out) && message_put(&out, "op", "issue") && message_end(&out));
    assert_int_equal(message_length(out.data, out.length), out.length / 2);
}

static void
the_length_is_known_as_soon_as_the_empty_line_is_there(void **state)
{
    static const char TEXT[] = "proto=1\na=b\n\nproto=1\n\n";

    (void) state;
    for (size_t length = 0; length < 13; length++)
        assert_int_equal(message_length(TEXT, length), 0);
    for (size_t length = 13; length < sizeof(TEXT); length++)
        assert_int_equal(message_length(TEXT, length), 13);
    assert_int_equal(message_length("\nabc", 4), 1); /* whole, and wrong: nobody waits for more of it */
}

static void
a_failure_never_quotes_the_message(void **state)
{
    AUTO_MESSAGE struct message message = MESSAGE_EMPTY;
    static const char TEXT[] = "proto=1\nurl=https://secret\nurl=https://secret\n\n";
    struct failure failure = {0};

    (void) state;
    assert_false(message_parse(&message, TEXT, strlen(TEXT), &failure));
    assert_null(strstr(failure.message, "secret"));
    assert_non_null(strstr(failure.message, "line 3"));
}

static void
a_message_can_be_parsed_into_again(void **state)
{
    AUTO_MESSAGE struct message message = MESSAGE_EMPTY;

    (void) state;
    assert_true(message_parse(&message, "proto=1\na=1\n\n", 13, NULL));
    assert_true(message_parse(&message, "proto=1\nb=2\n\n", 13, NULL));
    assert_null(message_get(&message, "a"));
    assert_string_equal(message_get(&message, "b"), "2");
    assert_false(message_parse(&message, "x", 1, NULL));
    assert_int_equal(message.count, 0);
}

/* Writes a parsed message anew; the format has one spelling only, so it must come out as it went in. */
static void
assert_same_when_written_again(const struct message *message, const char *data, size_t length)
{
    AUTO_BUFFER struct buffer out = BUFFER(MESSAGE_LIMIT);

    assert_true(message_begin(&out));
    for (size_t i = 0; i < message->count; i++)
        assert_true(message_put(&out, message->fields[i].key, message->fields[i].value));
    assert_true(message_end(&out));
    assert_int_equal(out.length, length);
    assert_memory_equal(out.data, data, length);
}

static void
mutate(char *data, size_t *length)
{
    static const char BYTES[] = "\n=\0\r\xC3\xA9 ap1_\x7f\xFF";
    size_t at = (size_t) rand() % *length;

    switch (rand() % 3) {
    case 0:
        data[at] = BYTES[(size_t) rand() % (sizeof(BYTES) - 1)];
        break;
    case 1:
        memmove(data + at, data + at + 1, *length - at - 1);
        *length -= *length > 1 ? 1 : 0;
        break;
    default:
        data[at] = (char) (rand() % 256);
        break;
    }
}

static void
whatever_is_accepted_has_one_spelling(void **state)
{
    static const char SEED[] = "proto=1\nstatus=ok\nurl=https://d-1.studio.eu-west-1.sagemaker.aws/auth?token=a\n"
                               "issued_at=1700000000\nregion=eu-west-1\nuser=\xC3\xA9\n\n";
    size_t accepted = 0;

    (void) state;
    srand(1);
    for (int run = 0; run < 100000; run++) {
        AUTO_MESSAGE struct message message = MESSAGE_EMPTY;
        size_t length = sizeof(SEED) - 1;
        char *data = malloc(length); /* of its own, so that the sanitizer sees a byte too far */
        assert_non_null(data);
        memcpy(data, SEED, length);
        for (int mutations = rand() % 4; mutations > 0; mutations--)
            mutate(data, &length);
        if (message_parse(&message, data, length, NULL)) {
            assert_same_when_written_again(&message, data, length);
            accepted++;
        }
        free(data);
    }
    assert_in_range(accepted, 1000, 99000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read_as_it_was_written),
        cmocka_unit_test(a_message_without_fields_is_a_message),
        cmocka_unit_test(anything_but_protocol_1_in_the_first_line_is_refused),
        cmocka_unit_test(a_message_ends_with_its_empty_line_and_nowhere_else),
        cmocka_unit_test(a_key_that_comes_twice_is_refused),
        cmocka_unit_test(keys_are_words_of_lower_case_letters_digits_and_underscores),
        cmocka_unit_test(values_are_printable_text),
        cmocka_unit_test(utf8_is_checked_to_the_last_bit),
        cmocka_unit_test(numbers_are_plain_decimals_within_their_bounds),
        cmocka_unit_test(the_writer_refuses_what_the_reader_would),
        cmocka_unit_test(sixty_four_fields_and_not_one_more),
        cmocka_unit_test(a_message_of_64_kib_and_not_a_byte_more),
        cmocka_unit_test(a_second_message_in_one_buffer_has_keys_of_its_own),
        cmocka_unit_test(the_length_is_known_as_soon_as_the_empty_line_is_there),
        cmocka_unit_test(a_failure_never_quotes_the_message),
        cmocka_unit_test(a_message_can_be_parsed_into_again),
        cmocka_unit_test(whatever_is_accepted_has_one_spelling),
    };

    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
