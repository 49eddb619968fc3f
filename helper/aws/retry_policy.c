/*
 * retry_policy.c: see retry_policy.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "retry_policy.h"

#include <stdio.h>
#include <sys/random.h>

#include "aws_error.h"

#define PAUSE_BASE_MS 1000
#define PAUSE_MAX_MS  20000

static bool
is_passing_status(long status)
{
    return status == 500 || status == 502 || status == 503 || status == 504;
}

static enum retry_verdict
verdict_on_error(const struct http_answer *answer, char *trouble, size_t size)
{
    struct aws_error error;
    enum aws_error_kind kind;
    if (answer->status >= 200 && answer->status <= 299)
        return RETRY_NEVER;
    aws_error_read(answer, &error);
    kind = aws_error_kind(&error, answer->status);
    if (kind == AWS_ERROR_THROTTLED || answer->status == 429) {
        (void) snprintf(trouble, size, "AWS throttles (%s)", error.code);
        return RETRY_THROTTLED;
    }
    if (kind == AWS_ERROR_SERVICE || is_passing_status(answer->status)) {
        (void) snprintf(trouble, size, "AWS has a passing trouble (%s)", error.code);
        return RETRY_SERVICE;
    }
    return RETRY_NEVER;
}

enum retry_verdict
retry_verdict(const struct http_answer *answer, char *trouble, size_t size)
{
    switch (answer->end) {
    case HTTP_ANSWERED:
        return verdict_on_error(answer, trouble, size);
    case HTTP_UNCONNECTED:
    case HTTP_BROKEN:
    case HTTP_TIMED_OUT:
        (void) snprintf(trouble, size, "%s", answer->failure.message);
        return RETRY_TRANSPORT;
    case HTTP_UNRESOLVED:
    case HTTP_NO_SOCKET:
    case HTTP_CROWDED:
    case HTTP_TLS_FAILED:
    default:
        return RETRY_NEVER;
    }
}

int64_t
retry_pause_ms(unsigned attempts)
{
    unsigned doublings = attempts > 6 ? 5 : attempts - 1;
    uint32_t bits = UINT32_MAX;
    int64_t most = (int64_t) PAUSE_BASE_MS << doublings;
    if (most > PAUSE_MAX_MS)
        most = PAUSE_MAX_MS;
    /* Without randomness the whole pause; getrandom(2) waits only in the first moments after the host's boot. */
    (void) !getrandom(&bits, sizeof(bits), GRND_NONBLOCK);
    return most * bits / UINT32_MAX;
}

int
retry_cost(enum retry_verdict verdict)
{
    return verdict == RETRY_TRANSPORT ? RETRY_COST_TRANSPORT : RETRY_COST;
}

bool
retry_quota_take(struct retry_quota *quota, int cost)
{
    if (quota->tokens < cost)
        return false;
    quota->tokens -= cost;
    return true;
}

void
retry_quota_give_back(struct retry_quota *quota, int taken)
{
    int tokens = quota->tokens + (taken > 0 ? taken : 1);
    quota->tokens = tokens < RETRY_QUOTA ? tokens : RETRY_QUOTA;
}
