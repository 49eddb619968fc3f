/*
 * safe_open.c: opening configuration and programs that only an administrator can have put there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "safe_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"

#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)
#define EXECUTABLE         (S_IXUSR | S_IXGRP | S_IXOTH)

/* Fills the failure when the file is not root's (or also_owner's) alone; errno is then EPERM. */
static bool
is_trusted(const struct stat *status, uid_t also_owner, const char *shown, const char *code, struct failure *failure)
{
    if (status->st_uid != 0 && status->st_uid != also_owner) {
        errno = EPERM;
        return failure_set(failure, code, "%s belongs to uid %u; it must belong to root (chown root)", shown,
                           (unsigned) status->st_uid);
    }
    if ((status->st_mode & WRITABLE_BY_OTHERS) != 0) {
        errno = EPERM;
        return failure_set(failure, code, "%s is writable by its group or by others; take that away (chmod go-w)",
                           shown);
    }
    return true;
}

static bool
cannot_open(const char *what, const char *shown, const char *code, struct failure *failure)
{
    /* open(2): O_NOFOLLOW on a symbolic link gives ELOOP, or ENOTDIR together with O_DIRECTORY. */
    if (errno == ELOOP)
        return failure_set(failure, code, "%s is a symbolic link; put the %s itself there", shown, what);
    if (errno == ENOTDIR)
        return failure_set(failure, code, "%s is not a folder, or is a symbolic link to one", shown);
    return failure_set(failure, code, "%s cannot be opened: %m", shown);
}

int
safe_open_folder(const char *path, uid_t also_owner, struct failure *failure)
{
    AUTO_CLOSE int folder = -1;
    struct stat status;

    if (path[0] != '/') {
        errno = EINVAL;
        failure_set(failure, "config", "%s is not an absolute path; give the folder's whole path", path);
        return -1;
    }
    folder = descriptor_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (folder < 0 || fstat(folder, &status) != 0) {
        cannot_open("folder", path, "config", failure);
        return -1;
    }
    if (!is_trusted(&status, also_owner, path, "config", failure))
        return -1;
    return TAKE_FD(folder);
}

int
safe_open_file(int folder, const char *name, const char *shown, uid_t also_owner, struct failure *failure)
{
    AUTO_CLOSE int file = -1;
    struct stat status;

    if (strchr(name, '/') != NULL) {
        errno = EINVAL;
        failure_set(failure, "config", "%s is not the name of a file in its folder", shown);
        return -1;
    }
    file = descriptor_openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (file < 0 || fstat(file, &status) != 0) {
        cannot_open("file", shown, "config", failure);
        return -1;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = EPERM;
        failure_set(failure, "config", "%s is not a regular file", shown);
        return -1;
    }
    if (!is_trusted(&status, also_owner, shown, "config", failure))
        return -1;
    return TAKE_FD(file);
}

/* Undo a read that failed: what came before it stays, the rest is wiped. */
static void
cut_back(struct buffer *content, size_t length)
{
    if (content->data == NULL)
        return;
    explicit_bzero(content->data + length, content->length - length);
    content->length = length;
    buffer_terminate(content);
}

static bool
read_unchanged(int fd, const char *shown, struct buffer *content, struct failure *failure)
{
    struct stat before, after;
    size_t start = content->length;

    if (fstat(fd, &before) != 0)
        return failure_set(failure, "config", "%s cannot be read: %m", shown);
    if (!descriptor_read_all(fd, content)) {
        if (errno == EFBIG)
            return failure_set(failure, "config", "%s is larger than the %zu bytes allowed", shown, content->limit);
        return failure_set(failure, "config", "%s cannot be read: %m", shown);
    }
    if (fstat(fd, &after) != 0)
        return failure_set(failure, "config", "%s cannot be read: %m", shown);
    if (after.st_size != before.st_size || content->length - start != (size_t) before.st_size)
        return failure_set(failure, "config", "%s changed while it was read; write a new file and rename it", shown);
    return true;
}

bool
safe_read(int fd, const char *shown, struct buffer *content, struct failure *failure)
{
    size_t start = content->length;

    if (read_unchanged(fd, shown, content, failure))
        return true;
    cut_back(content, start);
    return false;
}

/* Names between slashes, none of them empty, "." or "..": then walking the path meets every folder above the file. */
static bool
is_plain_absolute(const char *path)
{
    if (path[0] != '/')
        return false;
    for (const char *part = path; *part == '/'; part += 1 + strcspn(part + 1, "/")) {
        size_t length = strcspn(part + 1, "/");
        if (length == 0 || (length == 1 && part[1] == '.') || (length == 2 && part[1] == '.' && part[2] == '.'))
            return false;
    }
    return true;
}

/* Opens the next part of the path, checks it, and closes the folder it lies in. */
static bool
step_into(int *at, const char *name, const char *shown, uid_t also_owner, struct stat *status, struct failure *failure)
{
    AUTO_CLOSE int next = descriptor_openat(*at, name, O_PATH | O_NOFOLLOW, 0);

    if (next < 0 || fstat(next, status) != 0)
        return failure_set(failure, "program", "%s cannot be opened: %m", shown);
    if (S_ISLNK(status->st_mode))
        return failure_set(failure, "program", "%s is a symbolic link; name the program by its real path", shown);
    if (!is_trusted(status, also_owner, shown, "program", failure))
        return false;
    if (*at >= 0)
        close(*at);
    *at = TAKE_FD(next);
    return true;
}

/* From the root down to the file; status is then the file's.  The path is cut at each slash in turn, for messages. */
static bool
walk_to_program(char *path, uid_t also_owner, struct stat *status, struct failure *failure)
{
    AUTO_CLOSE int at = -1;

    if (!step_into(&at, "/", "/", also_owner, status, failure))
        return false;
    for (char *end = path; end != NULL;) {
        char *name = end + 1;
        end = strchr(name, '/');
        if (end != NULL)
            *end = '\0';
        if (!step_into(&at, name, path, also_owner, status, failure))
            return false;
        if (end != NULL)
            *end = '/';
    }
    return true;
}

bool
safe_program(const char *path, uid_t also_owner, struct failure *failure)
{
    char copy[PATH_MAX];
    struct stat status = {0};

    if (!is_plain_absolute(path) || strlen(path) >= sizeof(copy))
        return failure_set(failure, "program", "%s is not a plain absolute path; name the program by its real path",
                           path);
    memcpy(copy, path, strlen(path) + 1);
    if (!walk_to_program(copy, also_owner, &status, failure))
        return false;
    if (!S_ISREG(status.st_mode) || (status.st_mode & EXECUTABLE) == 0)
        return failure_set(failure, "program", "%s is not an executable file", path);
    return true;
}
