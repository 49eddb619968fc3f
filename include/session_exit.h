/*
 * session_exit.h: how `sagemaker-studio session-write` and `session-clear` tell the module what happened.  They run as
 * the user, so the number is all that the module believes.  The numbers follow sysexits.h(3head).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_EXIT_H
#define SESSION_EXIT_H

#define SESSION_EXIT_OK         0
#define SESSION_EXIT_USAGE      64 /* EX_USAGE: wrong arguments */
#define SESSION_EXIT_BAD_ANSWER 65 /* EX_DATAERR: stdin is no message, or its link is none to hand to a user */
#define SESSION_EXIT_NO_ANSWER  66 /* EX_NOINPUT: stdin brought no whole message in time */
#define SESSION_EXIT_FOLDER     73 /* EX_CANTCREAT: the folder is missing, unsafe or cannot be made */
#define SESSION_EXIT_WRITE      74 /* EX_IOERR: the file cannot be written or removed: disk full, a name in the way */

/* A sentence for the log, whatever the number. */
static inline const char *
session_exit_reason(int status)
{
    switch (status) {
    case SESSION_EXIT_OK:
        return "the session file was written";
    case SESSION_EXIT_USAGE:
        return "the launcher did not understand its arguments; launcher and module may be of different versions";
    case SESSION_EXIT_BAD_ANSWER:
        return "the launcher refused the helper's answer; launcher and helper may be of different versions";
    case SESSION_EXIT_NO_ANSWER:
        return "the launcher did not receive the helper's answer in time";
    case SESSION_EXIT_FOLDER:
        return "the user's session folder is missing, cannot be made, or is not his own with mode 0700";
    case SESSION_EXIT_WRITE:
        return "the user's session file cannot be written or removed; the file system may be full";
    default:
        return "the launcher ended in an unexpected way";
    }
}

#endif
