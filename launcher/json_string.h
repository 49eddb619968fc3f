/*
 * json_string.h: text of a message in JSON.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSON_STRING_H
#define JSON_STRING_H

#include <stdio.h>

/* As a JSON string.  The text must be printable UTF-8, as all values of a message are (message.h). */
void json_string_print(FILE *out, const char *text);

#endif
