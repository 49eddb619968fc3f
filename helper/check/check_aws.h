/*
 * check_aws.h: the part of `check` that asks AWS: credentials, clock, names and addresses of both endpoints, the
 * caller, the domain, the user profile, and a link of five seconds that nobody uses.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_AWS_H
#define CHECK_AWS_H

#include <stdbool.h>

#include "check_report.h"
#include "mapping.h"
#include "service.h"

struct check_aws_options {
    const char *without_users;     /* why there are none of both: fit for the list of what was not checked */
    bool no_link;                  /* for monitoring: nothing is made */
    const struct mapping *mapping; /* of the user who is asked about, MAPPING_PROFILE; NULL: nobody, only domains */
    /* With all_users: all mapped users, whose missing profiles are listed with the command that makes them. */
    const struct mapping *mappings;
    size_t mapping_count;
};

/* The service's loop runs until everything is answered, or has not been in time.  Runs as the service account. */
void check_aws(struct service *service, const struct check_aws_options *options, struct check_report *report);

#endif
