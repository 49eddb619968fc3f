/*
 * accounts.c: asking the name service switch, with buffers that grow to a bound.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accounts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "message.h"

#define ENTRY_LIMIT  ((size_t) 1024 * 1024) /* bytes of one passwd or group entry, its members included */
#define GROUPS_LIMIT 65536                  /* NGROUPS_MAX */

static bool
directory_failure(struct failure *failure, const char *what, const char *of, int error)
{
    return failure_set(failure, "directory",
                       "the directory could not be asked for %s '%s': %s; check the services that nsswitch.conf names "
                       "(SSSD, winbind, LDAP)",
                       what, of, strerror(error));
}

/* One call of getpwuid_r or its like: 0 and whether it was found, or an error number. */
typedef int entry_call(const void *key, char *buffer, size_t size, void *entry, bool *found);

/* Call with a growing buffer, which the entry then points into, until it fits or is too large. */
static int
ask(entry_call *call, const void *key, void *entry, struct buffer *buffer, bool *found)
{
    for (size_t size = 4096; size <= ENTRY_LIMIT; size *= 4) {
        if (!buffer_reserve(buffer, size))
            return ENOMEM;
        int error = call(key, buffer->data, size, entry, found);
        while (error == EINTR)
            error = call(key, buffer->data, size, entry, found);
        if (error != ERANGE)
            return error;
    }
    return EOVERFLOW;
}

static int
call_getpwuid(const void *key, char *buffer, size_t size, void *entry, bool *found)
{
    struct passwd *result = NULL;
    int error = getpwuid_r(*(const uid_t *) key, entry, buffer, size, &result);
    *found = result != NULL;
    return error;
}

static int
call_getpwnam(const void *key, char *buffer, size_t size, void *entry, bool *found)
{
    struct passwd *result = NULL;
    int error = getpwnam_r(key, entry, buffer, size, &result);
    *found = result != NULL;
    return error;
}

static int
call_getgrnam(const void *key, char *buffer, size_t size, void *entry, bool *found)
{
    struct group *result = NULL;
    int error = getgrnam_r(key, entry, buffer, size, &result);
    *found = result != NULL;
    return error;
}

static enum account_answer
account_from(const struct passwd *entry, struct account *account, struct failure *failure)
{
    size_t length = strlen(entry->pw_name);
    if (length == 0 || length > ACCOUNT_NAME_LIMIT || !text_is_printable(entry->pw_name, length)) {
        failure_set(failure, "account",
                    "the account of uid %u has a name that cannot be used, expected 1 to %d bytes of printable UTF-8",
                    entry->pw_uid, ACCOUNT_NAME_LIMIT);
        return ACCOUNT_UNKNOWN;
    }
    memcpy(account->name, entry->pw_name, length + 1);
    account->uid = entry->pw_uid;
    account->gid = entry->pw_gid;
    return ACCOUNT_FOUND;
}

static enum account_answer
find_account(entry_call *call, const void *key, const char *shown, struct account *account, struct failure *failure)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(ENTRY_LIMIT);
    struct passwd entry;
    bool found = false;
    int error = ask(call, key, &entry, &buffer, &found);
    if (found)
        return account_from(&entry, account, failure);
    if (error == 0)
        return ACCOUNT_ABSENT;
    directory_failure(failure, "account", shown, error);
    return ACCOUNT_UNKNOWN;
}

static enum account_answer
account_by_uid(uid_t uid, struct account *account, struct failure *failure)
{
    char shown[16];
    snprintf(shown, sizeof shown, "%u", uid);
    return find_account(call_getpwuid, &uid, shown, account, failure);
}

static enum account_answer
account_by_name(const char *name, struct account *account, struct failure *failure)
{
    return find_account(call_getpwnam, name, name, account, failure);
}

static enum account_answer
group_by_name(const char *name, gid_t *gid, struct failure *failure)
{
    AUTO_BUFFER struct buffer buffer = BUFFER(ENTRY_LIMIT);
    struct group entry;
    bool found = false;
    int error = ask(call_getgrnam, name, &entry, &buffer, &found);
    if (found) {
        *gid = entry.gr_gid;
        return ACCOUNT_FOUND;
    }
    if (error == 0)
        return ACCOUNT_ABSENT;
    directory_failure(failure, "group", name, error);
    return ACCOUNT_UNKNOWN;
}

/*
 * Did a service fail, or does errno hold what some successful call left there?  ENOENT is the latter too often to
 * count: glibc itself leaves it each time that it looks for nscd, and a service that opens a file which need not exist
 * does too.
 */
static bool
error_is_outage(int error)
{
    static const int outages[] = {EAGAIN,   ETIMEDOUT,   ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE,
                                  EIO,      ENETDOWN,    ENETUNREACH,  EHOSTDOWN,  EHOSTUNREACH, EPROTO,
                                  ENOTCONN, EINPROGRESS, ENOMEM,       EMFILE,     ENFILE,       ERANGE};

    for (size_t i = 0; i < sizeof(outages) / sizeof(outages[0]); i++)
        if (error == outages[i])
            return true;
    return false;
}

/* One getgrouplist into a list of this size: how many groups, or -1 with the error (ERANGE: the list is too short). */
static int
list_groups(const struct account *account, gid_t *list, int size, int *error)
{
    int length = size;
    errno = 0;
    int result = getgrouplist(account->name, account->gid, list, &length);
    *error = errno;
    if (result < 0)
        *error = length > size ? ERANGE : ENOMEM;
    else if (error_is_outage(*error))
        result = -1;
    return result;
}

static bool
groups_of(const struct account *account, gid_t **groups, size_t *count, struct failure *failure)
{
    int error = ENOMEM;
    for (int size = 64; size <= GROUPS_LIMIT; size *= 4) {
        gid_t *list = calloc((size_t) size, sizeof *list);
        int length = list != NULL ? list_groups(account, list, size, &error) : -1;
        if (length >= 0) {
            *groups = list;
            *count = (size_t) length;
            return true;
        }
        free(list);
        if (list == NULL || error != ERANGE)
            break;
    }
    return directory_failure(failure, "the groups of", account->name, error);
}

const struct accounts *
accounts_of_this_host(void)
{
    static const struct accounts host = {account_by_uid, account_by_name, group_by_name, groups_of};
    return &host;
}
