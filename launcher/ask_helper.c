/*
 * ask_helper.c: asking the helper's socket on behalf of the user who runs the launcher.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ask_helper.h"

#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "failure_advice.h"
#include "helper_client.h"

#define REQUEST_LIMIT 4096

static bool
make_request(const char *op, const struct message_field *wish, struct deadline deadline, struct buffer *request)
{
    return message_begin(request) && message_put(request, "op", op) &&
           (wish == NULL || message_put(request, wish->key, wish->value)) &&
           message_put_number(request, "budget_ms", deadline_left_ms(deadline)) && message_end(request);
}

static bool
converse(int fd, const char *op, const struct message_field *wish, struct deadline deadline, struct message *answer,
         struct failure *failure)
{
    AUTO_BUFFER struct buffer request = BUFFER(REQUEST_LIMIT);

    if (!make_request(op, wish, deadline, &request))
        return failure_set(failure, "protocol",
                           "the request does not fit into the conversation: it may hold printable text alone, and no "
                           "more than %d bytes",
                           REQUEST_LIMIT);
    return helper_ask(fd, &request, deadline, answer, failure);
}

/* Does this op concern the user's own link, and not what root wants to know? */
static bool
is_about_the_user(const char *op)
{
    return strcmp(op, "issue") == 0 || strcmp(op, "whoami") == 0;
}

static bool
explain(const char *op, const struct message *answer, struct failure *failure)
{
    if (!is_about_the_user(op))
        return false;
    return failure_advise(failure, message_get(answer, "contact"), message_get(answer, "request_id"));
}

static bool
judge(const char *op, const struct message *answer, struct failure *failure)
{
    const char *status = message_get(answer, "status");
    const char *code = message_get(answer, "code");
    const char *message = message_get(answer, "message");

    if (status != NULL && strcmp(status, "ok") == 0)
        return true;
    if (status != NULL && strcmp(status, "none") == 0)
        return failure_advise_nobody(failure, message_get(answer, "reason"), message_get(answer, "contact"));
    if (message == NULL || message[0] == '\0')
        message = "the helper refused and did not say why; its log does";
    failure_set(failure, code != NULL ? code : "unknown", "%s", message);
    return explain(op, answer, failure);
}

bool
ask_helper_with(const char *socket_path, const char *op, const struct message_field *wish, struct deadline deadline,
                struct message *answer, struct failure *failure)
{
    AUTO_CLOSE int fd = -1;

    if (helper_connect(socket_path, deadline, &fd, failure) == HELPER_CONNECTED &&
        converse(fd, op, wish, deadline, answer, failure))
        return judge(op, answer, failure);
    return explain(op, answer, failure);
}

bool
ask_helper(const char *socket_path, const char *op, struct deadline deadline, struct message *answer,
           struct failure *failure)
{
    return ask_helper_with(socket_path, op, NULL, deadline, answer, failure);
}
