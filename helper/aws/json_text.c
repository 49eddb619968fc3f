/*
 * json_text.c: see json_text.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "json_text.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void
wipe_and_free(void *memory)
{
    if (memory == NULL)
        return;
    explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

/* cJSON never calls realloc when its hooks are not malloc and free (cJSON.c, cJSON_InitHooks), so nothing moves
 * unwiped. */
static void
use_wiping_memory(void)
{
    cJSON_Hooks hooks = {.malloc_fn = malloc, .free_fn = wipe_and_free};
    cJSON_InitHooks(&hooks);
}

/* cJSON parses by recursion; its own limit of 1000 levels is a build option that a distribution may change. */
static bool
is_too_deep(const char *text, size_t length)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '[') && ++depth > JSON_DEPTH_MAX)
            return true;
        else if (!in_string && (text[i] == '}' || text[i] == ']') && depth > 0)
            depth--;
    }
    return false;
}

static bool
holds_nul(const char *text, size_t length)
{
    static const char escaped[] = "\\u0000";
    return memchr(text, '\0', length) != NULL || memmem(text, length, escaped, sizeof(escaped) - 1) != NULL;
}

static bool
is_white_space(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

cJSON *
json_object_parse(const char *text, size_t length)
{
    if (text == NULL || length == 0 || holds_nul(text, length) || is_too_deep(text, length))
        return NULL;
    use_wiping_memory();
    const char *end = NULL;
    cJSON *object = cJSON_ParseWithLengthOpts(text, length, &end, false);
    if (object != NULL && (!cJSON_IsObject(object) || !is_white_space(end)))
        json_free(&object);
    return object;
}

const cJSON *
json_member(const cJSON *object, const char *name)
{
    const cJSON *found = NULL;
    size_t count = 0;
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        if (member->string == NULL || strcmp(member->string, name) != 0)
            continue;
        found = member;
        count++;
    }
    return count == 1 ? found : NULL;
}

const char *
json_string(const cJSON *object, const char *name)
{
    const cJSON *member = json_member(object, name);
    return member != NULL && cJSON_IsString(member) ? member->valuestring : NULL;
}

cJSON *
json_object_create(void)
{
    use_wiping_memory();
    return cJSON_CreateObject();
}

void
json_free(cJSON **object)
{
    cJSON_Delete(*object);
    *object = NULL;
}
