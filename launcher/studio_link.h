/*
 * studio_link.h: the last look at a link before it is stored or shown.
 *
 * The helper has checked that it leads to Studio in the right region (helper/aws/studio_url.h).  What matters here is
 * that it can do no harm in a terminal, a shell or a page, whoever wrote the file or the answer it comes from.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STUDIO_LINK_H
#define STUDIO_LINK_H

#include <stdbool.h>

#define STUDIO_LINK_MAX 32768

/* https://, then a host; printable ASCII without blanks, quotes, angle brackets and backslashes; not too long.  NULL is
 * no such link. */
bool studio_link_is_harmless(const char *url);

#endif
