/*
 * page_watch.h: what happens to a page and to the browser that was started on it, in one process that waits for all of
 * it at once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PAGE_WATCH_H
#define PAGE_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "deadline.h"

/* A browser that fails within this time, before anybody has opened the page, has not come up. */
#define BROWSER_TROUBLE_MS 10000

/* Most of those do it within this time, in which whoever clicked still waits. */
#define BROWSER_MOMENT_MS 1000

/* Whoever opened the page may be a script on its way to the browser, so clicks are held off for a moment more. */
#define LOCK_AFTER_OPENED_MS 2000
#define LOCK_AT_MOST_MS      30000

struct page_watch {
    int signals; /* signalfd(2): the browser's end, and somebody who wants us to end */
    int opening; /* inotify(7) on the page; -1: no instance was left, and nobody is seen to open it */
    int life;    /* timerfd_create(2) on CLOCK_BOOTTIME, which counts through suspend */
    int lock;    /* given back (closed, -1) when the browser has had its moment */
    struct deadline lock_until;
    struct deadline trouble_until;
    pid_t browser; /* 0: none, or it has ended */
    int status;    /* that it ended with (waitpid(2)) */
    bool opened;   /* somebody has opened the page */
    bool over;     /* nothing more to watch */
    bool browser_failed;
};

#define PAGE_WATCH_NONE ((struct page_watch){.signals = -1, .opening = -1, .life = -1, .lock = -1})

/*
 * Before the browser is started: begin to watch the page in this folder, whose link lives so long.  The signals that
 * are waited for are blocked from now on.  The watch owns the lock.  Where the kernel has nothing left to watch the
 * page with, the link's life and the browser's end are watched all the same.  False with errno.
 */
bool page_watch_begin(struct page_watch *watch, int folder, const char *name, int64_t seconds_left, int lock);

/*
 * The browser runs: wait for BROWSER_MOMENT_MS, in which one that finds no display or no room ends, or less when it has
 * opened the page or handed it on (to one that runs already) before.
 */
void page_watch_first_moment(struct page_watch *watch, pid_t browser);

/* Wait until the link is dead, the page is gone, the browser has failed before it read it (browser_failed), or somebody
 * ends us. */
void page_watch_wait(struct page_watch *watch);

void page_watch_end(struct page_watch *watch);

#endif
