/*
 * private_file.c: see private_file.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"

/* close(2): some file systems report only here that the disk is full. */
static bool
write_and_close(int file, const struct buffer *content)
{
    bool written = fchmod(file, PRIVATE_FILE_MODE) == 0 && descriptor_write_all(file, content->data, content->length);
    int saved_errno = errno;
    bool closed = close(file) == 0;

    if (!written)
        errno = saved_errno;
    return written && closed;
}

/* RENAME_NOREPLACE, for what bears the name already is somebody's, even if that somebody is the user. */
bool
private_file_write(int folder, const char *unfinished, const char *name, const struct buffer *content)
{
    int file = descriptor_openat(folder, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, PRIVATE_FILE_MODE);

    if (file < 0)
        return false;
    if (write_and_close(file, content) && renameat2(folder, unfinished, folder, name, RENAME_NOREPLACE) == 0)
        return true;
    int saved_errno = errno;
    (void) unlinkat(folder, unfinished, 0);
    errno = saved_errno;
    return false;
}
