/*
 * A pair of connected sockets.
 *
 * SPDX-License-Identifier: MIT
 */
#include "socket_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"

bool
socket_pair_make(struct socket_pair *pair, struct failure *failure)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return failure_set(failure, "socket", "no pair of sockets can be made: %s", strerror(errno));
    pair->ours = descriptor_lift(ends[0]);
    pair->theirs = descriptor_lift(ends[1]);
    if (pair->ours >= 0 && pair->theirs >= 0 && fcntl(pair->ours, F_SETFL, O_NONBLOCK) == 0)
        return true;
    failure_set(failure, "socket", "no pair of sockets can be made: %s", strerror(errno));
    cleanup_close(&pair->ours);
    cleanup_close(&pair->theirs);
    return false;
}
