/*
 * private_file.h: a file for its owner alone that is there as a whole or not at all.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PRIVATE_FILE_H
#define PRIVATE_FILE_H

#include <stdbool.h>

#include "buffer.h"

#define PRIVATE_FILE_MODE 0600

/*
 * Write content into this folder under a name that nobody reads, then give the file its own.  False with errno, and
 * then nothing is left: EEXIST when one of the names is taken, by whatever it is.
 */
bool private_file_write(int folder, const char *unfinished, const char *name, const struct buffer *content);

#endif
