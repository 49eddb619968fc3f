/*
 * session_write.c: `session-write`, which the module runs as the user: puts the helper's answer, which comes on stdin,
 * into the user's session file.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "deadline.h"
#include "failure.h"
#include "message.h"
#include "session_content.h"
#include "session_exit.h"
#include "session_file.h"
#include "session_options.h"
#include "subcommand.h"

#define ANSWER_WITHIN_MS 5000
#define READ_AT_ONCE     4096

/* Is the answer whole?  Everything up to its empty line, or whatever came before the end. */
enum intake {
    INTAKE_MORE,
    INTAKE_WHOLE,
    INTAKE_TOO_LONG,
    INTAKE_FAILED,
};

static enum intake
take_in(struct buffer *answer)
{
    size_t room = answer->limit - answer->length;
    ssize_t got;

    if (room == 0)
        return INTAKE_TOO_LONG;
    if (room > READ_AT_ONCE)
        room = READ_AT_ONCE;
    if (!buffer_reserve(answer, room))
        return INTAKE_FAILED;
    got = read(STDIN_FILENO, answer->data + answer->length, room);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? INTAKE_MORE : INTAKE_FAILED;
    answer->length += (size_t) got;
    buffer_terminate(answer);
    return got == 0 || message_length(answer->data, answer->length) > 0 ? INTAKE_WHOLE : INTAKE_MORE;
}

static int
receive_answer(struct buffer *answer, struct failure *failure)
{
    struct deadline deadline = deadline_in_ms(ANSWER_WITHIN_MS);
    enum intake intake = INTAKE_MORE;

    while (intake == INTAKE_MORE) {
        if (deadline_poll(STDIN_FILENO, POLLIN, deadline) != 1) {
            failure_set(failure, "timeout", "no whole answer came on stdin within %d ms", ANSWER_WITHIN_MS);
            return SESSION_EXIT_NO_ANSWER;
        }
        intake = take_in(answer);
    }
    if (intake == INTAKE_WHOLE)
        return SESSION_EXIT_OK;
    if (intake == INTAKE_TOO_LONG) {
        failure_set(failure, "bad-answer", "the answer on stdin is longer than %d bytes", MESSAGE_LIMIT);
        return SESSION_EXIT_BAD_ANSWER;
    }
    failure_set(failure, "bad-answer", "stdin cannot be read: %m");
    return SESSION_EXIT_NO_ANSWER;
}

/* From stdin to the content of the session file. */
static int
receive_content(struct buffer *content, struct failure *failure)
{
    AUTO_BUFFER struct buffer received = BUFFER(MESSAGE_LIMIT);
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    int status = receive_answer(&received, failure);

    if (status != SESSION_EXIT_OK)
        return status;
    if (!message_parse(&answer, received.data, received.length, failure) ||
        !session_content_make(&answer, content, failure))
        return SESSION_EXIT_BAD_ANSWER;
    return SESSION_EXIT_OK;
}

static int
write_session(const struct session_options *options, struct failure *failure)
{
    AUTO_BUFFER struct buffer content = BUFFER(MESSAGE_LIMIT);
    AUTO_CLOSE int folder = -1;
    int status = receive_content(&content, failure);

    if (status != SESSION_EXIT_OK)
        return status;
    folder = session_folder_open(options->folder, true, failure);
    if (folder < 0)
        return SESSION_EXIT_FOLDER;
    return session_file_write(folder, options->id, &content, failure) ? SESSION_EXIT_OK : SESSION_EXIT_WRITE;
}

int
session_write_subcommand(int argc, char **argv)
{
    struct session_options options;
    struct failure failure;
    int status;

    /* A file size limit of the user's then makes write(2) fail with EFBIG, instead of ending us before we clean up. */
    (void) signal(SIGXFSZ, SIG_IGN);
    if (!session_options_parse(argc, argv, &options))
        return SESSION_EXIT_USAGE;
    status = write_session(&options, &failure);
    if (status != SESSION_EXIT_OK)
        fprintf(stderr, "%s: %s\n", argv[0], failure.message);
    return status;
}
