/*
 * socket_pair.h: a pair of connected sockets, one end for us and one for a program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SOCKET_PAIR_H
#define SOCKET_PAIR_H

#include <stdbool.h>

#include "failure.h"

struct socket_pair {
    int ours;   /* non-blocking */
    int theirs; /* blocking, for a program's standard input */
};

/*
 * Both ends are close-on-exec and never 0, 1 or 2, which a login process may have closed: what it or a library prints
 * would go into the conversation.  Code "socket".  The caller closes both.
 */
bool socket_pair_make(struct socket_pair *pair, struct failure *failure);

#endif
