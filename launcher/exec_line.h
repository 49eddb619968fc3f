/*
 * exec_line.h: the Exec line of a desktop entry as arguments (Desktop Entry Specification 1.5, section 7).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef EXEC_LINE_H
#define EXEC_LINE_H

#include <stdbool.h>

#include "desktop_entry.h"
#include "text_list.h"

/*
 * Split the line at blanks, as its quotes say; no shell has a part in it.  BROWSER_PAGE (user_browser.h) comes in place
 * of the first code for a file or URL, and at the end where the line has none.  False when there is no line, a quote is
 * left open, or it is longer than any that somebody would write.
 */
bool exec_line_expand(const struct desktop_entry *entry, struct text_list *arguments);

#endif
