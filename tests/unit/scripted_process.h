/*
 * scripted_process.h: credential_process.h for tests in a scripted world: no program is started, the test says what it
 * would have printed.  For one test program each.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCRIPTED_PROCESS_H
#define SCRIPTED_PROCESS_H

#include <stdlib.h>
#include <string.h>

#include "credential_process.h"
#include "failure.h"

struct credential_process {
    bool running;
    char command[256];
    credential_process_done *done;
    void *owner;
};

static struct credential_process program; /* one at a time */
static int programs_started;

const char *
credential_process_command_check(const char *command)
{
    return command[0] == '/' ? NULL : "an absolute path";
}

struct credential_processes *
credential_processes_create(struct loop *loop, uid_t also_owner, struct failure *failure)
{
    (void) loop;
    (void) also_owner;
    struct credential_processes *processes = malloc(1);
    if (processes == NULL)
        failure_set(failure, "memory", "There is no memory.");
    return processes;
}

void
credential_processes_free(struct credential_processes *processes)
{
    free(processes);
}

struct credential_process *
credential_process_start(struct credential_processes *processes, const char *command, struct deadline deadline,
                         credential_process_done *done, void *owner, struct failure *failure)
{
    (void) processes;
    (void) deadline;
    (void) failure;
    assert_false(program.running);
    program = (struct credential_process){.running = true, .done = done, .owner = owner};
    snprintf(program.command, sizeof(program.command), "%s", command);
    programs_started++;
    return &program;
}

void
credential_process_cancel(struct credential_process *process)
{
    assert_true(process->running);
    process->running = false;
}

#endif
