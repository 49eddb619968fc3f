/*
 * Anything at all as a desktop entry, as a list of handlers, and as $BROWSER.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "browser_command.h"
#include "browser_confinement.h"
#include "desktop_entry.h"
#include "exec_line.h"
#include "key_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look_at_words(const struct text_list *words, bool may_hold_pages)
{
    struct user_browser browser = USER_BROWSER_NONE;
    size_t pages = 0;

    for (size_t i = 0; i < words->count; i++)
        for (const char *at = words->items[i]; (at = strstr(at, BROWSER_PAGE)) != NULL; at++)
            pages++;
    if (words->items[words->count] != NULL || pages == 0 || (!may_hold_pages && pages != 1))
        abort();
    (void) command_is_no_browser(words->items);
    browser_confine_by_command(&browser, "/nowhere/program", words->items);
    if ((browser.confinement == BROWSER_FREE) != (browser.confined_name[0] == '\0') ||
        browser.confined_name[0] == '.' || strchr(browser.confined_name, '/') != NULL)
        abort();
}

static void
read_as_entry(struct buffer *text, bool may_hold_pages)
{
    AUTO_DESKTOP_ENTRY struct desktop_entry entry = DESKTOP_ENTRY_NONE;
    AUTO_TEXT_LIST struct text_list words = TEXT_LIST_EMPTY;

    if (desktop_entry_parse(text, &entry) && exec_line_expand(&entry, &words))
        look_at_words(&words, may_hold_pages);
}

static void
read_as_list(struct buffer *text)
{
    struct key_file file = key_file_begin(text);
    struct key_line line;
    const char *item;

    while (key_file_next(&file, &line))
        while ((item = key_file_next_item(&line.value)) != NULL)
            if (desktop_entry_id_is_valid(item) && (strchr(item, '/') != NULL || item[0] == '.'))
                abort();
}

static void
read_as_variable(const char *text)
{
    AUTO_TEXT_LIST struct text_list words = TEXT_LIST_EMPTY;

    if (browser_variable_entry_split(text, strlen(text), &words))
        look_at_words(&words, true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUFFER struct buffer entry = BUFFER(DESKTOP_ENTRY_LIMIT);
    AUTO_BUFFER struct buffer list = BUFFER(DESKTOP_ENTRY_LIMIT);

    /* key_file_read takes no text with such a byte. */
    if (memchr(data, '\0', size) != NULL || !buffer_append(&entry, data, size) || !buffer_append(&list, data, size))
        return 0;
    setenv("PATH", "/nowhere", 1);
    read_as_variable(list.data);
    read_as_list(&list);
    read_as_entry(&entry, memchr(data, '\001', size) != NULL);
    return 0;
}
