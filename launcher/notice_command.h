/*
 * notice_command.h: the command lines of the programs that can show something to a user at his desktop.
 *
 * What is shown comes from AWS and from the helper in part.  Each program has its own idea of what in a text is an
 * option, markup or an escape; here it is made sure that all of them show the text as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NOTICE_COMMAND_H
#define NOTICE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* No more than this of a text is shown; a window has to fit the screen. */
#define NOTICE_TEXT_MAX 2000

#define NOTICE_WORDS_MAX 12

enum notice_kind {
    NOTICE_FAILURE,  /* a dialog that stays until it is closed */
    NOTICE_NEWS,     /* goes by itself */
    NOTICE_PROGRESS, /* stays while standard input is open */
};

struct notice_command {
    char *words[NOTICE_WORDS_MAX + 1]; /* heap strings, NULL-terminated; the first is the program's name */
    bool reports_failure;              /* ends at once, and with other than 0 when nothing was shown */
};

#define NOTICE_COMMAND_NONE ((struct notice_command){.words = {NULL}})
#define AUTO_NOTICE_COMMAND __attribute__((cleanup(notice_command_free)))

/*
 * The choices for each kind, the best first: 0, 1 and so on.  False when there is no such choice, or memory is short.
 * Line feeds in the text are kept; what else is not printable UTF-8 becomes '?'.
 */
bool notice_command_make(enum notice_kind kind, size_t choice, const char *text, struct notice_command *command);

void notice_command_free(struct notice_command *command);

#endif
