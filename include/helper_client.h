/*
 * helper_client.h: reaching the helper and holding one conversation with it, within a deadline.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HELPER_CLIENT_H
#define HELPER_CLIENT_H

#include <stdbool.h>

#include "buffer.h"
#include "deadline.h"
#include "failure.h"
#include "message.h"

enum helper_reach {
    HELPER_CONNECTED,   /* *fd is a connected socket that the caller closes */
    HELPER_ABSENT,      /* no socket, or the stale one of a --listen helper that ended: start one */
    HELPER_UNREACHABLE, /* it should be there and is not, or is not who it should be; the failure says why */
};

/*
 * Connect to the helper's socket without blocking, and make sure that who listens there is root, the service account or
 * ourselves, before a byte is said.  A full backlog (EAGAIN) is tried again until the deadline.  A refused socket is
 * stale, hence HELPER_ABSENT, when it belongs to the service account (a --listen helper gives it its socket) or, for an
 * ordinary user, to that user; systemd's belongs to root, and a refusal there means that the unit is stopped:
 * HELPER_UNREACHABLE. The descriptor is never 0, 1 or 2, is close-on-exec and non-blocking.
 */
enum helper_reach helper_connect(const char *path, struct deadline deadline, int *fd, struct failure *failure);

/*
 * Send one request and receive its answer.  Never raises SIGPIPE.  Codes: "timeout", "protocol", "helper-gone".
 */
bool helper_ask(int fd, const struct buffer *request, struct deadline deadline, struct message *answer,
                struct failure *failure);

#endif
