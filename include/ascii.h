/*
 * ascii.h: what a byte is in ASCII.  The functions of ctype.h depend on the locale, which a library cannot choose, and
 * names of AWS and of hosts do not.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASCII_H
#define ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline bool
ascii_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool
ascii_is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static inline bool
ascii_is_lower_or_digit(char byte)
{
    return ascii_is_lower(byte) || ascii_is_digit(byte);
}

static inline bool
ascii_is_alphanumeric(char byte)
{
    return ascii_is_lower_or_digit(byte) || (byte >= 'A' && byte <= 'Z');
}

/* Printable, and no blank. */
static inline bool
ascii_is_visible(char byte)
{
    return byte > ' ' && byte <= '~';
}

/* Of nothing else, and not empty. */
static inline bool
ascii_is_visible_text(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!ascii_is_visible(text[i]))
            return false;
    }
    return length > 0;
}

/* -1: no hexadecimal digit. */
static inline int
ascii_hex_value(char digit)
{
    if (ascii_is_digit(digit))
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* How many bytes at the beginning of the text are such. */
static inline size_t
ascii_count_while(const char *text, bool (*accepts)(char byte))
{
    size_t length = 0;
    while (accepts(text[length]))
        length++;
    return length;
}

#endif
