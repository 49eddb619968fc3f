/*
 * check_users.h: what the map makes of the users that this host lists: who is mapped, who cannot be, and which two
 * people would be one in Studio.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_USERS_H
#define CHECK_USERS_H

#include "check_report.h"
#include "configuration.h"
#include "mapping.h"
#include "user_survey.h"

/* The step "map", for all users of the survey. */
void check_users(const struct configuration *configuration, const struct user_survey *survey,
                 struct check_report *report);

/* The step "user": which rule, domain and profile, or why none. */
void check_user(const struct mapping *mapping, struct check_report *report);

/* Every user of the survey: a line of the step "user" each, and the member "users" of the JSON object. */
void check_users_list(const struct configuration *configuration, const struct user_survey *survey,
                      struct check_report *report);

#endif
