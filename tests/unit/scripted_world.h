/*
 * scripted_world.h: a world for tests in which hours pass at once and nothing is ever raced: http_start, the loop's
 * timers and the monotonic clock are defined here and take the place of the project's own.  For one test program each.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCRIPTED_WORLD_H
#define SCRIPTED_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "buffer.h"
#include "deadline.h"
#include "http.h"
#include "loop.h"

/* The clock and the loop's timers */

static int64_t now_ms;
static TAILQ_HEAD(, loop_timer) timers = TAILQ_HEAD_INITIALIZER(timers);

int64_t
monotonic_ms(void)
{
    return now_ms;
}

struct deadline
deadline_in_ms(int64_t milliseconds)
{
    return (struct deadline){now_ms + milliseconds};
}

struct deadline
deadline_earlier(struct deadline one, struct deadline other)
{
    return one.at_ms < other.at_ms ? one : other;
}

int64_t
deadline_left_ms(struct deadline deadline)
{
    return deadline.at_ms > now_ms ? deadline.at_ms - now_ms : 0;
}

bool
deadline_passed(struct deadline deadline)
{
    return deadline.at_ms <= now_ms;
}

void
loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
    (void) loop;
    if (timer->running)
        TAILQ_REMOVE(&timers, timer, link);
    timer->running = false;
}

void
loop_timer_start(struct loop *loop, struct loop_timer *timer, struct deadline due)
{
    loop_timer_stop(loop, timer);
    timer->due = due;
    timer->running = true;
    TAILQ_INSERT_TAIL(&timers, timer, link);
}

/* The earliest timer that is due by then, or NULL. */
static inline struct loop_timer *
earliest_timer(int64_t by_ms)
{
    struct loop_timer *earliest = NULL;
    struct loop_timer *timer;
    TAILQ_FOREACH(timer, &timers, link)
    {
        if (timer->due.at_ms <= by_ms && (earliest == NULL || timer->due.at_ms < earliest->due.at_ms))
            earliest = timer;
    }
    return earliest;
}

static inline void
pass_time(int64_t milliseconds)
{
    int64_t end = now_ms + milliseconds;
    for (struct loop_timer *timer; (timer = earliest_timer(end)) != NULL;) {
        if (timer->due.at_ms > now_ms)
            now_ms = timer->due.at_ms;
        loop_timer_stop(NULL, timer);
        timer->fire(timer->owner);
    }
    now_ms = end;
}

static inline void
turn_of_the_loop(void)
{
    pass_time(0);
}

/* HTTP: what was asked, until the test answers */

struct http_exchange {
    bool waiting;
    char method[8], url[512], headers[2][5000];
    char headers_text[8000]; /* all of them, a line each */
    char body[4096];
    struct http_request request;
    http_done *done;
    void *owner;
};

static struct http_exchange exchanges[8];
static int requests_started;
static bool refuse_to_start;

struct http_exchange *
http_start(struct http *http, const struct http_request *request, http_done *done, void *owner, struct failure *failure)
{
    (void) http;
    if (refuse_to_start) {
        failure_set(failure, "memory", "There is no memory.");
        return NULL;
    }
    struct http_exchange *exchange = exchanges;
    while (exchange->waiting)
        exchange++;
    assert_true(exchange < exchanges + sizeof(exchanges) / sizeof(exchanges[0]));
    *exchange = (struct http_exchange){.waiting = true, .request = *request, .done = done, .owner = owner};
    snprintf(exchange->method, sizeof(exchange->method), "%s", request->method);
    snprintf(exchange->url, sizeof(exchange->url), "%s", request->url);
    for (size_t i = 0; i < 2 && request->headers[i] != NULL; i++)
        assert_true(snprintf(exchange->headers[i], sizeof(exchange->headers[i]), "%s", request->headers[i]) <
                    (int) sizeof(exchange->headers[i]));
    for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i] != NULL; i++) {
        size_t length = strlen(exchange->headers_text);
        snprintf(exchange->headers_text + length, sizeof(exchange->headers_text) - length, "%s\n", request->headers[i]);
    }
    if (request->body != NULL)
        snprintf(exchange->body, sizeof(exchange->body), "%.*s", (int) request->body_length,
                 (const char *) request->body);
    requests_started++;
    return exchange;
}

void
http_cancel(struct http_exchange *exchange)
{
    assert_true(exchange->waiting);
    exchange->waiting = false;
}

static inline int
requests_waiting(void)
{
    int count = 0;
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++)
        count += exchanges[i].waiting;
    return count;
}

/* The one request that waits for its answer; it must be for this URL. */
static inline struct http_exchange *
request_for_url(const char *url)
{
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        if (exchanges[i].waiting && strcmp(exchanges[i].url, url) == 0)
            return &exchanges[i];
    }
    fail_msg("nothing asks for %s", url);
    abort();
}

static inline void
deliver(const char *url, struct http_answer *answer)
{
    struct http_exchange *exchange = request_for_url(url);
    exchange->waiting = false;
    exchange->done(exchange->owner, answer);
    buffer_free(&answer->body);
    turn_of_the_loop();
}

static inline void
deliver_bytes(const char *url, long status, const char *body, size_t length)
{
    struct http_answer answer = {.end = HTTP_ANSWERED, .status = status, .body = BUFFER((size_t) 64 * 1024)};
    assert_true(buffer_append(&answer.body, body, length));
    deliver(url, &answer);
}

static inline void
deliver_nothing(const char *url, enum http_end end)
{
    struct http_answer silence = {.end = end};
    failure_set(&silence.failure, "network", "the transport failed");
    deliver(url, &silence);
}

/* "2026-01-01T00:00:00Z", that many seconds from now, by the real clock: keys expire by that. */
static inline const char *
expiration_in(int64_t seconds)
{
    static char text[32];
    struct tm utc;
    time_t end = time(NULL) + seconds;
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&end, &utc));
    return text;
}

static inline void
begin_world(void)
{
    now_ms = 1000000;
    memset(exchanges, 0, sizeof(exchanges));
    requests_started = 0;
    refuse_to_start = false;
}

#endif
