/*
 * subprogram.h: starting other people's programs (browsers, dialogs) from the launcher: on their own, with the user's
 * own umask, limits and signals back, and none of our descriptors.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUBPROGRAM_H
#define SUBPROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

/* Called once as the launcher starts, before it changes any of this: what programs that it starts get back. */
void subprogram_remember_process(void);

/* Close every descriptor above 2: as a program starts, those that whoever started it has left open. */
void subprogram_drop_descriptors(void);

/*
 * In a child, before exec: default signals and mask, the umask and core limit that the launcher was started with, a
 * session of its own (setsid(2)), standard input from /dev/null, standard output and error to /dev/null unless they are
 * kept, no descriptor above 2.
 */
void subprogram_prepare(bool keep_output);

/* Absolute path of an executable that the name finds in PATH (or the name itself when it has a slash); a heap string,
 * or NULL when there is none. */
char *subprogram_find(const char *name);

#endif
