/*
 * new_link.c: asking the helper for a new link of the user's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "new_link.h"

#include <stddef.h>
#include <string.h>

#include "ask_helper.h"
#include "failure_advice.h"
#include "studio_link.h"

#define NEW_LINK_WITHIN_MS  15000
#define LANDING_URI_LONGEST 1023 /* CreatePresignedDomainUrl, LandingUri */

/* Fit for the conversation at all; whether it is allowed is the helper's to say. */
static bool
may_be_landing_uri(const char *text)
{
    size_t length = strnlen(text, LANDING_URI_LONGEST + 1);

    return length <= LANDING_URI_LONGEST && text_is_printable(text, length);
}

bool
new_link_ask(const char *socket_path, const char *landing_uri, struct message *answer, struct failure *failure)
{
    const struct message_field wish = {.key = "landing_uri", .value = landing_uri};

    if (landing_uri != NULL && !may_be_landing_uri(landing_uri)) {
        failure_set(failure, "landing-uri", "a landing URI is printable text of at most %d bytes", LANDING_URI_LONGEST);
        return failure_advise(failure, NULL, NULL);
    }
    if (!ask_helper_with(socket_path, "issue", landing_uri != NULL ? &wish : NULL, deadline_in_ms(NEW_LINK_WITHIN_MS),
                         answer, failure))
        return false;
    if (studio_link_is_harmless(message_get(answer, "url")))
        return true;
    failure_set(failure, "protocol", "the helper's answer holds no link that may be shown; its log helps");
    return failure_advise(failure, message_get(answer, "contact"), message_get(answer, "request_id"));
}
