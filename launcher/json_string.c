/*
 * json_string.c: text of a message in JSON.
 *
 * SPDX-License-Identifier: MIT
 */
#include "json_string.h"

/* Control bytes cannot come, so only these two need an escape (RFC 8259, section 7). */
void
json_string_print(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('"', out);
}
