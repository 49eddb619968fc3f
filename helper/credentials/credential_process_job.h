/*
 * credential_process_job.h: what a worker does for credential_process.h: run the program, and make sense of its output.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIAL_PROCESS_JOB_H
#define CREDENTIAL_PROCESS_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "buffer.h"
#include "credentials.h"
#include "deadline.h"
#include "failure.h"
#include "worker_pool.h"

struct credential_process_context {
    uid_t also_owner; /* safe_open.h */
};

/* The job, for a worker_pool with such a context. */
worker_job credential_process_job;

/* Its request: the program has until then. */
bool credential_process_request(const char *command, struct deadline deadline, struct buffer *request,
                                struct failure *failure);

/* Its answer: the keys, or the failure that it found. */
bool credential_process_read_answer(const void *answer, size_t length, struct credentials *credentials,
                                    struct failure *failure);

/*
 * What a program printed: {"Version": 1, "AccessKeyId": ..., "SecretAccessKey": ..., "SessionToken": ...,
 * "Expiration": ...}, the last two only if it likes.  program is its name, for messages.  Code "credentials".
 */
bool credential_process_read_output(const char *program, const struct buffer *output, time_t now,
                                    struct credentials *credentials, struct failure *failure);

#endif
