/*
 * browser_relay.c: which browser is started by a program that starts the user's browser.
 *
 * XFCE keeps the name of a helper in xfce4/helpers.rc below the configuration folders, and helpers as NAME.desktop in
 * xfce4/helpers below the data folders (xfce4-settings, dialogs/mime-settings/helpers/README).
 *
 * SPDX-License-Identifier: MIT
 */
#include "browser_relay.h"

#include <stdlib.h>
#include <string.h>

#include "browser_command.h"
#include "buffer.h"
#include "cleanup.h"
#include "desktop_entry.h"
#include "exec_line.h"
#include "key_file.h"
#include "xdg_folders.h"

#define PREFERENCES_LIMIT   65536
#define HELPER_PATH_LONGEST 256

/* The value of a key, of any group, as a heap string, or NULL. */
static char *
find_value(const char *path, const char *key)
{
    AUTO_BUFFER struct buffer text = BUFFER(PREFERENCES_LIMIT);
    struct key_file file;
    struct key_line line;

    if (!key_file_read(path, &text))
        return NULL;
    file = key_file_begin(&text);
    while (key_file_next(&file, &line)) {
        if (strcmp(line.key, key) == 0 && line.value[0] != '\0')
            return text_copy(line.value, strlen(line.value));
    }
    return NULL;
}

/* FOLDER/NAME of the first of the folders where the file has the key. */
static char *
find_value_below(const struct text_list *folders, const char *name, const char *key)
{
    char *value = NULL;

    for (size_t i = 0; i < folders->count && value == NULL; i++) {
        AUTO_FREE char *path = xdg_path(folders->items[i], name);
        if (path != NULL)
            value = find_value(path, key);
    }
    return value;
}

/* The first of the helper's programs that there is. */
static char *
find_binary(char *binaries)
{
    char *rest = binaries;
    const char *name;

    while ((name = key_file_next_item(&rest)) != NULL) {
        AUTO_FREE char *path = browser_program_find(name);
        if (path != NULL)
            return TAKE_POINTER(path);
    }
    return NULL;
}

/* A helper has a list of programs, or (one that the user typed in) a command with its program in it. */
static bool
read_helper(const char *name, struct text_list *target)
{
    AUTO_TEXT_LIST struct text_list folders = TEXT_LIST_EMPTY;
    AUTO_DESKTOP_ENTRY struct desktop_entry entry = DESKTOP_ENTRY_NONE;
    AUTO_FREE char *binaries = NULL;
    AUTO_FREE char *binary = NULL;
    AUTO_BUFFER struct buffer file = BUFFER(HELPER_PATH_LONGEST);
    char *commands;

    xdg_data_folders(&folders);
    if (strchr(name, '/') != NULL || !buffer_append_format(&file, "xfce4/helpers/%s.desktop", name))
        return false;
    binaries = find_value_below(&folders, file.data, "X-XFCE-Binaries");
    if (binaries != NULL)
        binary = find_binary(binaries);
    if (binary != NULL)
        return text_list_add(target, binary);
    entry.exec = find_value_below(&folders, file.data, "X-XFCE-CommandsWithParameter");
    commands = entry.exec;
    return commands != NULL && key_file_next_item(&commands) != NULL && exec_line_expand(&entry, target);
}

static bool
follow_xfce(char *const *words, struct text_list *target)
{
    AUTO_TEXT_LIST struct text_list folders = TEXT_LIST_EMPTY;
    AUTO_FREE char *helper = NULL;

    if (words[1] == NULL || strcmp(words[1], "--launch") != 0 || words[2] == NULL ||
        strcmp(words[2], "WebBrowser") != 0)
        return false;
    xdg_config_folders(&folders);
    helper = find_value_below(&folders, "xfce4/helpers.rc", "WebBrowser");
    return helper != NULL && read_helper(helper, target);
}

bool
browser_relay_follow(char *const *words, struct text_list *target)
{
    const char *name = program_name(words[0]);

    if (strcmp(name, "exo-open") == 0 || strcmp(name, "xfce4-mime-helper") == 0)
        return follow_xfce(words, target);
    return strcmp(name, "sensible-browser") == 0 && text_list_add(target, "x-www-browser");
}
