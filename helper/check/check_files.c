/*
 * check_files.c: owners and modes of the files that the helper reads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "drop_ins.h"

#define STEP "files"

#define OF_OTHERS  (S_IROTH | S_IWOTH | S_IXOTH)
#define OF_GROUP   (S_IRGRP | S_IWGRP | S_IXGRP)
#define PERMISSION 07777

enum secrecy {
    OPEN_TO_ALL,    /* the map: who is who */
    FOR_THE_HELPER, /* the settings: external_id, names of roles */
    SECRET,         /* keys */
};

struct look {
    const struct service_account *account;
    struct check_report *report;
    size_t good;
};

/* An ordinary user is not told: that he cannot read the configuration, its own step says. */
static void
say_unreadable(const struct look *look, const char *path, const char *why)
{
    AUTO_FREE char *advice = NULL;

    if (look->account != NULL &&
        asprintf(&advice, "Run: `chgrp " SERVICE_ACCOUNT " %s && chmod 0640 %s`.", path, path) >= 0)
        check_report_say(look->report, CHECK_CRITICAL, STEP, advice, "The service account cannot read %s: %s.", path,
                         why);
}

/* May others than root, the owner and the service account read it? */
static bool
is_open_to_group(const struct look *look, const struct stat *status)
{
    return (status->st_mode & OF_GROUP) != 0 && status->st_gid != 0 &&
           status->st_gid != (look->account != NULL ? look->account->gid : getegid());
}

static void
say_open(const struct look *look, const char *path, const struct stat *status, enum secrecy secrecy)
{
    AUTO_FREE char *advice = NULL;
    bool to_others = (status->st_mode & OF_OTHERS) != 0;

    if (asprintf(&advice, "Run: `chgrp " SERVICE_ACCOUNT " %s && chmod 0640 %s`.", path, path) < 0)
        return;
    check_report_say(look->report, secrecy == SECRET ? CHECK_CRITICAL : CHECK_WARNING, STEP, advice,
                     "%s is open to %s (mode %04o, group %u)%s.", path, to_others ? "every user" : "its group",
                     status->st_mode & PERMISSION, (unsigned) status->st_gid,
                     secrecy == SECRET ? ": whoever reads it has the host's keys, and can make anybody's link" : "");
}

static void
look_at(struct look *look, const char *path, enum secrecy secrecy)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        if (errno != ENOENT)
            say_unreadable(look, path, strerror(errno));
        return;
    }

    bool is_open = secrecy != OPEN_TO_ALL && ((status.st_mode & OF_OTHERS) != 0 || is_open_to_group(look, &status));
    bool is_readable = faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0;

    if (!is_readable)
        say_unreadable(look, path, strerror(errno));
    if (is_open)
        say_open(look, path, &status, secrecy);
    look->good += is_readable && !is_open;
}

static void
look_in(struct look *look, const char *folder, const char *name, enum secrecy secrecy)
{
    AUTO_FREE char *path = NULL;

    if (asprintf(&path, "%s/%s", folder, name) >= 0)
        look_at(look, path, secrecy);
}

/* A folder that cannot be trusted or read is the configuration's trouble, and told of there. */
static void
look_at_drop_ins(struct look *look, const struct service_options *options, const char *subfolder, const char *suffix,
                 enum secrecy secrecy)
{
    struct drop_ins list = {0};

    if (drop_ins_add(&list, options->config_folder, subfolder, suffix, options->also_owner, NULL))
        for (size_t i = 0; i < list.count; i++) {
            AUTO_FREE char *name = NULL;

            if (asprintf(&name, "%s/%s", subfolder, list.items[i].name) >= 0)
                look_in(look, options->config_folder, name, secrecy);
        }
    drop_ins_free(&list);
}

/* Only what the settings make use of: a file of another source may be meant for somebody else. */
static void
look_at_secrets(struct look *look, const struct credentials_settings *settings)
{
    bool automatic = settings->source == CREDENTIALS_AUTO;

    if ((automatic || settings->source == CREDENTIALS_FILE) && settings->shared_credentials_file != NULL)
        look_at(look, settings->shared_credentials_file, SECRET);
    if ((automatic || settings->source == CREDENTIALS_CONTAINER) &&
        settings->container_authorization_token_file != NULL)
        look_at(look, settings->container_authorization_token_file, SECRET);
}

/* Without the folder, nothing is to be said of what is in it. */
static bool
can_enter(const struct look *look, const char *folder)
{
    AUTO_FREE char *advice = NULL;

    if (look->account == NULL || faccessat(AT_FDCWD, folder, R_OK | X_OK, AT_EACCESS) == 0 || errno != EACCES)
        return true;
    if (asprintf(&advice, "Run: `chmod 0755 %s`. The files in it may be for root and the service account alone.",
                 folder) >= 0)
        check_report_say(look->report, CHECK_CRITICAL, STEP, advice,
                         "The service account cannot look into the folder %s: Permission denied.", folder);
    return false;
}

void
check_files(const struct service_options *options, const struct settings *settings,
            const struct service_account *account, struct check_report *report)
{
    struct look look = {.account = account, .report = report};

    if (!can_enter(&look, options->config_folder))
        return;
    look_in(&look, options->config_folder, "studio.conf", FOR_THE_HELPER);
    look_at_drop_ins(&look, options, "studio.conf.d", ".conf", FOR_THE_HELPER);
    look_in(&look, options->config_folder, "users.map", OPEN_TO_ALL);
    look_at_drop_ins(&look, options, "users.map.d", ".map", OPEN_TO_ALL);
    if (settings != NULL)
        look_at_secrets(&look, &settings->credentials);
    if (look.good > 0)
        check_report_say(report, CHECK_GOOD, STEP, NULL,
                         "Files that the helper can read, and nobody who should not: %zu.", look.good);
}
