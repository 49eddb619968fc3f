/*
 * check_report.h: what `check` has found, a step a line, for a person (✓ ! ✗ –) or as JSON.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include <stdbool.h>
#include <stdio.h>

/* The exit statuses of check, too: what monitoring plugins expect. */
enum check_level { CHECK_GOOD = 0, CHECK_WARNING = 1, CHECK_CRITICAL = 2 };

struct check_report;

/* Text goes to out as the steps come; JSON as a whole, by check_report_end. */
struct check_report *check_report_begin(FILE *out, bool json);

/*
 * One thing found.  step: a stable word for scripts ("clock", "domain", "profile"); found: a sentence about what is the
 * case; advice: what to do about it, NULL when there is nothing to do.  Both are made fit for a terminal.
 */
void check_report_add(struct check_report *report, enum check_level level, const char *step, const char *found,
                      const char *advice);
/* The same with `found` as a format. */
void check_report_say(struct check_report *report, enum check_level level, const char *step, const char *advice,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What is no finding: that something was not looked at.  It counts for nothing, and has a mark of its own. */
void check_report_note(struct check_report *report, const char *step, const char *note);

/* A further member of the JSON object: its value is JSON already.  Text reports leave it out. */
void check_report_attach(struct check_report *report, const char *name, const char *json);

/* Ends the report: the last line, or the whole JSON.  Frees it and returns the exit status. */
int check_report_end(struct check_report *report);

#endif
