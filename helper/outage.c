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

/* Should this one rather be forgotten than the other?  Those that answer first, then the oldest. */
static bool
matters_less(const struct outage *one, const struct outage *other)
{
    if ((one->failures == 0) != (other->failures == 0))
        return one->failures == 0;
    return one->used_ms < other->used_ms;
}

static struct outage *
make_peer(struct outages *outages, const char *peer)
{
    struct outage *oldest = &outages->entries[0];

    for (size_t i = 1; i < OUTAGE_PEERS; i++)
        if (matters_less(&outages->entries[i], oldest))
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

bool
outage_was_answered_since(struct outages *outages, const char *peer, int64_t since_ms)
{
    const struct outage *outage = find_peer(outages, peer);

    return outage != NULL && outage->answered_ms != 0 && outage->answered_ms >= since_ms;
}

static void
note_answer(struct outage *outage, int64_t now_ms)
{
    if (outage->failures >= OUTAGE_FAILURES)
        log_change(LOG_NOTICE, "outage-over", outage);
    outage->failures = 0;
    outage->answered_ms = now_ms;
}

static void
note_failure(struct outage *outage, int64_t now_ms)
{
    outage->failures++;
    if (outage->failures == OUTAGE_FAILURES) {
        outage->began_ms = now_ms;
        log_change(LOG_WARNING, "outage-begins", outage);
    }
    if (outage->failures >= OUTAGE_FAILURES)
        outage->next_try_ms = now_ms + OUTAGE_PAUSE_MS;
}

void
outage_report(struct outages *outages, const char *peer, bool reached, int64_t now_ms)
{
    struct outage *outage = find_peer(outages, peer);

    if (outage == NULL)
        outage = make_peer(outages, peer);
    outage->used_ms = now_ms;
    if (reached)
        note_answer(outage, now_ms);
    else
        note_failure(outage, now_ms);
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
