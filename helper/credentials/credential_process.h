/*
 * credential_process.h: keys that a program prints, as the AWS SDKs have it: aws_signing_helper of IAM Roles Anywhere,
 * a vault's client.
 * Source: docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 *
 * No shell: the command line is split at blanks, with single and double quotes and backslash as in sh(1), and the first
 * word is an absolute path of a file that root owns and nobody else can write to, as are the folders above it and the
 * symbolic links on the way.  The program gets PATH, HOME=/ and LANG=C, /dev/null as its input, and
 * CREDENTIAL_PROCESS_TIMEOUT_MS; then it and its process group are killed.  It runs in a worker process, off the loop.
 * What it prints on standard error never reaches a log: the documentation asks for no secrets there, but nobody checks.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIAL_PROCESS_H
#define CREDENTIAL_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "credentials.h"
#include "deadline.h"
#include "failure.h"
#include "loop.h"

#define CREDENTIAL_PROCESS_TIMEOUT_MS  10000
#define CREDENTIAL_PROCESS_OUTPUT_MAX  65536
#define CREDENTIAL_PROCESS_COMMAND_MAX 4000

/* Can this be a command line?  NULL when it can, else what was expected (setting_value.h). */
const char *credential_process_command_check(const char *command);

/* Those that run one: the workers. */
struct credential_processes;
/* also_owner: whose programs are trusted beside root's (safe_open.h). */
struct credential_processes *credential_processes_create(struct loop *loop, uid_t also_owner, struct failure *failure);
void credential_processes_free(struct credential_processes *processes);

struct credential_process;
/* credentials NULL with the failure: code "credentials" (it cannot be started, failed, printed nonsense, or keys that
 * have expired) or "timeout".  The callback may take the keys over; where the worker itself hangs, it comes up to a
 * second after the deadline. */
typedef void credential_process_done(void *owner, struct credentials *credentials, const struct failure *failure);
struct credential_process *credential_process_start(struct credential_processes *processes, const char *command,
                                                    struct deadline deadline, credential_process_done *done,
                                                    void *owner, struct failure *failure);
/* The callback will not come.  The program goes on until it ends or its time is over. */
void credential_process_cancel(struct credential_process *process);

#endif
