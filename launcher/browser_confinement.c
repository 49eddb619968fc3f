/*
 * browser_confinement.c: does a command start a snap or a Flatpak application?
 *
 * SPDX-License-Identifier: MIT
 */
#include "browser_confinement.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "browser_command.h"
#include "buffer.h"
#include "cleanup.h"
#include "descriptor.h"
#include "xdg_folders.h"

#define LINKS_MAX      16
#define SCRIPT_LIMIT   16384
#define SCRIPT_COMMAND "exec /snap/bin/"
#define EXPORTS        "/flatpak/exports/bin"

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define SNAP_CHARACTERS    LETTERS_AND_DIGITS "-_"
#define FLATPAK_CHARACTERS LETTERS_AND_DIGITS "-_."

bool
browser_confine(struct user_browser *browser, enum browser_confinement confinement, const char *name)
{
    const char *characters = confinement == BROWSER_SNAP ? SNAP_CHARACTERS : FLATPAK_CHARACTERS;
    size_t length = strspn(name, characters);

    if (length == 0 || length >= BROWSER_NAME_SIZE || name[length] != '\0' || name[0] == '.' || name[0] == '-')
        return false;
    browser->confinement = confinement;
    memcpy(browser->confined_name, name, length + 1);
    return true;
}

/* SNAP or SNAP.APP, as the programs in /snap/bin are called. */
static bool
confine_to_snap(struct user_browser *browser, const char *command)
{
    char name[BROWSER_NAME_SIZE];
    int length = snprintf(name, sizeof(name), "%.*s", (int) strcspn(command, "."), command);

    return length > 0 && (size_t) length < sizeof(name) && browser_confine(browser, BROWSER_SNAP, name);
}

/* APP, or APP//BRANCH.  Every application's ID has a dot. */
static bool
confine_to_flatpak(struct user_browser *browser, const char *reference)
{
    char name[BROWSER_NAME_SIZE];
    int length = snprintf(name, sizeof(name), "%.*s", (int) strcspn(reference, "/"), reference);

    return length > 0 && (size_t) length < sizeof(name) && strchr(name, '.') != NULL &&
           browser_confine(browser, BROWSER_FLATPAK, name);
}

/* `snap run [options] NAME` and `flatpak run [options] NAME`. */
static bool
confine_by_run(struct user_browser *browser, char *const *words)
{
    bool is_flatpak = strcmp(program_name(words[0]), "flatpak") == 0;
    char *const *word = words + 1;

    if (!is_flatpak && strcmp(program_name(words[0]), "snap") != 0)
        return false;
    while (*word != NULL && strcmp(*word, "run") != 0)
        word++;
    if (*word == NULL)
        return false;
    for (word++; *word != NULL; word++) {
        if ((*word)[0] == '-')
            continue;
        if (is_flatpak ? confine_to_flatpak(browser, *word) : confine_to_snap(browser, *word))
            return true;
    }
    return false;
}

static bool
folder_ends_with(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    size_t length = strlen(folder);

    return slash != NULL && (size_t) (slash - path) >= length && memcmp(slash - length, folder, length) == 0;
}

/* In /snap/bin, which on some distributions is /var/lib/snapd/snap/bin? */
static bool
is_in_snap_folder(const char *path)
{
    return strncmp(path, "/snap/bin/", strlen("/snap/bin/")) == 0 ||
           strncmp(path, "/var/lib/snapd/snap/bin/", strlen("/var/lib/snapd/snap/bin/")) == 0;
}

/* Where a link leads, as a heap path; NULL when it is no link. */
static char *
follow(const char *path)
{
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    AUTO_FREE char *folder = NULL;

    if (length <= 0 || (size_t) length >= sizeof(target) - 1)
        return NULL;
    target[length] = '\0';
    if (target[0] == '/')
        return text_copy(target, (size_t) length);
    folder = text_copy(path, (size_t) (program_name(path) - path));
    return folder != NULL ? xdg_path(folder, target) : NULL;
}

/*
 * The programs in /snap/bin are links to the program snap, which goes by the name that it was called by; an alias of
 * one is a link to SNAP.APP beside it.
 */
static bool
confine_by_link(struct user_browser *browser, const char *path, const char *target)
{
    if (target != NULL && is_in_snap_folder(path) && is_in_snap_folder(target))
        return confine_to_snap(browser, program_name(target));
    if (is_in_snap_folder(path))
        return confine_to_snap(browser, program_name(path));
    if (folder_ends_with(path, EXPORTS))
        return confine_to_flatpak(browser, program_name(path));
    return target != NULL && strcmp(program_name(target), "snap") == 0 && confine_to_snap(browser, program_name(path));
}

/* The beginning of a script; false for any other program. */
static bool
read_script(const char *path, struct buffer *text)
{
    AUTO_CLOSE int file = descriptor_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    struct stat status;

    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    (void) descriptor_read_all(file, text); /* a longer one is cut */
    return text->length > 2 && memcmp(text->data, "#!", 2) == 0;
}

/* The path of the snap's program that a script ends in. */
static bool
find_snap_in_script(const char *path, char snap[BROWSER_NAME_SIZE])
{
    AUTO_BUFFER struct buffer text = BUFFER(SCRIPT_LIMIT);
    const char *command;
    int length;

    if (!read_script(path, &text))
        return false;
    command = strstr(text.data, SCRIPT_COMMAND);
    if (command == NULL)
        return false;
    command += strlen("exec ");
    length = snprintf(snap, BROWSER_NAME_SIZE, "%.*s", (int) strspn(command, SNAP_CHARACTERS "./"), command);
    return length > 0 && length < BROWSER_NAME_SIZE;
}

/* Along the links, from the program's own path on. */
static bool
confine_by_path(struct user_browser *browser, const char *program)
{
    AUTO_FREE char *path = text_copy(program, strlen(program));
    char snap[BROWSER_NAME_SIZE];

    for (unsigned links = 0; path != NULL && links < LINKS_MAX; links++) {
        AUTO_FREE char *target = follow(path);

        if (confine_by_link(browser, path, target))
            return true;
        if (target == NULL)
            break;
        free(path);
        path = TAKE_POINTER(target);
    }
    return find_snap_in_script(program, snap) && confine_to_snap(browser, program_name(snap));
}

void
browser_confine_by_command(struct user_browser *browser, const char *program, char *const *words)
{
    char *const *command = command_behind_env(words);
    AUTO_FREE char *behind_env = command != words && *command != NULL ? browser_program_find(*command) : NULL;

    if (*command != NULL && !confine_by_run(browser, command))
        (void) confine_by_path(browser, behind_env != NULL ? behind_env : program);
}

bool
snap_is_missing(const char *program)
{
    char snap[BROWSER_NAME_SIZE];

    return find_snap_in_script(program, snap) && access(snap, X_OK) != 0;
}
