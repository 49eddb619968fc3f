/*
 * check_configuration.h: are map and settings there, and well formed?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_CONFIGURATION_H
#define CHECK_CONFIGURATION_H

#include "check_report.h"
#include "configuration.h"

/*
 * The step "configuration".  Returns the configuration, which the caller frees; NULL when none is in force.
 * source->was_read and source->owner are set by this.
 */
struct configuration *check_configuration(struct configuration_source *source, struct check_report *report);

#endif
