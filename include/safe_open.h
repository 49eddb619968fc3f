/*
 * safe_open.h: opening what an administrator wrote, without being led astray by anybody else.
 *
 * "Trusted" means: owned by root, or by the uid given as also_owner (OWNED_BY_ROOT_ALONE for none), and not writable
 * by group or others.  also_owner is for a person who runs a program of his own from a folder of his own: the demo, a
 * test, `check --config-dir`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SAFE_OPEN_H
#define SAFE_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buffer.h"
#include "failure.h"

#define OWNED_BY_ROOT_ALONE ((uid_t) 0)

/*
 * Open a trusted folder by absolute path: O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC.  Returns a descriptor that the caller
 * closes, or -1 with errno (ENOENT: there is none) and the failure (code "config").
 */
int safe_open_folder(const char *path, uid_t also_owner, struct failure *failure);

/*
 * Open a trusted regular file in a folder: O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC.  shown is the
 * path for messages.  Returns and fails as above.
 */
int safe_open_file(int folder, const char *name, const char *shown, uid_t also_owner, struct failure *failure);

/*
 * Append the whole file to the buffer; the buffer's limit is the greatest size allowed.  A file that changes size
 * meanwhile, that is too large, or that cannot be read is a failure (code "config").
 */
bool safe_read(int fd, const char *shown, struct buffer *content, struct failure *failure);

/*
 * May this program be started by us?  Absolute path without symbolic links in it; it and every folder above it trusted;
 * a regular file with an execute bit (OpenSSH misc.c:safe_path).  Code "program".
 */
bool safe_program(const char *path, uid_t also_owner, struct failure *failure);

#endif
