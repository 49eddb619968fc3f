/*
 * desktop_folder.c: finding, awaiting and opening the user's desktop folder.
 *
 * SPDX-License-Identifier: MIT
 */
#include "desktop_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "deadline.h"
#include "descriptor.h"
#include "subprogram.h"

#define USER_DIRS_LIMIT 65536

/* At a first login xdg-user-dirs-update runs at the same moment as we do. */
#define USER_DIRS_WITHIN_MS 5000
#define LOOK_EVERY_MS       100

static const char KEY[] = "XDG_DESKTOP_DIR";
static const char HOME_WORD[] = "$HOME";

/* What follows the opening quote, when the line speaks of the desktop folder; else NULL. */
static const char *
find_value(const char *line)
{
    line += strspn(line, " \t");
    if (strncmp(line, KEY, sizeof(KEY) - 1) != 0)
        return NULL;
    line += sizeof(KEY) - 1;
    line += strspn(line, " \t");
    if (*line != '=')
        return NULL;
    line++;
    line += strspn(line, " \t");
    return *line == '"' ? line + 1 : NULL;
}

/* Does the value begin with $HOME, alone or as the first part of a path? */
static bool
is_below_home(const char *value)
{
    size_t length = sizeof(HOME_WORD) - 1;

    return strncmp(value, HOME_WORD, length) == 0 && (value[length] == '/' || value[length] == '"');
}

/* Copies up to the closing quote, without the backslashes.  False when the line ends before it. */
static bool
unescape(const char *value, char *out)
{
    for (; *value != '"'; value++) {
        if (*value == '\\')
            value++;
        if (*value == '\0' || *value == '\n')
            return false;
        *out++ = *value;
    }
    *out = '\0';
    return true;
}

static char *
read_value(const char *value, const char *home)
{
    const char *start = is_below_home(value) ? home : "";
    char *path;

    if (start == home)
        value += sizeof(HOME_WORD) - 1;
    else if (*value != '/')
        return NULL;
    path = malloc(strlen(start) + strcspn(value, "\n") + 1);
    if (path == NULL)
        return NULL;
    memcpy(path, start, strlen(start));
    if (unescape(value, path + strlen(start)))
        return path;
    free(path);
    return NULL;
}

/* As in a shell, the last of several lines counts. */
char *
desktop_folder_named(const char *text, const char *home)
{
    char *named = NULL;

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *value = find_value(line);
        char *path = value != NULL ? read_value(value, home) : NULL;
        if (path == NULL)
            continue;
        free(named);
        named = path;
    }
    return named;
}

static void
no_memory(struct failure *failure)
{
    failure_set(failure, "desktop-folder", "there is not enough memory to find the desktop folder");
}

static char *
user_dirs_path(const char *home)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    char *path = NULL;
    int length;

    if (config != NULL && config[0] == '/')
        length = asprintf(&path, "%s/user-dirs.dirs", config);
    else
        length = asprintf(&path, "%s/.config/user-dirs.dirs", home);
    return length >= 0 ? path : NULL;
}

static void
await_user_dirs(const char *user_dirs)
{
    AUTO_FREE char *writer = subprogram_find("xdg-user-dirs-update");
    struct deadline deadline = deadline_in_ms(USER_DIRS_WITHIN_MS);

    while (writer != NULL && access(user_dirs, F_OK) != 0 && !deadline_passed(deadline))
        (void) poll(NULL, 0, LOOK_EVERY_MS);
}

/* No file leaves the text empty. */
static bool
read_user_dirs(const char *path, struct buffer *text, struct failure *failure)
{
    AUTO_CLOSE int file = descriptor_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    struct stat status;

    if (file < 0 && (errno == ENOENT || errno == ENOTDIR))
        return true;
    if (file < 0 || fstat(file, &status) != 0)
        return failure_set(failure, "desktop-folder", "%s cannot be opened: %m", path);
    if (!S_ISREG(status.st_mode))
        return failure_set(failure, "desktop-folder", "%s is not a regular file", path);
    if (!descriptor_read_all(file, text))
        return failure_set(failure, "desktop-folder", "%s cannot be read: %m", path);
    return true;
}

/* A heap string; NULL with the failure. */
static char *
find_folder(const char *user_dirs, const char *home, struct failure *failure)
{
    AUTO_BUFFER struct buffer text = BUFFER(USER_DIRS_LIMIT);
    char *path;

    if (!read_user_dirs(user_dirs, &text, failure))
        return NULL;
    path = text.data != NULL ? desktop_folder_named(text.data, home) : NULL;
    if (path != NULL)
        return path;
    if (asprintf(&path, "%s/Desktop", home) >= 0)
        return path;
    no_memory(failure);
    return NULL;
}

/* As open to others as the home folder is, and never writable by them: the launcher's own umask is not the user's. */
static bool
make_folder(const char *path, const struct stat *home)
{
    return mkdir(path, S_IRWXU) == 0 &&
           chmod(path, S_IRWXU | (home->st_mode & (S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH))) == 0;
}

static int
open_folder(const char *path, const char *home, bool prepare, struct failure *failure)
{
    AUTO_CLOSE int folder = descriptor_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    struct stat home_status, status;

    if (stat(home, &home_status) != 0) {
        failure_set(failure, "desktop-folder", "the home folder %s cannot be looked at: %m", home);
        return -1;
    }
    if (folder < 0 && errno == ENOENT && prepare && make_folder(path, &home_status))
        folder = descriptor_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (folder < 0 || fstat(folder, &status) != 0) {
        failure_set(failure, "desktop-folder", "the desktop folder %s cannot be opened: %m", path);
        return -1;
    }
    if (status.st_dev == home_status.st_dev && status.st_ino == home_status.st_ino) {
        failure_set(failure, DESKTOP_FOLDER_UNWANTED,
                    "there is no desktop folder: user-dirs.dirs names the home folder");
        return -1;
    }
    return TAKE_FD(folder);
}

int
desktop_folder_open(bool prepare, char **path, struct failure *failure)
{
    const char *home = getenv("HOME");
    AUTO_FREE char *user_dirs = NULL;

    *path = NULL;
    if (home == NULL || home[0] != '/') {
        failure_set(failure, "desktop-folder", "HOME is not set to the path of the home folder");
        return -1;
    }
    user_dirs = user_dirs_path(home);
    if (user_dirs == NULL) {
        no_memory(failure);
        return -1;
    }
    if (prepare)
        await_user_dirs(user_dirs);
    *path = find_folder(user_dirs, home, failure);
    return *path != NULL ? open_folder(*path, home, prepare, failure) : -1;
}
