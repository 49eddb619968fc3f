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
 * right.  True as well when there is nothing to do; false with code "desktop-icon" or "desktop-folder".
 */
bool desktop_icon_place(struct failure *failure);

/* Put it there whatever has been before.  *path is where, a heap string that the caller frees, whatever comes back. */
bool desktop_icon_restore(char **path, struct failure *failure);

#endif
