/*
 * desktop_icon.h: the icon on the user's desktop: a symbolic link to the desktop entry that the package installed.
 *
 * Desktops start what such a link leads to without asking whether it can be trusted, since the entry is root's and lies
 * where applications do; of a file in the home folder they would ask (measured with XFCE 4.18 and gvfs).  The link has
 * one name in all languages; what people read below the icon is the entry's own Name.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DESKTOP_ICON_H
#define DESKTOP_ICON_H

#include <stdbool.h>

#include "failure.h"

/*
 * Put the icon there at the first login.  At later ones it stays as the user has left it: moved, renamed or deleted.  A
 * link of ours that leads to another place than the entry (the package was installed anew below another prefix) is set
 * right.  True as well when there is nothing to do; false with code "desktop-icon" or "desktop-folder".  *is_new says
 * whether there is a link now that was not there before, whatever comes back.
 */
bool desktop_icon_place(bool *is_new, struct failure *failure);

/*
 * Put a new link in the place of the icon, where that still is and leads to the entry, so that the desktop hears of it.
 * A desktop that starts at the same moment as we do can miss a new file until the next login: xfdesktop watches the
 * folder only when it has read all of it, some 20 to 150 ms after it began (measured with 4.18.1; its
 * xfdesktop_file_icon_manager_files_ready()).  The name is never without an icon meanwhile.  Where this cannot be done,
 * the icon stays as it is.
 */
void desktop_icon_announce(void);

/* Put it there whatever has been before.  *path is where, a heap string that the caller frees, whatever comes back. */
bool desktop_icon_restore(char **path, struct failure *failure);

#endif
