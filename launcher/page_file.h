/*
 * page_file.h: writing, sweeping and removing the pages that `open` leaves for the browser.
 *
 * A page is called open-XXXXXX.html; while it is written, .open-XXXXXX.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PAGE_FILE_H
#define PAGE_FILE_H

#include <stdbool.h>

#include "failure.h"

#define PAGE_NAME_SIZE sizeof("open-XXXXXX.html")

/* No link lives longer (ExpiresInSeconds, API page of CreatePresignedDomainUrl), so neither does a page. */
#define PAGE_LIFE_SECONDS 300

/*
 * Write a new page for this link into the folder: 0600, O_EXCL | O_NOFOLLOW, under a random name that it gets only when
 * it is whole.  On failure (code "page") nothing is left.
 */
bool page_file_write(int folder, const char *link, char name[PAGE_NAME_SIZE], struct failure *failure);

/* Remove the user's pages that no link can need any more, or all of them.  What else has such a name stays: symbolic
 * links, folders, files of others. */
void page_file_sweep(int folder);
void page_file_remove_all(int folder);

#endif
