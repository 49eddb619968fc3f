/*
 * ask_for_link.h: who is this user in Studio, and what is his link?  The helper knows.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASK_FOR_LINK_H
#define ASK_FOR_LINK_H

#include "arguments.h"
#include "deadline.h"
#include "failure.h"
#include "login.h"
#include "message.h"

enum link_answer {
    LINK_GIVEN,     /* the answer holds the link */
    LINK_LATER,     /* the answer says who the user is (login_link=no, or he had too many links just now) */
    LINK_NONE,      /* no rule is for this user */
    LINK_REFUSED,   /* the helper says why, in code= and message=, and has logged it */
    LINK_NO_ANSWER, /* the helper could not be asked, or made no sense; the failure says why, nobody has logged it
                     */
};

/*
 * Ask the helper at its socket; where there is none, start one for this conversation, as the service account.  The
 * helper is told how long it may take: so much less than the deadline that its own report of a failure still comes in
 * time, and that there is time to give the session its link.
 */
enum link_answer ask_for_link(const struct arguments *arguments, const struct login *login, struct deadline deadline,
                              struct message *answer, struct failure *failure);

#endif
