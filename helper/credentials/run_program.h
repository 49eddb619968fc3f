/*
 * run_program.h: run a program to its end, and read what it prints.  It blocks: it is for a worker process.
 *
 * The program has default signals, no descriptor but /dev/null for input and errors and a pipe for its output, the
 * folder / and an environment of PATH, HOME=/ and LANG=C.  It is in a process group with a guardian of ours: when it
 * has ended or has to, or when the process that runs it dies, the whole group is killed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include "buffer.h"
#include "deadline.h"

#define RUN_PROGRAM_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

enum program_end {
    PROGRAM_EXITED,      /* number: its status */
    PROGRAM_SIGNALLED,   /* number: the signal */
    PROGRAM_NOT_STARTED, /* number: errno */
    PROGRAM_TOO_LATE,    /* killed at the deadline */
    PROGRAM_TOO_MUCH,    /* killed because it printed so much that the buffer's limit was reached */
};

struct program_outcome {
    enum program_end end;
    int number;
};

/* What was printed is appended to output.  path is what is executed; arguments end with NULL, the first is the name
 * that the program sees. */
struct program_outcome run_program(const char *path, char *const arguments[], struct deadline deadline,
                                   struct buffer *output);

#endif
