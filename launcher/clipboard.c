/*
 * clipboard.c: putting a secret text on the user's clipboard, by way of the program that keeps it there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "clipboard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "deadline.h"
#include "descriptor.h"
#include "subprogram.h"
#include "subprogram_input.h"

/* Where the C library's headers are older than the kernel. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* All of them go into the background once they have the text; one that stays in front has it too by then. */
#define TAKEN_WITHIN_MS 3000

#define LOOK_AGAIN_MS 5

/* With --type, wl-copy need not write the text to a file for xdg-mime(1) to find out what it is. */
static clipboard_command WAYLAND_COMMANDS[] = {{"wl-copy", "--type", "text/plain;charset=utf-8", NULL}};
static clipboard_command X_COMMANDS[] = {{"xclip", "-selection", "clipboard", NULL},
                                         {"xsel", "--input", "--clipboard", NULL}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

static bool
find_among(clipboard_command *commands, size_t count, struct clipboard *clipboard)
{
    for (size_t i = 0; i < count && clipboard->program == NULL; i++) {
        clipboard->command = &commands[i];
        clipboard->program = subprogram_find(commands[i][0]);
    }
    return clipboard->program != NULL;
}

bool
clipboard_find(struct clipboard *clipboard, struct failure *failure)
{
    bool wayland = is_set("WAYLAND_DISPLAY");
    bool x = is_set("DISPLAY");

    clipboard_free(clipboard);
    if (wayland && find_among(WAYLAND_COMMANDS, COUNT(WAYLAND_COMMANDS), clipboard))
        return true;
    if (x && find_among(X_COMMANDS, COUNT(X_COMMANDS), clipboard)) /* under Wayland, XWayland hands it on */
        return true;
    if (!wayland && !x)
        return failure_set(failure, "no-display",
                           "There is no graphical display here, and so no clipboard. `sagemaker-studio url` prints the "
                           "link.");
    return failure_set(
        failure, "no-clipboard",
        "There is no program here that puts text on the clipboard. Ask your administrator to install the "
        "package %s, or print the link with `sagemaker-studio url`.",
        wayland ? "wl-clipboard" : "xclip");
}

/* Linux refuses or reports files in memory that could be executed (vm.memfd_noexec); before 6.3 it knows no others. */
static int
make_memory_file(void)
{
    int file = (int) syscall(SYS_memfd_create, "clipboard", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

    if (file < 0 && errno == EINVAL)
        file = (int) syscall(SYS_memfd_create, "clipboard", MFD_CLOEXEC);
    return descriptor_lift(file);
}

/* A file in memory takes the whole text at once, whether somebody reads it or not; a pipe may do neither. */
static int
file_with(const char *text)
{
    AUTO_CLOSE int file = make_memory_file();

    if (file < 0 || !descriptor_write_all(file, text, strlen(text)) || lseek(file, 0, SEEK_SET) != 0)
        return -1;
    return TAKE_FD(file);
}

static pid_t
start(const struct clipboard *clipboard, int input)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    subprogram_prepare_with_input(input);
    (void) execv(clipboard->program, (char *const *) (uintptr_t) *clipboard->command);
    _exit(EXIT_FAILURE);
}

/* False when it has ended within that time, and not well. */
static bool
has_taken(pid_t child)
{
    struct deadline deadline = deadline_in_ms(TAKEN_WITHIN_MS);
    int status = 0;

    while (!deadline_passed(deadline)) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child)
            return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
        if (ended < 0 && errno != EINTR)
            return false;
        (void) poll(NULL, 0, LOOK_AGAIN_MS);
    }
    return true;
}

bool
clipboard_copy(const struct clipboard *clipboard, const char *text, struct failure *failure)
{
    AUTO_CLOSE int input = file_with(text);
    pid_t child;

    if (input < 0)
        return failure_set(failure, "clipboard", "The link cannot be handed to %s: %m.", clipboard->program);
    child = start(clipboard, input);
    if (child < 0)
        return failure_set(failure, "clipboard", "%s cannot be started: %m.", clipboard->program);
    if (!has_taken(child))
        return failure_set(failure, "clipboard",
                           "%s could not put the link on the clipboard. Print it with `sagemaker-studio url`.",
                           clipboard->program);
    return true;
}

void
clipboard_free(struct clipboard *clipboard)
{
    free(clipboard->program);
    *clipboard = CLIPBOARD_NONE;
}
