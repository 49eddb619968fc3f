/*
 * check_role.h: can the role of the domain's settings be assumed, as it is for a link?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_ROLE_H
#define CHECK_ROLE_H

#include "check_place.h"
#include "check_progress.h"

#define CHECK_ROLE_SESSION "sagemaker-studio-check" /* who assumes it where no user is asked about */

/*
 * Nothing to do where there is no role_arn.  Fills place->link_keys when a user is asked about, and describing_keys
 * where the role is of another account than the host: only there can it be asked about the domain.
 */
void check_role(struct check_progress *progress, struct check_place *place);

#endif
