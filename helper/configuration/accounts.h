/*
 * accounts.h: accounts and groups as this host knows them (nsswitch.conf(5)), behind pointers so that tests have a
 * directory of their own, one that fails included.
 *
 * "Absent" means that every directory was asked and has no such entry.  A directory that could not be asked is
 * "unknown", with the failure: an outage must never look like "not a member".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACCOUNTS_H
#define ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

#define ACCOUNT_NAME_LIMIT 256 /* bytes; Linux's own limit is LOGIN_NAME_MAX - 1 = 255 */

struct account {
    char name[ACCOUNT_NAME_LIMIT + 1];
    uid_t uid;
    gid_t gid;
};

enum account_answer { ACCOUNT_FOUND, ACCOUNT_ABSENT, ACCOUNT_UNKNOWN };

struct accounts {
    /* Failures: "directory", or "account" where the entry is there and cannot be used. */
    enum account_answer (*by_uid)(uid_t uid, struct account *account, struct failure *failure);
    enum account_answer (*by_name)(const char *name, struct account *account, struct failure *failure);
    enum account_answer (*group_by_name)(const char *name, gid_t *gid, struct failure *failure);
    /* All groups of the account, on the heap; false with failure "directory". */
    bool (*groups_of)(const struct account *account, gid_t **groups, size_t *count, struct failure *failure);
};

/*
 * getpwuid_r, getpwnam_r, getgrnam_r, getgrouplist.
 *
 * glibc's getXXnam_r return 0 for "not found", and an error number only when the service that was asked last failed;
 * so every error number counts as "unknown", ENOENT included (SSSD without its socket gives that; measured with glibc
 * 2.36, and read in sssd's src/sss_client/common.c).  A failing service that others follow in nsswitch.conf
 * (`group: sss files`) is not seen: there glibc says "not found".
 *
 * getgrouplist has no return value for it, but leaves in errno what the failing service set, whatever follows it.  So
 * rule_match.c asks it also about groups that were not found.  Only errors that a service in trouble gives are counted:
 * errno may also hold what a call that went well left there.
 */
const struct accounts *accounts_of_this_host(void);

#endif
