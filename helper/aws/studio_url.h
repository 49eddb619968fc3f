/*
 * studio_url.h: is what AWS sent back a link that may be shown to a user?
 *
 * https, a host `LABEL.studio.REGION.DOMAIN` of the region asked and its partition's domain (partition.h; in aws-us-gov
 * also studio-fips), or one under an extra suffix of the settings; path /auth; no user info, port, fragment, blank,
 * quote or control byte; at most STUDIO_URL_MAX bytes.  The messages never hold the link; at most its host.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STUDIO_URL_H
#define STUDIO_URL_H

#include <stdbool.h>

#include "failure.h"

#define STUDIO_URL_MAX 32768

/* suffixes: NULL or NULL-terminated.  Code "bad-answer". */
bool studio_url_check(const char *url, const char *region, char *const *suffixes, struct failure *failure);

#endif
