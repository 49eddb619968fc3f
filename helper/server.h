/*
 * server.h: the sockets that the helper listens on, and who may hold how many conversations.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>

#include "failure.h"
#include "service.h"
#include "service_account.h"

#define SERVER_CONVERSATIONS          512 /* in all; further connections wait in the backlog */
#define SERVER_CONVERSATIONS_OF_ROOT  64  /* of these, kept for logins */
#define SERVER_CONVERSATIONS_PER_USER 16  /* of one uid other than root; further ones are closed */
#define SERVER_CONNECTIONS_PER_MINUTE 600 /* likewise */

/*
 * Make the socket PATH (0666), for --listen.  As root: its folder is made when it is absent (0755), users/ in it
 * (0711), and the socket is given to the service account (helper_client.h tells why).  A stale socket is replaced; one
 * that answers is a failure. Returns the listening descriptor, or -1.
 */
int server_listen(const char *path, const struct service_account *account, struct failure *failure);

/*
 * Serve these listening descriptors; with idle_exit, until nobody has asked for the settings' idle_timeout.  False when
 * the loop fails.
 */
bool server_run(struct service *service, const int *sockets, int count, bool idle_exit, struct failure *failure);

/* Hold the one conversation on this connected socket, then return. */
bool server_run_one(struct service *service, int fd, struct failure *failure);

#endif
