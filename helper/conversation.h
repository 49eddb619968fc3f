/*
 * conversation.h: one request and its answer on one connected socket.
 *
 * The uid of the peer decides what may be asked: root asks for any uid, anybody else for himself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"
#include "service.h"

#define CONVERSATION_REQUEST_MS 5000  /* for the request to come whole, and for the answer to be taken */
#define CONVERSATION_BUDGET_MS  10000 /* where the request names no budget_ms */
#define CONVERSATION_BUDGET_MAX 60000
#define CONVERSATION_CLICK_MAX  15000 /* a user who asks for more gets this, and holds nothing for longer */

struct conversation;

/* Once, when the socket has been closed; the conversation is gone after it. */
typedef void conversation_ended(void *owner, struct conversation *conversation);

/* Who is at the other end; read it once (unix(7), SO_PEERCRED). */
bool conversation_peer_of(int fd, uid_t *peer, struct failure *failure);

/* Takes the descriptor over in any case. */
struct conversation *conversation_start(struct service *service, int fd, uid_t peer, conversation_ended *ended,
                                        void *owner, struct failure *failure);

/* Has the request come, or something that is still to be read?  Until then nothing would be lost with it. */
bool conversation_has_asked(const struct conversation *conversation);

/* End it now: a link under way is given up, and its caller told so (code "restarting").  Calls conversation_ended, at
 * the latest when the answer has been taken. */
void conversation_stop(struct conversation *conversation);

/* The uid of the peer. */
uid_t conversation_peer(const struct conversation *conversation);

#endif
