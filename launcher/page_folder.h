/*
 * page_folder.h: the folders in which `open` leaves its page: the user's own, and one that his browser can read.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PAGE_FOLDER_H
#define PAGE_FOLDER_H

#include <limits.h>
#include <stdbool.h>

#include "failure.h"
#include "user_browser.h"

struct page_folder {
    int fd;
    char path[PATH_MAX];
};

#define PAGE_FOLDER_NONE ((struct page_folder){.fd = -1})
#define AUTO_PAGE_FOLDER __attribute__((cleanup(page_folder_close)))

/*
 * The first that there is, or can be made (0700), of $XDG_RUNTIME_DIR/sagemaker-studio, /run/user/UID/sagemaker-studio,
 * RUN_FOLDER/users/UID and ~/.cache/sagemaker-studio.  A folder is used only when it is the user's own and nobody else
 * can write in it or, unless that is root, in the folder above it; a symbolic link is none.
 */
bool page_folder_open(struct page_folder *folder, struct failure *failure);

/*
 * The folder that this browser can read a page in.  A snap sees of the runtime folder only snap.NAME/ (snapd's AppArmor
 * template), without one ~/snap/NAME/common/; a Flatpak only app/ID/ (flatpak-metadata(5), XDG_RUNTIME_DIR), without
 * one ~/.var/app/ID/cache/; for any other browser it is the folder above.
 */
bool page_folder_open_for(const struct user_browser *browser, struct page_folder *folder, struct failure *failure);

void page_folder_close(struct page_folder *folder);

#endif
