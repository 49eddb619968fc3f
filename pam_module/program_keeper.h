/*
 * program_keeper.h: the process between the login process and a program that it starts.
 *
 * It is a copy of the login process that never execs.  It is the program's parent and, as a subreaper, that of whatever
 * the program leaves behind; it keeps the deadline, kills the program and its descendants, waits for them, and reports
 * how the program ended by its own exit status.  While the program execs, the login process keeps the deadline for
 * both. It ends with the login process (PR_SET_PDEATHSIG, prctl(2)), and the program with it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROGRAM_KEEPER_H
#define PROGRAM_KEEPER_H

#include "program.h"

/* Exit statuses of the keeper; each below is the program's own. */
enum keeper_status {
    KEEPER_STATUSES = 250,
    KEEPER_CRASHED = KEEPER_STATUSES,
    KEEPER_TIMED_OUT,
    KEEPER_NOT_STARTED,
    KEEPER_NOT_EXECUTED,
};

/* How long the keeper may take to kill what is left, and how long the login process gives it beyond that. */
#define KEEPER_KILL_MS  150
#define KEEPER_GRACE_MS 150

/*
 * What the keeper does, from the moment that it exists.  All signals are blocked.  host is the login process as the
 * keeper's parent is expected to be: if it has ended already, so does the keeper.
 */
_Noreturn void keeper_run(const struct program *program, pid_t host);

#endif
