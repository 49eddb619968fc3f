/*
 * page_folder.c: the folders in which `open` leaves its page.
 *
 * SPDX-License-Identifier: MIT
 */
#include "page_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"

#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)
#define PRIVATE_MODE       ((mode_t) 0700)

/* Where folders are looked for, each an absolute path or "". */
struct places {
    char runtime[2][PATH_MAX]; /* $XDG_RUNTIME_DIR, and the one that pam_systemd makes (file-hierarchy(7)) */
    char users[PATH_MAX];
    char home[PATH_MAX];
};

static void __attribute__((format(printf, 2, 3))) put_path(char path[PATH_MAX], const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(path, PATH_MAX, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= PATH_MAX || path[0] != '/')
        path[0] = '\0';
}

static const char *
home_folder(void)
{
    const char *home = getenv("HOME");
    const struct passwd *account;

    if (home != NULL && home[0] == '/')
        return home;
    account = getpwuid(getuid());
    return account != NULL && account->pw_dir != NULL ? account->pw_dir : "";
}

static void
find_places(struct places *places)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    unsigned uid = (unsigned) getuid();

    put_path(places->runtime[0], "%s", runtime != NULL ? runtime : "");
    put_path(places->runtime[1], "/run/user/%u", uid);
    put_path(places->users, "%s/users", RUN_FOLDER);
    put_path(places->home, "%s", home_folder());
}

/* May somebody else than the user and root put things in here? */
static bool
is_safe(const struct stat *status, bool roots_too)
{
    return S_ISDIR(status->st_mode) && (status->st_uid == geteuid() || (roots_too && status->st_uid == 0)) &&
           (status->st_mode & WRITABLE_BY_OTHERS) == 0;
}

/* A folder and never what a symbolic link points at; -1 with errno when it is absent or not safe. */
static int
open_safe(int parent, const char *name, bool roots_too)
{
    AUTO_CLOSE int folder = descriptor_openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    struct stat status;

    if (folder < 0 || fstat(folder, &status) != 0)
        return -1;
    if (!is_safe(&status, roots_too)) {
        errno = EPERM;
        return -1;
    }
    return TAKE_FD(folder);
}

/* The folder above may be root's, as RUN_FOLDER/users is, and then the user can perhaps not list it. */
static int
open_above(const char *path)
{
    AUTO_CLOSE int folder = descriptor_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    struct stat status;

    if (folder < 0 || fstat(folder, &status) != 0)
        return -1;
    if (!is_safe(&status, true)) {
        errno = EPERM;
        return -1;
    }
    return TAKE_FD(folder);
}

/* Steps into a folder below the one that is open, making it when it is absent. */
static bool
step_into(struct page_folder *folder, const char *name)
{
    size_t length = strlen(folder->path);
    int next;

    if ((size_t) snprintf(folder->path + length, sizeof(folder->path) - length, "/%s", name) >=
        sizeof(folder->path) - length) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void) mkdirat(folder->fd, name, PRIVATE_MODE); /* that it is there is the usual case; the open tells all others */
    next = open_safe(folder->fd, name, false);
    close(folder->fd);
    folder->fd = next;
    return next >= 0;
}

/* Opens base, which must be there, and then one or two folders below it.  A failure is told by errno. */
static bool
open_below(struct page_folder *folder, const char *base, const char *first, const char *second)
{
    page_folder_close(folder);
    if (base[0] == '\0') {
        errno = ENOENT;
        return false;
    }
    folder->fd = open_above(base);
    put_path(folder->path, "%s", base);
    if (folder->fd >= 0 && step_into(folder, first) && (second == NULL || step_into(folder, second)))
        return true;
    int saved_errno = errno;
    page_folder_close(folder);
    errno = saved_errno;
    return false;
}

/* The last resort; ~/.cache may be a symbolic link to a faster disk. */
static bool
open_cache(struct page_folder *folder, const char *home)
{
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *real = NULL;

    if (home[0] == '\0' || asprintf(&path, "%s/.cache", home) < 0) {
        path = NULL;
        errno = ENOENT;
        return false;
    }
    (void) mkdir(path, PRIVATE_MODE); /* XDG Base Directory Specification: made 0700 by whoever needs it first */
    real = realpath(path, NULL);
    return real != NULL && open_below(folder, real, "sagemaker-studio", NULL);
}

bool
page_folder_open(struct page_folder *folder, struct failure *failure)
{
    char uid[16];
    struct places places = {0};

    find_places(&places);
    snprintf(uid, sizeof(uid), "%u", (unsigned) getuid());
    if (open_below(folder, places.runtime[0], "sagemaker-studio", NULL) ||
        open_below(folder, places.runtime[1], "sagemaker-studio", NULL) ||
        open_below(folder, places.users, uid, NULL) || open_cache(folder, places.home))
        return true;
    return failure_set(
        failure, "page-folder",
        "there is no folder of your own to leave a page for the browser in, neither a runtime folder nor "
        "%s/.cache (%m)",
        places.home);
}

/* Names of snaps and Flatpak applications, which come from files that anybody may have written. */
static bool
is_plain_name(const char *name)
{
    return name[0] != '\0' && name[0] != '.' &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+")] == '\0';
}

/* In the runtime folder, else below home, where the sandbox makes the folder on the application's first start. */
static bool
open_confined(struct page_folder *folder, const struct places *places, const struct user_browser *browser)
{
    bool snap = browser->confinement == BROWSER_SNAP;
    char snap_name[BROWSER_NAME_SIZE + sizeof("snap.")];
    char base[PATH_MAX];

    snprintf(snap_name, sizeof(snap_name), "snap.%s", browser->confined_name);
    for (size_t i = 0; i < sizeof(places->runtime) / sizeof(places->runtime[0]); i++) {
        if (snap ? open_below(folder, places->runtime[i], snap_name, NULL)
                 : open_below(folder, places->runtime[i], "app", browser->confined_name))
            return true;
    }
    put_path(base, "%s/%s/%s", places->home, snap ? "snap" : ".var/app", browser->confined_name);
    return open_below(folder, base, snap ? "common" : "cache", NULL);
}

bool
page_folder_open_for(const struct user_browser *browser, struct page_folder *folder, struct failure *failure)
{
    struct places places = {0};

    if (browser->confinement == BROWSER_FREE)
        return page_folder_open(folder, failure);
    find_places(&places);
    if (is_plain_name(browser->confined_name) && open_confined(folder, &places, browser))
        return true;
    return failure_set(failure, "page-folder",
                       "there is no folder in which %s, as the %s %s, could read a page: neither a runtime folder nor "
                       "one below your home folder (start it once, or choose another browser)",
                       browser->name, browser->confinement == BROWSER_SNAP ? "snap" : "Flatpak",
                       browser->confined_name);
}

void
page_folder_close(struct page_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    *folder = PAGE_FOLDER_NONE;
}
