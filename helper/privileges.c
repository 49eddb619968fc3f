/*
 * Giving up what the helper does not need.
 *
 * SPDX-License-Identifier: MIT
 */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "settings_environment.h"

void
process_keep_secrets(void)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef __SANITIZE_ADDRESS__ /* LeakSanitizer reads its own process with ptrace(2) */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* What may stay: systemd's socket activation and journal, the time zone, and where a container's credentials are. */
static const char *const kept_variables[] = {
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "JOURNAL_STREAM",
    "TZ",
    CONTAINER_RELATIVE_URI_VARIABLE,
    CONTAINER_FULL_URI_VARIABLE,
    CONTAINER_TOKEN_FILE_VARIABLE,
};

#define KEPT (sizeof(kept_variables) / sizeof(kept_variables[0]))

bool
environment_clean(struct failure *failure)
{
    char *values[KEPT] = {0};
    bool good = true;

    for (size_t i = 0; i < KEPT; i++) {
        const char *value = getenv(kept_variables[i]);

        values[i] = value != NULL ? strdup(value) : NULL;
    }
    if (clearenv() != 0)
        good = false;
    for (size_t i = 0; i < KEPT; i++) {
        if (values[i] != NULL && setenv(kept_variables[i], values[i], 1) != 0)
            good = false;
        free(values[i]);
    }
    if (setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) != 0)
        good = false;
    return good ? true : failure_set(failure, "memory", "the environment cannot be emptied: %s", strerror(errno));
}

bool
privileges_drop(const struct service_account *account, struct failure *failure)
{
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;

    if (geteuid() != 0)
        return true;
    if (setgroups(1, &account->gid) != 0 || setresgid(account->gid, account->gid, account->gid) != 0 ||
        setresuid(account->uid, account->uid, account->uid) != 0)
        return failure_set(failure, "privileges", "cannot become the account %s: %s", SERVICE_ACCOUNT, strerror(errno));
    if (getresuid(&ruid, &euid, &suid) != 0 || getresgid(&rgid, &egid, &sgid) != 0 || ruid != account->uid ||
        euid != account->uid || suid != account->uid || rgid != account->gid || egid != account->gid ||
        sgid != account->gid || setuid(0) == 0)
        return failure_set(failure, "privileges", "root's privileges did not go as %s was to be", SERVICE_ACCOUNT);
    process_keep_secrets(); /* a change of uid resets PR_SET_DUMPABLE */
    return true;
}
