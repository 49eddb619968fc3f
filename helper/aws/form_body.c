/*
 * form_body.c: see form_body.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "form_body.h"

#include <stdio.h>

static bool
is_unreserved(char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static bool
put_encoded(struct buffer *body, const char *text)
{
    for (; *text != '\0'; text++) {
        bool done = is_unreserved(*text) ? buffer_append(body, text, 1)
                                         : buffer_append_format(body, "%%%02X", (unsigned int) (unsigned char) *text);
        if (!done)
            return false;
    }
    return true;
}

bool
form_put(struct buffer *body, const char *name, const char *value)
{
    if (value == NULL)
        return true;
    return (body->length == 0 || buffer_append(body, "&", 1)) && put_encoded(body, name) &&
           buffer_append(body, "=", 1) && put_encoded(body, value);
}

bool
form_put_number(struct buffer *body, const char *name, int value)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%d", value);
    return form_put(body, name, digits);
}
