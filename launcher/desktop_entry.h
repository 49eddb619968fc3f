/*
 * desktop_entry.h: finding and reading the NAME.desktop file of an application (Desktop Entry Specification 1.5).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DESKTOP_ENTRY_H
#define DESKTOP_ENTRY_H

#include <stdbool.h>

#include "buffer.h"

#define DESKTOP_ENTRY_LIMIT 65536

/* What an entry's group [Desktop Entry] says; a string that it does not say is NULL. */
struct desktop_entry {
    char *path; /* of the file */
    char *type;
    char *name;
    char *icon;
    char *exec;
    char *try_exec;
    char *snap_instance; /* X-SnapInstanceName: it starts this snap */
    char *flatpak;       /* X-Flatpak: it starts this Flatpak application */
    bool hidden;         /* as if there were no such entry */
    bool terminal;
};

#define DESKTOP_ENTRY_NONE ((struct desktop_entry){.path = NULL})
#define AUTO_DESKTOP_ENTRY __attribute__((cleanup(desktop_entry_free)))

/* Is this the ID of an entry: a file's name that ends in .desktop, without slashes? */
bool desktop_entry_id_is_valid(const char *id);

/*
 * Find the entry by its ID in the `applications` folders of xdg_data_folders, and read it.  A dash of the ID may stand
 * for a slash: kde4-konqueror.desktop is also kde4/konqueror.desktop.  The first file of that name is the one that
 * counts, good or bad.  False when there is none, or it is no entry.
 */
bool desktop_entry_find(const char *id, struct desktop_entry *entry);

/* Read the text of an entry, which is taken to pieces.  False when it does not begin with [Desktop Entry], or memory is
 * short. */
bool desktop_entry_parse(struct buffer *text, struct desktop_entry *entry);

void desktop_entry_free(struct desktop_entry *entry);

#endif
