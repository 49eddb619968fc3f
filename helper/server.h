/*
 * server.h: accepting connections, who may hold how many of them, and ending without losing one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>

#include "failure.h"
#include "service.h"

#define SERVER_CONVERSATIONS          512 /* in all; further connections wait in the backlog */
#define SERVER_CONVERSATIONS_OF_ROOT  64  /* of these, kept for logins */
#define SERVER_CONVERSATIONS_PER_USER 16  /* of one uid other than root; further ones are closed */
#define SERVER_CONNECTIONS_PER_MINUTE 600 /* likewise */

/* How long what is under way may take once the helper is told to stop: less than a login waits, as new ones wait for
 * the next helper meanwhile; longer on a socket of our own, where they help themselves.  systemd's TimeoutStopSec= must
 * be longer. */
#define SERVER_STOP_MS        2000
#define SERVER_STOP_OWN_MS    5000
#define SERVER_STOP_SILENT_MS 250 /* for a connection to ask at all */

enum server_sockets {
    SERVER_SOCKETS_OWN,       /* of --listen */
    SERVER_SOCKETS_INHERITED, /* systemd's, which starts the next helper for whoever connects when this one has ended */
};

/*
 * Serve these listening descriptors until SIGTERM or SIGINT; inherited ones also no longer than until nobody has asked
 * for the settings' idle_timeout.  False when the loop fails.
 *
 * Stopping loses nobody's link: no more connections are taken, and conversations go on for SERVER_STOP_MS (or
 * SERVER_STOP_OWN_MS) at most, or until a second signal; what is not done by then is told so (code "restarting").  What
 * waits in the backlog of an inherited socket waits for the next helper; an own socket refuses from then on, and what
 * waits there is served before the end.  No file is removed: the socket's path lies in a folder of root's, and a stale
 * one is known for what it is (helper_client.h).
 */
bool server_run(struct service *service, const int *sockets, int count, enum server_sockets kind,
                struct failure *failure);

/* Hold the one conversation on this connected socket, then return. */
bool server_run_one(struct service *service, int fd, struct failure *failure);

#endif
