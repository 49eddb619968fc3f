/*
 * Whose login this is, and the record of what was done about it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "login.h"

#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modutil.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "eligible_uid.h"
#include "message.h"

#define RECORD_NAME "pam_sagemaker_studio login"

static const char *
text_item(const pam_handle_t *pamh, int item)
{
    const void *value = NULL;

    return pam_get_item(pamh, item, &value) == PAM_SUCCESS && value != NULL ? value : "";
}

bool
login_has_our_service(const pam_handle_t *pamh, const struct arguments *arguments, struct login *login)
{
    *login = (struct login){.service = text_item(pamh, PAM_SERVICE), .user = text_item(pamh, PAM_USER)};

    if (arguments_has_service(arguments, login->service))
        return true;
    if (arguments->debug)
        pam_syslog(pamh, LOG_DEBUG, "ignored: service '%s' is not in services=%s", login->service, arguments->services);
    return false;
}

const char *
login_name_for_log(const struct login *login)
{
    return text_is_printable(login->user, strlen(login->user)) && strchr(login->user, '"') == NULL ? login->user : "?";
}

enum login_account
login_find_account(pam_handle_t *pamh, const struct arguments *arguments, struct login *login)
{
    const struct passwd *account = pam_modutil_getpwnam(pamh, login->user);

    if (account == NULL) {
        pam_syslog(pamh, LOG_ERR,
                   "event=login-link-failed user=\"%s\" code=account message=\"the account cannot be "
                   "looked up; see `getent passwd`\"",
                   login_name_for_log(login));
        return ACCOUNT_UNKNOWN;
    }
    login->uid = account->pw_uid;
    login->gid = account->pw_gid;
    if (uid_is_eligible(login->uid, uid_min_of(LOGIN_DEFS)))
        return ACCOUNT_PERSON;
    if (arguments->debug)
        pam_syslog(pamh, LOG_DEBUG, "ignored: uid %u is root's or a system account's", (unsigned) login->uid);
    return ACCOUNT_IGNORED;
}

/* Only memory: a process that was forked off with the handle calls this too, as it ends. */
static void
free_record(pam_handle_t *pamh, void *data, int status)
{
    (void) pamh;
    (void) status;
    if (data != NULL)
        explicit_bzero(data, sizeof(struct login_record));
    free(data);
}

const struct login_record *
login_record_get(const pam_handle_t *pamh)
{
    const void *record = NULL;

    return pam_get_data(pamh, RECORD_NAME, &record) == PAM_SUCCESS ? record : NULL;
}

bool
login_record_set(pam_handle_t *pamh, const struct login *login, int result, const char *session_path)
{
    struct login_record *record = calloc(1, sizeof(*record));

    if (record == NULL)
        return false;
    *record = (struct login_record){.result = result, .uid = login->uid, .gid = login->gid};
    snprintf(record->session_path, sizeof(record->session_path), "%s", session_path);
    if (pam_set_data(pamh, RECORD_NAME, record, free_record) == PAM_SUCCESS)
        return true;
    free(record);
    return false;
}

void
login_record_remove(pam_handle_t *pamh)
{
    if (login_record_get(pamh) != NULL)
        pam_set_data(pamh, RECORD_NAME, NULL, free_record);
}
