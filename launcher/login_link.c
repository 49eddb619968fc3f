/*
 * login_link.c: taking the link that was made at this user's login, for one use.
 *
 * SPDX-License-Identifier: MIT
 */
#include "login_link.h"

#include "studio_link.h"

/* Another process of the user's may be faster each time; after so many a new link is the shorter way. */
#define CLAIMS_MAX 16

bool
login_link_claim(struct session_found *found)
{
    for (int tries = 0; tries < CLAIMS_MAX; tries++) {
        session_search(found);
        if (found->state != LINK_FRESH || !studio_link_is_harmless(message_get(&found->link, "url")))
            return false;
        if (session_file_claim(found->folder, found->id, NULL))
            return true;
    }
    return false;
}
