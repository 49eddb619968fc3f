/*
 * journal.h: one line of `key=value` for each thing that an administrator may want to know, and nothing secret, ever.
 *
 * The line goes to the system log by /dev/log without blocking (a stopped syslog must not stop the helper), ident
 * "sagemaker-studio", facility authpriv; or to standard error, with the <N> prefix of sd-daemon(3) when that is the
 * journal. Where there is no system log the line goes to standard error as well.  Lines that nobody took are counted
 * and the count follows with the next line that goes through.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#include "buffer.h"

#define JOURNAL_LINE_LIMIT 8192

enum journal_target {
    JOURNAL_AUTO, /* stderr when it is a terminal or the journal ($JOURNAL_STREAM), else the system log */
    JOURNAL_STDERR,
    JOURNAL_SYSLOG,
};

struct journal_line {
    int priority; /* LOG_ERR … LOG_DEBUG */
    struct buffer text;
};

/* To be called before the environment is cleared: $JOURNAL_STREAM tells whether standard error is the journal. */
void journal_open(enum journal_target target, bool debug);
/* With another socket than /dev/log; the path is not copied. */
void journal_open_with(enum journal_target target, bool debug, const char *log_socket);

/*
 * A line begins with event=…; fields come in the order put.  A value with blanks, quotes, '=' or '\' is quoted, with \"
 * and \\ inside; control characters and what is not UTF-8 are escaped as \xHH, byte by byte; NULL and "" leave the
 * field out.  A line longer than JOURNAL_LINE_LIMIT is cut and ends in "...".  LOG_DEBUG lines are dropped unless
 * debug was given.  journal_end frees the line.
 */
struct journal_line journal_begin(int priority, const char *event);
void journal_put(struct journal_line *line, const char *key, const char *value);
void journal_put_number(struct journal_line *line, const char *key, int64_t value);
void journal_end(struct journal_line *line);

#endif
