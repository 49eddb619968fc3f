/*
 * check_user_profile.h: are there the user profiles that the map sends people to, and are they in service?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_USER_PROFILE_H
#define CHECK_USER_PROFILE_H

#include <stddef.h>

#include "check_place.h"
#include "check_progress.h"
#include "mapping.h"

/* That of the user who is asked about. */
void check_user_profile(struct check_progress *progress, struct check_place *place);

/* Those of all who are mapped to this domain: one list of the domain's profiles, and a line for each that lacks. */
void check_user_profiles(struct check_progress *progress, struct check_place *place, const struct mapping *mappings,
                         size_t count);

#endif
