/*
 * retry_policy.h: what is worth another attempt, after which pause, and for how long a storm of calls may go on trying:
 * the standard mode of AWS's own SDKs (docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html;
 * botocore/retries/standard.py and quota.py).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RETRY_POLICY_H
#define RETRY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http.h"

#define RETRY_QUOTA          500
#define RETRY_COST           5
#define RETRY_COST_TRANSPORT 10 /* a connection that fails, or stalls */

/* Tokens that all calls to one service share. */
struct retry_quota {
    int tokens;
};

/* What an attempt came to, seen from the next one. */
enum retry_verdict {
    RETRY_NEVER,     /* success, or an answer that another attempt would bring again */
    RETRY_THROTTLED, /* AWS has enough of us for the moment */
    RETRY_SERVICE,   /* AWS has a passing trouble of its own */
    RETRY_TRANSPORT, /* no answer came */
};

/* And what happened, for people, unless RETRY_NEVER: "AWS throttles (ThrottlingException)". */
enum retry_verdict retry_verdict(const struct http_answer *answer, char *trouble, size_t size);

/* Full jitter: random(0, 1) * 2^(attempts - 1) seconds, at most 20, after so many attempts (1 at least). */
int64_t retry_pause_ms(unsigned attempts);

/* What a retry costs is taken; false when there is not so much left. */
bool retry_quota_take(struct retry_quota *quota, int cost);
int retry_cost(enum retry_verdict verdict);
/* After a success: what the call's last retry took, or 0 when there was none; then one token comes back. */
void retry_quota_give_back(struct retry_quota *quota, int taken);

#endif
