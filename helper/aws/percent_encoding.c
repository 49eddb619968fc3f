/*
 * percent_encoding.c: see percent_encoding.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "percent_encoding.h"

#include <string.h>

#include "ascii.h"

static bool
is_among(char byte, const char *bytes)
{
    return byte != '\0' && strchr(bytes, byte) != NULL;
}

bool
percent_encode(struct buffer *out, const char *text, size_t length, const char *kept)
{
    for (size_t i = 0; i < length; i++) {
        bool plain = ascii_is_alphanumeric(text[i]) || is_among(text[i], "-._~") || is_among(text[i], kept);
        if (!(plain ? buffer_append(out, &text[i], 1)
                    : buffer_append_format(out, "%%%02X", (unsigned int) (unsigned char) text[i])))
            return false;
    }
    return true;
}
