/*
 * user_notice.c: starting the programs that show something to a user at his desktop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "user_notice.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "deadline.h"
#include "descriptor.h"
#include "notice_command.h"
#include "subprogram.h"
#include "subprogram_input.h"

static bool
is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

bool
display_is_there(void)
{
    return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

/* GLib takes arguments to be in the locale's encoding and refuses what is not; ours are UTF-8. */
static void
use_utf8(void)
{
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        (void) setenv("LC_ALL", "C.UTF-8", 1);
}

static int
wait_for(pid_t child)
{
    int status = -1;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return status;
}

/* True when it has done its work; a program that goes on for as long as it is looked at takes our place instead. */
static bool
show_with(const char *program, const struct notice_command *command)
{
    pid_t child = command->reports_failure ? fork() : 0;

    if (child > 0)
        return wait_for(child) == 0;
    if (child < 0)
        return false;
    (void) execv(program, command->words);
    if (command->reports_failure)
        _exit(EXIT_FAILURE);
    return false;
}

/* In a process of its own: show it with the first program that can. */
static void
show(enum notice_kind kind, const char *text)
{
    AUTO_NOTICE_COMMAND struct notice_command command = NOTICE_COMMAND_NONE;
    bool shown = false;

    use_utf8();
    for (size_t choice = 0; !shown && notice_command_make(kind, choice, text, &command); choice++) {
        AUTO_FREE char *program = subprogram_find(command.words[0]);
        shown = program != NULL && show_with(program, &command);
    }
}

/* Forks twice, so that there is no child of ours to reap.  True in the new process. */
static bool
detach(void)
{
    pid_t child = fork();

    if (child > 0)
        (void) wait_for(child);
    if (child != 0)
        return false;
    if (fork() != 0)
        _exit(EXIT_SUCCESS);
    return true;
}

static void
tell(enum notice_kind kind, const char *text)
{
    fprintf(stderr, "sagemaker-studio: %s\n", text);
    if (!display_is_there() || isatty(STDERR_FILENO))
        return;
    if (detach()) {
        subprogram_prepare(false);
        show(kind, text);
        _exit(EXIT_SUCCESS);
    }
}

void
notice_failure(const char *text)
{
    tell(NOTICE_FAILURE, text);
}

void
notice_news(const char *text)
{
    tell(NOTICE_NEWS, text);
}

/* In the new process: nothing but the launcher holds the other end of the pipe, so that it closes with the work. */
static void
show_progress(int kept_open, const char *text)
{
    subprogram_prepare_with_input(kept_open);
    if (deadline_poll(STDIN_FILENO, 0, deadline_in_ms(PROGRESS_AFTER_MS)) == 0)
        show(NOTICE_PROGRESS, text);
    _exit(EXIT_SUCCESS);
}

static bool
make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    ends[0] = descriptor_lift(ends[0]);
    ends[1] = descriptor_lift(ends[1]);
    return true;
}

void
progress_begin(struct progress *progress, const char *text)
{
    int ends[2] = {-1, -1};

    progress->alive = 0;
    if (!display_is_there() || !make_pipe(ends))
        return;
    if (ends[0] >= 0 && ends[1] >= 0 && detach()) {
        close(ends[1]);
        show_progress(ends[0], text);
    }
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        progress->alive = ends[1];
}

void
progress_end(struct progress *progress)
{
    if (progress->alive > 0)
        close(progress->alive);
    progress->alive = 0;
}
