/*
 * check_region.h: which region is a domain asked about in, and who says so?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_REGION_H
#define CHECK_REGION_H

#include <stdbool.h>
#include <stddef.h>

#include "check_progress.h"
#include "settings.h"

/* The domain's own, else that of the AWS profile or of the instance.  False when there is none, which is said. */
bool check_region(struct check_progress *progress, const struct domain_settings *domain, char *region, size_t size);

/* That of the AWS profile or of the instance, whatever the settings say. */
bool check_region_of_host(struct check_progress *progress, char *region, size_t size, struct failure *failure);

#endif
