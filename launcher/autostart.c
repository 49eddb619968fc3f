/*
 * autostart.c: `autostart`: what a desktop session does for a mapped user as it starts: the icon, and Studio itself
 * where the administrator wants it opened.
 *
 * The session waits for none of it, and nothing of it needs a PAM session of ours: the helper's socket is enough.  So
 * it works on hosts such as Amazon DCV's, where a connection opens no PAM session.
 *
 * SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask_helper.h"
#include "cleanup.h"
#include "desktop_icon.h"
#include "foreign_environment.h"
#include "subcommand.h"
#include "subcommand_options.h"
#include "subprogram.h"
#include "user_notice.h"

/* On a host that has just started, a session may be there before the helper is. */
#define ANSWER_WITHIN_MS 15000
#define HELPER_WITHIN_MS 5000
#define ASK_EVERY_MS     250

/* Many times the moment in which a desktop that starts does not see a new file. */
#define ANNOUNCE_AFTER_MS 5000

static const char USAGE[] =
    "usage: sagemaker-studio autostart [--restore-icon] [--socket PATH]\n"
    "\n"
    "What your desktop runs as it starts: puts the icon on the desktop at your first login and, where the\n"
    "administrator wants it, opens SageMaker Studio.  An icon that you delete stays deleted.\n"
    "\n"
    "  --restore-icon  put the icon on the desktop again, and do nothing else\n"
    "  --socket PATH   the helper's socket (" HELPER_SOCKET ")\n";

struct autostart_options {
    const char *socket_path; /* NULL: where it always is */
    bool restore_icon;
};

static bool
is_among(const char *word, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(word, *words) == 0)
            return true;
    }
    return false;
}

/* The helper was not there, or has just gone: it may be on its way. */
static bool
helper_may_come(const struct failure *failure)
{
    static const char *const CODES[] = {"helper-absent", "helper-down", "helper-socket", "helper-gone", NULL};

    return is_among(failure->code, CODES);
}

/* Most people on a host with SageMaker users may have nothing to do with SageMaker: they hear nothing. */
static bool
user_is_not_concerned(const struct failure *failure)
{
    static const char *const CODES[] = {"not-mapped", "not-eligible", NULL};

    return is_among(failure->code, CODES);
}

static bool
ask_who_i_am(const char *socket_path, struct message *answer, struct failure *failure)
{
    struct deadline deadline = deadline_in_ms(ANSWER_WITHIN_MS);
    struct deadline patience = deadline_in_ms(HELPER_WITHIN_MS);

    while (!ask_helper(socket_path, "whoami", deadline, answer, failure)) {
        if (!helper_may_come(failure) || deadline_passed(patience))
            return false;
        message_free(answer);
        (void) poll(NULL, 0, ASK_EVERY_MS);
    }
    return true;
}

static bool
is_yes(const struct message *answer, const char *key)
{
    const char *value = message_get(answer, key);

    return value != NULL && strcmp(value, "yes") == 0;
}

static int
tell_failure(const struct failure *failure)
{
    fprintf(stderr, "sagemaker-studio: %s\n", failure->message);
    return LAUNCHER_FAILED;
}

/* This program itself, wherever it lies. */
static const char *
own_path(char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

    if (length <= 0)
        return LAUNCHER_PATH;
    path[length] = '\0';
    return path;
}

static void __attribute__((noreturn)) become_open(const char *socket_path)
{
    char path[PATH_MAX];
    const char *program = own_path(path);

    subprogram_prepare(true);
    if (socket_path == NULL)
        execl(program, "sagemaker-studio", "open", (char *) NULL);
    else
        execl(program, "sagemaker-studio", "open", "--socket", socket_path, (char *) NULL);
    fprintf(stderr, "sagemaker-studio: %s cannot be started: %m\n", program);
    _exit(LAUNCHER_FAILED);
}

/* Beside us, so that neither waits for the other: a home folder may take long to answer.  0 when it cannot be. */
static pid_t
start_open(const char *socket_path)
{
    pid_t pid = fork();

    if (pid == 0)
        become_open(socket_path);
    if (pid > 0)
        return pid;
    perror("sagemaker-studio: Studio cannot be opened");
    return 0;
}

static int
wait_for_open(pid_t pid)
{
    int status = 0;

    if (pid == 0 || waitpid(pid, &status, 0) != pid)
        return LAUNCHER_FAILED;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? LAUNCHER_OK : LAUNCHER_FAILED;
}

static int
place_icon(bool *is_new)
{
    struct failure failure;

    return desktop_icon_place(is_new, &failure) ? LAUNCHER_OK : tell_failure(&failure);
}

/* Only a desktop that starts now has anything to miss: a login without a display has none. */
static void
announce_icon(void)
{
    struct deadline moment = deadline_in_ms(ANNOUNCE_AFTER_MS);

    while (!deadline_passed(moment))
        (void) poll(NULL, 0, (int) deadline_left_ms(moment));
    desktop_icon_announce();
}

static int
do_for_user(const char *socket_path, const struct message *answer)
{
    bool has_display = display_is_there();
    /* Without a display `open` prints the link, and what a session's programs print is kept in a log. */
    bool opens = is_yes(answer, "open_at_login") && has_display;
    pid_t pid = opens ? start_open(socket_path) : 0;
    bool is_new = false;
    int icon_status = is_yes(answer, "icon") ? place_icon(&is_new) : LAUNCHER_OK;

    if (is_new && has_display)
        announce_icon();
    int open_status = opens ? wait_for_open(pid) : LAUNCHER_OK;
    return icon_status != LAUNCHER_OK ? icon_status : open_status;
}

static int
start_session(const char *socket_path)
{
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    struct failure failure;

    if (ask_who_i_am(socket_path != NULL ? socket_path : HELPER_SOCKET, &answer, &failure))
        return do_for_user(socket_path, &answer);
    return user_is_not_concerned(&failure) ? LAUNCHER_OK : tell_failure(&failure);
}

static int
restore_icon(void)
{
    AUTO_FREE char *path = NULL;
    struct failure failure;

    if (!desktop_icon_restore(&path, &failure))
        return tell_failure(&failure);
    printf("The icon is on the desktop: %s\n", path);
    return LAUNCHER_OK;
}

int
autostart_subcommand(int argc, char **argv)
{
    struct autostart_options options = {.socket_path = NULL};
    const struct subcommand_option known[] = {
        {.name = "restore-icon", .given = &options.restore_icon},
        {.name = "socket", .argument = &options.socket_path},
        {.name = NULL},
    };
    struct failure failure;
    int exit_status;

    if (!subcommand_options_parse(argc, argv, known, USAGE, &exit_status))
        return exit_status;
    if (environment_is_foreign(&failure))
        return tell_failure(&failure);
    return options.restore_icon ? restore_icon() : start_session(options.socket_path);
}
