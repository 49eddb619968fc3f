/*
 * percent_encoding.h: RFC 3986, section 2.1, as AWS has it: all but the unreserved characters become %XX.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PERCENT_ENCODING_H
#define PERCENT_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

/* kept: further characters that stay as they are, such as "/" in a path.  False when the buffer is full. */
bool percent_encode(struct buffer *out, const char *text, size_t length, const char *kept);

#endif
