/*
 * utf8.c: well-formed UTF-8 as table 3-7 of the Unicode Standard (chapter 3.9) lists it, without control characters.
 *
 * SPDX-License-Identifier: MIT
 */
#include "utf8.h"

#include <stdint.h>

struct utf8_form {
    uint8_t first_low, first_high;   /* the first byte */
    uint8_t second_low, second_high; /* the second byte; all further ones are 80..BF */
    uint8_t length;
};

/* C2 80..C2 9F are the control characters U+0080..U+009F, hence the A0 in the first row. */
static const struct utf8_form FORMS[] = {
    {0xC2, 0xC2, 0xA0, 0xBF, 2}, {0xC3, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static size_t
match_form(const struct utf8_form *form, const uint8_t *bytes, size_t length)
{
    if (bytes[0] < form->first_low || bytes[0] > form->first_high || length < form->length)
        return 0;
    if (bytes[1] < form->second_low || bytes[1] > form->second_high)
        return 0;
    for (size_t i = 2; i < form->length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    }
    return form->length;
}

size_t
utf8_printable_length(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *) text;

    if (length == 0)
        return 0;
    if (bytes[0] < 0x80)
        return bytes[0] >= 0x20 && bytes[0] != 0x7F ? 1 : 0;
    for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
        size_t taken = match_form(&FORMS[i], bytes, length);
        if (taken > 0)
            return taken;
    }
    return 0;
}
