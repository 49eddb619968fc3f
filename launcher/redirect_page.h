/*
 * redirect_page.h: the page by which the browser gets the link: arguments of programs are for everybody to see, a file
 * of mode 0600 is not.  It leads on to the link by itself, and has it to click on as well.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef REDIRECT_PAGE_H
#define REDIRECT_PAGE_H

#include <stdbool.h>

#include "buffer.h"
#include "studio_link.h"

/* Each byte of a link takes six of the page at most ("&quot;"), twice, and the rest of the page is short. */
#define REDIRECT_PAGE_LIMIT (12 * STUDIO_LINK_MAX + 4096)

/* Append the page, with the link HTML-escaped.  False when memory is short. */
bool redirect_page_compose(struct buffer *page, const char *link);

/* file:// and the percent-encoded path (RFC 8089); a heap string, or NULL when memory is short. */
char *redirect_page_url(const char *folder_path, const char *name);

#endif
