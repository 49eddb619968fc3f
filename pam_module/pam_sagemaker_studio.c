/*
 * pam_sagemaker_studio(8): a login makes a Studio link.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <syslog.h>
#include <unistd.h>

#include "arguments.h"
#include "ask_for_link.h"
#include "login.h"
#include "session_link.h"

#define EXPORTED __attribute__((visibility("default")))

/* ---- what is told, and to whom ---------------------------------------------------------------------------------- */

/* For the administrator.  What the helper refuses it has logged itself; this is for what it cannot know of. */
static void
log_failure(const pam_handle_t *pamh, const char *event, const struct login *login, const struct failure *failure)
{
    pam_syslog(pamh, LOG_ERR, "event=%s user=\"%s\" uid=%u code=%s message=\"%s\"", event, login_name_for_log(login),
               (unsigned) login->uid, failure->code, failure->message);
}

static const char *
result_name(int result)
{
    return result == PAM_SUCCESS ? "session prepared" : result == PAM_IGNORE ? "no rule for this user" : "failed";
}

/* ---- the story of a login --------------------------------------------------------------------------------------- */

static int
succeeded(pam_handle_t *pamh, const struct arguments *arguments, const struct message *answer)
{
    const char *profile = message_get(answer, "user_profile_name");

    if (arguments->message)
        pam_info(pamh, "SageMaker Studio is ready for you%s%s: use its icon, or run `sagemaker-studio open`.",
                 profile != NULL ? ", as " : "", profile != NULL ? profile : "");
    return PAM_SUCCESS;
}

static int
refused(pam_handle_t *pamh, const struct arguments *arguments, const struct message *answer)
{
    const char *why = message_get(answer, "message");

    if (arguments->message && why != NULL)
        pam_info(pamh, "There is no SageMaker Studio link: %s", why);
    return PAM_SESSION_ERR;
}

static int
failed(pam_handle_t *pamh, const struct arguments *arguments, const struct login *login, const struct failure *failure)
{
    log_failure(pamh, "login-link-failed", login, failure);
    if (arguments->message)
        pam_info(pamh, "There is no SageMaker Studio link yet; its icon will ask for one again.");
    return PAM_SESSION_ERR;
}

/* It is ours: who is it in Studio, and what is the link?  Then the session gets it. */
static int
log_in(pam_handle_t *pamh, const struct arguments *arguments, const struct login *login, struct deadline deadline,
       char session_path[SESSION_PATH_SIZE])
{
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    struct failure failure;
    bool given = false;

    switch (ask_for_link(arguments, login, deadline, &answer, &failure)) {
    case LINK_GIVEN:
        given = session_link_give(pamh, arguments, login, &answer, deadline, session_path, &failure);
        break;
    case LINK_LATER:
        given = session_link_prepare(pamh, &answer, &failure);
        break;
    case LINK_NONE:
        return PAM_IGNORE;
    case LINK_REFUSED:
        return refused(pamh, arguments, &answer);
    case LINK_NO_ANSWER:
        break;
    }
    return given ? succeeded(pamh, arguments, &answer) : failed(pamh, arguments, login, &failure);
}

static int
open_session(pam_handle_t *pamh, const struct arguments *arguments)
{
    struct deadline deadline = deadline_in_ms(arguments->timeout_ms);
    char session_path[SESSION_PATH_SIZE] = "";
    const struct login_record *record;
    struct login login;
    int result;

    if (!login_has_our_service(pamh, arguments, &login))
        return PAM_IGNORE;
    record = login_record_get(pamh);
    if (record != NULL)
        return record->result;
    switch (login_find_account(pamh, arguments, &login)) {
    case ACCOUNT_IGNORED:
        return PAM_IGNORE;
    case ACCOUNT_UNKNOWN:
        return PAM_SESSION_ERR;
    case ACCOUNT_PERSON:
        break;
    }
    result = log_in(pamh, arguments, &login, deadline, session_path);
    login_record_set(pamh, &login, result, session_path);
    if (arguments->debug)
        pam_syslog(pamh, LOG_DEBUG, "uid %u: %s after %lld ms", (unsigned) login.uid, result_name(result),
                   (long long) (arguments->timeout_ms - deadline_left_ms(deadline)));
    return result;
}

static int
close_session(pam_handle_t *pamh, const struct arguments *arguments)
{
    const struct login_record *record = login_record_get(pamh);
    struct failure failure;
    struct login login;

    if (!login_has_our_service(pamh, arguments, &login))
        return PAM_IGNORE;
    if (record != NULL) { /* no look-up: it can hang, and the name may mean nobody any more */
        login.uid = record->uid;
        login.gid = record->gid;
    } else if (login_find_account(pamh, arguments, &login) != ACCOUNT_PERSON) {
        return PAM_IGNORE;
    }
    switch (session_link_remove(pamh, arguments, &login, &failure)) {
    case SESSION_NOT_OURS:
        return PAM_IGNORE;
    case SESSION_REMOVED:
        return PAM_SUCCESS;
    case SESSION_NOT_REMOVED:
        break;
    }
    log_failure(pamh, "session-file-not-removed", &login, &failure);
    return PAM_SESSION_ERR;
}

/* ---- what libpam calls ------------------------------------------------------------------------------------------ */

/*
 * A thread of the host that is cancelled (pthread_cancel(3)) while we wait would leave our descriptors and our child
 * behind.  It can be cancelled before and after.
 */
EXPORTED int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct arguments arguments;
    int cancel_state, result;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    arguments_parse(&arguments, pamh, argc, argv);
    if (((unsigned) flags & PAM_SILENT) != 0)
        arguments.message = false;
    result = open_session(pamh, &arguments);
    pthread_setcancelstate(cancel_state, NULL);
    return result;
}

EXPORTED int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct arguments arguments;
    int cancel_state, result;

    (void) flags;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    arguments_parse(&arguments, pamh, argc, argv);
    result = close_session(pamh, &arguments);
    pthread_setcancelstate(cancel_state, NULL);
    return result;
}

/* The others: never PAM_SUCCESS, so that a module put into the wrong stack by a typo lets nobody in. */

EXPORTED int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void) pamh, (void) flags, (void) argc, (void) argv;
    return PAM_IGNORE;
}

EXPORTED int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void) pamh, (void) flags, (void) argc, (void) argv;
    return PAM_IGNORE;
}

EXPORTED int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void) pamh, (void) flags, (void) argc, (void) argv;
    return PAM_IGNORE;
}

EXPORTED int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void) pamh, (void) flags, (void) argc, (void) argv;
    return PAM_IGNORE;
}
