/*
 * session_content.h: what of the helper's answer goes into the session file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_CONTENT_H
#define SESSION_CONTENT_H

#include <stdbool.h>

#include "buffer.h"
#include "failure.h"
#include "message.h"

/*
 * Check the answer to op=issue and append the message of the session file (session_file.h).  Code "bad-answer".
 */
bool session_content_make(const struct message *answer, struct buffer *content, struct failure *failure);

#endif
