/*
 * worker_process.h: one process forked from the helper that does jobs, one at a time, and cannot harm it.
 *
 * Requests and answers are messages on a SOCK_SEQPACKET pair, each with one byte before it, so that an empty answer and
 * the end of the process look different.  The helper must leave SIGCHLD at its default and never wait for children
 * other than by worker_process_reap: a process identity number is only sure to be ours until it has been waited for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WORKER_PROCESS_H
#define WORKER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "worker_pool.h"

struct worker_process {
    pid_t pid;
    int socket; /* the helper's end; non-blocking use only; -1 once the process has been killed */
};

enum worker_message {
    WORKER_MESSAGE,    /* an answer is in the buffer */
    WORKER_NO_MESSAGE, /* none yet */
    WORKER_ENDED,      /* the process is gone, or talks nonsense */
};

/* Fork.  False when there is no process, descriptor or memory for it.  The name is what ps(1) shows. */
bool worker_process_start(struct worker_process *process, const char *name, const void *context);

/* The job is a function of this program, of which the process is a fork.  False when the process is gone. */
bool worker_process_send(const struct worker_process *process, worker_job *job, const void *request, size_t length);

/* answer has room for WORKER_ANSWER_LIMIT bytes. */
enum worker_message worker_process_receive(const struct worker_process *process, void *answer, size_t *length);

/* SIGKILL, and close the socket.  The process stays a zombie, or alive while it hangs in the kernel, until reaped. */
void worker_process_kill(struct worker_process *process);

/* Wait for a killed process without blocking: true when it is gone. */
bool worker_process_reap(const struct worker_process *process);

#endif
