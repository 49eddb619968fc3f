/*
 * credential_file.h: reading the file that shared_credentials_file names, if it may be believed and is well kept.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIAL_FILE_H
#define CREDENTIAL_FILE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "aws_profile_file.h"
#include "failure.h"

/*
 * Root's (or also_owner's, safe_open.h), as is its folder; written by nobody else, and not readable by everybody.
 * status: what was read.  NULL with code "credentials", or those of aws_profile_file.h; absent says whether the reason
 * is that there is no such file.
 */
struct aws_profile_file *credential_file_read(const char *path, uid_t also_owner, struct stat *status, bool *absent,
                                              struct failure *failure);

/* Is this what is there now?  All zero: is there nothing? */
bool credential_file_is_unchanged(const char *path, const struct stat *status);

#endif
