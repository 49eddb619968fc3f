/*
 * studio_status.h: what is known about the user in Studio and about his link, and how it is told.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STUDIO_STATUS_H
#define STUDIO_STATUS_H

#include <stdbool.h>
#include <stdio.h>

#include "failure.h"
#include "session_search.h"

struct studio_status {
    struct session_found session;
    struct message identity; /* the helper's answer to op=whoami */
    bool told;               /* the helper said who the user is; else failure says why not */
    struct failure failure;
};

/* Does anybody say who the user is: the helper, or the link made at login? */
bool studio_status_is_known(const struct studio_status *status);

/* For people and for programs.  The link itself is never printed.  False when it cannot be written. */
bool studio_status_print_text(FILE *out, const struct studio_status *status);
bool studio_status_print_json(FILE *out, const struct studio_status *status);

#endif
