/*
 * command_line.h: a command line split into words without a shell, as the AWS SDKs split credential_process.
 *
 * Blanks divide words.  In single quotes everything is literal; in double quotes a backslash quotes a backslash and a
 * double quote and is literal before anything else; outside of quotes it quotes the next byte.  Nothing is expanded: $,
 * `, *, ~, #, | and ; are letters.  This is sh(1) with nothing but quoting, and shlex.split of Python, which botocore
 * uses.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include <stddef.h>

#define COMMAND_LINE_WORDS_MAX 256

struct command_line {
    char *words[COMMAND_LINE_WORDS_MAX + 1]; /* NULL behind the last */
    size_t count;
    char *text; /* what the words lie in, one behind the other */
    size_t size;
};

#define AUTO_COMMAND_LINE __attribute__((cleanup(command_line_free)))

/* NULL with the words, else what was expected, as the end of a sentence that quotes nothing; the line is then all zero.
 * At least one word is there. */
const char *command_line_split(const char *text, struct command_line *line);

/* Wipes: arguments may be secrets.  All zero is fine. */
void command_line_free(struct command_line *line);

#endif
