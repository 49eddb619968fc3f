/*
 * usable_link.c: a link that opens Studio now.
 *
 * SPDX-License-Identifier: MIT
 */
#include "usable_link.h"

#include <stddef.h>
#include <unistd.h>

#include "buffer.h"
#include "descriptor.h"
#include "login_link.h"
#include "new_link.h"
#include "studio_link.h"

/* ExpiresInSeconds of CreatePresignedDomainUrl is 300 at most (its API page). */
#define LONGEST_LIFE_SECONDS 300

/* The answer has just come, and both times are of one clock; without them a link may live as long as any. */
static int64_t
life_of(const struct message *answer)
{
    int64_t issued, expires;

    if (!message_get_number(answer, "issued_at", 0, INT64_MAX, &issued) ||
        !message_get_number(answer, "expires_at", issued, INT64_MAX, &expires))
        return LONGEST_LIFE_SECONDS;
    return expires - issued >= 1 && expires - issued <= LONGEST_LIFE_SECONDS ? expires - issued : LONGEST_LIFE_SECONDS;
}

bool
usable_link_get(const char *socket_path, const char *landing_uri, struct usable_link *link, struct failure *failure)
{
    if (landing_uri == NULL && login_link_claim(&link->login)) {
        link->url = message_get(&link->login.link, "url");
        link->seconds_left = link->login.seconds_left;
        return true;
    }
    if (!new_link_ask(socket_path, landing_uri, &link->answer, failure))
        return false;
    link->url = message_get(&link->answer, "url");
    link->seconds_left = life_of(&link->answer);
    return true;
}

void
usable_link_free(struct usable_link *link)
{
    session_found_free(&link->login);
    message_free(&link->answer);
    link->url = NULL;
}

bool
usable_link_print(const struct usable_link *link, struct failure *failure)
{
    AUTO_BUFFER struct buffer line = BUFFER(STUDIO_LINK_MAX + 1);

    if (!buffer_append_format(&line, "%s\n", link->url))
        return failure_set(failure, "output", "there is not enough memory to print the link");
    if (!descriptor_write_all(STDOUT_FILENO, line.data, line.length))
        return failure_set(failure, "output", "the link cannot be printed: %m");
    return true;
}
