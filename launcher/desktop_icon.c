/*
 * desktop_icon.c: placing the icon, remembering that it was placed, and telling desktops: GNOME to trust it, all that
 * it is there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "desktop_icon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "deadline.h"
#include "descriptor.h"
#include "desktop_folder.h"
#include "subprogram.h"

#define ICON_NAME "sagemaker-studio.desktop"
#define MARK_NAME "icon-placed"

/* The link that is to replace the icon, beside the mark. */
#define SPARE_SUFFIX "-anew"

/* What each link of ours ends in, whatever prefix the entry was installed below. */
#define ENTRY_TAIL "/applications/" ICON_NAME

/* gio(1) speaks with gvfsd-metadata over the session bus, which may never answer. */
#define TRUST_WITHIN_MS 5000
#define LOOK_EVERY_MS   20

/* What lies under the icon's name. */
enum icon_state {
    ICON_ABSENT,
    ICON_RIGHT,     /* ours, and leads to the entry */
    ICON_MISLED,    /* ours, and leads elsewhere */
    ICON_SOMETHING, /* not ours */
};

static enum icon_state
look_at_icon(int folder)
{
    char target[PATH_MAX];
    size_t tail = sizeof(ENTRY_TAIL) - 1;
    ssize_t length = readlinkat(folder, ICON_NAME, target, sizeof(target) - 1);

    if (length < 0)
        return errno == ENOENT ? ICON_ABSENT : ICON_SOMETHING;
    target[length] = '\0';
    if (strcmp(target, DESKTOP_ENTRY) == 0)
        return ICON_RIGHT;
    return (size_t) length > tail && strcmp(target + length - tail, ENTRY_TAIL) == 0 ? ICON_MISLED : ICON_SOMETHING;
}

static bool
cannot_place(const char *path, struct failure *failure)
{
    return failure_set(failure, "desktop-icon", "the icon cannot be put into %s: %m", path);
}

/* Another login of the same user may be faster. */
static bool
link_icon(int folder, const char *folder_path, struct failure *failure)
{
    if (symlinkat(DESKTOP_ENTRY, folder, ICON_NAME) == 0 || errno == EEXIST)
        return true;
    return cannot_place(folder_path, failure);
}

static bool
relink_icon(int folder, const char *folder_path, struct failure *failure)
{
    if (unlinkat(folder, ICON_NAME, 0) == 0 || errno == ENOENT)
        return link_icon(folder, folder_path, failure);
    return cannot_place(folder_path, failure);
}

/* The bus's address comes from the session, or is where systemd's user manager puts it (sd_bus_default_user(3)). */
static bool
session_bus_is_there(void)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    AUTO_FREE char *path = NULL;

    if (getenv("DBUS_SESSION_BUS_ADDRESS") != NULL)
        return true;
    if (runtime == NULL || asprintf(&path, "%s/bus", runtime) < 0) {
        path = NULL;
        return false;
    }
    return access(path, W_OK) == 0;
}

static void
reap_within(pid_t pid, struct deadline deadline)
{
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (deadline_passed(deadline)) {
            (void) kill(pid, SIGKILL);
            (void) waitpid(pid, NULL, 0);
            return;
        }
        (void) poll(NULL, 0, LOOK_EVERY_MS);
    }
}

/*
 * GNOME's desktop icons start an entry only when this is set on the icon, and when the entry is executable (hence its
 * mode).  Other desktops do not look at it, and without gvfs it cannot be set: so whether it works does not matter.
 */
static void
let_gnome_trust(const char *folder_path)
{
    AUTO_FREE char *gio = session_bus_is_there() ? subprogram_find("gio") : NULL;
    AUTO_FREE char *icon = NULL;
    pid_t pid;

    if (gio == NULL || asprintf(&icon, "%s/" ICON_NAME, folder_path) < 0) {
        icon = NULL;
        return;
    }
    pid = fork();
    if (pid == 0) {
        char *const arguments[] = {"gio", "set", "-t", "string", icon, "metadata::trusted", "true", NULL};
        subprogram_prepare(false);
        execv(gio, arguments);
        _exit(EXIT_FAILURE);
    }
    if (pid > 0)
        reap_within(pid, deadline_in_ms(TRUST_WITHIN_MS));
}

/* The file whose being there says that the icon was placed once; a heap string, NULL with the failure. */
static char *
mark_path(struct failure *failure)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    int length = -1;

    if (state != NULL && state[0] == '/')
        length = asprintf(&path, "%s/sagemaker-studio/" MARK_NAME, state);
    else if (home != NULL && home[0] == '/')
        length = asprintf(&path, "%s/.local/state/sagemaker-studio/" MARK_NAME, home);
    if (length >= 0)
        return path;
    failure_set(failure, "desktop-icon", "HOME is not set to the path of the home folder");
    return NULL;
}

