/*
 * nss_stand_in.c: a directory service for tests, libnss_standin.so.2, to be named `standin` in nsswitch.conf(5).
 *
 * It serves users and groups from the files passwd and group in NSS_STAND_IN_FOLDER, as SSSD serves those of Active
 * Directory: names compare without regard to case, `CORP\name` and `name@corp` are spellings of `name`, what it
 * answers bears the name as the file has it, and groups come without their members (ignore_group_members of
 * sssd.conf(5)); membership is told by initgroups alone.  Users are listed (getpwent) only where there is a file
 * enumerate in the folder (enumerate of sssd.conf(5)).
 *
 * The file control, read at each call, makes it misbehave.  Each line is `CALL BEHAVIOUR WHERE`: CALL is getpwnam,
 * getpwuid, getpwent, getgrnam, getgrgid or initgroups; BEHAVIOUR is hang, tryagain, unavail or erange; WHERE is
 * `helper` (only in the helper and its workers, so that the login itself does not hang) or `everywhere`.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#ifndef NSS_STAND_IN_FOLDER
#define NSS_STAND_IN_FOLDER "/etc/nss-stand-in"
#endif
#define HELPER_NAME "sagemaker-studio-helper"
#define NAME_SIZE   256
#define EXPORTED    __attribute__((visibility("default")))

/* glibc finds these by name; no header declares them. */
enum nss_status _nss_standin_getpwnam_r(const char *name, struct passwd *entry, char *space, size_t size, int *error);
enum nss_status _nss_standin_getpwuid_r(uid_t uid, struct passwd *entry, char *space, size_t size, int *error);
enum nss_status _nss_standin_setpwent(int stay_open);
enum nss_status _nss_standin_getpwent_r(struct passwd *entry, char *space, size_t size, int *error);
enum nss_status _nss_standin_endpwent(void);
enum nss_status _nss_standin_getgrnam_r(const char *name, struct group *entry, char *space, size_t size, int *error);
enum nss_status _nss_standin_getgrgid_r(gid_t gid, struct group *entry, char *space, size_t size, int *error);
enum nss_status _nss_standin_initgroups_dyn(const char *name, gid_t skipped, long *count, long *room, gid_t **gids,
                                            long limit, int *error);

/* ---- misbehaviour ---------------------------------------------------------------------------------------------- */

/* By the name that the program was started by: the helper's worker processes give themselves names of their own. */
static bool
in_the_helper(void)
{
    return strncmp(program_invocation_short_name, HELPER_NAME, strlen(HELPER_NAME)) == 0;
}

/* The behaviour ordered for this call in this process; "" for none.  errno stays as it was: good services leave it
 * alone unless they fail, and helper/configuration/accounts.h tells why that counts. */
static void
behaviour_of(const char *call, char behaviour[NAME_SIZE])
{
    int kept = errno;
    char asked[NAME_SIZE], where[NAME_SIZE];
    bool found = false;
    FILE *control = fopen(NSS_STAND_IN_FOLDER "/control", "re");
    while (control && !found && fscanf(control, "%255s %255s %255s", asked, behaviour, where) == 3)
        found = strcmp(asked, call) == 0 && (strcmp(where, "everywhere") == 0 || in_the_helper());
    if (control)
        fclose(control);
    if (!found)
        behaviour[0] = '\0';
    errno = kept;
}

