/*
 * privileges.h: what the helper gives up as it starts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

#include <stdbool.h>

#include "failure.h"
#include "service_account.h"

/* No core dumps, not readable by other processes of the same uid (PR_SET_DUMPABLE, prctl(2)), no new privileges. */
void process_keep_secrets(void);

/* Empty the environment but for what systemd and the clock need, and settings_environment.h reads, so that nothing in
 * it steers libcurl or OpenSSL. */
bool environment_clean(struct failure *failure);

/* As root: become the service account, for good, and make sure of it.  Anybody else: nothing. */
bool privileges_drop(const struct service_account *account, struct failure *failure);

#endif
