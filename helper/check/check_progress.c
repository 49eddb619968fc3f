/*
 * check_progress.c: see check_progress.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_clock.h"
#include "cleanup.h"

#define LEFT_OUT_LIMIT 8192

bool
check_progress_begin(struct check_progress *progress, struct service *service, struct check_report *report,
                     struct failure *failure)
{
    *progress = (struct check_progress){
        .service = service,
        .report = report,
        .deadline = deadline_in_ms(CHECK_WHOLE_MS),
        .left_out = BUFFER(LEFT_OUT_LIMIT),
    };
    progress->resolver = resolver_create(service->loop, failure);
    return progress->resolver != NULL;
}

void
check_progress_end(struct check_progress *progress)
{
    resolver_free(progress->resolver);
    buffer_free(&progress->left_out);
}

static bool
is_left_out(const struct check_progress *progress, const char *what)
{
    size_t length = strlen(what);
    const char *at = progress->left_out.data;

    for (at = at != NULL ? strstr(at, what) : NULL; at != NULL; at = strstr(at + 1, what)) {
        if ((at == progress->left_out.data || at[-1] == ' ') && (at[length] == '\0' || at[length] == ';'))
            return true;
    }
    return false;
}

void
check_leave_out(struct check_progress *progress, const char *format, ...)
{
    AUTO_FREE char *what = NULL;
    va_list arguments;
    bool first = progress->left_out.length == 0;

    va_start(arguments, format);
    if (vasprintf(&what, format, arguments) < 0)
        what = NULL;
    va_end(arguments);
    if (what == NULL || is_left_out(progress, what))
        return;
    /* What does not fit any more is one of very many; that list says enough. */
    (void) buffer_append_format(&progress->left_out, "%s%s", first ? "" : "; ", what);
}

bool
check_is_out_of_time(struct check_progress *progress, const char *what)
{
    if (!deadline_passed(progress->deadline))
        return false;
    check_leave_out(progress, "%s (the time for all questions, %d s, was used up)", what, CHECK_WHOLE_MS / 1000);
    return true;
}

struct deadline
check_question_deadline(void)
{
    /* A question that is begun has all of its time: cut short, it would say that AWS does not answer. */
    return deadline_in_ms(CHECK_QUESTION_MS);
}

bool
check_run_until(const struct check_progress *progress, const bool *done, struct failure *failure)
{
    while (!*done) {
        if (!loop_run(progress->service->loop, failure))
            return false;
    }
    return true;
}

void
check_call_begin(struct check_call *call, struct check_progress *progress)
{
    *call = (struct check_call){.progress = progress};
}

void
check_call_done(void *owner, struct http_answer *answer, time_t sent_at)
{
    struct check_call *call = owner;

    (void) sent_at;
    call->answer = *answer;
    answer->body = BUFFER(answer->body.limit); /* it is the call's now */
    call->done = true;
    loop_stop(call->progress->service->loop);
}

bool
check_call_wait(struct check_call *call, struct aws_call *started, struct failure *failure)
{
    if (started == NULL)
        return false;
    if (!check_run_until(call->progress, &call->done, failure)) {
        aws_call_cancel(started);
        return false;
    }
    if (call->answer.end == HTTP_ANSWERED)
        check_clock(call->progress, call->answer.date);
    return true;
}

void
check_call_end(struct check_call *call)
{
    buffer_free(&call->answer.body);
}
