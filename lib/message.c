/*
 * message.c: writing and parsing messages, byte for byte as message.h describes them.
 *
 * A message may hold a Studio link, so failures name lines and never content.
 *
 * SPDX-License-Identifier: MIT
 */
#include "message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

#define FIRST_KEY  "proto"
#define FIRST_LINE "proto=1\n"

bool
text_is_printable(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        bool printable_ascii = text[at] >= ' ' && text[at] <= '~'; /* nearly always */
        size_t taken = printable_ascii ? 1 : utf8_printable_length(text + at, length - at);
        if (taken == 0)
            return false;
        at += taken;
    }
    return true;
}

static bool
key_is_valid(const char *key, size_t length)
{
    if (length == 0 || length >= MESSAGE_KEY_SIZE || key[0] < 'a' || key[0] > 'z')
        return false;
    for (size_t i = 1; i < length; i++) {
        bool letter = key[i] >= 'a' && key[i] <= 'z';
        bool digit = key[i] >= '0' && key[i] <= '9';
        if (!letter && !digit && key[i] != '_')
            return false;
    }
    return true;
}

bool
message_begin(struct buffer *out)
{
    return buffer_append_text(out, FIRST_LINE);
}

/* Where does the message that is being written start?  After the empty line of the one before it. */
static const char *
start_of_last_message(const struct buffer *out)
{
    const char *end = out->data + out->length;
    const char *newline;

    while ((newline = memrchr(out->data, '\n', (size_t) (end - out->data))) != NULL && newline > out->data) {
        if (newline[-1] == '\n')
            return newline + 1;
        end = newline;
    }
    return out->data;
}

/* One more field of this key: not there yet, and not one too many? */
static bool
takes_another_field(const char *message, const char *end, const char *key)
{
    size_t key_length = strlen(key);
    size_t lines = 0;

    for (const char *line = message; line < end; lines++) {
        const char *newline = memchr(line, '\n', (size_t) (end - line));
        if (newline == NULL)
            return false;
        size_t length = (size_t) (newline - line);
        if (length > key_length && memcmp(line, key, key_length) == 0 && line[key_length] == '=')
            return false;
        line = newline + 1;
    }
    return lines >= 1 && lines <= MESSAGE_FIELDS; /* the first line is not a field */
}

bool
message_put(struct buffer *out, const char *key, const char *value)
{
    if (out->data == NULL || !key_is_valid(key, strlen(key)) || !text_is_printable(value, strlen(value)))
        return false;

    const char *message = start_of_last_message(out);
    const char *end = out->data + out->length;
    size_t line_length = strlen(key) + 1 + strlen(value) + 1;
    if (!takes_another_field(message, end, key))
        return false;
    if ((size_t) (end - message) + line_length + 1 > MESSAGE_LIMIT) /* 1: the empty line must still fit */
        return false;
    if (!buffer_reserve(out, line_length))
        return false;
    return buffer_append_text(out, key) && buffer_append_text(out, "=") && buffer_append_text(out, value) &&
           buffer_append_text(out, "\n");
}

bool
message_put_number(struct buffer *out, const char *key, int64_t value)
{
    char text[24]; /* 20 digits and sign, NUL */

    (void) snprintf(text, sizeof(text), "%" PRId64, value);
    return message_put(out, key, text);
}

bool
message_end(struct buffer *out)
{
    return buffer_append_text(out, "\n");
}

size_t
message_length(const char *data, size_t length)
{
    const char *end;

    if (length == 0)
        return 0;
    if (data[0] == '\n')
        return 1; /* an empty line and nothing before it: whole, and parsing will refuse it */
    end = memmem(data, length, "\n\n", 2);
    return end == NULL ? 0 : (size_t) (end - data) + 2;
}

static bool
refuse(struct failure *failure, size_t line_number, const char *why)
{
    return failure_set(failure, "protocol", "line %zu of the message %s", line_number, why);
}

/* Is the outside right: size, first line, one empty line at the very end? */
static bool
check_frame(const char *data, size_t length, struct failure *failure)
{
    size_t first = strlen(FIRST_LINE);

    if (length > MESSAGE_LIMIT)
        return failure_set(failure, "protocol", "the message is longer than %d bytes", MESSAGE_LIMIT);
    if (length < first || memcmp(data, FIRST_LINE, first) != 0)
        return failure_set(failure, "protocol", "the message does not begin with the line proto=1");
    if (message_length(data, length) != length)
        return failure_set(failure, "protocol", "the message does not end with its only empty line");
    return true;
}

static bool
add_field(struct message *message, char *line, size_t length, size_t line_number, struct failure *failure)
{
    char *equals = memchr(line, '=', length);

    if (equals == NULL)
        return refuse(failure, line_number, "has no '='");
    size_t key_length = (size_t) (equals - line);
    if (!key_is_valid(line, key_length))
        return refuse(failure, line_number, "has no valid key before its '='");
    if (!text_is_printable(equals + 1, length - key_length - 1))
        return refuse(failure, line_number, "holds bytes that are not printable UTF-8");
    *equals = '\0';
    if (strcmp(line, FIRST_KEY) == 0 || message_get(message, line) != NULL)
        return refuse(failure, line_number, "repeats a key");
    if (message->count == MESSAGE_FIELDS)
        return refuse(failure, line_number, "is one field too many");
    message->fields[message->count++] = (struct message_field){.key = line, .value = equals + 1};
    return true;
}

/* Split the copied text into fields, line by line, up to the empty line. */
static bool
split_fields(struct message *message, struct failure *failure)
{
    char *line = message->text.data + strlen(FIRST_LINE);
    char *end = message->text.data + message->text.length;

    for (size_t line_number = 2; line < end && *line != '\n'; line_number++) {
        char *newline = memchr(line, '\n', (size_t) (end - line));
        if (newline == NULL)
            return refuse(failure, line_number, "has no end");
        *newline = '\0';
        if (!add_field(message, line, (size_t) (newline - line), line_number, failure))
            return false;
        line = newline + 1;
    }
    return true;
}

bool
message_parse(struct message *message, const char *data, size_t length, struct failure *failure)
{
    message_free(message);
    if (!check_frame(data, length, failure))
        return false;
    message->text.limit = MESSAGE_LIMIT;
    if (!buffer_append(&message->text, data, length))
        return failure_set(failure, "protocol", "there is not enough memory for the message");
    if (!split_fields(message, failure)) {
        message_free(message);
        return false;
    }
    return true;
}

const char *
message_get(const struct message *message, const char *key)
{
    for (size_t i = 0; i < message->count; i++) {
        if (strcmp(message->fields[i].key, key) == 0)
            return message->fields[i].value;
    }
    return NULL;
}

static bool
parse_number(const char *text, int64_t *value)
{
    int64_t number = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9')
            return false;
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *at - '0', &number))
            return false;
    }
    *value = number;
    return true;
}

bool
message_get_number(const struct message *message, const char *key, int64_t minimum, int64_t maximum, int64_t *value)
{
    const char *text = message_get(message, key);
    int64_t number;

    if (text == NULL || !parse_number(text, &number) || number < minimum || number > maximum)
        return false;
    *value = number;
    return true;
}

void
message_free(struct message *message)
{
    buffer_free(&message->text);
    memset(message->fields, 0, sizeof(message->fields));
    message->count = 0;
}
