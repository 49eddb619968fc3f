/*
 * check_credentials.h: has this host keys for AWS, and where from?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_CREDENTIALS_H
#define CHECK_CREDENTIALS_H

#include <stdbool.h>

#include "check_progress.h"
#include "credentials.h"

/* A copy of the keys, which the caller ends with credentials_wipe.  False when there are none, which is said. */
bool check_credentials(struct check_progress *progress, struct credentials *keys);

#endif
