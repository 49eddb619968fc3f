/*
 * session_names.h: what the files of a session are called in their folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_NAMES_H
#define SESSION_NAMES_H

#include "session_file.h"

#define SESSION_FRESH "session-"  /* a link that nobody has used */
#define SESSION_SPENT "spent-"    /* one that was claimed */
#define SESSION_NEW   ".session-" /* one that is being written */

#define SESSION_NAME_SIZE (sizeof(SESSION_NEW) + SESSION_ID_SIZE)

/* prefix and ID; false when the ID is not valid. */
bool session_name_make(char name[SESSION_NAME_SIZE], const char *prefix, const char *id, struct failure *failure);

#endif
