/*
 * subprogram.c: starting other people's programs from the launcher.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subprogram.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

/* Where the C library's headers are older than the kernel. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* A bound that sessions do not come near. */
#define DESCRIPTORS_MAX 65536

static struct {
    bool known;
    mode_t umask;
    struct rlimit core;
} remembered;

void
subprogram_remember_process(void)
{
    remembered.umask = umask(S_IRWXG | S_IRWXO);
    (void) umask(remembered.umask);
    remembered.known = getrlimit(RLIMIT_CORE, &remembered.core) == 0;
}

static void
restore_process(void)
{
    if (!remembered.known)
        return;
    (void) umask(remembered.umask);
    (void) setrlimit(RLIMIT_CORE, &remembered.core);
}

/* An ignored signal stays ignored across exec, and so does the mask (signal(7)). */
static void
restore_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        (void) signal(number, SIG_DFL);
    sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* close_range(2) came with Linux 5.9. */
void
subprogram_drop_descriptors(void)
{
    if (syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0) == 0)
        return;
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS_MAX; fd++)
        (void) close(fd);
}

void
subprogram_prepare(bool keep_output)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);

    restore_signals();
    restore_process();
    (void) setsid();
    for (int fd = STDIN_FILENO; fd <= (keep_output ? STDIN_FILENO : STDERR_FILENO); fd++) {
        if (null < 0 || dup2(null, fd) < 0)
            (void) close(fd);
    }
    if (null > STDERR_FILENO)
        (void) close(null);
    else if (null >= 0)
        (void) fcntl(null, F_SETFD, 0); /* it is one of the three itself; dup2(2) onto itself changes nothing */
    subprogram_drop_descriptors();
}

static bool
is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* The program in a folder of PATH.  Folders that are not absolute would depend on where the user happens to be. */
static char *
find_in_folder(const char *folder, size_t length, const char *name)
{
    AUTO_FREE char *path = NULL;

    if (folder[0] != '/' || length > PATH_MAX)
        return NULL;
    if (asprintf(&path, "%.*s/%s", (int) length, folder, name) < 0) {
        path = NULL;
        return NULL;
    }
    return is_program(path) ? TAKE_POINTER(path) : NULL;
}

char *
subprogram_find(const char *name)
{
    const char *folders = getenv("PATH");
    char *found = NULL;

    if (name[0] == '\0')
        return NULL;
    if (strchr(name, '/') != NULL)
        return is_program(name) ? strdup(name) : NULL;
    if (folders == NULL)
        folders = DEFAULT_PATH;
    while (found == NULL && folders[0] != '\0') {
        size_t length = strcspn(folders, ":");
        found = find_in_folder(folders, length, name);
        folders += length + (folders[length] == ':');
    }
    return found;
}
