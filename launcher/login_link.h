/*
 * login_link.h: taking the link that was made at this user's login, for one use.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOGIN_LINK_H
#define LOGIN_LINK_H

#include <stdbool.h>

#include "session_search.h"

/*
 * Find a link of a login that is fresh, unused and harmless, and claim it (session_file.h): it is then ours alone, in
 * found->link.  False when there is none.  found is SESSION_FOUND_NONE before; the caller frees it either way.
 */
bool login_link_claim(struct session_found *found);

#endif
