/*
 * check_link.h: a link for the user who is asked about, made as at a login, good for five seconds, and thrown away.
 * There is no other way to know that links can be made: the API has no dry run.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_LINK_H
#define CHECK_LINK_H

#include "check_place.h"
#include "check_progress.h"

void check_link(struct check_progress *progress, struct check_place *place);

#endif
