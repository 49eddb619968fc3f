/*
 * session_file.c: writing, reading, claiming and removing the file that carries a link.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"
#include "private_file.h"
#include "session_names.h"

#define PERMISSIONS 07777

bool
session_file_write(int folder, const char *id, const struct buffer *content, struct failure *failure)
{
    char name[SESSION_NAME_SIZE];
    char new_name[SESSION_NAME_SIZE];

    if (!session_name_make(name, SESSION_FRESH, id, failure) || !session_name_make(new_name, SESSION_NEW, id, failure))
        return false;
    if (!private_file_write(folder, new_name, name, content))
        return failure_set(failure, "session", "the session file %s cannot be written: %m", name);
    return true;
}

static bool
is_private_file(const struct stat *status)
{
    return S_ISREG(status->st_mode) && status->st_uid == geteuid() && status->st_nlink == 1 &&
           (status->st_mode & PERMISSIONS) == PRIVATE_FILE_MODE;
}

/* O_NONBLOCK: opening a FIFO that the name was given to must not hang (open(2)). */
static int
open_private_file(int folder, const char *name, struct failure *failure)
{
    AUTO_CLOSE int file = descriptor_openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    struct stat status;

    if (file < 0 || fstat(file, &status) != 0) {
        failure_set(failure, "session", "the session file %s cannot be opened: %m", name);
        return -1;
    }
    if (!is_private_file(&status)) {
        errno = EPERM;
        failure_set(failure, "session",
                    "the session file %s is not a regular file of the user's with mode 0600 and no other name", name);
        return -1;
    }
    return TAKE_FD(file);
}

static bool
read_link(int folder, const char *prefix, const char *id, struct message *link, struct failure *failure)
{
    char name[SESSION_NAME_SIZE];
    AUTO_BUFFER struct buffer content = BUFFER(MESSAGE_LIMIT);
    AUTO_CLOSE int file = -1;

    if (!session_name_make(name, prefix, id, failure))
        return false;
    file = open_private_file(folder, name, failure);
    if (file < 0)
        return false;
    if (!descriptor_read_all(file, &content))
        return failure_set(failure, "session", "the session file %s cannot be read: %m", name);
    if (content.data == NULL || !message_parse(link, content.data, content.length, NULL)) {
        errno = EBADMSG;
        return failure_set(failure, "session", "the session file %s is damaged", name);
    }
    return true;
}

bool
session_file_read(int folder, const char *id, struct message *link, struct failure *failure)
{
    return read_link(folder, SESSION_FRESH, id, link, failure);
}

bool
session_file_read_spent(int folder, const char *id, struct message *link, struct failure *failure)
{
    return read_link(folder, SESSION_SPENT, id, link, failure);
}

bool
session_file_claim(int folder, const char *id, struct failure *failure)
{
    char name[SESSION_NAME_SIZE];
    char spent[SESSION_NAME_SIZE];

    if (!session_name_make(name, SESSION_FRESH, id, failure) || !session_name_make(spent, SESSION_SPENT, id, failure))
        return false;
    /* RENAME_NOREPLACE: rename(2) of two names of one file succeeds and does nothing, and a link could be used twice.
     */
    if (renameat2(folder, name, folder, spent, RENAME_NOREPLACE) != 0)
        return failure_set(failure, "session", "the link in %s cannot be taken: %m", name);
    return true;
}

static bool
remove_one(int folder, const char *prefix, const char *id, struct failure *failure)
{
    char name[SESSION_NAME_SIZE];

    if (!session_name_make(name, prefix, id, failure))
        return false;
    if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
        return failure_set(failure, "session", "the session file %s cannot be removed: %m", name);
    return true;
}

bool
session_file_remove(int folder, const char *id, struct failure *failure)
{
    bool fresh = remove_one(folder, SESSION_FRESH, id, failure);
    bool spent = remove_one(folder, SESSION_SPENT, id, fresh ? failure : NULL);
    bool unfinished = remove_one(folder, SESSION_NEW, id, fresh && spent ? failure : NULL);

    return fresh && spent && unfinished;
}

static bool
is_session_name(const char *name)
{
    static const char *const PREFIXES[] = {SESSION_FRESH, SESSION_SPENT};

    for (size_t i = 0; i < sizeof(PREFIXES) / sizeof(PREFIXES[0]); i++) {
        size_t prefix = strlen(PREFIXES[i]);
        if (strncmp(name, PREFIXES[i], prefix) == 0 && session_id_is_valid(name + prefix))
            return true;
    }
    return false;
}

bool
session_file_any(int folder)
{
    int own = descriptor_openat(folder, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *stream = own >= 0 ? fdopendir(own) : NULL;
    const struct dirent *entry;
    bool any = false;

    if (stream == NULL) {
        if (own >= 0)
            close(own);
        return true;
    }
    while (!any && (entry = readdir(stream)) != NULL)
        any = is_session_name(entry->d_name);
    closedir(stream);
    return any;
}
