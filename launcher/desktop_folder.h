/*
 * desktop_folder.h: the folder whose files a desktop shows as icons.
 *
 * Its name is in the user's language (デスクトップ), so it is what XDG_DESKTOP_DIR in user-dirs.dirs says, and Desktop
 * in the home folder where nothing is said (xdg-user-dir(1)).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DESKTOP_FOLDER_H
#define DESKTOP_FOLDER_H

#include <stdbool.h>

#include "failure.h"

/* The code of the failure when the user has chosen to have no desktop folder: it is then the home folder itself
 * (user-dirs.defaults(5)). */
#define DESKTOP_FOLDER_UNWANTED "no-desktop-folder"

/*
 * The path that the text of a user-dirs.dirs gives, a heap string; NULL when it gives none that can be used.  No shell
 * reads it: a line is XDG_DESKTOP_DIR="$HOME/..." or "/...", where a backslash takes its meaning from what follows it.
 */
char *desktop_folder_named(const char *text, const char *home);

/*
 * Open the folder.  With prepare, at a first login, the program that chooses its name is given a few seconds to do so,
 * and a folder that is missing then is made, if the one that it lies in is there.  *path is a heap string that the
 * caller frees, whatever comes back.  Returns a descriptor that the caller closes, or -1 with the failure (code
 * "desktop-folder", or the one above).
 */
int desktop_folder_open(bool prepare, char **path, struct failure *failure);

#endif
