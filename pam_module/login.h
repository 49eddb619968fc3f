/*
 * login.h: whose login is this, is it one of ours, and what have we done about it already?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOGIN_H
#define LOGIN_H

#include <security/pam_modules.h>
#include <sys/types.h>

#include "arguments.h"
#include "session_file.h"

struct login {
    const char *service; /* PAM_SERVICE */
    const char *user;    /* PAM_USER, for log lines alone; the account is its uid */
    uid_t uid;
    gid_t gid;
};

/* Is the PAM service one of ours?  Fills service and user.  Nothing is looked up for a login that is none of ours. */
bool login_has_our_service(const pam_handle_t *pamh, const struct arguments *arguments, struct login *login);

/* The name as it may stand between quotes in a log line; "?" when it has what a log line must not have. */
const char *login_name_for_log(const struct login *login);

enum login_account {
    ACCOUNT_PERSON,
    ACCOUNT_IGNORED, /* root, or a system account */
    ACCOUNT_UNKNOWN, /* the account database does not know it, or cannot be asked; logged */
};

/* Look the account up, filling uid and gid. */
enum login_account login_find_account(pam_handle_t *pamh, const struct arguments *arguments, struct login *login);

/* What open_session did on this handle; it is kept there until close_session or pam_end. */
struct login_record {
    int result; /* what open_session returned */
    uid_t uid;  /* whose login it was */
    gid_t gid;
    char session_path[SESSION_PATH_SIZE]; /* the session file; "" when there is none */
};

/* NULL when open_session has not run on this handle. */
const struct login_record *login_record_get(const pam_handle_t *pamh);
bool login_record_set(pam_handle_t *pamh, const struct login *login, int result, const char *session_path);
void login_record_remove(pam_handle_t *pamh);

#endif
