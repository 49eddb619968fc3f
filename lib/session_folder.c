/*
 * session_folder.c: the folder of a user's session files: which it is, making it, opening it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"

#define PERMISSIONS        07777
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

#define RUN_FOLDER_MODE ((mode_t) 0755)
#define USERS_MODE      ((mode_t) 0711) /* a user gets to his own folder, and sees nobody else's */
#define PRIVATE_MODE    ((mode_t) 0700)

/* Checks what snprintf(3) said about a path. */
static bool
path_fits(int length, struct failure *failure)
{
    if (length >= 0 && length < SESSION_PATH_SIZE)
        return true;
    errno = ENAMETOOLONG;
    return failure_set(failure, "session", "the path of the session folder is longer than %d bytes",
                       SESSION_PATH_SIZE - 1);
}

static bool
is_private_folder(const struct stat *status, uid_t uid)
{
    return S_ISDIR(status->st_mode) && status->st_uid == uid && (status->st_mode & PERMISSIONS) == PRIVATE_MODE;
}

/*
 * Is this the runtime folder that pam_systemd made for the user (file-hierarchy(7))?  O_PATH asks nothing of the file
 * system, which may be the user's own (FUSE).
 */
static bool
is_runtime_folder(const char *path, uid_t uid)
{
    char expected[SESSION_PATH_SIZE];
    AUTO_CLOSE int folder = -1;

    if (!path_fits(snprintf(expected, sizeof(expected), "/run/user/%u", (unsigned) uid), NULL) ||
        strcmp(path, expected) != 0)
        return false;
    folder = descriptor_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    return folder >= 0;
}

bool
session_folder_choose(uid_t uid, const char *xdg_runtime_dir, const char *run_folder, char path[SESSION_PATH_SIZE],
                      struct failure *failure)
{
    if (xdg_runtime_dir != NULL && is_runtime_folder(xdg_runtime_dir, uid))
        return path_fits(snprintf(path, SESSION_PATH_SIZE, "%s/sagemaker-studio", xdg_runtime_dir), failure);
    return path_fits(snprintf(path, SESSION_PATH_SIZE, "%s/users/%u", run_folder, (unsigned) uid), failure);
}

/*
 * Open a folder and never what a symbolic link points at, making it when it is absent and a mode is given.  Returns -1
 * with errno and the failure.
 */
static int
open_or_make(int parent, const char *name, mode_t mode, const char *shown, struct failure *failure)
{
    AUTO_CLOSE int folder = descriptor_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    bool made = false;

    if (folder < 0 && errno == ENOENT && mode != 0) {
        made = mkdirat(parent, name, mode) == 0;
        if (made || errno == EEXIST)
            folder = descriptor_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    }
    if (folder < 0) {
        const char *why = errno == ENOTDIR ? "; it must be a folder and no symbolic link" : "";
        failure_set(failure, "session", "the folder %s cannot be opened: %m%s", shown, why);
        return -1;
    }
    if (made && fchmod(folder, mode) != 0) { /* the umask may have taken some of it */
        failure_set(failure, "session", "the folder %s cannot be given its mode: %m", shown);
        return -1;
    }
    return TAKE_FD(folder);
}

static bool
check_private(int folder, uid_t uid, const char *shown, struct failure *failure)
{
    struct stat status;

    if (fstat(folder, &status) != 0)
        return failure_set(failure, "session", "the folder %s cannot be looked at: %m", shown);
    if (is_private_folder(&status, uid))
        return true;
    errno = EPERM;
    return failure_set(failure, "session", "the folder %s has owner %u and mode %04o; expected owner %u and mode 0700",
                       shown, (unsigned) status.st_uid, (unsigned) (status.st_mode & PERMISSIONS), (unsigned) uid);
}

/* Nobody but root and us may be able to put folders here. */
static bool
check_trusted(int folder, const char *shown, struct failure *failure)
{
    struct stat status;

    if (fstat(folder, &status) != 0)
        return failure_set(failure, "session", "the folder %s cannot be looked at: %m", shown);
    if ((status.st_uid == 0 || status.st_uid == geteuid()) && (status.st_mode & WRITABLE_BY_OTHERS) == 0)
        return true;
    errno = EPERM;
    return failure_set(failure, "session", "the folder %s can be written by others; chown it to root and chmod go-w",
                       shown);
}

/*
 * A private folder of root's in users/ is one that this login, or another one of the same user at the same moment, has
 * just made: only root can make any there.
 */
static bool
hand_over(int leaf, uid_t uid, gid_t gid, const char *shown, struct failure *failure)
{
    struct stat status;

    if (fstat(leaf, &status) != 0)
        return failure_set(failure, "session", "the folder %s cannot be looked at: %m", shown);
    if (geteuid() != 0 || status.st_uid != 0 || (status.st_mode & (PERMISSIONS & ~PRIVATE_MODE)) != 0)
        return true;
    if (fchmod(leaf, PRIVATE_MODE) != 0 || fchown(leaf, uid, gid) != 0)
        return failure_set(failure, "session", "the folder %s cannot be given to its user: %m", shown);
    return true;
}

static bool
prepare_leaf(int users, const char *path, uid_t uid, gid_t gid, struct failure *failure)
{
    AUTO_CLOSE int leaf = open_or_make(users, strrchr(path, '/') + 1, PRIVATE_MODE, path, failure);

    return leaf >= 0 && hand_over(leaf, uid, gid, path, failure) && check_private(leaf, uid, path, failure);
}

bool
session_folder_prepare(const char *path, uid_t uid, gid_t gid, const char *run_folder, struct failure *failure)
{
    char ours[SESSION_PATH_SIZE];
    char users_path[SESSION_PATH_SIZE];
    AUTO_CLOSE int run = -1;
    AUTO_CLOSE int users = -1;

    if (!path_fits(snprintf(ours, sizeof(ours), "%s/users/%u", run_folder, (unsigned) uid), failure))
        return false;
    if (strcmp(path, ours) != 0)
        return true;
    if (!path_fits(snprintf(users_path, sizeof(users_path), "%s/users", run_folder), failure))
        return false;
    run = open_or_make(AT_FDCWD, run_folder, RUN_FOLDER_MODE, run_folder, failure);
    if (run < 0 || !check_trusted(run, run_folder, failure))
        return false;
    users = open_or_make(run, "users", USERS_MODE, users_path, failure);
    if (users < 0 || !check_trusted(users, users_path, failure))
        return false;
    return prepare_leaf(users, path, uid, gid, failure);
}

int
session_folder_open(const char *path, bool make, struct failure *failure)
{
    char parent_path[SESSION_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    AUTO_CLOSE int parent = -1;
    AUTO_CLOSE int folder = -1;

    if (path[0] != '/' || slash == path || slash[1] == '\0' || (size_t) (slash - path) >= sizeof(parent_path)) {
        errno = EINVAL;
        failure_set(failure, "session", "%s is not the absolute path of a session folder", path);
        return -1;
    }
    memcpy(parent_path, path, (size_t) (slash - path));
    parent_path[slash - path] = '\0';
    parent = descriptor_openat(AT_FDCWD, parent_path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (parent < 0) {
        failure_set(failure, "session", "the folder %s cannot be opened: %m", parent_path);
        return -1;
    }
    folder = open_or_make(parent, slash + 1, make ? PRIVATE_MODE : 0, path, failure);
    if (folder < 0 || !check_private(folder, geteuid(), path, failure))
        return -1;
    return TAKE_FD(folder);
}
