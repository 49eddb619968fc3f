/*
 * ask_helper.h: asking the helper's socket on behalf of the user who runs the launcher.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASK_HELPER_H
#define ASK_HELPER_H

#include <stdbool.h>

#include "deadline.h"
#include "failure.h"
#include "message.h"

#define HELPER_SOCKET RUN_FOLDER "/helper.sock"

/*
 * Hold one conversation with this op.  True when the helper answers status=ok; otherwise the failure says why: for the
 * ops that concern the user's own link in words for the user (failure_advice.h), with what the helper said.
 */
bool ask_helper(const char *socket_path, const char *op, struct deadline deadline, struct message *answer,
                struct failure *failure);

/* The same with one more field in the request, or none where it is NULL. */
bool ask_helper_with(const char *socket_path, const char *op, const struct message_field *wish,
                     struct deadline deadline, struct message *answer, struct failure *failure);

#endif
