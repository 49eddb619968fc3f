/*
 * new_link.h: asking the helper for a new link of the user's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NEW_LINK_H
#define NEW_LINK_H

#include <stdbool.h>

#include "failure.h"
#include "message.h"

/*
 * landing_uri: where in Studio the link leads to, one of those that the administrator allows; NULL for the usual place.
 * The answer then holds `url`, a harmless link, and what else the helper says of it.  Waits up to 15 seconds.
 */
bool new_link_ask(const char *socket_path, const char *landing_uri, struct message *answer, struct failure *failure);

#endif
