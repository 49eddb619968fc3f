/*
 * https_handler.h: which applications open https links for this user (MIME applications associations
 * specification 1.0).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HTTPS_HANDLER_H
#define HTTPS_HANDLER_H

#include "text_list.h"

#define HANDLER_LIST_LIMIT 1048576 /* 1 MiB */

/*
 * The IDs of the desktop entries that the user's, the administrator's and the distribution's lists give for
 * x-scheme-handler/https: first the default ones, then those that are associated with it, without those that were
 * removed.  Whether such an entry exists and can be started is not asked here.
 */
void https_handlers_find(struct text_list *ids);

#endif
