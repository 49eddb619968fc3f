/*
 * rate.h: how much of something a user may have in a minute; logins and clicks apart, so that neither uses up the
 * other.
 *
 * A token bucket for each uid and kind: `limit` at once, and `limit` a minute in the long run, so that the first minute
 * may see nearly twice as many.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RATE_H
#define RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum rate_kind {
    RATE_LOGIN,      /* links made at logins */
    RATE_CLICK,      /* links that the user asked for himself */
    RATE_CONNECTION, /* his connections */
    RATE_LOG,        /* log lines about his refusals */
};

#define RATE_USERS 1024

struct rate {
    uid_t uid;
    enum rate_kind kind;
    bool used;
    int64_t tokens;     /* 60000ths of a link */
    int64_t updated_ms; /* CLOCK_MONOTONIC */
};

/* All zero is a good beginning.  More than RATE_USERS active users: the one unseen for longest is forgotten. */
struct rates {
    struct rate entries[RATE_USERS];
};

/* Take one from the user's bucket; false when it is empty. */
bool rate_take(struct rates *rates, uid_t uid, enum rate_kind kind, int limit, int64_t now_ms);

#endif
