/*
 * check_caller.h: who is this host to AWS?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_CALLER_H
#define CHECK_CALLER_H

#include "check_place.h"
#include "check_progress.h"

/* Asks STS, which tells everybody.  Fills place->caller and account. */
void check_caller(struct check_progress *progress, struct check_place *place);

#endif
