/*
 * own_socket.h: the listening socket that the helper makes for itself where no systemd does (--listen).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OWN_SOCKET_H
#define OWN_SOCKET_H

#include "failure.h"
#include "service_account.h"

/*
 * Make the socket PATH (0666).  As root: its folder is made when it is absent (0755), users/ in it (0711), and the
 * socket is given to the service account (helper_client.h tells why).  A stale socket is replaced; one that answers is
 * a failure.  Returns the listening descriptor, or -1.
 */
int own_socket_listen(const char *path, const struct service_account *account, struct failure *failure);

#endif
