/*
 * browser_confinement.h: does a command start a snap or a Flatpak application, and which?
 *
 * Told from names and paths alone: no program is asked.  What a script of somebody's own starts is not known, except
 * for a script that ends in `exec /snap/bin/NAME`, as Ubuntu's /usr/bin/firefox and /usr/bin/chromium-browser do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BROWSER_CONFINEMENT_H
#define BROWSER_CONFINEMENT_H

#include <stdbool.h>

#include "user_browser.h"

/* Say so of the browser.  A name that cannot be one (it becomes part of a path) is not taken. */
bool browser_confine(struct user_browser *browser, enum browser_confinement confinement, const char *name);

/* What is behind this program (an absolute path) with these words (argv)?  A free browser is left as it is. */
void browser_confine_by_command(struct user_browser *browser, const char *program, char *const *words);

/* Is it such a script, for a snap that is not installed? */
bool snap_is_missing(const char *program);

#endif
