/*
 * outage.h: an outage costs one login its wait, not each.
 *
 * After OUTAGE_FAILURES transport failures in a row with one peer (a host, or the metadata service) requests to it are
 * refused at once for OUTAGE_PAUSE_MS; then one is let through, and decides.  One log line as it opens, one as it
 * closes.
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
#define OUTAGE_NAME_SIZE 264

struct outage {
    char peer[OUTAGE_NAME_SIZE];
    unsigned failures;   /* in a row */
    int64_t next_try_ms; /* CLOCK_MONOTONIC; nobody is let through before, once failures has reached OUTAGE_FAILURES */
    int64_t used_ms;     /* the least recently used entry makes room for a new peer */
};

/* All zero is a good beginning. */
struct outages {
    struct outage entries[OUTAGE_PEERS];
};

/* May a request go to this peer now?  False with code "unavailable". */
bool outage_admits(struct outages *outages, const char *peer, int64_t now_ms, struct failure *failure);

/* How a request that was let through ended: did the peer answer, whatever it said? */
void outage_report(struct outages *outages, const char *peer, bool reached, int64_t now_ms);

#endif
