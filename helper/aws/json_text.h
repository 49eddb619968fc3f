/*
 * json_text.h: JSON that somebody else wrote, read exactly and bounded.
 *
 * All memory that cJSON gives back is wiped first, also where a parse fails half-way: what is read here are
 * keys, tokens and links.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 16

#define AUTO_JSON __attribute__((cleanup(json_free)))

/*
 * One JSON object and nothing after it but white space.  NULL for anything else, for nesting deeper than
 * JSON_DEPTH_MAX, and for a NUL, raw or as \u0000, since cJSON would cut the string there.  The text must be
 * NUL-terminated at length (struct buffer sees to it); NULL is allowed with length 0.
 */
cJSON *json_object_parse(const char *text, size_t length);

/* The member of exactly this name.  NULL when there is none, or more than one; NULL for an object is allowed. */
const cJSON *json_member(const cJSON *object, const char *name);

/* The string member of exactly this name.  NULL when there is none, more than one, or when it is no string. */
const char *json_string(const cJSON *object, const char *name);

/* An empty object to be filled and printed with cJSON's own functions; NULL when memory is short. */
cJSON *json_object_create(void);

void json_free(cJSON **object);

#endif
