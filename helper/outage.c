/*
 * The memory of outages: a small table of peers, each with its failures in a row.
 *
 * SPDX-License-Identifier: MIT
 */
#include "outage.h"

#include <stdio.h>
#include <string.h>

#include "journal.h"

/* The entry of this peer, or NULL.  Peers are few: a host has as many as it has regions and partitions. */
static struct outage *
find_peer(struct outages *outages, const char *peer)
{
    for (size_t i = 0; i < OUTAGE_PEERS; i++)
        if (strcmp(outages->entries[i].peer, peer) == 0)
            return &outages->entries[i];
    return NULL;
}

static struct outage *
make_peer(struct outages *outages, const char *peer)
{
    struct outage *oldest = &outages->entries[0];

    for (size_t i = 1; i < OUTAGE_PEERS; i++)
        if (outages->entries[i].used_ms < oldest->used_ms)
            oldest = &outages->entries[i];
    *oldest = (struct outage){0};
    snprintf(oldest->peer, sizeof(oldest->peer), "%s", peer);
    return oldest;
}

static void
log_change(int priority, const char *event, const struct outage *outage)
{
    struct journal_line line = journal_begin(priority, event);

    journal_put(&line, "peer", outage->peer);
    journal_put_number(&line, "failures", outage->failures);
    journal_end(&line);
}

enum outage_verdict
outage_ask(struct outages *outages, const char *peer, bool may_probe, int64_t now_ms, struct failure *failure)
{
    struct outage *outage = find_peer(outages, peer);

    if (outage == NULL || outage->failures < OUTAGE_FAILURES)
        return OUTAGE_NONE;
    outage->used_ms = now_ms;
    if (may_probe && now_ms >= outage->next_try_ms) {
        outage->next_try_ms = now_ms + OUTAGE_PAUSE_MS;
        return OUTAGE_PROBE;
    }
    failure_set(failure, "unavailable",
                "%s did not answer the last %u times; it is asked again every %d s, and until then nobody waits for it",
                outage->peer, outage->failures, OUTAGE_PAUSE_MS / 1000);
    return OUTAGE_REFUSED;
}

void
outage_give_back(struct outages *outages, const char *peer, int64_t now_ms)
{
    struct outage *outage = find_peer(outages, peer);

    if (outage != NULL)
        outage->next_try_ms = now_ms;
}

void
outage_report(struct outages *outages, const char *peer, bool reached, int64_t now_ms)
{
    struct outage *outage = find_peer(outages, peer);

    if (reached) {
        if (outage == NULL)
            return;
        if (outage->failures >= OUTAGE_FAILURES)
            log_change(LOG_NOTICE, "outage-over", outage);
        *outage = (struct outage){0};
        return;
    }
    if (outage == NULL)
        outage = make_peer(outages, peer);
    outage->used_ms = now_ms;
    outage->failures++;
    if (outage->failures == OUTAGE_FAILURES) {
        outage->began_ms = now_ms;
        log_change(LOG_WARNING, "outage-begins", outage);
    }
    if (outage->failures >= OUTAGE_FAILURES)
        outage->next_try_ms = now_ms + OUTAGE_PAUSE_MS;
}

const struct outage *
outage_next(const struct outages *outages, const struct outage *after)
{
    const struct outage *outage = after != NULL ? after + 1 : outages->entries;

    for (; outage < outages->entries + OUTAGE_PEERS; outage++)
        if (outage->failures >= OUTAGE_FAILURES)
            return outage;
    return NULL;
}
