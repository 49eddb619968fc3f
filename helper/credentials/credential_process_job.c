/*
 * credential_process_job.c: see credential_process_job.h.
 *
 * The request is a deadline on CLOCK_MONOTONIC, which is the same clock in all processes, and the command line.  The
 * answer is '+' and texts: access key id, secret access key, session token ("": none), expiry; or '-' and texts: code
 * and message of a failure.  Each text ends with a NUL.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_process_job.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "credential_process.h"
#include "credential_text.h"
#include "program_path.h"
#include "run_program.h"

/* Request */

bool
credential_process_request(const char *command, struct deadline deadline, struct buffer *request,
                           struct failure *failure)
{
    return (buffer_append(request, &deadline.at_ms, sizeof(deadline.at_ms)) && buffer_append_text(request, command)) ||
           failure_set(failure, "memory", "There is no memory to start credential_process.");
}

/* NULL when it is none.  The pool sees to the NUL behind it. */
static const char *
read_request(const void *request, size_t length, struct deadline *deadline)
{
    if (length <= sizeof(deadline->at_ms))
        return NULL;
    memcpy(&deadline->at_ms, request, sizeof(deadline->at_ms));
    return (const char *) request + sizeof(deadline->at_ms);
}

/* Answer */

/* NULL is written as "". */
static bool
append_field(struct buffer *answer, const char *text)
{
    return text != NULL ? buffer_append(answer, text, strlen(text) + 1) : buffer_append(answer, "", 1);
}

static bool
append_keys(struct buffer *answer, const struct credentials *credentials)
{
    char expires_at[24];
    (void) snprintf(expires_at, sizeof(expires_at), "%" PRId64, credentials->expires_at);
    return buffer_append(answer, "+", 1) && append_field(answer, credentials->access_key_id) &&
           append_field(answer, credentials->secret_access_key) && append_field(answer, credentials->session_token) &&
           append_field(answer, expires_at);
}

static bool
append_failure(struct buffer *answer, const struct failure *failure)
{
    buffer_clear(answer);
    return buffer_append(answer, "-", 1) && append_field(answer, failure->code) &&
           append_field(answer, failure->message);
}

/* The next text; NULL when there is none. */
static const char *
next_field(const char **at, const char *end)
{
    const char *field = *at;
    const char *nul = field < end ? memchr(field, '\0', (size_t) (end - field)) : NULL;
    if (nul == NULL)
        return NULL;
    *at = nul + 1;
    return field;
}

static bool
bad_answer(struct failure *failure)
{
    return failure_set(failure, "credentials", "The process that runs credential_process gave a broken answer.");
}

static bool
read_keys(const char *at, const char *end, struct credentials *credentials, struct failure *failure)
{
    struct credential_text keys;
    keys.access_key_id = next_field(&at, end);
    keys.secret_access_key = next_field(&at, end);
    keys.session_token = next_field(&at, end);
    const char *expires_at = next_field(&at, end);
    if (keys.session_token == NULL || expires_at == NULL || at != end)
        return bad_answer(failure);
    if (keys.session_token[0] == '\0')
        keys.session_token = NULL;
    if (!credential_text_is_good(&keys))
        return bad_answer(failure);
    if (!credential_text_copy(&keys, credentials, failure))
        return false;
    credentials->expires_at = strtoll(expires_at, NULL, 10);
    return true;
}

static bool
read_failure(const char *at, const char *end, struct failure *failure)
{
    const char *code = next_field(&at, end);
    const char *message = next_field(&at, end);
    if (message == NULL || at != end)
        return bad_answer(failure);
    return failure_set(failure, code, "%s", message);
}

bool
credential_process_read_answer(const void *answer, size_t length, struct credentials *credentials,
                               struct failure *failure)
{
    const char *at = answer;
    *credentials = (struct credentials){0};
    if (length > 0 && at[0] == '+')
        return read_keys(at + 1, at + length, credentials, failure);
    if (length > 0 && at[0] == '-')
        return read_failure(at + 1, at + length, failure);
    return bad_answer(failure);
}

/* The job */

static bool
explain(const char *program, struct program_outcome outcome, struct failure *failure)
{
    switch (outcome.end) {
    case PROGRAM_NOT_STARTED:
        return failure_set(failure, "credentials", "The credential_process %s cannot be started: %s.", program,
                           strerror(outcome.number));
    case PROGRAM_TOO_LATE:
        return failure_set(failure, "timeout", "The credential_process %s did not end in time, and was killed.",
                           program);
    case PROGRAM_TOO_MUCH:
        return failure_set(failure, "credentials",
                           "The credential_process %s printed more than %d bytes, and was killed.", program,
                           CREDENTIAL_PROCESS_OUTPUT_MAX);
    case PROGRAM_SIGNALLED:
        return failure_set(failure, "credentials", "The credential_process %s was ended by signal %d (%s).", program,
                           outcome.number, strsignal(outcome.number));
    case PROGRAM_EXITED:
        break;
    }
    if (outcome.number == 0)
        return true;
    return failure_set(failure, "credentials",
                       "The credential_process %s ended with status %d. See what it says: runuser -u sagemaker-studio "
                       "-- env -i PATH=" RUN_PROGRAM_PATH " HOME=/ LANG=C COMMAND",
                       program, outcome.number);
}

static bool
get_keys(const struct credential_process_context *context, const char *command, struct deadline deadline,
         struct credentials *credentials, struct failure *failure)
{
    AUTO_COMMAND_LINE struct command_line line = {.count = 0};
    AUTO_BUFFER struct buffer output = BUFFER(CREDENTIAL_PROCESS_OUTPUT_MAX + 1);
    char path[PATH_MAX];
    struct failure reason = {0};
    const char *expected = command_line_split(command, &line);
    if (expected != NULL)
        return failure_set(failure, "credentials", "credential_process is no command line: expected %s.", expected);
    const char *program = line.words[0];
    if (!program_path_resolve(program, context->also_owner, path, &reason))
        return failure_set(failure, "credentials", "The credential_process %s is not run: %s.", program,
                           reason.message);
    struct program_outcome outcome = run_program(path, line.words, deadline, &output);
    return explain(program, outcome, failure) &&
           credential_process_read_output(program, &output, time(NULL), credentials, failure);
}

static bool
answer_request(const struct credential_process_context *context, const void *request, size_t length,
               struct buffer *answer, struct failure *failure)
{
    struct credentials credentials = {0};
    struct deadline deadline;
    const char *command = read_request(request, length, &deadline);
    if (command == NULL)
        return bad_answer(failure);
    if (!get_keys(context, command, deadline, &credentials, failure))
        return false;
    bool fits = append_keys(answer, &credentials);
    credentials_wipe(&credentials);
    return fits || failure_set(failure, "credentials",
                               "The session token that credential_process printed is too long, expected at most %d "
                               "bytes in all.",
                               WORKER_ANSWER_LIMIT);
}

size_t
credential_process_job(const void *context, const void *request, size_t length, void *answer)
{
    AUTO_BUFFER struct buffer text = BUFFER(WORKER_ANSWER_LIMIT);
    struct failure failure = {0};
    if (!answer_request(context, request, length, &text, &failure) && !append_failure(&text, &failure))
        return 0;
    memcpy(answer, text.data, text.length);
    return text.length;
}
