/*
 * credential_process.c: see credential_process.h.  What the workers do is credential_process_job.h's.
 *
 * A call that is cancelled goes on without its owner: only the worker ends what the program has started, and it must
 * live to do so.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "buffer.h"
#include "command_line.h"
#include "credential_process_job.h"
#include "worker_pool.h"

#define WORKERS   2
#define MARGIN_MS 1000 /* for the worker to kill the program and say so, before it is given up itself */

struct credential_process {
    struct credential_processes *processes;
    credential_process_done *done; /* NULL: cancelled */
    void *owner;
    TAILQ_ENTRY(credential_process) link;
};

struct credential_processes {
    struct credential_process_context context;
    struct worker_pool *pool;
    TAILQ_HEAD(process_list, credential_process) running;
};

const char *
credential_process_command_check(const char *command)
{
    AUTO_COMMAND_LINE struct command_line line = {.count = 0};
    if (strlen(command) > CREDENTIAL_PROCESS_COMMAND_MAX)
        return "at most 4000 bytes";
    const char *expected = command_line_split(command, &line);
    if (expected != NULL)
        return expected;
    return line.words[0][0] == '/' ? NULL : "the absolute path of a program, and its arguments";
}

struct credential_processes *
credential_processes_create(struct loop *loop, uid_t also_owner, struct failure *failure)
{
    struct credential_processes *processes = calloc(1, sizeof(*processes));
    if (processes == NULL) {
        failure_set(failure, "memory", "There is no memory for credential_process.");
        return NULL;
    }
    TAILQ_INIT(&processes->running);
    processes->context.also_owner = also_owner;
    processes->pool =
        worker_pool_create(loop, "credential-proc", credential_process_job, &processes->context, WORKERS, failure);
    if (processes->pool != NULL)
        return processes;
    free(processes);
    return NULL;
}

static void
process_free(struct credential_process *process)
{
    TAILQ_REMOVE(&process->processes->running, process, link);
    free(process);
}

void
credential_processes_free(struct credential_processes *processes)
{
    if (processes == NULL)
        return;
    worker_pool_free(processes->pool);
    for (struct credential_process *process = TAILQ_FIRST(&processes->running); process != NULL;) {
        struct credential_process *next = TAILQ_NEXT(process, link);
        process_free(process);
        process = next;
    }
    free(processes);
}

/* The last thing that is done with the process. */
static void
job_done(void *owner, const void *answer, size_t length, const struct failure *failure)
{
    struct credential_process *process = owner;
    credential_process_done *done = process->done;
    void *done_owner = process->owner;
    struct credentials credentials = {0};
    struct failure reason = {0};
    process_free(process);
    if (done == NULL)
        return;
    bool good = answer != NULL && credential_process_read_answer(answer, length, &credentials, &reason);
    if (answer == NULL)
        (void) failure_set(&reason, strcmp(failure->code, "timeout") == 0 ? "timeout" : "credentials", "%s",
                           failure->message);
    done(done_owner, good ? &credentials : NULL, good ? NULL : &reason);
    credentials_wipe(&credentials);
}

static bool
start_job(struct credential_process *process, const char *command, struct deadline deadline, struct failure *failure)
{
    AUTO_BUFFER struct buffer request = BUFFER(WORKER_REQUEST_LIMIT);
    struct deadline end = deadline_earlier(deadline, deadline_in_ms(CREDENTIAL_PROCESS_TIMEOUT_MS));
    struct deadline given_up = {end.at_ms + MARGIN_MS};
    return credential_process_request(command, end, &request, failure) &&
           worker_call_start(process->processes->pool, request.data, request.length, given_up, job_done, process,
                             failure) != NULL;
}

struct credential_process *
credential_process_start(struct credential_processes *processes, const char *command, struct deadline deadline,
                         credential_process_done *done, void *owner, struct failure *failure)
{
    const char *expected = credential_process_command_check(command);
    if (expected != NULL) {
        failure_set(failure, "credentials", "credential_process is no command line: expected %s.", expected);
        return NULL;
    }
    struct credential_process *process = calloc(1, sizeof(*process));
    if (process == NULL) {
        failure_set(failure, "memory", "There is no memory to start credential_process.");
        return NULL;
    }
    *process = (struct credential_process){.processes = processes, .done = done, .owner = owner};
    TAILQ_INSERT_TAIL(&processes->running, process, link);
    if (start_job(process, command, deadline, failure))
        return process;
    process_free(process);
    return NULL;
}

void
credential_process_cancel(struct credential_process *process)
{
    process->done = NULL;
}
