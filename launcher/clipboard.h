/*
 * clipboard.h: putting a secret text on the user's clipboard, by way of the program that keeps it there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLIPBOARD_H
#define CLIPBOARD_H

#include <stdbool.h>

#include "failure.h"

/* wl-copy under Wayland, xclip or xsel under X; NULL-terminated, of static strings. */
typedef const char *const clipboard_command[6];

struct clipboard {
    char *program; /* absolute path; heap, the caller frees it with clipboard_free */
    clipboard_command *command;
};

#define CLIPBOARD_NONE ((struct clipboard){.program = NULL})
#define AUTO_CLIPBOARD __attribute__((cleanup(clipboard_free)))

/* Is there a program for this display?  Codes "no-display", and "no-clipboard" with which package to install. */
bool clipboard_find(struct clipboard *clipboard, struct failure *failure);

/*
 * The program gets the text on standard input, never as an argument, and stays on its own when we end: it is what other
 * programs get the text from.  Waits until it has taken the text, and no longer than a few seconds.
 */
bool clipboard_copy(const struct clipboard *clipboard, const char *text, struct failure *failure);

void clipboard_free(struct clipboard *clipboard);

#endif
