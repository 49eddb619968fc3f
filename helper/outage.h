/*
 * outage.h: an outage costs one login its wait, not each.
 *
 * After OUTAGE_FAILURES transport failures in a row with one peer (a host by one way, or the metadata service) requests
 * to it are refused at once for OUTAGE_PAUSE_MS; then one is let through, and decides.  One log line as it opens, one
 * as it closes.  What counts as a failure is peer_attempt.h's business.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OUTAGE_H
#define OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

#define OUTAGE_FAILURES  3
#define OUTAGE_PAUSE_MS  15000
#define OUTAGE_PEERS     32
#define OUTAGE_NAME_SIZE 512

struct outage {
    char peer[OUTAGE_NAME_SIZE];
    unsigned failures;   /* in a row */
    int64_t next_try_ms; /* CLOCK_MONOTONIC; nobody is let through before, once failures has reached OUTAGE_FAILURES */
    int64_t began_ms;    /* when failures reached OUTAGE_FAILURES */
    int64_t answered_ms; /* when it last answered; 0: never */
    int64_t used_ms;     /* the least recently used entry makes room for a new peer */
};

/* All zero is a good beginning. */
struct outages {
    struct outage entries[OUTAGE_PEERS];
};

enum outage_verdict {
    OUTAGE_NONE,    /* go on */
    OUTAGE_PROBE,   /* go on, and tell how it ended: outage_report, or outage_give_back where nothing was found out */
    OUTAGE_REFUSED, /* the failure says so, code "unavailable" */
};

/* May a request go to this peer now?  may_probe: is it one that can find out whether the outage is over? */
enum outage_verdict outage_ask(struct outages *outages, const char *peer, bool may_probe, int64_t now_ms,
                               struct failure *failure);

/* How a request that was let through ended: did the peer answer, whatever it said? */
void outage_report(struct outages *outages, const char *peer, bool reached, int64_t now_ms);

/* Has the peer answered anybody since then?  A request that began before found out only that it had to wait. */
bool outage_was_answered_since(struct outages *outages, const char *peer, int64_t since_ms);

/* A probe that found nothing out: the next request may be one. */
void outage_give_back(struct outages *outages, const char *peer, int64_t now_ms);

/* The outages that go on: the one after this in the table, or with NULL the first.  NULL when there is none. */
const struct outage *outage_next(const struct outages *outages, const struct outage *after);

#endif
