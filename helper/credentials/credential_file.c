/*
 * credential_file.c: see credential_file.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "safe_open.h"

/* What safe_open.h says, with what a file of keys needs. */
static bool
cannot_use(const char *path, const struct failure *reason, struct failure *failure)
{
    if (errno == ENOENT)
        return failure_set(failure, "credentials",
                           "There is no file %s with AWS credentials in it. Put it there (chown root:sagemaker-studio; "
                           "chmod 0640), or set source or shared_credentials_file in studio.conf.",
                           path);
    if (errno == EACCES)
        return failure_set(failure, "credentials",
                           "%s cannot be read by the account of the helper. Let it: chgrp sagemaker-studio %s; "
                           "chmod 0640 %s",
                           path, path, path);
    return failure_set(failure, "credentials", "%s", reason->message);
}

static int
open_in_its_folder(const char *path, uid_t also_owner, bool *absent, struct failure *failure)
{
    *absent = false;
    const char *slash = strrchr(path, '/'); /* settings have absolute paths alone */
    const char *name = slash != NULL ? slash + 1 : path;
    AUTO_FREE char *folder_path = NULL;
    if (asprintf(&folder_path, "%.*s", name - path > 1 ? (int) (name - path - 1) : 1, path) < 0) {
        folder_path = NULL;
        failure_set(failure, "memory", "There is no memory to open the file of AWS credentials.");
        return -1;
    }
    struct failure reason = {0};
    AUTO_CLOSE int folder = safe_open_folder(folder_path, also_owner, &reason);
    int file = folder >= 0 ? safe_open_file(folder, name, path, also_owner, &reason) : -1;
    if (file < 0) {
        *absent = errno == ENOENT;
        cannot_use(path, &reason, failure);
    }
    return file;
}

static bool
check_secrecy(const char *path, const struct stat *status, struct failure *failure)
{
    if ((status->st_mode & S_IRWXO) == 0)
        return true;
    return failure_set(failure, "credentials",
                       "%s can be read by everybody on this host. Take that away: chgrp sagemaker-studio %s; "
                       "chmod 0640 %s",
                       path, path, path);
}

static struct aws_profile_file *
parse(int file, const char *path, struct failure *failure)
{
    AUTO_BUFFER struct buffer text = BUFFER(AWS_PROFILE_FILE_LIMIT);
    struct failure reason = {0};
    if (safe_read(file, path, &text, &reason))
        return aws_profile_file_parse(path, text.data != NULL ? text.data : "", text.length, failure);
    failure_set(failure, "credentials", "%s", reason.message);
    return NULL;
}

struct aws_profile_file *
credential_file_read(const char *path, uid_t also_owner, struct stat *status, bool *absent, struct failure *failure)
{
    *status = (struct stat){0};
    AUTO_CLOSE int file = open_in_its_folder(path, also_owner, absent, failure);
    if (file < 0)
        return NULL;
    if (fstat(file, status) != 0) {
        failure_set(failure, "credentials", "%s cannot be read: %m", path);
        return NULL;
    }
    return check_secrecy(path, status, failure) ? parse(file, path, failure) : NULL;
}

static bool
is_same_time(const struct timespec *one, const struct timespec *other)
{
    return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

bool
credential_file_is_unchanged(const char *path, const struct stat *status)
{
    struct stat now;
    if (lstat(path, &now) != 0)
        return errno == ENOENT && status->st_ino == 0;
    return now.st_dev == status->st_dev && now.st_ino == status->st_ino && now.st_size == status->st_size &&
           is_same_time(&now.st_mtim, &status->st_mtim) && is_same_time(&now.st_ctim, &status->st_ctim);
}
