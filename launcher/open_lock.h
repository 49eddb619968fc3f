/*
 * open_lock.h: one `open` at a time for each user, so that five impatient clicks spend one link and open one tab.
 *
 * The lock is flock(2) on a file in the user's folder.  It belongs to the open file description, so the child that
 * keeps the page inherits it and gives it back when the browser has had its moment; nobody else does, as it is
 * close-on-exec.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OPEN_LOCK_H
#define OPEN_LOCK_H

#include <stdbool.h>

#include "failure.h"

enum open_lock {
    OPEN_LOCK_TAKEN, /* *lock is a descriptor; the lock ends when it and its copies are closed */
    OPEN_LOCK_BUSY,  /* another `open` is under way */
    OPEN_LOCK_FAILED,
};

/*
 * Make the file in this folder (0600) where it is absent, and lock it without waiting.  What is not a file of the
 * user's own is never used: it is removed, and where that fails the lock fails.
 */
enum open_lock open_lock_take(int folder, int *lock, struct failure *failure);

/* At logout: remove the file.  An `open` that still holds it does no harm to one that makes a new one. */
void open_lock_remove(int folder);

#endif
