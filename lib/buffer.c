/*
 * buffer.c: bytes that grow up to a limit; memory that is given up is wiped first.
 *
 * SPDX-License-Identifier: MIT
 */
#include "buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST_CAPACITY 64

/* Twice the old capacity, so that appending byte by byte stays cheap, but no more than the limit needs. */
static size_t
next_capacity(const struct buffer *buffer, size_t needed)
{
    size_t wanted = buffer->capacity > SIZE_MAX / 2 ? SIZE_MAX : buffer->capacity * 2;

    if (wanted < SMALLEST_CAPACITY)
        wanted = SMALLEST_CAPACITY;
    if (wanted > buffer->limit)
        wanted = buffer->limit < SIZE_MAX ? buffer->limit + 1 : SIZE_MAX;
    return wanted > needed ? wanted : needed;
}

static void
wipe_and_free(char *data, size_t capacity)
{
    if (data == NULL)
        return;
    explicit_bzero(data, capacity);
    free(data);
}

bool
buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t length;

    if (__builtin_add_overflow(buffer->length, more, &length) || length > buffer->limit || length == SIZE_MAX)
        return false;
    if (buffer->data != NULL && length < buffer->capacity)
        return true;

    size_t capacity = next_capacity(buffer, length + 1);
    char *data = malloc(capacity); /* not realloc(3), which would leave the old bytes behind */
    if (data == NULL)
        return false;
    if (buffer->data != NULL)
        memcpy(data, buffer->data, buffer->length);
    data[buffer->length] = '\0';
    wipe_and_free(buffer->data, buffer->capacity);
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void
buffer_terminate(struct buffer *buffer)
{
    if (buffer->data != NULL)
        buffer->data[buffer->length] = '\0';
}

bool
buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    if (!buffer_reserve(buffer, length))
        return false;
    if (length > 0)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer_terminate(buffer);
    return true;
}

bool
buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

/* How long the text is.  It is in its place when it fits the room that there is; else the content is as it was. */
static int __attribute__((format(printf, 2, 0)))
format_if_it_fits(struct buffer *buffer, const char *format, va_list arguments)
{
    size_t room = buffer->data != NULL ? buffer->capacity - buffer->length : 0;
    int needed = vsnprintf(room > 0 ? buffer->data + buffer->length : NULL, room, format, arguments);

    if (needed >= 0 && (size_t) needed < room)
        buffer->length += (size_t) needed;
    buffer_terminate(buffer);
    return needed;
}

bool
buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    size_t before = buffer->length;
    va_list arguments;
    int needed;

    va_start(arguments, format);
    needed = format_if_it_fits(buffer, format, arguments);
    va_end(arguments);
    if (needed < 0)
        return false;
    if (buffer->data != NULL && buffer->length == before + (size_t) needed)
        return true;
    if (!buffer_reserve(buffer, (size_t) needed))
        return false;
    va_start(arguments, format);
    needed = format_if_it_fits(buffer, format, arguments);
    va_end(arguments);
    return needed >= 0 && buffer->length == before + (size_t) needed;
}

void
buffer_consume(struct buffer *buffer, size_t length)
{
    size_t left;

    if (buffer->data == NULL)
        return;
    if (length > buffer->length)
        length = buffer->length;
    left = buffer->length - length;
    memmove(buffer->data, buffer->data + length, left);
    explicit_bzero(buffer->data + left, length);
    buffer->length = left;
    buffer_terminate(buffer);
}

void
buffer_clear(struct buffer *buffer)
{
    if (buffer->data != NULL)
        explicit_bzero(buffer->data, buffer->capacity);
    buffer->length = 0;
}

void
buffer_free(struct buffer *buffer)
{
    wipe_and_free(buffer->data, buffer->capacity);
    buffer->data = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
}

void
secret_free(char **secret)
{
    if (*secret == NULL)
        return;
    wipe_and_free(*secret, strlen(*secret));
    *secret = NULL;
}
