/*
 * xdg_folders.c: where desktops keep their files.
 *
 * SPDX-License-Identifier: MIT
 */
#include "xdg_folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

char *
xdg_path(const char *folder, const char *name)
{
    char *path = NULL;

    return asprintf(&path, "%s/%s", folder, name) >= 0 ? path : NULL;
}

/* The specification wants relative paths passed over. */
static void
add_folder(struct text_list *folders, const char *path, size_t length)
{
    AUTO_FREE char *copy = NULL;

    if (length == 0 || path[0] != '/')
        return;
    copy = text_copy(path, length);
    if (copy != NULL)
        text_list_add_once(folders, copy);
}

static void
add_below_home(struct text_list *folders, const char *name)
{
    const char *home = getenv("HOME");
    AUTO_FREE char *path = NULL;

    if (home == NULL || home[0] != '/')
        return;
    path = xdg_path(home, name);
    if (path != NULL)
        add_folder(folders, path, strlen(path));
}

/* The one folder that the variable names, else the one below the home folder. */
static void
add_own(struct text_list *folders, const char *variable, const char *below_home)
{
    const char *path = getenv(variable);

    if (path != NULL && path[0] == '/')
        add_folder(folders, path, strlen(path));
    else
        add_below_home(folders, below_home);
}

/* Each path of a list with colons. */
static void
add_each(struct text_list *folders, const char *paths)
{
    while (*paths != '\0') {
        size_t length = strcspn(paths, ":");
        add_folder(folders, paths, length);
        paths += length;
        paths += *paths == ':';
    }
}

static const char *
set_and_not_empty(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

void
xdg_config_folders(struct text_list *folders)
{
    const char *others = set_and_not_empty("XDG_CONFIG_DIRS");

    add_own(folders, "XDG_CONFIG_HOME", ".config");
    add_each(folders, others != NULL ? others : "/etc/xdg");
}

void
xdg_data_folders(struct text_list *folders)
{
    const char *others = set_and_not_empty("XDG_DATA_DIRS");

    add_own(folders, "XDG_DATA_HOME", ".local/share");
    if (others != NULL) {
        add_each(folders, others);
        return;
    }
    add_each(folders, "/usr/local/share:/usr/share");
    add_below_home(folders, ".local/share/flatpak/exports/share");
    add_each(folders, "/var/lib/flatpak/exports/share:/var/lib/snapd/desktop");
}
