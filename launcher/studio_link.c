/*
 * studio_link.c: the last look at a link before it is stored or shown.
 *
 * SPDX-License-Identifier: MIT
 */
#include "studio_link.h"

#include <stddef.h>
#include <string.h>

#include "ascii.h"

#define SCHEME "https://"

bool
studio_link_is_harmless(const char *url)
{
    size_t scheme = strlen(SCHEME);

    if (url == NULL || strnlen(url, STUDIO_LINK_MAX + 1) > STUDIO_LINK_MAX)
        return false;
    if (strncmp(url, SCHEME, scheme) != 0 || !ascii_is_alphanumeric(url[scheme]))
        return false;
    for (const char *at = url; *at != '\0'; at++) {
        if (!ascii_is_visible(*at) || strchr("\"'`<>\\", *at) != NULL)
            return false;
    }
    return true;
}
