/*
 * https_handler.c: which applications open https links for this user.
 *
 * Lists are read in the order of the specification: for each folder, those that are named for the desktop, then
 * mimeapps.list; in folders of data also defaults.list, its forerunner, which some distributions still ship, and
 * mimeinfo.cache, where update-desktop-database(1) collects what the entries say of themselves.
 *
 * SPDX-License-Identifier: MIT
 */
#include "https_handler.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "desktop_entry.h"
#include "key_file.h"
#include "xdg_folders.h"

#define TYPE "x-scheme-handler/https"

#define DESKTOP_NAME_MAX 64

/* What the lists have said so far, the most important first. */
struct handlers {
    struct text_list desktops; /* the words of XDG_CURRENT_DESKTOP in lower case */
    struct text_list defaults;
    struct text_list associated;
    struct text_list removed;
};

static void
find_desktops(struct text_list *desktops)
{
    const char *names = getenv("XDG_CURRENT_DESKTOP");

    while (names != NULL && *names != '\0') {
        char word[DESKTOP_NAME_MAX + 1] = "";
        size_t length = strcspn(names, ":");

        if (length > 0 && length <= DESKTOP_NAME_MAX && memchr(names, '/', length) == NULL) {
            for (size_t i = 0; i < length; i++)
                word[i] = (char) tolower((unsigned char) names[i]);
            text_list_add_once(desktops, word);
        }
        names += length;
        names += *names == ':';
    }
}

/* What one list says of https. */
struct list_content {
    struct text_list defaults;
    struct text_list added;
    struct text_list removed;
};

#define LIST_CONTENT_EMPTY ((struct list_content){.defaults = TEXT_LIST_EMPTY})
#define AUTO_LIST_CONTENT  __attribute__((cleanup(list_content_free)))

static void
list_content_free(struct list_content *content)
{
    text_list_free(&content->defaults);
    text_list_free(&content->added);
    text_list_free(&content->removed);
}

static struct text_list *
list_of_group(struct list_content *content, const char *group)
{
    if (strcmp(group, "Default Applications") == 0)
        return &content->defaults;
    if (strcmp(group, "Added Associations") == 0 || strcmp(group, "MIME Cache") == 0)
        return &content->added;
    return strcmp(group, "Removed Associations") == 0 ? &content->removed : NULL;
}

static void
add_ids(struct text_list *ids, char *value)
{
    const char *id;

    while ((id = key_file_next_item(&value)) != NULL) {
        if (desktop_entry_id_is_valid(id))
            text_list_add_once(ids, id);
    }
}

static void
read_list(const char *path, struct list_content *content)
{
    AUTO_BUFFER struct buffer text = BUFFER(HANDLER_LIST_LIMIT);
    struct key_file file;
    struct key_line line;

    if (!key_file_read(path, &text))
        return;
    file = key_file_begin(&text);
    while (key_file_next(&file, &line)) {
        struct text_list *ids = strcmp(line.key, TYPE) == 0 ? list_of_group(content, line.group) : NULL;
        if (ids != NULL)
            add_ids(ids, line.value);
    }
}

static void
add_all(struct text_list *ids, const struct text_list *more, const struct text_list *unless)
{
    for (size_t i = 0; i < more->count; i++) {
        if (!text_list_has(unless, more->items[i]))
            text_list_add_once(ids, more->items[i]);
    }
}

/*
 * What a list removes counts for itself and for those after it, but not where it, or one before it, added the same.  A
 * default that is removed no longer is one.
 */
static void
read_general_list(const char *folder, const char *name, struct handlers *handlers)
{
    AUTO_LIST_CONTENT struct list_content content = LIST_CONTENT_EMPTY;
    AUTO_FREE char *path = xdg_path(folder, name);

    if (path == NULL)
        return;
    read_list(path, &content);
    add_all(&handlers->associated, &content.added, &handlers->removed);
    add_all(&handlers->removed, &content.removed, &handlers->associated);
    add_all(&handlers->defaults, &content.defaults, &handlers->removed);
}

/* A list for one desktop can only set defaults, says the specification. */
static void
read_desktop_lists(const char *folder, struct handlers *handlers)
{
    for (size_t i = 0; i < handlers->desktops.count; i++) {
        AUTO_LIST_CONTENT struct list_content content = LIST_CONTENT_EMPTY;
        AUTO_FREE char *path = NULL;

        if (asprintf(&path, "%s/%s-mimeapps.list", folder, handlers->desktops.items[i]) < 0) {
            path = NULL;
            return;
        }
        read_list(path, &content);
        add_all(&handlers->defaults, &content.defaults, &handlers->removed);
    }
}

static void
read_config_folders(struct handlers *handlers)
{
    AUTO_TEXT_LIST struct text_list folders = TEXT_LIST_EMPTY;

    xdg_config_folders(&folders);
    for (size_t i = 0; i < folders.count; i++) {
        read_desktop_lists(folders.items[i], handlers);
        read_general_list(folders.items[i], "mimeapps.list", handlers);
    }
}

static void
read_data_folders(struct handlers *handlers)
{
    AUTO_TEXT_LIST struct text_list folders = TEXT_LIST_EMPTY;

    xdg_data_folders(&folders);
    for (size_t i = 0; i < folders.count; i++) {
        AUTO_FREE char *applications = xdg_path(folders.items[i], "applications");

        if (applications == NULL)
            return;
        read_desktop_lists(applications, handlers);
        read_general_list(applications, "mimeapps.list", handlers);
        read_general_list(applications, "defaults.list", handlers);
        read_general_list(applications, "mimeinfo.cache", handlers);
    }
}

void
https_handlers_find(struct text_list *ids)
{
    static const struct text_list NONE = {.items = NULL};
    struct handlers handlers = {.defaults = TEXT_LIST_EMPTY};

    find_desktops(&handlers.desktops);
    read_config_folders(&handlers);
    read_data_folders(&handlers);
    add_all(ids, &handlers.defaults, &NONE);
    add_all(ids, &handlers.associated, &NONE);
    text_list_free(&handlers.desktops);
    text_list_free(&handlers.defaults);
    text_list_free(&handlers.associated);
    text_list_free(&handlers.removed);
}
