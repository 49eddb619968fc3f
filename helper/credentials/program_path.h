/*
 * program_path.h: which file a path names, if nobody but root can change that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROGRAM_PATH_H
#define PROGRAM_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"

/*
 * Symbolic links are followed, one by one: each, and every folder that one lies in, is root's (or also_owner's,
 * safe_open.h) and cannot be written to by others; what they end at is what safe_program allows.  False with code
 * "program".
 */
bool program_path_resolve(const char *path, uid_t also_owner, char resolved[PATH_MAX], struct failure *failure);

#endif
