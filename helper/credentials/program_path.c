/*
 * program_path.c: see program_path.h.
 *
 * All folders above the place that the walk has come to are trusted: so only root can change what has been looked at,
 * and names can be used instead of descriptors.
 *
 * SPDX-License-Identifier: MIT
 */
#include "program_path.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "safe_open.h"

#define LINKS_MAX 40 /* as the kernel has it (path_resolution(7)) */

struct path_walk {
    char *resolved;      /* PATH_MAX bytes; "" is the root */
    char left[PATH_MAX]; /* what has still to be walked */
    unsigned links;
    uid_t also_owner;
    struct failure *failure;
};

static bool
too_long(const struct path_walk *walk)
{
    return failure_set(walk->failure, "program", "%s leads to a path that is too long", walk->resolved);
}

static void
leave_last(struct path_walk *walk)
{
    char *slash = strrchr(walk->resolved, '/');
    if (slash != NULL)
        *slash = '\0';
}

/* The link at the end of the path is replaced by what it says. */
static bool
follow_link(struct path_walk *walk)
{
    char target[PATH_MAX], left[PATH_MAX];
    ssize_t length = readlink(walk->resolved, target, sizeof(target) - 1);
    if (length < 0)
        return failure_set(walk->failure, "program", "%s cannot be read: %m", walk->resolved);
    target[length] = '\0';
    if (++walk->links > LINKS_MAX)
        return failure_set(walk->failure, "program", "%s is one symbolic link too many", walk->resolved);
    if (snprintf(left, sizeof(left), "%s/%s", target, walk->left) >= (int) sizeof(left))
        return too_long(walk);
    memcpy(walk->left, left, sizeof(left));
    if (target[0] == '/')
        walk->resolved[0] = '\0';
    else
        leave_last(walk);
    return true;
}

/* Links and folders; what safe_program will look at itself is not looked at here. */
static bool
look_at(struct path_walk *walk)
{
    struct stat status;
    const char *shown = walk->resolved[0] != '\0' ? walk->resolved : "/";
    if (lstat(shown, &status) != 0)
        return failure_set(walk->failure, "program", "%s cannot be opened: %m", shown);
    if (!S_ISLNK(status.st_mode) && !S_ISDIR(status.st_mode))
        return true;
    if (status.st_uid != 0 && status.st_uid != walk->also_owner)
        return failure_set(walk->failure, "program", "%s belongs to uid %u; it must belong to root (chown -h root)",
                           shown, (unsigned) status.st_uid);
    if (S_ISLNK(status.st_mode))
        return follow_link(walk);
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return failure_set(walk->failure, "program",
                           "%s is writable by its group or by others; take that away (chmod go-w)", shown);
    return true;
}

/* Takes the next name off what is left. */
static bool
step(struct path_walk *walk)
{
    const char *name = walk->left + strspn(walk->left, "/");
    size_t length = strcspn(name, "/");
    size_t before = strlen(walk->resolved);
    const char *rest = name + length;
    if (length == 2 && memcmp(name, "..", 2) == 0) {
        leave_last(walk);
    } else if (length > 0 && (length != 1 || name[0] != '.')) {
        if (before + 1 + length >= PATH_MAX)
            return too_long(walk);
        walk->resolved[before] = '/';
        memcpy(walk->resolved + before + 1, name, length);
        walk->resolved[before + 1 + length] = '\0';
    }
    memmove(walk->left, rest, strlen(rest) + 1);
    return look_at(walk);
}

bool
program_path_resolve(const char *path, uid_t also_owner, char resolved[PATH_MAX], struct failure *failure)
{
    struct path_walk walk = {.resolved = resolved, .also_owner = also_owner, .failure = failure};
    resolved[0] = '\0';
    if (path[0] != '/' || strlen(path) >= sizeof(walk.left))
        return failure_set(failure, "program", "%s is not an absolute path; name the program by its whole path", path);
    memcpy(walk.left, path, strlen(path) + 1);
    if (!look_at(&walk))
        return false;
    while (walk.left[0] != '\0') {
        if (!step(&walk))
            return false;
    }
    return safe_program(resolved, also_owner, failure);
}
