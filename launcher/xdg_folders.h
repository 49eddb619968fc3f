/*
 * xdg_folders.h: where desktops keep their files, in order of precedence (XDG Base Directory Specification).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XDG_FOLDERS_H
#define XDG_FOLDERS_H

#include "text_list.h"

/* $XDG_CONFIG_HOME, else ~/.config; then those of $XDG_CONFIG_DIRS, else /etc/xdg. */
void xdg_config_folders(struct text_list *folders);

/*
 * $XDG_DATA_HOME, else ~/.local/share; then those of $XDG_DATA_DIRS, else /usr/local/share and /usr/share.  Where
 * $XDG_DATA_DIRS is not set, the folders that snapd and Flatpak would have added to it come last: they do so in
 * /etc/profile.d, which not every session reads.
 */
void xdg_data_folders(struct text_list *folders);

/* FOLDER/NAME, a heap string; NULL when memory is short. */
char *xdg_path(const char *folder, const char *name);

#endif
