/*
 * form_body.h: the body of a request of AWS's query protocol: Name=Value pairs with '&' between them.
 * Source: smithy.io/2.0/aws/protocols/aws-query-protocol.html
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FORM_BODY_H
#define FORM_BODY_H

#include <stdbool.h>

#include "buffer.h"

#define FORM_CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

/* Everything but the unreserved characters of RFC 3986 is percent-encoded.  A NULL value is not sent.  False when the
 * body gets too large or memory is short. */
bool form_put(struct buffer *body, const char *name, const char *value);
bool form_put_number(struct buffer *body, const char *name, int value);

#endif
