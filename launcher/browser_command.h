/*
 * browser_command.h: what a command line is about to start, and whether that is a browser with a window.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BROWSER_COMMAND_H
#define BROWSER_COMMAND_H

#include <stdbool.h>

#include "text_list.h"

/* The last part of a path. */
const char *program_name(const char *path);

/* Absolute path of a program, found in PATH where the name has no slash; a heap string or NULL. */
char *browser_program_find(const char *name);

/* The words from the program on: without `env NAME=VALUE ...` before it, as snapd's entries have. */
char *const *command_behind_env(char *const *words);

/*
 * Not to be started as a browser: sagemaker-studio itself; what asks the desktop for the handler of a file (xdg-open
 * and its like), which for a page of ours may be an editor; browsers that need a terminal.
 */
bool command_is_no_browser(char *const *words);

/*
 * One entry of $BROWSER as words, with BROWSER_PAGE for each %s, or at the end where there is none; %c is a colon, %% a
 * per cent sign.  Split at blanks, without a shell: quotes mean nothing, but for those around %s alone, and a `&` at
 * the end is dropped.  False for an empty entry.
 */
bool browser_variable_entry_split(const char *entry, size_t length, struct text_list *words);

#endif
