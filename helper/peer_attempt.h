/*
 * peer_attempt.h: one request's dealings with one peer (an API endpoint, the metadata service), and what the memory of
 * outages (outage.h) is to learn from them.
 *
 * A peer is found silent only after it had its time.  A user chooses how long his click waits, and a budget of a few
 * milliseconds must not become everybody's outage; a peer that took the connection may just be slow.  So may be one
 * that has answered somebody else meanwhile: in a storm of logins most wait for a connection to become free.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PEER_ATTEMPT_H
#define PEER_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "deadline.h"
#include "failure.h"
#include "outage.h"

struct peer_attempt {
    struct outages *outages;
    char peer[OUTAGE_NAME_SIZE]; /* "": nobody over the network; then all is admitted and nothing is learnt */
    bool by_user;                /* a click, whose budget the user chose */
    bool admitted;               /* an outage was asked about, once */
    bool probes;                 /* it finds out whether an outage is over, and has not yet */
    int64_t asked_ms;            /* CLOCK_MONOTONIC */
};

enum peer_end {
    PEER_ANSWERED,    /* whatever it said */
    PEER_FAILED,      /* refused, broken off, no such name */
    PEER_UNCONNECTED, /* time ran out before there was a connection */
    PEER_SILENT,      /* time ran out after it */
};

/* Whom it is about; another one than before begins anew.  NULL: nobody over the network. */
void peer_attempt_aim(struct peer_attempt *attempt, const char *peer);

/* May the peer be asked?  False with code "unavailable".  Once admitted, always. */
bool peer_attempt_admit(struct peer_attempt *attempt, struct deadline deadline, struct failure *failure);

/* The peer is being asked from now on. */
void peer_attempt_ask(struct peer_attempt *attempt);

void peer_attempt_end(struct peer_attempt *attempt, enum peer_end end);

/* The request ends; a probe that found nothing out goes to the next one. */
void peer_attempt_leave(struct peer_attempt *attempt);

#endif
