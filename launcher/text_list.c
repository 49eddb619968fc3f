/*
 * text_list.c: a bounded, NULL-terminated list of strings.
 *
 * SPDX-License-Identifier: MIT
 */
#include "text_list.h"

#include <stdlib.h>
#include <string.h>

char *
text_copy(const char *text, size_t length)
{
    return strndup(text, length);
}

bool
text_list_add_part(struct text_list *list, const char *text, size_t length)
{
    char **items;

    if (list->count >= TEXT_LIST_MAX)
        return false;
    items = realloc(list->items, (list->count + 2) * sizeof(*items));
    if (items == NULL)
        return false;
    list->items = items;
    items[list->count] = strndup(text, length);
    if (items[list->count] == NULL)
        return false;
    items[++list->count] = NULL;
    return true;
}

bool
text_list_add(struct text_list *list, const char *text)
{
    return text_list_add_part(list, text, strlen(text));
}

bool
text_list_has(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0)
            return true;
    }
    return false;
}

void
text_list_add_once(struct text_list *list, const char *text)
{
    if (!text_list_has(list, text))
        (void) text_list_add(list, text);
}

char **
text_list_take(struct text_list *list)
{
    char **items = list->items;

    *list = TEXT_LIST_EMPTY;
    return items;
}

void
text_list_free(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = TEXT_LIST_EMPTY;
}
