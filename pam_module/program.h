/*
 * program.h: starting a program from inside somebody else's process, and being rid of it in time.
 *
 * The process that we live in (sshd, xrdp-sesman, gdm) must not notice: it may have its own SIGCHLD handler or ignore
 * SIGCHLD, wait for any child, be a subreaper or process 1, have threads in the middle of malloc.  So the host gets one
 * child whose exit signal is 0, the keeper (program_keeper.h): no SIGCHLD is ever raised, and no wait(2) of the host's
 * own finds it (clone(2), "__WCLONE").  The program and all that it starts are the keeper's, which ends when they have.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "deadline.h"
#include "failure.h"

struct program {
    const char *path;             /* absolute; the caller has asked safe_program about it */
    const char *const *arguments; /* argv, with a NULL at the end */
    int standard_input;           /* becomes its descriptor 0; 3 or more; 1 and 2 are /dev/null, all others closed */
    uid_t uid;                    /* whom it runs as, never root; an ordinary user's programs run as himself alone */
    gid_t gid;
    bool makes_processes;     /* false: it cannot, and so nothing of it can outrun its end */
    struct deadline deadline; /* when it is killed, with all that it started */
};

struct running_program {
    pid_t keeper;
    int keeper_fd; /* pidfd, or -1 where the kernel has none (or a sandbox forbids it) */
    struct deadline deadline;
};

enum program_end {
    PROGRAM_EXITED,      /* by itself, with a status */
    PROGRAM_CRASHED,     /* by a signal */
    PROGRAM_TIMED_OUT,   /* killed at its deadline */
    PROGRAM_NOT_STARTED, /* exec or what has to come before it failed */
    PROGRAM_LOST,        /* could not be killed, or the host's own code has waited for our child: nothing is known */
};

/*
 * Start it.  Code "program".  After true the caller must call program_wait once, whatever else happens, and close its
 * copies of what it gave as standard input before that.
 */
bool program_start(struct running_program *running, const struct program *program, struct failure *failure);

/* Wait until the program and all that it started have ended: until a moment after its deadline at the longest. */
enum program_end program_wait(struct running_program *running, int *status);

/* A sentence about a program that did not do what it should have done; false, for `return`.  Code "program". */
bool program_failure(const char *path, enum program_end end, int status, struct failure *failure);

#endif
