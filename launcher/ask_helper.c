/*
 * ask_helper.c: asking the helper's socket on behalf of the user who runs the launcher.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ask_helper.h"

#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "helper_client.h"

#define REQUEST_LIMIT 1024

static bool
make_request(const char *op, struct deadline deadline, struct buffer *request)
{
    return message_begin(request) && message_put(request, "op", op) &&
           message_put_number(request, "budget_ms", deadline_left_ms(deadline)) && message_end(request);
}

static bool
converse(int fd, const char *op, struct deadline deadline, struct message *answer, struct failure *failure)
{
    AUTO_BUFFER struct buffer request = BUFFER(REQUEST_LIMIT);

    if (!make_request(op, deadline, &request))
        return failure_set(failure, "protocol", "there is not enough memory for the request");
    return helper_ask(fd, &request, deadline, answer, failure);
}

/* The helper may name whom to turn to (`contact` of studio.conf). */
static bool
refuse_with_contact(const struct message *answer, const char *code, const char *message, struct failure *failure)
{
    const char *contact = message_get(answer, "contact");

    if (contact == NULL || contact[0] == '\0')
        return failure_set(failure, code, "%s", message);
    return failure_set(failure, code, "%s (if you need help, ask %s)", message, contact);
}

static bool
judge(const struct message *answer, struct failure *failure)
{
    const char *status = message_get(answer, "status");
    const char *code = message_get(answer, "code");
    const char *message = message_get(answer, "message");

    if (status != NULL && strcmp(status, "ok") == 0)
        return true;
    if (status != NULL && strcmp(status, "none") == 0)
        return refuse_with_contact(answer, "not-mapped",
                                   "no SageMaker Studio user profile is assigned to you on this computer; ask the "
                                   "administrator for one",
                                   failure);
    if (message == NULL || message[0] == '\0')
        message = "the helper refused and did not say why; its log does";
    return refuse_with_contact(answer, code != NULL ? code : "refused", message, failure);
}

bool
ask_helper(const char *socket_path, const char *op, struct deadline deadline, struct message *answer,
           struct failure *failure)
{
    AUTO_CLOSE int fd = -1;

    switch (helper_connect(socket_path, deadline, &fd, failure)) {
    case HELPER_CONNECTED:
        return converse(fd, op, deadline, answer, failure) && judge(answer, failure);
    case HELPER_ABSENT:
        return failure_set(failure, "helper-absent",
                           "the service that makes Studio links does not run on this computer (nothing at %s); tell "
                           "the administrator",
                           socket_path);
    case HELPER_UNREACHABLE:
    default:
        return false;
    }
}
