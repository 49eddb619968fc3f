/*
 * drop_ins.c: listing folders of drop-ins.
 *
 * SPDX-License-Identifier: MIT
 */
#include "drop_ins.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "config_lines.h"
#include "safe_open.h"

static void
cleanup_directory(DIR **directory)
{
    if (*directory != NULL)
        closedir(*directory);
}

static bool
name_counts(const char *name, const char *suffix)
{
    size_t length = strlen(name);
    size_t tail = strlen(suffix);
    return name[0] != '.' && length > tail && strcmp(name + length - tail, suffix) == 0;
}

static int
in_order(const void *one, const void *other)
{
    return strcmp(((const struct drop_in *) one)->name, ((const struct drop_in *) other)->name);
}

static bool
add_name(struct drop_ins *list, const char *folder, const char *name, struct failure *failure)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            list->items[i].folder = folder;
            return true;
        }
    }
    if (list->count >= DROP_INS_MAX)
        return failure_set(failure, "config", "too many drop-ins beside %s, expected at most %d", name, DROP_INS_MAX);
    struct drop_in *items = reallocarray(list->items, list->count + 1, sizeof *items);
    if (items != NULL)
        list->items = items;
    char *copy = items != NULL ? strdup(name) : NULL;
    if (copy == NULL)
        return config_no_memory(failure);
    list->items[list->count++] = (struct drop_in){.name = copy, .folder = folder};
    return true;
}

static bool
add_names(struct drop_ins *list, const char *folder, DIR *directory, const char *suffix, struct failure *failure)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            return errno == 0 || failure_set(failure, "config", "the drop-ins in %s cannot be listed: %m", folder);
        if (name_counts(entry->d_name, suffix) && !add_name(list, folder, entry->d_name, failure))
            return false;
    }
}

bool
drop_ins_add(struct drop_ins *list, const char *folder, const char *subfolder, const char *suffix, uid_t also_owner,
             struct failure *failure)
{
    AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, subfolder) < 0) {
        path = NULL;
        return config_no_memory(failure);
    }
    struct failure reason = {0};
    AUTO_CLOSE int opened = safe_open_folder(path, also_owner, &reason);
    if (opened < 0)
        return errno == ENOENT || failure_set(failure, reason.code, "%s", reason.message);
    __attribute__((cleanup(cleanup_directory))) DIR *directory = fdopendir(opened);
    if (directory == NULL)
        return failure_set(failure, "config", "%s cannot be listed: %m", path);
    (void) TAKE_FD(opened); /* closedir closes it */
    if (!add_names(list, folder, directory, suffix, failure))
        return false;
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, in_order);
    return true;
}

void
drop_ins_free(struct drop_ins *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].name);
    free(list->items);
    *list = (struct drop_ins){0};
}
