/*
 * message.h: the format that module, helper, launcher and the session file share.
 *
 * A message is lines `key=value`, ended by an empty line; the first line is `proto=1`.  Keys are [a-z][a-z0-9_]*, at
 * most 64 bytes; values are printable UTF-8 without control bytes (none below 0x20, no 0x7f, no U+0080..U+009F), may
 * be empty and may hold '='.  A whole message is at most MESSAGE_LIMIT bytes and MESSAGE_FIELDS fields; a key that
 * comes twice is an error, as are a NUL byte, a carriage return, a line without '=' and bytes after the empty line.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "failure.h"

#define MESSAGE_LIMIT    65536
#define MESSAGE_FIELDS   64
#define MESSAGE_KEY_SIZE 65

struct message_field {
    const char *key;
    const char *value;
};

struct message {
    struct buffer text; /* what the fields point into */
    size_t count;       /* fields, without proto */
    struct message_field fields[MESSAGE_FIELDS];
};

#define MESSAGE_EMPTY ((struct message){.text = {.limit = MESSAGE_LIMIT}})
#define AUTO_MESSAGE  __attribute__((cleanup(message_free)))

/* Writing.  begin appends `proto=1`, end the empty line.  put refuses (false) a key or value that the format does not
 * allow, and what would pass the limit; the buffer is then as it was. */
bool message_begin(struct buffer *out);
bool message_put(struct buffer *out, const char *key, const char *value);
bool message_put_number(struct buffer *out, const char *key, int64_t value);
bool message_end(struct buffer *out);

/*
 * How many bytes of data the first message takes, its empty line included; 0 while the empty line has not come yet.
 */
size_t message_length(const char *data, size_t length);

/*
 * Parse exactly one whole message, copying it.  On failure (code "protocol") the message is empty.  The caller frees
 * with message_free, which wipes.
 */
bool message_parse(struct message *message, const char *data, size_t length, struct failure *failure);

/* The value, or NULL when there is no such key. */
const char *message_get(const struct message *message, const char *key);

/* A decimal number without sign, blanks or leading zeros (but "0" itself), within minimum..maximum.  False when the
 * key is absent or the value is anything else. */
bool message_get_number(const struct message *message, const char *key, int64_t minimum, int64_t maximum,
                        int64_t *value);

void message_free(struct message *message);

/* Printable UTF-8 as above?  Overlong forms, surrogates and what is above U+10FFFF are not. */
bool text_is_printable(const char *text, size_t length);

#endif
