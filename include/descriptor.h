/*
 * descriptor.h: descriptors inside somebody else's process, and whole files through them.
 *
 * A login program may run with descriptors 0, 1 and 2 closed.  open(2) then gives out one of them, and what another
 * thread writes to "standard error" lands in our file or socket.  So every descriptor of ours is lifted above them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buffer.h"

/*
 * A descriptor below 3 is moved to 3 or above, close-on-exec; a higher one, and -1, comes back as it is.  -1 with errno
 * when there is no room; the descriptor is then closed.
 */
int descriptor_lift(int fd);

/* openat(2) with O_CLOEXEC and O_NOCTTY added, above 2. */
int descriptor_openat(int folder, const char *name, int flags, mode_t mode);

/*
 * Append everything up to the end of a regular file.  False with errno: EFBIG when the buffer's limit is too small,
 * ENOMEM, or what read(2) said; what was read so far then stays in the buffer.
 */
bool descriptor_read_all(int fd, struct buffer *content);

/* Write everything to a regular file.  False with errno. */
bool descriptor_write_all(int fd, const char *data, size_t length);

#endif