static bool
misbehaves(const char *call, enum nss_status *status, int *error)
{
    char behaviour[NAME_SIZE];
    behaviour_of(call, behaviour);
    while (strcmp(behaviour, "hang") == 0)
        pause();
    if (strcmp(behaviour, "tryagain") == 0) {
        *status = NSS_STATUS_TRYAGAIN;
        *error = EAGAIN;
    } else if (strcmp(behaviour, "unavail") == 0) {
        *status = NSS_STATUS_UNAVAIL;
        *error = ECONNREFUSED;
    } else if (strcmp(behaviour, "erange") == 0) {
        *status = NSS_STATUS_TRYAGAIN;
        *error = ERANGE;
    } else {
        return false;
    }
    errno = *error;
    return true;
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

/* The name without its domain, where that is ours; a name of another domain stays whole and so matches nobody. */
static void
strip_domain(const char *spelling, char name[NAME_SIZE])
{
    if (strncasecmp(spelling, "CORP\\", 5) == 0)
        spelling += 5;
    snprintf(name, NAME_SIZE, "%s", spelling);
    char *at = strrchr(name, '@');
    if (at && strcasecmp(at, "@corp") == 0)
        *at = '\0';
}

static bool
same_name(const char *spelling, const char *stored)
{
    char name[NAME_SIZE];
    strip_domain(spelling, name);
    return strcasecmp(name, stored) == 0;
}

/* ---- users ----------------------------------------------------------------------------------------------------- */

/* Find by name where that is not NULL, else by uid. */
static enum nss_status
find_user(const char *name, uid_t uid, struct passwd *entry, char *space, size_t size, int *error)
{
    struct passwd *found = NULL;
    FILE *file = fopen(NSS_STAND_IN_FOLDER "/passwd", "re");
    if (!file) {
        *error = errno;
        return NSS_STATUS_UNAVAIL;
    }
    do
        *error = fgetpwent_r(file, entry, space, size, &found);
    while (*error == 0 && (name ? !same_name(name, found->pw_name) : found->pw_uid != uid));
    fclose(file);
    if (*error == 0)
        return NSS_STATUS_SUCCESS;
    return *error == ERANGE ? NSS_STATUS_TRYAGAIN : NSS_STATUS_NOTFOUND;
}

EXPORTED enum nss_status
_nss_standin_getpwnam_r(const char *name, struct passwd *entry, char *space, size_t size, int *error)
{
    enum nss_status status;
    if (misbehaves("getpwnam", &status, error))
        return status;
    return find_user(name, 0, entry, space, size, error);
}

EXPORTED enum nss_status
_nss_standin_getpwuid_r(uid_t uid, struct passwd *entry, char *space, size_t size, int *error)
{
    enum nss_status status;
    if (misbehaves("getpwuid", &status, error))
        return status;
    return find_user(NULL, uid, entry, space, size, error);
}

static FILE *listed; /* what getpwent reads from */

EXPORTED enum nss_status
_nss_standin_endpwent(void)
{
    if (listed)
        fclose(listed);
    listed = NULL;
    return NSS_STATUS_SUCCESS;
}

EXPORTED enum nss_status
_nss_standin_setpwent(int stay_open)
{
    (void) stay_open;
    _nss_standin_endpwent();
    if (access(NSS_STAND_IN_FOLDER "/enumerate", F_OK) == 0)
        listed = fopen(NSS_STAND_IN_FOLDER "/passwd", "re");
    return NSS_STATUS_SUCCESS;
}

EXPORTED enum nss_status
_nss_standin_getpwent_r(struct passwd *entry, char *space, size_t size, int *error)
{
    struct passwd *found = NULL;
    enum nss_status status;
    if (misbehaves("getpwent", &status, error))
        return status;
    if (!listed || (*error = fgetpwent_r(listed, entry, space, size, &found)) == ENOENT)
        return NSS_STATUS_NOTFOUND;
    return *error == 0 ? NSS_STATUS_SUCCESS : NSS_STATUS_TRYAGAIN;
}

/* ---- groups ---------------------------------------------------------------------------------------------------- */

static enum nss_status
find_group(const char *name, gid_t gid, struct group *entry, char *space, size_t size, int *error)
{
    struct group *found = NULL;
    FILE *file = fopen(NSS_STAND_IN_FOLDER "/group", "re");
    if (!file) {
        *error = errno;
        return NSS_STATUS_UNAVAIL;
    }
    do
        *error = fgetgrent_r(file, entry, space, size, &found);
    while (*error == 0 && (name ? !same_name(name, found->gr_name) : found->gr_gid != gid));
    fclose(file);
    if (*error != 0)
        return *error == ERANGE ? NSS_STATUS_TRYAGAIN : NSS_STATUS_NOTFOUND;
    entry->gr_mem[0] = NULL;
    return NSS_STATUS_SUCCESS;
}

EXPORTED enum nss_status
_nss_standin_getgrnam_r(const char *name, struct group *entry, char *space, size_t size, int *error)
{
    enum nss_status status;
    if (misbehaves("getgrnam", &status, error))
        return status;
    return find_group(name, 0, entry, space, size, error);
}

EXPORTED enum nss_status
_nss_standin_getgrgid_r(gid_t gid, struct group *entry, char *space, size_t size, int *error)
{
    enum nss_status status;
    if (misbehaves("getgrgid", &status, error))
        return status;
    return find_group(NULL, gid, entry, space, size, error);
}

static bool
has_member(const struct group *group, const char *user)
{
    for (char **member = group->gr_mem; *member; member++) {
        if (same_name(user, *member))
            return true;
    }
    return false;
}

/* The caller's array grows by realloc, as nss_files does it. */
static bool
add_gid(gid_t gid, long *count, long *room, gid_t **gids, long limit)
{
    if (limit > 0 && *count >= limit)
        return true;
    if (*count >= *room) {
        long more = *room * 2 + 8;
        gid_t *grown = reallocarray(*gids, (size_t) more, sizeof *grown);
        if (!grown)
            return false;
        *gids = grown;
        *room = more;
    }
    (*gids)[(*count)++] = gid;
    return true;
}

EXPORTED enum nss_status
_nss_standin_initgroups_dyn(const char *name, gid_t skipped, long *count, long *room, gid_t **gids, long limit,
                            int *error)
{
    enum nss_status status = NSS_STATUS_NOTFOUND;
    int kept = errno;
    if (misbehaves("initgroups", &status, error))
        return status;
    struct group entry, *found = NULL;
    char space[4096];
    FILE *file = fopen(NSS_STAND_IN_FOLDER "/group", "re");
    if (!file) {
        *error = errno;
        return NSS_STATUS_UNAVAIL;
    }
    while (fgetgrent_r(file, &entry, space, sizeof space, &found) == 0) {
        if (entry.gr_gid == skipped || !has_member(&entry, name))
            continue;
        if (!add_gid(entry.gr_gid, count, room, gids, limit)) {
            fclose(file);
            *error = ENOMEM;
            return NSS_STATUS_TRYAGAIN;
        }
        status = NSS_STATUS_SUCCESS;
    }
    fclose(file);
    errno = kept;
    return status;
}
