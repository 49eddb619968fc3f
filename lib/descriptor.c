/*
 * descriptor.c: keeping out of the way of descriptors 0 to 2, and reading and writing whole files.
 *
 * SPDX-License-Identifier: MIT
 */
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define READ_AT_ONCE 4096

int
descriptor_lift(int fd)
{
    int lifted, saved_errno;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    lifted = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    saved_errno = errno;
    close(fd);
    errno = saved_errno;
    return lifted;
}

int
descriptor_openat(int folder, const char *name, int flags, mode_t mode)
{
    int fd;

    do {
        fd = openat(folder, name, flags | O_CLOEXEC | O_NOCTTY, mode);
    } while (fd < 0 && errno == EINTR);
    return descriptor_lift(fd);
}

/* One byte beyond the limit tells a file that fits from one that does not. */
static bool
at_end(int fd)
{
    char more;
    ssize_t got;

    do {
        got = read(fd, &more, 1);
    } while (got < 0 && errno == EINTR);
    if (got > 0)
        errno = EFBIG;
    return got == 0;
}

bool
descriptor_read_all(int fd, struct buffer *content)
{
    while (content->length < content->limit) {
        size_t room = content->limit - content->length;
        if (room > READ_AT_ONCE)
            room = READ_AT_ONCE;
        if (!buffer_reserve(content, room)) {
            errno = ENOMEM;
            return false;
        }
        ssize_t got = read(fd, content->data + content->length, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            buffer_terminate(content);
            return got == 0;
        }
        content->length += (size_t) got;
        buffer_terminate(content);
    }
    return at_end(fd);
}

bool
descriptor_write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        length -= (size_t) written;
    }
    return true;
}
