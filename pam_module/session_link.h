/*
 * session_link.h: giving a link to the session, and taking it away at the end.
 *
 * The link lies in a file of the user's own (session_file.h), written and removed by the launcher as the user: root
 * touches nothing in a folder that the user controls.  The environment tells where it is, and who the user is in
 * Studio.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_LINK_H
#define SESSION_LINK_H

#include <security/pam_modules.h>
#include <stdbool.h>

#include "arguments.h"
#include "deadline.h"
#include "failure.h"
#include "login.h"
#include "message.h"

/*
 * Write the session file from the helper's answer, and set the environment.  On failure nothing of it stays,
 * but for the file of a session-write that was killed just after writing it: its link dies within 300 s.  path
 * becomes the session file's.  Codes: "program", "session", "environment", "memory", "socket".
 */
bool session_link_give(pam_handle_t *pamh, const struct arguments *arguments, const struct login *login,
                       const struct message *answer, struct deadline deadline, char path[SESSION_PATH_SIZE],
                       struct failure *failure);

/* A session without a link: the environment says who the user is in Studio, as far as the answer does. */
bool session_link_prepare(pam_handle_t *pamh, const struct message *answer, struct failure *failure);

enum session_end {
    SESSION_NOT_OURS, /* nothing was ours to remove */
    SESSION_REMOVED,
    SESSION_NOT_REMOVED, /* the failure says why */
};

/*
 * Remove what the login made, and only that: the file that open_session wrote down on this handle, or the one that the
 * PAM environment points at, if it lies in one of the two folders that can be this user's.  And unset the environment.
 */
enum session_end session_link_remove(pam_handle_t *pamh, const struct arguments *arguments, const struct login *login,
                                     struct failure *failure);

#endif
