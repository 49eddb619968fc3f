/*
 * text_list.h: a list of strings that is NULL-terminated like argv, and bounded: arguments, folders, names of files.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TEXT_LIST_H
#define TEXT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define TEXT_LIST_MAX 256 /* no command line, search path or list of handlers that people really have is as long */

struct text_list {
    char **items; /* NULL as long as the list is empty, else count strings and a NULL */
    size_t count;
};

#define TEXT_LIST_EMPTY ((struct text_list){.items = NULL})
#define AUTO_TEXT_LIST  __attribute__((cleanup(text_list_free)))

/* Add a copy of the text, or of its first bytes.  False, and the list as it was, when it is full or memory is short. */
bool text_list_add(struct text_list *list, const char *text);
bool text_list_add_part(struct text_list *list, const char *text, size_t length);

bool text_list_has(const struct text_list *list, const char *text);

/* Add a copy unless an equal one is there. */
void text_list_add_once(struct text_list *list, const char *text);

/* Hand the array and its strings on to the caller, who frees both; the list is then empty. */
char **text_list_take(struct text_list *list);

void text_list_free(struct text_list *list);

/* A heap copy of the first bytes of a text, or of all of it when it is shorter; NULL when memory is short. */
char *text_copy(const char *text, size_t length);

#endif
