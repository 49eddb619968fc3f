/*
 * desktop_entry.c: finding and reading the NAME.desktop file of an application.
 *
 * SPDX-License-Identifier: MIT
 */
#include "desktop_entry.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "key_file.h"
#include "xdg_folders.h"

#define GROUP  "Desktop Entry"
#define SUFFIX ".desktop"

/* How many dashes of an ID may be folders: an ID full of dashes is not worth trying every combination. */
#define SUBFOLDERS_MAX 3

bool
desktop_entry_id_is_valid(const char *id)
{
    size_t length = strnlen(id, NAME_MAX + 1);
    size_t suffix = strlen(SUFFIX);

    if (length <= suffix || length > NAME_MAX || id[0] == '.' || strchr(id, '/') != NULL)
        return false;
    return strcmp(id + length - suffix, SUFFIX) == 0;
}

/* Undoes the escapes of a value of type string, in place.  What is no escape stays: Exec has escapes of its own. */
static void
undo_escapes(char *text)
{
    static const char ESCAPES[] = "sntr\\", MEANINGS[] = " \n\t\r\\";
    char *to = text;

    while (*text != '\0') {
        const char *escape = text[0] == '\\' && text[1] != '\0' ? strchr(ESCAPES, text[1]) : NULL;

        if (escape == NULL) {
            *to++ = *text++;
            continue;
        }
        *to++ = MEANINGS[escape - ESCAPES];
        text += 2;
    }
    *to = '\0';
}

static bool
keep_text(char **field, char *value)
{
    undo_escapes(value);
    free(*field);
    *field = text_copy(value, strlen(value));
    return *field != NULL;
}

static bool
keep_line(struct desktop_entry *entry, const struct key_line *line)
{
    const struct {
        const char *key;
        char **field;
    } TEXTS[] = {
        {"Type", &entry->type},         {"Name", &entry->name},        {"Icon", &entry->icon},
        {"Exec", &entry->exec},         {"TryExec", &entry->try_exec}, {"X-SnapInstanceName", &entry->snap_instance},
        {"X-Flatpak", &entry->flatpak},
    };

    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        if (strcmp(line->key, TEXTS[i].key) == 0)
            return keep_text(TEXTS[i].field, line->value);
    }
    if (strcmp(line->key, "Hidden") == 0)
        entry->hidden = strcmp(line->value, "true") == 0;
    if (strcmp(line->key, "Terminal") == 0)
        entry->terminal = strcmp(line->value, "true") == 0;
    return true;
}

/* The group must be the first one; what another group says (of an entry's actions, say) is none of it. */
bool
desktop_entry_parse(struct buffer *text, struct desktop_entry *entry)
{
    struct key_file file = key_file_begin(text);
    struct key_line line;
    bool any = false;

    while (key_file_next(&file, &line) && strcmp(line.group, GROUP) == 0) {
        if (!keep_line(entry, &line))
            return false;
        any = true;
    }
    return any;
}

static char *find_in_folder(const char *folder, const char *id, unsigned depth);

/* Does the part before one of the dashes name a folder, and is the rest in there? */
static char *
find_below(const char *folder, const char *id, unsigned depth)
{
    for (const char *dash = strchr(id, '-'); dash != NULL; dash = strchr(dash + 1, '-')) {
        AUTO_FREE char *part = text_copy(id, (size_t) (dash - id));
        AUTO_FREE char *subfolder = part != NULL && part[0] != '\0' ? xdg_path(folder, part) : NULL;
        struct stat status;
        char *found;

        if (subfolder == NULL || stat(subfolder, &status) != 0 || !S_ISDIR(status.st_mode))
            continue;
        found = find_in_folder(subfolder, dash + 1, depth + 1);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static char *
find_in_folder(const char *folder, const char *id, unsigned depth)
{
    AUTO_FREE char *path = desktop_entry_id_is_valid(id) ? xdg_path(folder, id) : NULL;

    if (path == NULL)
        return NULL;
    if (access(path, F_OK) == 0)
        return TAKE_POINTER(path);
    return depth < SUBFOLDERS_MAX ? find_below(folder, id, depth) : NULL;
}

/* The path of the file that counts for this ID, or NULL. */
static char *
locate(const char *id)
{
    AUTO_TEXT_LIST struct text_list folders = TEXT_LIST_EMPTY;
    char *found = NULL;

    xdg_data_folders(&folders);
    for (size_t i = 0; i < folders.count && found == NULL; i++) {
        AUTO_FREE char *applications = xdg_path(folders.items[i], "applications");
        if (applications != NULL)
            found = find_in_folder(applications, id, 0);
    }
    return found;
}

bool
desktop_entry_find(const char *id, struct desktop_entry *entry)
{
    AUTO_BUFFER struct buffer text = BUFFER(DESKTOP_ENTRY_LIMIT);

    desktop_entry_free(entry);
    entry->path = locate(id);
    return entry->path != NULL && key_file_read(entry->path, &text) && desktop_entry_parse(&text, entry);
}

void
desktop_entry_free(struct desktop_entry *entry)
{
    char **const texts[] = {&entry->path, &entry->type,     &entry->name,          &entry->icon,
                            &entry->exec, &entry->try_exec, &entry->snap_instance, &entry->flatpak};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
    entry->hidden = false;
    entry->terminal = false;
}
