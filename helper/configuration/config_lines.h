/*
 * config_lines.h: what the map and the settings have in common as texts: lines, comments, and how a failure is worded.
 *
 * A text is lines of printable UTF-8 and tabs, each ended by a newline; an empty text or one whose last line has no
 * newline is taken for a file that is half written.  A `#` at the start of a line or after a blank begins a comment.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CONFIG_LINES_H
#define CONFIG_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

#define CONFIG_LINE_LIMIT 16384 /* bytes in one line */

/* A piece of somebody else's text; not ended by a NUL. */
struct config_text {
    const char *start;
    size_t length;
};

struct config_lines {
    const char *file;
    const char *next;
    const char *end;
    struct config_text line; /* the current one, without its newline */
    unsigned number;         /* its number, from 1 */
};

/* Check the whole text, and stand before its first line.  file and text must outlive lines. */
bool config_lines_open(struct config_lines *lines, const char *file, const char *text, size_t length,
                       struct failure *failure);

/* Go to the next line; false after the last. */
bool config_lines_next(struct config_lines *lines);

/* Fill the failure with code "config" and `file:line: ` before the sentence; line 0 leaves the line out.  Returns
 * false. */
bool config_failure(struct failure *failure, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

bool config_is_blank(char byte);

/* The text without the blanks around it, and without a comment at its end. */
struct config_text config_trimmed(struct config_text text);
struct config_text config_without_comment(struct config_text text);

/* The text up to the first blank; rest is what follows, from its first byte that is not blank. */
struct config_text config_first_word(struct config_text text, struct config_text *rest);

bool config_text_is(struct config_text text, const char *other);

/* A heap copy ended by a NUL; NULL with the failure when memory is short. */
char *config_text_copy(struct config_text text, struct failure *failure);

/* The words of a text, at most so many, NULL behind the last; NULL with the failure when memory is short. */
char **config_words(const char *text, size_t maximum, struct failure *failure);
void config_words_free(char **words);

bool config_no_memory(struct failure *failure);

/* Append a copy of the name of a file to the list, for messages. */
bool config_remember_file(char ***files, size_t *count, const char *file, struct failure *failure);

/* A piece of the file for `%.*s` in a message: cut at 80 bytes. */
#define CONFIG_SHOWN(text) (int) ((text).length < 80 ? (text).length : 80), (text).start

#endif
