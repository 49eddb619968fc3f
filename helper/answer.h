/*
 * answer.h: what the helper says of a link, in the words of the conversation (message.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>

#include "buffer.h"
#include "link.h"
#include "request_log.h"

/*
 * status=ok with the session's keys (or, for whoami, who the user is in Studio); status=none with the rule and a
 * reason; status=error with code, message, request_id and, where it is known, the identity.  The buffer is emptied
 * first.  False when it does not fit.
 */
bool answer_compose(struct buffer *out, const struct request_facts *facts, const struct link_result *result);

#endif
