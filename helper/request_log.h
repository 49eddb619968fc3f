/*
 * request_log.h: the one line that the journal holds for each link or refusal.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REQUEST_LOG_H
#define REQUEST_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "link.h"

/* Who asked what, as far as it is known. */
struct request_facts {
    uid_t peer;          /* SO_PEERCRED */
    uid_t uid;           /* whose link */
    bool login;          /* root asked, for a login; else the user, by a click */
    bool identity_only;  /* op=whoami */
    const char *service; /* PAM service; NULL when not said */
    int64_t loginuid;    /* audit's; -1 when not said */
    int64_t started_ms;  /* CLOCK_MONOTONIC */
};

/*
 * event=link-made, link-refused (an error) or, at debug level, link-none (no rule) and identity; via=login or click;
 * then user, uid, loginuid, service, rule, domain, domain_id, user_profile, role, request_id, code, message, ms.  Never
 * the link.
 */
void request_log(const struct request_facts *facts, const struct link_result *result);

#endif
