/*
 * service_account.h: the unprivileged account that the helper runs as.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_ACCOUNT_H
#define SERVICE_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"

#ifndef SERVICE_ACCOUNT
#define SERVICE_ACCOUNT "sagemaker-studio"
#endif

struct service_account {
    uid_t uid;
    gid_t gid;
};

/*
 * Look the account up (getpwnam_r).  Fails (code "service-account") when it does not exist, when it is root, and when
 * the look-up itself fails.
 */
bool service_account_find(struct service_account *account, struct failure *failure);

#endif