/* Each folder above the file, private where it is missing, as the XDG Base Directory Specification has it. */
static void
make_folders_above(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void) mkdir(path, S_IRWXU);
        *slash = '/';
    }
}

static bool
remember(char *mark, struct failure *failure)
{
    AUTO_CLOSE int file = -1;

    make_folders_above(mark);
    file = descriptor_openat(AT_FDCWD, mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
    if (file >= 0)
        return true;
    return failure_set(failure, "desktop-icon", "that the icon was placed cannot be remembered in %s: %m", mark);
}

static bool
place_first(int folder, const char *folder_path, bool *is_new, struct failure *failure)
{
    if (!link_icon(folder, folder_path, failure))
        return false;
    *is_new = true;
    let_gnome_trust(folder_path);
    return true;
}

static bool
mend(int folder, const char *folder_path, bool *is_new, struct failure *failure)
{
    *is_new = relink_icon(folder, folder_path, failure);
    return *is_new;
}

/* A file of the user's own under this name is left alone, and is no icon: nothing is remembered then. */
static bool
place_new(char *mark, bool *is_new, struct failure *failure)
{
    AUTO_FREE char *path = NULL;
    AUTO_CLOSE int folder = desktop_folder_open(true, &path, failure);
    enum icon_state state;

    if (folder < 0)
        return strcmp(failure->code, DESKTOP_FOLDER_UNWANTED) == 0;
    state = look_at_icon(folder);
    if (state == ICON_SOMETHING)
        return true;
    if (state == ICON_ABSENT && !place_first(folder, path, is_new, failure))
        return false;
    if (state == ICON_MISLED && !mend(folder, path, is_new, failure))
        return false;
    return remember(mark, failure);
}

static bool
mend_placed(bool *is_new, struct failure *failure)
{
    AUTO_FREE char *path = NULL;
    AUTO_CLOSE int folder = desktop_folder_open(false, &path, NULL);

    if (folder < 0 || look_at_icon(folder) != ICON_MISLED)
        return true;
    return mend(folder, path, is_new, failure);
}

bool
desktop_icon_place(bool *is_new, struct failure *failure)
{
    AUTO_FREE char *mark = mark_path(failure);

    *is_new = false;
    if (mark == NULL)
        return false;
    return access(mark, F_OK) == 0 ? mend_placed(is_new, failure) : place_new(mark, is_new, failure);
}

/*
 * The new link comes out of the state folder.  Made in the desktop folder and renamed there, xfdesktop would take it
 * for a file that the user renames, and put it on the first place of its grid, whatever is there already.  Folders on
 * different file systems leave the icon as it is.
 */
static void
replace_icon(int folder, const char *spare)
{
    (void) unlink(spare); /* of an earlier attempt that was interrupted */
    if (symlink(DESKTOP_ENTRY, spare) != 0)
        return;
    if (look_at_icon(folder) != ICON_RIGHT || renameat(AT_FDCWD, spare, folder, ICON_NAME) != 0)
        (void) unlink(spare);
}

static char *
spare_path(void)
{
    struct failure failure;
    AUTO_FREE char *mark = mark_path(&failure);
    char *path;

    return mark != NULL && asprintf(&path, "%s" SPARE_SUFFIX, mark) >= 0 ? path : NULL;
}

void
desktop_icon_announce(void)
{
    AUTO_FREE char *spare = spare_path();
    AUTO_FREE char *folder_path = NULL;
    AUTO_CLOSE int folder = desktop_folder_open(false, &folder_path, NULL);

    if (spare != NULL && folder >= 0)
        replace_icon(folder, spare);
}

static bool
restore_in(int folder, const char *folder_path, struct failure *failure)
{
    switch (look_at_icon(folder)) {
    case ICON_SOMETHING:
        return failure_set(failure, "desktop-icon",
                           "%s/" ICON_NAME " is there and is not this icon; move it away first", folder_path);
    case ICON_MISLED:
        if (!relink_icon(folder, folder_path, failure))
            return false;
        break;
    case ICON_ABSENT:
        if (!link_icon(folder, folder_path, failure))
            return false;
        break;
    case ICON_RIGHT:
        break;
    }
    let_gnome_trust(folder_path);
    return true;
}

static bool
restore_and_remember(char *mark, char **path, struct failure *failure)
{
    AUTO_FREE char *folder_path = NULL;
    AUTO_CLOSE int folder = desktop_folder_open(true, &folder_path, failure);

    if (folder < 0 || !restore_in(folder, folder_path, failure) || !remember(mark, failure))
        return false;
    if (asprintf(path, "%s/" ICON_NAME, folder_path) >= 0)
        return true;
    *path = NULL;
    return failure_set(failure, "desktop-icon", "there is not enough memory");
}

bool
desktop_icon_restore(char **path, struct failure *failure)
{
    AUTO_FREE char *mark = mark_path(failure);

    *path = NULL;
    return mark != NULL && restore_and_remember(mark, path, failure);
}
