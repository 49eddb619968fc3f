/*
 * service_account.c: looking up the account that the helper runs as.
 *
 * SPDX-License-Identifier: MIT
 */
#include "service_account.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>

#include "buffer.h"

#define FIRST_ROOM    1024
#define GREATEST_ROOM ((size_t) 1 << 20)

/* getpwnam_r(3) with room that grows while it says ERANGE.  Returns 0 or an errno; found tells whether there is one. */
static int
look_up(const char *name, struct service_account *account, bool *found)
{
    for (size_t room = FIRST_ROOM; room <= GREATEST_ROOM; room *= 4) {
        AUTO_BUFFER struct buffer memory = BUFFER(GREATEST_ROOM);
        struct passwd entry;
        struct passwd *result = NULL;
        if (!buffer_reserve(&memory, room))
            return ENOMEM;
        int error = getpwnam_r(name, &entry, memory.data, room, &result);
        if (error == ERANGE)
            continue;
        *found = result != NULL;
        if (result != NULL)
            *account = (struct service_account){.uid = result->pw_uid, .gid = result->pw_gid};
        return result != NULL ? 0 : error;
    }
    return ERANGE;
}

/* getpwnam(3) lists the errors that mean no more than "there is no such account". */
static bool
means_not_found(int error)
{
    return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

bool
service_account_find(struct service_account *account, struct failure *failure)
{
    struct service_account looked_up = {0};
    bool found = false;
    int error = look_up(SERVICE_ACCOUNT, &looked_up, &found);

    if (!found && !means_not_found(error)) {
        errno = error;
        return failure_set(failure, "service-account", "the account %s cannot be looked up: %m", SERVICE_ACCOUNT);
    }
    if (!found)
        return failure_set(failure, "service-account",
                           "there is no account %s for the helper to run as; install the package again, or make it "
                           "with systemd-sysusers",
                           SERVICE_ACCOUNT);
    if (looked_up.uid == 0 || looked_up.gid == 0)
        return failure_set(failure, "service-account",
                           "the account %s has uid %u and gid %u; it must be neither root nor in root's group",
                           SERVICE_ACCOUNT, (unsigned) looked_up.uid, (unsigned) looked_up.gid);
    *account = looked_up;
    return true;
}
