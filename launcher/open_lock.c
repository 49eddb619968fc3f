/*
 * open_lock.c: one `open` at a time for each user.
 *
 * SPDX-License-Identifier: MIT
 */
#include "open_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"

#define LOCK_NAME    "open.lock"
#define PRIVATE_MODE 0600

/* O_NONBLOCK: a FIFO of that name must not make us wait (open(2)). */
static int
open_file(int folder)
{
    AUTO_CLOSE int file =
        descriptor_openat(folder, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, PRIVATE_MODE);
    struct stat status;

    if (file < 0 || fstat(file, &status) != 0)
        return -1;
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_nlink != 1) {
        errno = EPERM;
        return -1;
    }
    return TAKE_FD(file);
}

static int
open_or_replace(int folder)
{
    int file = open_file(folder);

    if (file >= 0)
        return file;
    int saved_errno = errno;
    if (unlinkat(folder, LOCK_NAME, 0) == 0 || unlinkat(folder, LOCK_NAME, AT_REMOVEDIR) == 0)
        return open_file(folder);
    errno = saved_errno;
    return -1;
}

enum open_lock
open_lock_take(int folder, int *lock, struct failure *failure)
{
    AUTO_CLOSE int file = open_or_replace(folder);

    *lock = -1;
    if (file < 0) {
        failure_set(failure, "lock", "the file %s in your runtime folder cannot be used (%m); remove it", LOCK_NAME);
        return OPEN_LOCK_FAILED;
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return OPEN_LOCK_BUSY;
    /* A file system without locks (ENOLCK of NFS, ENOTSUP): better two tabs than none. */
    *lock = TAKE_FD(file);
    return OPEN_LOCK_TAKEN;
}

void
open_lock_remove(int folder)
{
    (void) unlinkat(folder, LOCK_NAME, 0);
}
