/*
 * What one request may conclude about a peer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "peer_attempt.h"

#include <stdio.h>
#include <string.h>

#define UNCONNECTED_LOGIN_MS 500
#define UNCONNECTED_CLICK_MS 1000
#define SILENT_MS            2500

/* A click with less time than this finds out too little to be the one that probes after an outage. */
#define PROBING_CLICK_MS 2000

void
peer_attempt_aim(struct peer_attempt *attempt, const char *peer)
{
    if (peer == NULL)
        peer = "";
    if (strcmp(attempt->peer, peer) == 0)
        return;
    peer_attempt_leave(attempt);
    attempt->admitted = false;
    (void) snprintf(attempt->peer, sizeof(attempt->peer), "%s", peer);
}

bool
peer_attempt_admit(struct peer_attempt *attempt, struct deadline deadline, struct failure *failure)
{
    bool may_probe = !attempt->by_user || deadline_left_ms(deadline) >= PROBING_CLICK_MS;
    enum outage_verdict verdict;

    if (attempt->admitted || attempt->peer[0] == '\0')
        return true;
    verdict = outage_ask(attempt->outages, attempt->peer, may_probe, monotonic_ms(), failure);
    attempt->admitted = verdict != OUTAGE_REFUSED;
    attempt->probes = verdict == OUTAGE_PROBE;
    return attempt->admitted;
}

void
peer_attempt_ask(struct peer_attempt *attempt)
{
    attempt->asked_ms = monotonic_ms();
}

static bool
had_its_time(const struct peer_attempt *attempt, enum peer_end end)
{
    int64_t waited_ms = monotonic_ms() - attempt->asked_ms;

    if (end == PEER_UNCONNECTED)
        return waited_ms >= (attempt->by_user ? UNCONNECTED_CLICK_MS : UNCONNECTED_LOGIN_MS);
    return end != PEER_SILENT || waited_ms >= SILENT_MS;
}

void
peer_attempt_end(struct peer_attempt *attempt, enum peer_end end)
{
    if (attempt->peer[0] == '\0' || !had_its_time(attempt, end))
        return;
    if (end != PEER_ANSWERED && outage_was_answered_since(attempt->outages, attempt->peer, attempt->asked_ms))
        return;
    attempt->probes = false;
    outage_report(attempt->outages, attempt->peer, end == PEER_ANSWERED, monotonic_ms());
}

void
peer_attempt_leave(struct peer_attempt *attempt)
{
    if (attempt->probes)
        outage_give_back(attempt->outages, attempt->peer, monotonic_ms());
    attempt->probes = false;
}
