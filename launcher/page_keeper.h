/*
 * page_keeper.h: the process that stays behind when `open` has ended: it starts the browser on the page, looks whether
 * that goes well, and removes the page when its link is dead.
 *
 * The page is not removed when it is first read: programs that only want to know what kind of file it is read it too,
 * and a browser that starts for the first time on a slow home folder needs its time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PAGE_KEEPER_H
#define PAGE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "page_file.h"
#include "page_folder.h"
#include "user_browser.h"

/* What it is given to keep; nothing of it is a secret. */
struct kept_page {
    const struct page_folder *folder;
    char name[PAGE_NAME_SIZE];
    int64_t seconds_left; /* of the link */
    int lock;             /* of open_lock.h */
    const struct user_browser *browser;
    const char *contact; /* whom to ask, or "" */
};

/*
 * Start it, and wait for the browser's first moment (page_watch.h).  False when one of them cannot be started, or the
 * browser failed in that moment (code "browser"); the page is then gone.  The keeper has
 * copies of the folder's descriptor and of the lock; the caller closes its own.
 */
bool page_keeper_start(const struct kept_page *page, struct failure *failure);

#endif
