/*
 * form_body.c: see form_body.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "form_body.h"

#include <stdio.h>
#include <string.h>

#include "percent_encoding.h"

bool
form_put(struct buffer *body, const char *name, const char *value)
{
    if (value == NULL)
        return true;
    return (body->length == 0 || buffer_append(body, "&", 1)) && percent_encode(body, name, strlen(name), "") &&
           buffer_append(body, "=", 1) && percent_encode(body, value, strlen(value), "");
}

bool
form_put_number(struct buffer *body, const char *name, int value)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%d", value);
    return form_put(body, name, digits);
}
