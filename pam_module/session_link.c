/*
 * The session's part of a login.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_link.h"

#include <errno.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "program.h"
#include "safe_open.h"
#include "session_exit.h"
#include "socket_pair.h"

/* Logging out must not wait long for us either. */
#define REMOVE_MS 2000

#define VARIABLE_SESSION      "SAGEMAKER_STUDIO_SESSION"
#define VARIABLE_USER_PROFILE "SAGEMAKER_STUDIO_USER_PROFILE"
#define VARIABLE_DOMAIN_ID    "SAGEMAKER_STUDIO_DOMAIN_ID"
#define VARIABLE_URL          "SAGEMAKER_STUDIO_URL"

static const char *const variables[] = {VARIABLE_SESSION, VARIABLE_USER_PROFILE, VARIABLE_DOMAIN_ID, VARIABLE_URL};

/* ---- environment ------------------------------------------------------------------------------------------------ */

static bool
set_variable(pam_handle_t *pamh, const char *name, const char *value, struct failure *failure)
{
    char *setting = NULL;
    int result;

    if (value == NULL)
        return true;
    if (asprintf(&setting, "%s=%s", name, value) < 0)
        return failure_set(failure, "memory", "there is not enough memory for the variable %s", name);
    result = pam_putenv(pamh, setting);
    secret_free(&setting);
    if (result != PAM_SUCCESS)
        return failure_set(failure, "environment", "the variable %s cannot be set: %s", name,
                           pam_strerror(pamh, result));
    return true;
}

/* Linux-PAM logs an error when a variable is unset that is not there. */
static void
unset_variables(pam_handle_t *pamh)
{
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        if (pam_getenv(pamh, variables[i]) != NULL)
            pam_putenv(pamh, variables[i]);
}

bool
session_link_prepare(pam_handle_t *pamh, const struct message *answer, struct failure *failure)
{
    if (set_variable(pamh, VARIABLE_USER_PROFILE, message_get(answer, "user_profile_name"), failure) &&
        set_variable(pamh, VARIABLE_DOMAIN_ID, message_get(answer, "domain_id"), failure))
        return true;
    unset_variables(pamh);
    return false;
}

/* ---- the launcher, as the user ---------------------------------------------------------------------------------- */

