/*
 * session_content.c: from the helper's answer to the content of the session file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_content.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include "session_file.h"
#include "studio_link.h"

/* ExpiresInSeconds of CreatePresignedDomainUrl is 300 at most (its API page). */
#define LONGEST_LIFE_SECONDS 300

/* Far beyond any date, and far from overflow. */
#define LATEST_SECOND ((int64_t) 1 << 40)

struct life {
    int64_t issued_at;
    int64_t expires_at;
    int64_t seconds_left;
};

/* What is left by the wall clock, but never more than the link was given: the clock may have been set back. */
static bool
read_life(const struct message *answer, struct life *life, struct failure *failure)
{
    int64_t now = time(NULL);
    int64_t whole;

    if (!message_get_number(answer, "issued_at", 1, LATEST_SECOND, &life->issued_at) ||
        !message_get_number(answer, "expires_at", 1, LATEST_SECOND, &life->expires_at))
        return failure_set(failure, "bad-answer", "the answer does not say from when to when its link lives");
    whole = life->expires_at - life->issued_at;
    if (whole < 1 || whole > LONGEST_LIFE_SECONDS)
        return failure_set(failure, "bad-answer", "the answer's link lives for less than 1 or more than %d seconds",
                           LONGEST_LIFE_SECONDS);
    life->seconds_left = life->expires_at - now < whole ? life->expires_at - now : whole;
    if (life->seconds_left < 1)
        return failure_set(failure, "bad-answer", "the answer's link has expired already");
    return true;
}

static bool
check_answer(const struct message *answer, struct failure *failure)
{
    static const char *const NEEDED[] = {"domain_id", "user_profile_name"};
    const char *status = message_get(answer, "status");

    if (status == NULL || strcmp(status, "ok") != 0)
        return failure_set(failure, "bad-answer", "the answer's status is not ok");
    if (!studio_link_is_harmless(message_get(answer, "url")))
        return failure_set(failure, "bad-answer", "the answer's url is not an https link fit to be shown");
    for (size_t i = 0; i < sizeof(NEEDED) / sizeof(NEEDED[0]); i++) {
        const char *value = message_get(answer, NEEDED[i]);
        if (value == NULL || value[0] == '\0')
            return failure_set(failure, "bad-answer", "the answer has no %s", NEEDED[i]);
    }
    return true;
}

static bool
put_copies(const struct message *answer, struct buffer *content)
{
    static const char *const COPIED[] = {"url", "domain", "domain_id", "user_profile_name", "region", "request_id"};

    for (size_t i = 0; i < sizeof(COPIED) / sizeof(COPIED[0]); i++) {
        const char *value = message_get(answer, COPIED[i]);
        if (value != NULL && !message_put(content, COPIED[i], value))
            return false;
    }
    return true;
}

bool
session_content_make(const struct message *answer, struct buffer *content, struct failure *failure)
{
    struct life life;

    if (!check_answer(answer, failure) || !read_life(answer, &life, failure))
        return false;
    if (message_begin(content) && put_copies(answer, content) &&
        message_put_number(content, "issued_at", life.issued_at) &&
        message_put_number(content, "expires_at", life.expires_at) && session_put_clock(content, life.seconds_left) &&
        message_end(content))
        return true;
    return failure_set(failure, "bad-answer", "the answer does not fit into a session file, or /proc is not there");
}
