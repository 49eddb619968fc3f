/*
 * usable_link.h: a link that opens Studio now: the one made at login while it is fresh and unused, else a new one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USABLE_LINK_H
#define USABLE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "message.h"
#include "session_search.h"

struct usable_link {
    struct session_found login; /* where the link comes from: this ... */
    struct message answer;      /* ... or this */
    const char *url;            /* points into one of them */
    int64_t seconds_left;
};

#define USABLE_LINK_NONE ((struct usable_link){.login = SESSION_FOUND_NONE, .answer = MESSAGE_EMPTY})
#define AUTO_USABLE_LINK __attribute__((cleanup(usable_link_free)))

/* landing_uri: as for new_link_ask; the link made at login leads to the usual place, so only a new one will do then. */
bool usable_link_get(const char *socket_path, const char *landing_uri, struct usable_link *link,
                     struct failure *failure);

/* Write it alone on a line of standard output.  Code "output". */
bool usable_link_print(const struct usable_link *link, struct failure *failure);

void usable_link_free(struct usable_link *link);

#endif
