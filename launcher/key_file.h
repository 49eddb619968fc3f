/*
 * key_file.h: reading the files of groups and `key=value` lines that desktops write: desktop entries, lists of
 * handlers, preferences.  (Desktop Entry Specification 1.5, section 3.)  They may be anybody's, so nothing in them is
 * an error: a line that is none is passed over.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef KEY_FILE_H
#define KEY_FILE_H

#include <stdbool.h>

#include "buffer.h"

struct key_line {
    const char *group; /* "" before the first group */
    const char *key;
    char *value; /* the caller may take it to pieces */
};

/* Where a reader is in the text; it writes into the text as it goes. */
struct key_file {
    const char *group;
    char *next;
};

/*
 * Read a whole regular file; the buffer's limit is the greatest size allowed.  Waits for nothing: a FIFO or device in
 * its place is no such file.  False, too, when it has a NUL byte.
 */
bool key_file_read(const char *path, struct buffer *text);

/* Begin with the first line.  The text must stay where it is until the last line is read. */
struct key_file key_file_begin(struct buffer *text);

/* The next `key=value`, without blanks around its parts; false at the end. */
bool key_file_next(struct key_file *file, struct key_line *line);

/* The next item of a value that is a list with semicolons, or NULL; *rest begins as the value. */
char *key_file_next_item(char **rest);

#endif