/* The whole content is in the socket before the launcher starts, and our end is closed: it can only read. */
static int
content_as_input(const struct buffer *content, struct failure *failure)
{
    struct socket_pair pair;
    size_t sent = 0;

    if (!socket_pair_make(&pair, failure))
        return -1;
    while (sent < content->length) {
        ssize_t now = send(pair.ours, content->data + sent, content->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (now <= 0)
            break;
        sent += (size_t) now;
    }
    close(pair.ours);
    if (sent == content->length)
        return pair.theirs;
    failure_set(failure, "socket", "a link of %zu bytes does not fit a socket's buffer; see net.core.wmem_default",
                content->length);
    close(pair.theirs);
    return -1;
}

/* Run `LAUNCHER verb --folder FOLDER --session ID` as the user. */
static bool
run_launcher(const struct arguments *arguments, const struct login *login, const char *verb, const char *folder,
             const char *id, const struct buffer *content, struct deadline deadline, struct failure *failure)
{
    const char *words[] = {arguments->launcher, verb, "--folder", folder, "--session", id, NULL};
    AUTO_CLOSE int standard_input = content_as_input(content, failure);
    struct program launcher = {.path = arguments->launcher,
                               .arguments = words,
                               .standard_input = standard_input,
                               .uid = login->uid,
                               .gid = login->gid,
                               .deadline = deadline};
    struct running_program running;
    enum program_end end;
    int status;

    if (standard_input < 0 || !safe_program(arguments->launcher, geteuid(), failure) ||
        !program_start(&running, &launcher, failure))
        return false;
    end = program_wait(&running, &status);
    if (end != PROGRAM_EXITED)
        return program_failure(arguments->launcher, end, status, failure);
    if (status != SESSION_EXIT_OK)
        return failure_set(failure, "session", "%s %s ended with status %d: %s", arguments->launcher, verb, status,
                           session_exit_reason(status));
    return true;
}

/* The answer again, by our own pen: the launcher gets no byte that was not parsed here. */
static bool
compose_content(struct buffer *content, const struct message *answer, struct failure *failure)
{
    bool fits = message_begin(content);

    for (size_t i = 0; fits && i < answer->count; i++)
        fits = message_put(content, answer->fields[i].key, answer->fields[i].value);
    return (fits && message_end(content)) ||
           failure_set(failure, "memory", "there is not enough memory for the session's link");
}

static bool
clear_file(const struct arguments *arguments, const struct login *login, const char *folder, const char *id,
           struct deadline deadline, struct failure *failure)
{
    struct buffer nothing = BUFFER(0);

    return run_launcher(arguments, login, "session-clear", folder, id, &nothing, deadline, failure);
}

/* ---- giving ----------------------------------------------------------------------------------------------------- */

static bool
set_environment(pam_handle_t *pamh, const struct arguments *arguments, const struct message *answer, const char *path,
                struct failure *failure)
{
    return session_link_prepare(pamh, answer, failure) &&
           set_variable(pamh, VARIABLE_URL, arguments->export_url ? message_get(answer, "url") : NULL, failure) &&
           set_variable(pamh, VARIABLE_SESSION, path, failure);
}

static bool
join_path(char path[SESSION_PATH_SIZE], const char *folder, const char *id, struct failure *failure)
{
    int length = snprintf(path, SESSION_PATH_SIZE, "%s/session-%s", folder, id);

    return (length > 0 && length < SESSION_PATH_SIZE) ||
           failure_set(failure, "session", "the path of the session file in %s is too long", folder);
}

bool
session_link_give(pam_handle_t *pamh, const struct arguments *arguments, const struct login *login,
                  const struct message *answer, struct deadline deadline, char path[SESSION_PATH_SIZE],
                  struct failure *failure)
{
    AUTO_BUFFER struct buffer content = BUFFER(MESSAGE_LIMIT);
    const char *runtime = pam_getenv(pamh, "XDG_RUNTIME_DIR");
    char folder[SESSION_PATH_SIZE];
    char id[SESSION_ID_SIZE];
    bool given;

    path[0] = '\0';
    if (!compose_content(&content, answer, failure) || !session_id_make(id, failure) ||
        !session_folder_choose(login->uid, runtime, arguments->run_folder, folder, failure) ||
        !session_folder_prepare(folder, login->uid, login->gid, arguments->run_folder, failure))
        return false;
    if (!run_launcher(arguments, login, "session-write", folder, id, &content, deadline, failure))
        return false;
    given = join_path(path, folder, id, failure) && set_environment(pamh, arguments, answer, path, failure);
    if (!given) {
        path[0] = '\0';
        unset_variables(pamh);
        clear_file(arguments, login, folder, id, deadline, NULL);
    }
    return given;
}

/* ---- taking away ------------------------------------------------------------------------------------------------ */

/* The environment can have come by way of the user; a path in it is believed only when it can be nothing else. */
static bool
is_folder_of(uid_t uid, const char *folder, const char *run_folder)
{
    char runtime[SESSION_PATH_SIZE];
    char own[SESSION_PATH_SIZE];

    snprintf(runtime, sizeof(runtime), "/run/user/%u/sagemaker-studio", (unsigned) uid);
    return strcmp(folder, runtime) == 0 ||
           (session_folder_choose(uid, NULL, run_folder, own, NULL) && strcmp(folder, own) == 0);
}

enum session_end
session_link_remove(pam_handle_t *pamh, const struct arguments *arguments, const struct login *login,
                    struct failure *failure)
{
    const struct login_record *record = login_record_get(pamh);
    const char *path = record != NULL ? record->session_path : pam_getenv(pamh, VARIABLE_SESSION);
    struct deadline deadline = deadline_in_ms(arguments->timeout_ms < REMOVE_MS ? arguments->timeout_ms : REMOVE_MS);
    enum session_end end = record != NULL && record->result == PAM_SUCCESS ? SESSION_REMOVED : SESSION_NOT_OURS;
    char folder[SESSION_PATH_SIZE];
    char id[SESSION_ID_SIZE];

    if (path != NULL && session_path_split(path, folder, id) && is_folder_of(login->uid, folder, arguments->run_folder))
        end = clear_file(arguments, login, folder, id, deadline, failure) ? SESSION_REMOVED : SESSION_NOT_REMOVED;
    if (end != SESSION_NOT_OURS)
        unset_variables(pamh);
    login_record_remove(pamh);
    return end;
}
