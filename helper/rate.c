/*
 * Token buckets by uid and kind.
 *
 * SPDX-License-Identifier: MIT
 */
#include "rate.h"

#define MINUTE_MS 60000

/* A bucket counts in 60000ths of one, which is what a limit of one a minute brings in a millisecond: nothing is
 * rounded. */
#define ONE MINUTE_MS

/* The bucket of this user, full when he is new.  An entry never used has the oldest time of all. */
static struct rate *
find_bucket(struct rates *rates, uid_t uid, enum rate_kind kind, int limit, int64_t now_ms)
{
    struct rate *oldest = &rates->entries[0];

    for (struct rate *entry = rates->entries; entry < rates->entries + RATE_USERS; entry++) {
        if (entry->used && entry->uid == uid && entry->kind == kind)
            return entry;
        if (entry->updated_ms < oldest->updated_ms)
            oldest = entry;
    }
    *oldest =
        (struct rate){.uid = uid, .kind = kind, .used = true, .tokens = (int64_t) limit * ONE, .updated_ms = now_ms};
    return oldest;
}

bool
rate_take(struct rates *rates, uid_t uid, enum rate_kind kind, int limit, int64_t now_ms)
{
    struct rate *bucket = find_bucket(rates, uid, kind, limit, now_ms);
    int64_t full = (int64_t) limit * ONE;
    int64_t elapsed = now_ms - bucket->updated_ms;

    bucket->tokens = elapsed >= MINUTE_MS ? full : bucket->tokens + elapsed * limit;
    if (bucket->tokens > full)
        bucket->tokens = full;
    bucket->updated_ms = now_ms;
    if (bucket->tokens < ONE)
        return false;
    bucket->tokens -= ONE;
    return true;
}
