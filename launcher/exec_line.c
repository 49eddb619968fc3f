/*
 * exec_line.c: the Exec line of a desktop entry as arguments.
 *
 * SPDX-License-Identifier: MIT
 */
#include "exec_line.h"

#include <string.h>

#include "buffer.h"
#include "user_browser.h"

#define BLANKS " \t\r\n"

/* One argument may grow as %c and %k are filled in. */
#define ARGUMENT_LIMIT 65536

struct expansion {
    const struct desktop_entry *entry;
    struct text_list *arguments;
    bool has_page;
};

/* Inside double quotes a backslash takes the meaning of four characters only. */
static bool
take_double_quoted(const char **at, struct buffer *word)
{
    for ((*at)++; **at != '\0'; (*at)++) {
        if (**at == '"') {
            (*at)++;
            return true;
        }
        if (**at == '\\' && (*at)[1] != '\0' && strchr("\"`$\\", (*at)[1]) != NULL)
            (*at)++;
        if (!buffer_append(word, *at, 1))
            return false;
    }
    return false;
}

/* Single quotes are not in the specification, but in lines that people write: GLib takes them as a shell does. */
static bool
take_single_quoted(const char **at, struct buffer *word)
{
    size_t length = strcspn(++*at, "'");

    if ((*at)[length] == '\0' || !buffer_append(word, *at, length))
        return false;
    *at += length + 1;
    return true;
}

/* The next word without its quotes.  False when a quote is left open. */
static bool
take_word(const char **at, struct buffer *word)
{
    bool good = true;

    buffer_clear(word);
    good = buffer_append_text(word, "");
    while (good && **at != '\0' && strchr(BLANKS, **at) == NULL) {
        if (**at == '"') {
            good = take_double_quoted(at, word);
        } else if (**at == '\'') {
            good = take_single_quoted(at, word);
        } else {
            *at += **at == '\\';
            good = **at != '\0' && buffer_append(word, *at, 1);
            *at += **at != '\0';
        }
    }
    return good;
}

static bool
append_if_there(struct buffer *argument, const char *text)
{
    return text == NULL || buffer_append_text(argument, text);
}

/* Codes that are deprecated or unknown stand for nothing, and so does a second page. */
static bool
expand_code(struct expansion *expansion, char code, struct buffer *argument)
{
    switch (code) {
    case '%':
        return buffer_append_text(argument, "%");
    case 'c':
        return append_if_there(argument, expansion->entry->name);
    case 'k':
        return append_if_there(argument, expansion->entry->path);
    case 'u':
    case 'U':
    case 'f':
    case 'F':
        if (expansion->has_page)
            return true;
        expansion->has_page = true;
        return buffer_append_text(argument, BROWSER_PAGE);
    default:
        return true;
    }
}

static bool
expand_codes(struct expansion *expansion, const char *word, struct buffer *argument)
{
    while (*word != '\0') {
        size_t plain = strcspn(word, "%");

        if (!buffer_append(argument, word, plain))
            return false;
        word += plain;
        if (*word == '%' && !expand_code(expansion, word[1], argument))
            return false;
        word += strnlen(word, 2);
    }
    return true;
}

static bool
add_icon(const struct expansion *expansion)
{
    const char *icon = expansion->entry->icon;

    return icon == NULL || icon[0] == '\0' ||
           (text_list_add(expansion->arguments, "--icon") && text_list_add(expansion->arguments, icon));
}

/* A word that had nothing but codes for nothing is no argument; one that was written as "" is. */
static bool
add_word(struct expansion *expansion, const struct buffer *word)
{
    AUTO_BUFFER struct buffer argument = BUFFER(ARGUMENT_LIMIT);

    if (strcmp(word->data, "%i") == 0)
        return add_icon(expansion);
    if (!buffer_append_text(&argument, "") || !expand_codes(expansion, word->data, &argument))
        return false;
    if (argument.length == 0 && word->length > 0)
        return true;
    return text_list_add(expansion->arguments, argument.data);
}

bool
exec_line_expand(const struct desktop_entry *entry, struct text_list *arguments)
{
    AUTO_BUFFER struct buffer word = BUFFER(DESKTOP_ENTRY_LIMIT);
    struct expansion expansion = {.entry = entry, .arguments = arguments};
    const char *at = entry->exec != NULL ? entry->exec : "";

    for (at += strspn(at, BLANKS); *at != '\0'; at += strspn(at, BLANKS)) {
        if (!take_word(&at, &word) || !add_word(&expansion, &word))
            return false;
    }
    return arguments->count > 0 && (expansion.has_page || text_list_add(arguments, BROWSER_PAGE));
}
