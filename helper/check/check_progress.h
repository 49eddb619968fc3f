/*
 * check_progress.h: what the steps of check_aws.h share: the report, the time that is left, one question at a time to
 * AWS, and the list of what was left out.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_PROGRESS_H
#define CHECK_PROGRESS_H

#include <stdbool.h>
#include <time.h>

#include "aws_call.h"
#include "buffer.h"
#include "check_report.h"
#include "deadline.h"
#include "failure.h"
#include "http.h"
#include "resolver.h"
#include "service.h"

#define CHECK_QUESTION_MS 5000   /* for each question */
#define CHECK_WHOLE_MS    120000 /* after this none is begun */

struct check_progress {
    struct service *service;
    struct check_report *report;
    struct resolver *resolver;
    struct deadline deadline;
    bool clock_was_told;
    struct buffer left_out; /* "a; b; c" */
};

/* False with the failure when it cannot begin.  check_progress_end in any case. */
bool check_progress_begin(struct check_progress *progress, struct service *service, struct check_report *report,
                          struct failure *failure);
void check_progress_end(struct check_progress *progress);

/* This was not checked; said once, at the end, however often it comes. */
void check_leave_out(struct check_progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Has all time been used up?  Then `what` is left out. */
bool check_is_out_of_time(struct check_progress *progress, const char *what);

/* By when the next question must be answered. */
struct deadline check_question_deadline(void);

/*
 * Run the loop until a callback has set *done (and called loop_stop), or, where the loop itself fails, no more: false
 * with the failure then.
 */
bool check_run_until(const struct check_progress *progress, const bool *done, struct failure *failure);

/* One call of an API: begin, start it with check_call_done and the call as owner, wait, read the answer, end. */
struct check_call {
    struct check_progress *progress;
    bool done;
    struct http_answer answer; /* taken over */
};
void check_call_begin(struct check_call *call, struct check_progress *progress);
void check_call_done(void *owner, struct http_answer *answer, time_t sent_at);
/* started: what the start function returned; NULL and its failure are handed on.  Tells of the clock by the way. */
bool check_call_wait(struct check_call *call, struct aws_call *started, struct failure *failure);
/* Wipes. */
void check_call_end(struct check_call *call);

#endif
