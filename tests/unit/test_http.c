/*
 * test_http.c: requests to a server that behaves, misbehaves, or is not there.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "clock_ahead.h"
#include "http.h"
#include "loop.h"
#include "loop_guard.h"
#include "resolver.h"
#include "scripted_server.h"

#define SOON_MS    100   /* a deadline that is meant to pass */
#define PHASE_MS   1500  /* one that is meant to pass, but not before the exchange has come as far as it can */
#define LONG_MS    60000 /* one that is not */
#define BODY_LIMIT 65536
#define PARALLEL   100

static struct scripted_server server; /* for all tests */

/*
 * A helper with a resolver that knows the names of these tests.
 */

static size_t
look_up(const void *context, const void *request, size_t length, void *answer)
{
    const char *text = "-Name or service not known";

    (void) context;
    (void) length;
    if (strcmp(request, "hang.test") == 0) {
        for (;;)
            pause();
    }
    if (strcmp(request, "api.test") == 0)
        text = "+127.0.0.1";
    if (strcmp(request, "second.test") == 0)
        text = "+[::1],127.0.0.1"; /* nobody listens on the first */
    if (strcmp(request, "third.test") == 0)
        text = "+127.0.0.3,127.0.0.4,127.0.0.1"; /* nor on these */
    if (strcmp(request, "fourth.test") == 0)
        text = "+127.0.0.2,127.0.0.1,[::1]"; /* the first may be a black hole */
    memcpy(answer, text, strlen(text));
    return strlen(text);
}

struct fixture {
    struct loop *loop;
    struct http *http;
    unsigned answered;
    unsigned stop_at;
};

struct outcome {
    struct fixture *fixture;
    struct http_exchange *exchange;
    unsigned times;
    enum http_end end;
    long status;
    char body[4096];
    size_t body_length;
    struct http_answer answer; /* its body is not to be used */
    struct outcome *cancels;
    bool starts_another;
    bool frees_http;
};

static void start(struct fixture *fixture, struct outcome *outcome, const char *path, int64_t milliseconds);

static void
done(void *owner, struct http_answer *answer)
{
    struct outcome *outcome = owner;
    struct fixture *fixture = outcome->fixture;

    outcome->times++;
    outcome->answer = *answer;
    outcome->end = answer->end;
    outcome->status = answer->status;
    outcome->body_length = answer->body.length;
    (void) snprintf(outcome->body, sizeof(outcome->body), "%s", answer->body.data ? answer->body.data : "");
    fixture->answered++;
    if (outcome->cancels)
        http_cancel(outcome->cancels->exchange);
    if (outcome->starts_another) {
        outcome->starts_another = false;
        outcome->times = 0;
        start(fixture, outcome, "/ok", LONG_MS);
    }
    if (outcome->frees_http) {
        http_free(fixture->http);
        fixture->http = NULL;
    }
    if (fixture->answered == fixture->stop_at)
        loop_stop(fixture->loop);
}

static int
make_http(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    memset(server.seen, 0, sizeof(*server.seen));
    fixture->loop = loop_create(NULL);
    fixture->http = http_create_with(fixture->loop, resolver_create_with(fixture->loop, look_up, NULL), NULL);
    *state = fixture;
    return fixture->loop && fixture->http ? 0 : -1;
}

static int
free_http(void **state)
{
    struct fixture *fixture = *state;

    http_free(fixture->http);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static struct http_request
get(const char *url, int64_t milliseconds)
{
    return (struct http_request){.method = "GET",
                                 .url = url,
                                 .allow_http = true,
                                 .deadline = deadline_in_ms(milliseconds),
                                 .body_limit = BODY_LIMIT};
}

static void
start_request(struct fixture *fixture, struct outcome *outcome, const struct http_request *request)
{
    struct failure failure = {.message = ""};

    outcome->fixture = fixture;
    outcome->exchange = http_start(fixture->http, request, done, outcome, &failure);
    if (!outcome->exchange)
        fail_msg("http_start: %s: %s", failure.code, failure.message);
    assert_int_equal(outcome->times, 0);
}

static void
start_url(struct fixture *fixture, struct outcome *outcome, const char *url, int64_t milliseconds)
{
    struct http_request request = get(url, milliseconds);

    start_request(fixture, outcome, &request);
}

static void
start(struct fixture *fixture, struct outcome *outcome, const char *path, int64_t milliseconds)
{
    char url[256] = "";

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", server.port, path);
    start_url(fixture, outcome, url, milliseconds);
}

static void
run_until_answered(struct fixture *fixture, unsigned count)
{
    fixture->stop_at = fixture->answered + count;
    run_until_stopped(fixture->loop);
}

static void
ask_url(struct fixture *fixture, struct outcome *outcome, const char *url, int64_t milliseconds)
{
    start_url(fixture, outcome, url, milliseconds);
    run_until_answered(fixture, 1);
}

static void
ask(struct fixture *fixture, struct outcome *outcome, const char *path)
{
    start(fixture, outcome, path, LONG_MS);
    run_until_answered(fixture, 1);
}

static void
assert_end(const struct outcome *outcome, enum http_end end, const char *code)
{
    if (outcome->end != end || (code && strcmp(outcome->answer.failure.code, code) != 0))
        fail_msg("end %d, not %d: %s: %s", outcome->end, end, outcome->answer.failure.code,
                 outcome->answer.failure.message);
    if (end != HTTP_ANSWERED)
        assert_int_equal(outcome->body_length, 0);
}

static void
assert_message_has(const struct outcome *outcome, const char *text)
{
    if (!strstr(outcome->answer.failure.message, text))
        fail_msg("\"%s\" is not in: %s", text, outcome->answer.failure.message);
}

static void
wait_for_requests(struct fixture *fixture, unsigned count)
{
    struct deadline patience = deadline_in_ms(LONG_MS);

    while (__atomic_load_n(&server.seen->requests, __ATOMIC_SEQ_CST) < count && !deadline_passed(patience))
        run_for_ms(fixture->loop, 5);
    assert_in_range(server.seen->requests, count, UINT32_MAX);
}

/*
 * Answers
 */

static void
an_answer_comes_with_status_and_body(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "/ok");
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(outcome.body, "hello");
    assert_string_equal(outcome.answer.address, "127.0.0.1");
    assert_int_equal(outcome.times, 1);
}

static void
every_status_is_an_answer_with_its_body(void **state)
{
    static const char *const statuses[] = {"400", "401", "403", "404", "429", "500", "503"};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct outcome outcome = {0};
        char path[32];

        (void) snprintf(path, sizeof(path), "/status/%s", statuses[i]);
        ask(*state, &outcome, path);
        assert_end(&outcome, HTTP_ANSWERED, NULL);
        assert_int_equal(outcome.status, atoi(statuses[i]));
        assert_string_equal(outcome.body, "body of it");
    }
}

static void
the_headers_that_matter_are_kept_and_the_first_of_a_name_counts(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "/aws");
    assert_int_equal(outcome.status, 400);
    assert_string_equal(outcome.answer.request_id, "1234-abcd");
    assert_string_equal(outcome.answer.error_type, "ValidationException:http://x/");
    assert_string_equal(outcome.answer.date, "Thu, 01 Jan 2026 00:00:00 GMT");
}

static void
what_is_not_printable_in_a_header_is_replaced(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "/strange-headers");
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    assert_string_equal(outcome.answer.request_id, "a??[31mb??");
    assert_string_equal(outcome.answer.error_type, "");
}

static void
a_redirect_is_an_answer_and_is_not_followed(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "/redirect");
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    assert_int_equal(outcome.status, 302);
    assert_int_equal(server.seen->requests, 1);
}

static void
an_interim_answer_is_passed_over(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "/continue");
    assert_int_equal(outcome.status, 200);
    assert_string_equal(outcome.body, "after all");
}

/*
 * Requests
 */

static void
a_post_sends_its_headers_and_body_and_nothing_that_nobody_asked_for(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    char url[64] = "";
    char expected[512];
    struct http_request request = get(url, LONG_MS);

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/post", server.port);
    request.method = "POST";
    request.headers[0] = "Content-Type: application/x-amz-json-1.1";
    request.headers[1] = "X-Amz-Target: SageMaker.CreatePresignedDomainUrl";
    request.body = "{\"a\":1}\n";
    request.body_length = 8;
    start_request(fixture, &outcome, &request);
    memset(url, 0, sizeof(url)); /* copied */
    run_until_answered(fixture, 1);
    (void) snprintf(expected, sizeof(expected),
                    "POST /post HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: pam-sagemaker-studio/" VERSION
                    "\r\nContent-Type: application/x-amz-json-1.1\r\n"
                    "X-Amz-Target: SageMaker.CreatePresignedDomainUrl\r\nContent-Length: 8\r\n\r\n{\"a\":1}\n",
                    server.port);
    assert_string_equal(server.seen->last_request, expected);
}

static void
a_put_without_a_body_says_that_its_length_is_0(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    char url[64] = "";
    struct http_request request = get(url, LONG_MS);

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/latest/api/token", server.port);
    request.method = "PUT";
    request.headers[0] = "X-aws-ec2-metadata-token-ttl-seconds: 300";
    start_request(fixture, &outcome, &request);
    run_until_answered(fixture, 1);
    assert_memory_equal(server.seen->last_request, "PUT /latest/api/token HTTP/1.1\r\n", 32);
    assert_non_null(strstr(server.seen->last_request, "\r\nX-aws-ec2-metadata-token-ttl-seconds: 300\r\n"));
    assert_non_null(strstr(server.seen->last_request, "\r\nContent-Length: 0\r\n"));
    assert_null(strcasestr(server.seen->last_request, "\r\nContent-Type:"));
}

static void
a_body_larger_than_the_sockets_buffers_is_sent_whole_without_expect(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    static char body[60000];
    char url[64] = "";
    struct http_request request = get(url, LONG_MS);

    memset(body, 'b', sizeof(body));
    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/post", server.port);
    request.method = "POST";
    request.body = body;
    request.body_length = sizeof(body);
    start_request(fixture, &outcome, &request);
    run_until_answered(fixture, 1);
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    assert_null(strcasestr(server.seen->last_request, "expect:"));
    assert_int_equal(strspn(strstr(server.seen->last_request, "\r\n\r\n") + 4, "b"), sizeof(body));
}

static void
assert_refused(void **state, const struct http_request *request)
{
    const struct fixture *fixture = *state;
    struct failure failure = {.code = ""};

    assert_null(http_start(fixture->http, request, done, NULL, &failure));
    assert_string_equal(failure.code, "config");
    assert_null(strstr(failure.message, "secret"));
    assert_int_equal(server.seen->connections, 0);
}

static void
urls_that_will_not_do_are_refused_before_anything_is_sent(void **state)
{
    static const char *const urls[] = {"",
                                       "api.test",
                                       "ftp://api.test/",
                                       "file:///etc/passwd",
                                       "http://",
                                       "http://a b/",
                                       "http://api.test:99999/",
                                       "http://under_score/?secret",
                                       "http://\xc3\xa9.test/",
                                       "gopher://127.0.0.1/"};

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct http_request request = get(urls[i], LONG_MS);

        assert_refused(state, &request);
    }
}

static void
plain_http_is_refused_unless_it_is_allowed(void **state)
{
    struct http_request request = get("http://127.0.0.1/", LONG_MS);

    request.allow_http = false;
    assert_refused(state, &request);
}

static void
headers_that_would_break_the_request_are_refused(void **state)
{
    static const char *const headers[] = {
        "A: b\r\nC: secret", "A: b\nC: d", "no colon", ": no name", "A:", "A:  ", "A: \x7f"};

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct http_request request = get("http://127.0.0.1/", LONG_MS);

        request.headers[0] = headers[i];
        assert_refused(state, &request);
    }
}

static void
methods_and_proxies_that_will_not_do_are_refused(void **state)
{
    struct http_request request = get("http://127.0.0.1/", LONG_MS);

    request.method = "GET / HTTP/1.1\r\nX:";
    assert_refused(state, &request);
    request = get("http://127.0.0.1/", LONG_MS);
    request.body = "body";
    request.body_length = 4;
    assert_refused(state, &request);
    request = get("http://127.0.0.1/", LONG_MS);
    request.proxy_url = "socks5://secret@127.0.0.1:1";
    assert_refused(state, &request);
}

/*
 * Trouble with the answer
 */

static void
a_connection_that_is_closed_without_an_answer_is_broken(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "/close");
    assert_end(&outcome, HTTP_BROKEN, "network");
    assert_message_has(&outcome, "127.0.0.1 port");
    assert_string_equal(outcome.answer.address, "127.0.0.1");
}

static void
a_truncated_body_is_broken_and_nothing_of_it_is_handed_on(void **state)
{
    struct outcome declared = {0}, chunked = {0};

    ask(*state, &declared, "/truncated");
    assert_end(&declared, HTTP_BROKEN, "network");
    ask(*state, &chunked, "/truncated-chunk");
    assert_end(&chunked, HTTP_BROKEN, "network");
}

static void
fifty_megabytes_are_broken_off_at_the_limit(void **state)
{
    struct outcome streamed = {0}, declared = {0};

    ask(*state, &streamed, "/big");
    assert_end(&streamed, HTTP_BROKEN, "network");
    assert_message_has(&streamed, "larger");
    ask(*state, &declared, "/big-declared");
    assert_end(&declared, HTTP_BROKEN, "network");
    assert_message_has(&declared, "larger");
}

static void
a_body_of_exactly_the_limit_is_an_answer(void **state)
{
    struct fixture *fixture = *state;
    struct outcome exact = {0}, less = {0};
    char url[64] = "";
    struct http_request request = get(url, LONG_MS);

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/ok", server.port);
    request.body_limit = 5;
    start_request(fixture, &exact, &request);
    run_until_answered(fixture, 1);
    assert_end(&exact, HTTP_ANSWERED, NULL);
    request.body_limit = 4;
    start_request(fixture, &less, &request);
    run_until_answered(fixture, 1);
    assert_end(&less, HTTP_BROKEN, "network");
}

static void
too_many_and_too_long_headers_are_broken_off(void **state)
{
    struct outcome many = {0}, longest = {0};

    ask(*state, &many, "/many-headers");
    assert_end(&many, HTTP_BROKEN, "network");
    assert_message_has(&many, "headers");
    ask(*state, &longest, "/long-header");
    assert_end(&longest, HTTP_BROKEN, "network");
}

static void
what_is_not_http_is_broken(void **state)
{
    struct outcome garbage = {0}, switched = {0};

    ask(*state, &garbage, "/garbage");
    assert_end(&garbage, HTTP_BROKEN, "network");
    start(*state, &switched, "/switch", PHASE_MS);
    run_until_answered(*state, 1);
    assert_true(switched.end == HTTP_BROKEN || switched.end == HTTP_TIMED_OUT);
}

static void
a_server_that_says_nothing_or_not_all_times_out_and_the_message_tells_which(void **state)
{
    struct outcome nothing = {0}, headers = {0}, body = {0};

    start(*state, &nothing, "/hang", PHASE_MS);
    start(*state, &headers, "/half-headers", PHASE_MS);
    start(*state, &body, "/half-body", PHASE_MS);
    run_until_answered(*state, 3);
    assert_end(&nothing, HTTP_TIMED_OUT, "timeout");
    assert_message_has(&nothing, "there was no answer");
    assert_end(&headers, HTTP_TIMED_OUT, "timeout");
    assert_end(&body, HTTP_TIMED_OUT, "timeout");
    assert_message_has(&body, "did not come to its end");
}

/*
 * Trouble on the way there
 */

static int
free_port(void)
{
    int port;

    close(listen_on_loopback(1, &port));
    return port;
}

/* A port whose backlog is full: the kernel drops every further SYN. */
struct black_hole {
    int port;
    int fds[8];
};

static struct black_hole
black_hole_open_at(in_addr_t where, int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t) port), .sin_addr = {.s_addr = htonl(where)}};
    socklen_t size = sizeof(address);
    struct black_hole hole = {.fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    assert_int_equal(bind(hole.fds[0], (struct sockaddr *) &address, size), 0);
    assert_int_equal(listen(hole.fds[0], 0), 0);
    assert_int_equal(getsockname(hole.fds[0], (struct sockaddr *) &address, &size), 0);
    hole.port = ntohs(address.sin_port);
    for (size_t i = 1; i < 8; i++) {
        hole.fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void) connect(hole.fds[i], (struct sockaddr *) &address, size);
    }
    return hole;
}

static struct black_hole
black_hole_open(void)
{
    return black_hole_open_at(INADDR_LOOPBACK, 0);
}

static void
black_hole_close(const struct black_hole *hole)
{
    for (size_t i = 0; i < 8; i++)
        close(hole->fds[i]);
}

static void
a_refused_connection_says_so(void **state)
{
    struct outcome outcome = {0};
    char url[64] = "";

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/?secret", free_port());
    ask_url(*state, &outcome, url, LONG_MS);
    assert_end(&outcome, HTTP_UNCONNECTED, "network");
    assert_message_has(&outcome, "127.0.0.1 port");
    assert_message_has(&outcome, "Connection refused");
    assert_null(strstr(outcome.answer.failure.message, "secret"));
    assert_string_equal(outcome.answer.address, "");
}

static void
a_connection_that_is_never_answered_ends_with_the_deadline_or_its_own_timeout(void **state)
{
    struct fixture *fixture = *state;
    struct black_hole hole = black_hole_open();
    struct outcome by_deadline = {0}, by_timeout = {0};
    char url[64] = "";
    struct http_request request;

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/", hole.port);
    ask_url(fixture, &by_deadline, url, SOON_MS);
    assert_end(&by_deadline, HTTP_UNCONNECTED, "timeout");
    request = get(url, LONG_MS);
    request.connect_timeout_ms = SOON_MS;
    start_request(fixture, &by_timeout, &request);
    run_until_answered(fixture, 1);
    assert_end(&by_timeout, HTTP_UNCONNECTED, "timeout");
    assert_false(deadline_passed(request.deadline));
    black_hole_close(&hole);
}

static void
a_deadline_that_has_passed_already_calls_back_by_the_loop(void **state)
{
    struct fixture *fixture = *state;
    struct outcome numeric = {0}, named = {0};

    start(fixture, &numeric, "/hang", -1);
    run_until_answered(fixture, 1);
    assert_int_not_equal(numeric.end, HTTP_ANSWERED);
    assert_string_equal(numeric.answer.failure.code, "timeout");
    ask_url(fixture, &named, "http://hang.test/", -1);
    assert_end(&named, HTTP_UNRESOLVED, "timeout");
}

static void
name_url(char *url, size_t size, const char *host, const char *path)
{
    (void) snprintf(url, size, "http://%s:%d%s", host, server.port, path);
}

static void
a_name_is_resolved_and_the_server_sees_it(void **state)
{
    struct outcome outcome = {0};
    char url[64] = "";
    char expected[64];

    name_url(url, sizeof(url), "api.test", "/ok");
    ask_url(*state, &outcome, url, LONG_MS);
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    (void) snprintf(expected, sizeof(expected), "\r\nHost: api.test:%d\r\n", server.port);
    assert_non_null(strstr(server.seen->last_request, expected));
    assert_string_equal(outcome.answer.address, "127.0.0.1");
}

static void
an_address_that_does_not_connect_is_followed_by_the_next(void **state)
{
    struct outcome outcome = {0};
    char url[64] = "";

    name_url(url, sizeof(url), "second.test", "/ok");
    ask_url(*state, &outcome, url, LONG_MS);
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    assert_string_equal(outcome.answer.address, "127.0.0.1");
}

static void
addresses_of_one_family_that_are_refused_are_followed_by_the_next(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcomes[5] = {0}, again = {0};
    struct deadline patience = deadline_in_ms(LONG_MS / 4); /* libcurl by itself lets half of the time go by */
    char url[64] = "";

    name_url(url, sizeof(url), "third.test", "/closing");
    for (size_t i = 0; i < 5; i++)
        start_url(fixture, &outcomes[i], url, LONG_MS);
    run_until_answered(fixture, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_end(&outcomes[i], HTTP_ANSWERED, NULL);
        assert_string_equal(outcomes[i].answer.address, "127.0.0.1");
    }
    ask_url(fixture, &again, url, LONG_MS);
    assert_end(&again, HTTP_ANSWERED, NULL);
    assert_false(deadline_passed(patience));
}

static void
an_address_that_never_answers_is_followed_by_the_next(void **state)
{
    struct fixture *fixture = *state;
    struct black_hole hole = black_hole_open_at(INADDR_LOOPBACK + 1, server.port);
    struct outcome outcome = {0};
    char url[64] = "";
    struct http_request request;

    name_url(url, sizeof(url), "fourth.test", "/ok");
    request = get(url, LONG_MS);
    request.connect_timeout_ms = PHASE_MS * 2;
    start_request(fixture, &outcome, &request);
    run_for_ms(fixture->loop, SOON_MS);
    clock_ahead_ms += PHASE_MS;
    run_until_answered(fixture, 1);
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    assert_string_equal(outcome.answer.address, "127.0.0.1");
    black_hole_close(&hole);
}

static void
a_name_that_does_not_resolve_is_told_from_a_server_that_is_down(void **state)
{
    struct outcome outcome = {0};

    ask_url(*state, &outcome, "http://unknown.test/?secret", LONG_MS);
    assert_end(&outcome, HTTP_UNRESOLVED, "dns");
    assert_message_has(&outcome, "unknown.test");
    assert_null(strstr(outcome.answer.failure.message, "secret"));
}

static void
a_resolver_that_hangs_costs_its_own_request_and_no_other(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung = {0}, other = {0};
    char url[64] = "";

    start_url(fixture, &hung, "http://hang.test/", SOON_MS);
    name_url(url, sizeof(url), "api.test", "/ok");
    ask_url(fixture, &other, url, LONG_MS);
    assert_end(&other, HTTP_ANSWERED, NULL);
    if (hung.times == 0)
        run_until_answered(fixture, 1);
    assert_end(&hung, HTTP_UNRESOLVED, "timeout");
}

static void
libcurl_starts_no_thread(void **state)
{
    struct outcome outcome = {0};
    char url[64] = "";
    DIR *tasks;
    unsigned count = 0;

    name_url(url, sizeof(url), "api.test", "/ok");
    ask_url(*state, &outcome, url, LONG_MS);
    tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    while (readdir(tasks))
        count++;
    closedir(tasks);
    assert_int_equal(count, 3); /* ".", ".." and this one */
}

/*
 * Connections
 */

static void
a_connection_is_used_again(void **state)
{
    for (unsigned i = 0; i < 10; i++) {
        struct outcome outcome = {0};

        ask(*state, &outcome, "/ok");
        assert_end(&outcome, HTTP_ANSWERED, NULL);
        assert_string_equal(outcome.answer.address, "127.0.0.1");
    }
    assert_int_equal(server.seen->requests, 10);
    assert_int_equal(server.seen->connections, 1);
}

static void
a_kept_connection_that_the_server_has_closed_is_replaced(void **state)
{
    for (unsigned i = 0; i < 3; i++) {
        struct outcome outcome = {0};

        ask(*state, &outcome, "/closing");
        assert_end(&outcome, HTTP_ANSWERED, NULL);
    }
    assert_int_equal(server.seen->connections, 3);
}

/* The server takes the second request of a connection and closes: what a server does that timed the connection out
 * while our request was on its way. */
static void
a_request_that_a_kept_connection_swallowed_is_sent_again_on_a_new_one(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0}, second = {0};
    char url[64] = "";
    struct http_request request = get(url, LONG_MS);

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/only-once", server.port);
    ask(fixture, &first, "/only-once");
    request.method = "POST";
    request.body = "{}";
    request.body_length = 2;
    start_request(fixture, &second, &request);
    run_until_answered(fixture, 1);
    assert_end(&second, HTTP_ANSWERED, NULL);
    assert_string_equal(second.body, "hello");
    assert_int_equal(server.seen->requests, 3);
    assert_int_equal(server.seen->connections, 2);
}

static void
many_requests_at_once_are_all_answered(void **state)
{
    struct fixture *fixture = *state;
    struct outcome *outcomes = calloc(PARALLEL, sizeof(*outcomes));

    for (size_t i = 0; i < PARALLEL; i++)
        start(fixture, &outcomes[i], "/ok", LONG_MS);
    run_until_answered(fixture, PARALLEL);
    for (size_t i = 0; i < PARALLEL; i++)
        assert_end(&outcomes[i], HTTP_ANSWERED, NULL);
    assert_in_range(server.seen->connections, 1, 32);
    free(outcomes);
}

static void
requests_that_wait_for_a_free_connection_end_with_their_deadline_and_say_so(void **state)
{
    struct fixture *fixture = *state;
    struct outcome *outcomes = calloc(PARALLEL, sizeof(*outcomes));
    size_t crowded = 0;

    for (size_t i = 0; i < PARALLEL; i++)
        start(fixture, &outcomes[i], "/hang", 3 * SOON_MS);
    run_until_answered(fixture, PARALLEL);
    for (size_t i = 0; i < PARALLEL; i++) {
        assert_int_equal(outcomes[i].times, 1);
        assert_string_equal(outcomes[i].answer.failure.code, "timeout");
        crowded += outcomes[i].end == HTTP_CROWDED;
        assert_int_equal(strstr(outcomes[i].answer.failure.message, "too many requests at once") != NULL,
                         outcomes[i].end == HTTP_CROWDED);
    }
    assert_in_range(crowded, 1, PARALLEL - 32); /* connections become free as the first deadlines pass */
    free(outcomes);
}

/*
 * Calling off
 */

static void
assert_nothing_more_comes(struct fixture *fixture, const struct outcome *outcome)
{
    struct outcome next = {0};

    run_for_ms(fixture->loop, 2 * SOON_MS);
    assert_int_equal(outcome->times, 0);
    ask(fixture, &next, "/ok");
    assert_end(&next, HTTP_ANSWERED, NULL);
}

static void
a_request_can_be_called_off_at_once(void **state)
{
    struct outcome outcome = {0};

    start(*state, &outcome, "/ok", LONG_MS);
    http_cancel(outcome.exchange);
    assert_nothing_more_comes(*state, &outcome);
}

static void
a_request_can_be_called_off_while_its_name_is_looked_up(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};

    start_url(fixture, &outcome, "http://hang.test/", LONG_MS);
    run_for_ms(fixture->loop, 5);
    http_cancel(outcome.exchange);
    assert_nothing_more_comes(fixture, &outcome);
}

static void
a_request_can_be_called_off_while_it_connects(void **state)
{
    struct fixture *fixture = *state;
    struct black_hole hole = black_hole_open();
    struct outcome outcome = {0};
    char url[64] = "";

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/", hole.port);
    start_url(fixture, &outcome, url, LONG_MS);
    run_for_ms(fixture->loop, 5);
    http_cancel(outcome.exchange);
    black_hole_close(&hole);
    assert_nothing_more_comes(fixture, &outcome);
}

static void
a_request_can_be_called_off_while_it_waits_for_or_reads_the_answer(void **state)
{
    static const char *const paths[] = {"/hang", "/half-headers", "/half-body"};
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < 3; i++) {
        struct outcome outcome = {0};

        start(fixture, &outcome, paths[i], LONG_MS);
        wait_for_requests(fixture, 2 * i + 1);
        run_for_ms(fixture->loop, 5);
        http_cancel(outcome.exchange);
        assert_nothing_more_comes(fixture, &outcome);
    }
}

static void
a_callback_may_call_off_another_that_is_answered_already_or_not(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < 20; i++) {
        struct outcome second = {0}, first = {.cancels = &second};

        second.cancels = &first; /* whichever is first calls the other one off */
        start(fixture, &first, "/ok", LONG_MS);
        start(fixture, &second, "/ok", LONG_MS);
        run_until_answered(fixture, 1);
        run_for_ms(fixture->loop, 2);
        assert_int_equal(first.times + second.times, 1);
    }
}

static void
a_callback_may_start_another_request(void **state)
{
    struct outcome outcome = {.starts_another = true};

    start(*state, &outcome, "/status/404", LONG_MS);
    run_until_answered(*state, 2);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(outcome.times, 1);
}

static void
a_callback_may_free_everything(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {.frees_http = true}, second = {0}, third = {0};

    start(fixture, &second, "/hang", LONG_MS);
    start_url(fixture, &third, "http://hang.test/", LONG_MS);
    start(fixture, &first, "/ok", LONG_MS);
    run_until_answered(fixture, 1);
    run_for_ms(fixture->loop, SOON_MS);
    assert_int_equal(second.times + third.times, 0);
}

/*
 * Environment and proxies
 */

static void
the_environment_has_no_say(void **state)
{
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"};
    struct outcome outcome = {0};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    ask(*state, &outcome, "/ok");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    assert_end(&outcome, HTTP_ANSWERED, NULL);
}

static void
a_configured_proxy_is_used_whatever_no_proxy_says(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    char proxy[64];
    struct http_request request = get("http://elsewhere.test/path", LONG_MS);

    name_url(proxy, sizeof(proxy), "api.test", "");
    request.proxy_url = proxy;
    setenv("no_proxy", "*", 1);
    start_request(fixture, &outcome, &request);
    run_until_answered(fixture, 1);
    unsetenv("no_proxy");
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    assert_memory_equal(server.seen->last_request, "GET http://elsewhere.test/path HTTP/1.1\r\n", 41);
}

static void
a_proxy_that_refuses_sees_none_of_the_headers_for_aws(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    char proxy[64];
    struct http_request request = get("https://elsewhere.test/path", LONG_MS);

    name_url(proxy, sizeof(proxy), "127.0.0.1", "");
    request.proxy_url = proxy;
    request.headers[0] = "X-Amz-Security-Token: very-secret";
    start_request(fixture, &outcome, &request);
    run_until_answered(fixture, 1);
    assert_end(&outcome, HTTP_BROKEN, "network");
    assert_message_has(&outcome, "elsewhere.test");
    assert_message_has(&outcome, "proxy");
    assert_message_has(&outcome, "403");
    assert_memory_equal(server.seen->last_request, "CONNECT elsewhere.test:443 HTTP/1.1\r\n", 37);
    assert_null(strstr(server.seen->last_request, "very-secret"));
}

static void
a_proxy_that_is_not_there_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    char proxy[64];
    char port[32];
    int nobody = free_port();
    struct http_request request = get("https://elsewhere.test/", LONG_MS);

    (void) snprintf(proxy, sizeof(proxy), "http://user:secret@127.0.0.1:%d", nobody);
    (void) snprintf(port, sizeof(port), "127.0.0.1 port %d", nobody);
    request.proxy_url = proxy;
    start_request(fixture, &outcome, &request);
    run_until_answered(fixture, 1);
    assert_end(&outcome, HTTP_UNCONNECTED, "network");
    assert_message_has(&outcome, port);
    assert_null(strstr(outcome.answer.failure.message, "secret"));
}

/*
 * TLS
 */

struct tls_server {
    char folder[64];
    char certificate[80];
    char key[80];
    pid_t pid;
    FILE *output;
    int port;
};

static void
run_openssl(const char *const arguments[])
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execvp("openssl", (char *const *) (uintptr_t) arguments);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
make_certificate(struct tls_server *tls)
{
    const char *const arguments[] = {"openssl",
                                     "req",
                                     "-x509",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:P-256",
                                     "-nodes",
                                     "-keyout",
                                     tls->key,
                                     "-out",
                                     tls->certificate,
                                     "-days",
                                     "2",
                                     "-subj",
                                     "/CN=api.test",
                                     "-addext",
                                     "subjectAltName=DNS:api.test",
                                     NULL};

    (void) snprintf(tls->folder, sizeof(tls->folder), "/tmp/test_http.XXXXXX");
    assert_non_null(mkdtemp(tls->folder));
    (void) snprintf(tls->certificate, sizeof(tls->certificate), "%s/certificate", tls->folder);
    (void) snprintf(tls->key, sizeof(tls->key), "%s/key", tls->folder);
    run_openssl(arguments);
}

/* `openssl s_server -www` on a free port: it answers every GET with a page about the connection. */
static void
tls_server_start(struct tls_server *tls, const char *option)
{
    char line[256];
    int pair[2];

    make_certificate(tls);
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    tls->pid = fork();
    if (tls->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(pair[1], STDOUT_FILENO);
        dup2(STDOUT_FILENO, STDERR_FILENO); /* it tells of each refusal that the test provokes */
        execlp("openssl", "openssl", "s_server", "-www", "-accept", "127.0.0.1:0", "-cert", tls->certificate, "-key",
               tls->key, "-cipher", "DEFAULT@SECLEVEL=0", option, (char *) NULL);
        _exit(127);
    }
    close(pair[1]);
    tls->output = fdopen(pair[0], "r");
    assert_non_null(tls->output);
    do
        assert_non_null(fgets(line, sizeof(line), tls->output));
    while (sscanf(line, "ACCEPT 127.0.0.1:%d", &tls->port) != 1);
}

static void
tls_server_stop(struct tls_server *tls)
{
    kill(tls->pid, SIGKILL);
    waitpid(tls->pid, NULL, 0);
    fclose(tls->output);
    unlink(tls->certificate);
    unlink(tls->key);
    rmdir(tls->folder);
}

static void
ask_tls(struct fixture *fixture, struct outcome *outcome, const char *host, int port, const char *ca_bundle)
{
    char url[128] = "";
    struct http_request request = get(url, LONG_MS);

    (void) snprintf(url, sizeof(url), "https://%s:%d/?secret", host, port);
    request.allow_http = false;
    request.ca_bundle = ca_bundle;
    start_request(fixture, outcome, &request);
    run_until_answered(fixture, 1);
    assert_null(strstr(outcome->answer.failure.message, "secret"));
}

static void
a_certificate_counts_only_with_its_root_and_for_its_name(void **state)
{
    struct tls_server tls;
    struct outcome good = {0}, unknown_root = {0}, other_name = {0}, no_file = {0};

    tls_server_start(&tls, NULL);
    ask_tls(*state, &good, "api.test", tls.port, tls.certificate);
    ask_tls(*state, &unknown_root, "api.test", tls.port, NULL);
    ask_tls(*state, &other_name, "127.0.0.1", tls.port, tls.certificate);
    ask_tls(*state, &no_file, "api.test", tls.port, "/nowhere/bundle.pem");
    tls_server_stop(&tls);
    assert_end(&good, HTTP_ANSWERED, NULL);
    assert_end(&unknown_root, HTTP_TLS_FAILED, "tls");
    assert_message_has(&unknown_root, "api.test");
    assert_message_has(&unknown_root, "certificate");
    assert_end(&other_name, HTTP_TLS_FAILED, "tls");
    assert_end(&no_file, HTTP_TLS_FAILED, "tls");
    assert_message_has(&no_file, "/nowhere/bundle.pem");
}

static void
a_connection_made_with_one_trust_store_does_not_serve_a_request_with_another(void **state)
{
    struct tls_server tls;
    struct outcome trusting = {0}, distrusting = {0};

    tls_server_start(&tls, NULL);
    ask_tls(*state, &trusting, "api.test", tls.port, tls.certificate);
    ask_tls(*state, &distrusting, "api.test", tls.port, NULL);
    tls_server_stop(&tls);
    assert_end(&trusting, HTTP_ANSWERED, NULL);
    assert_end(&distrusting, HTTP_TLS_FAILED, "tls");
}

static void
tls_1_1_is_refused_and_1_2_is_taken(void **state)
{
    struct tls_server old, newer;
    struct outcome refused = {0}, taken = {0};

    tls_server_start(&old, "-tls1_1");
    ask_tls(*state, &refused, "api.test", old.port, old.certificate);
    tls_server_stop(&old);
    tls_server_start(&newer, "-tls1_2");
    ask_tls(*state, &taken, "api.test", newer.port, newer.certificate);
    tls_server_stop(&newer);
    assert_end(&refused, HTTP_TLS_FAILED, "tls");
    assert_end(&taken, HTTP_ANSWERED, NULL);
}

static void
a_server_without_tls_behind_https_is_a_tls_failure(void **state)
{
    struct scripted_server imitator = scripted_server_start(serve_as_tls_imitator);
    struct outcome outcome = {0};

    ask_tls(*state, &outcome, "127.0.0.1", imitator.port, NULL);
    scripted_server_stop(&imitator);
    assert_end(&outcome, HTTP_TLS_FAILED, "tls");
}

static void
a_handshake_that_hangs_times_out_and_the_message_says_so(void **state)
{
    struct outcome outcome = {0};
    char url[64] = "";

    (void) snprintf(url, sizeof(url), "https://127.0.0.1:%d/", server.port); /* which waits for an empty line */
    ask_url(*state, &outcome, url, PHASE_MS);
    assert_end(&outcome, HTTP_TIMED_OUT, "timeout");
    assert_message_has(&outcome, "TLS handshake");
}

/*
 * Secrets
 */

#define SECRET_SIZE 40

/* How often is the secret in this program's memory?  It is given with every bit turned, so that the search itself does
 * not find its own argument. */
static unsigned
count_in_region(int memory, unsigned long from, unsigned long to, const unsigned char *turned)
{
    static unsigned char block[1 << 20];
    unsigned found = 0;

    /* Blocks overlap, so that nothing hides at their edges. */
    for (unsigned long at = from; at < to; at += sizeof(block) - SECRET_SIZE) {
        ssize_t got = pread(memory, block, to - at < sizeof(block) ? to - at : sizeof(block), (off_t) at);

        for (ssize_t i = 0; i + SECRET_SIZE <= got; i++) {
            size_t same = 0;

            while (same < SECRET_SIZE && block[i + (ssize_t) same] == (unsigned char) ~turned[same])
                same++;
            found += same == SECRET_SIZE && (at + (unsigned long) i < (unsigned long) block ||
                                             at + (unsigned long) i >= (unsigned long) block + sizeof(block));
        }
        if (got < (ssize_t) sizeof(block))
            break;
    }
    explicit_bzero(block, sizeof(block));
    return found;
}

static unsigned
count_in_memory(const unsigned char *turned)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    unsigned found = 0;

    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof(line), maps)) {
        unsigned long from, to;
        char permissions[5];

        /* Regions of gigabytes are the sanitizer's own. */
        if (sscanf(line, "%lx-%lx %4s", &from, &to, permissions) == 3 && strncmp(permissions, "rw", 2) == 0 &&
            to - from < (512UL << 20))
            found += count_in_region(memory, from, to, turned);
    }
    fclose(maps);
    close(memory);
    return found;
}

static void
secret_make(char *secret, unsigned char *turned)
{
    for (size_t i = 0; i < SECRET_SIZE; i++) {
        secret[i] = (char) ('A' + (int) ((i * 7 + (size_t) getpid()) % 26));
        turned[i] = (unsigned char) ~(unsigned char) secret[i];
    }
}

static void
start_secret_request(struct fixture *fixture, struct outcome *outcome, const char *secret)
{
    char url[64] = "";
    char header[SECRET_SIZE + 32] = "X-Amz-Security-Token: ";
    struct http_request request = get(url, LONG_MS);

    (void) snprintf(url, sizeof(url), "http://127.0.0.1:%d/ok", server.port);
    memcpy(header + strlen(header), secret, SECRET_SIZE);
    request.method = "POST";
    request.headers[0] = header;
    request.body = secret;
    request.body_length = SECRET_SIZE;
    start_request(fixture, outcome, &request);
    explicit_bzero(header, sizeof(header));
}

static void
after_an_exchange_no_memory_holds_what_was_secret_in_it(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    char secret[SECRET_SIZE];
    unsigned char turned[SECRET_SIZE];

    secret_make(secret, turned);
    start_secret_request(fixture, &outcome, secret);
    assert_in_range(count_in_memory(turned), 2, 100); /* the search does find it */
    explicit_bzero(secret, sizeof(secret));
    run_until_answered(fixture, 1);
    assert_end(&outcome, HTTP_ANSWERED, NULL);
    assert_int_equal(server.seen->requests, 1);
    explicit_bzero(server.seen->last_request, sizeof(server.seen->last_request));
    assert_int_equal(count_in_memory(turned), 0);
}

static void
http_free_ends_what_is_under_way_and_leaves_no_descriptor(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung = {0}, named = {0}, finished = {0};
    int before = dup(STDIN_FILENO);
    int after;

    close(before);
    start(fixture, &hung, "/hang", LONG_MS);
    start_url(fixture, &named, "http://hang.test/", LONG_MS);
    ask(fixture, &finished, "/ok");
    http_free(fixture->http);
    fixture->http = NULL;
    after = dup(STDIN_FILENO);
    close(after);
    /* The lowest free number is no higher than with the multi handle's own descriptors open. */
    assert_in_range(after, 0, before);
    assert_int_equal(hung.times + named.times, 0);
}

#define HTTP_TEST(function) cmocka_unit_test_setup_teardown(function, make_http, free_http)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(an_answer_comes_with_status_and_body),
        HTTP_TEST(every_status_is_an_answer_with_its_body),
        HTTP_TEST(the_headers_that_matter_are_kept_and_the_first_of_a_name_counts),
        HTTP_TEST(what_is_not_printable_in_a_header_is_replaced),
        HTTP_TEST(a_redirect_is_an_answer_and_is_not_followed),
        HTTP_TEST(an_interim_answer_is_passed_over),
        HTTP_TEST(a_post_sends_its_headers_and_body_and_nothing_that_nobody_asked_for),
        HTTP_TEST(a_put_without_a_body_says_that_its_length_is_0),
        HTTP_TEST(a_body_larger_than_the_sockets_buffers_is_sent_whole_without_expect),
        HTTP_TEST(urls_that_will_not_do_are_refused_before_anything_is_sent),
        HTTP_TEST(plain_http_is_refused_unless_it_is_allowed),
        HTTP_TEST(headers_that_would_break_the_request_are_refused),
        HTTP_TEST(methods_and_proxies_that_will_not_do_are_refused),
        HTTP_TEST(a_connection_that_is_closed_without_an_answer_is_broken),
        HTTP_TEST(a_truncated_body_is_broken_and_nothing_of_it_is_handed_on),
        HTTP_TEST(fifty_megabytes_are_broken_off_at_the_limit),
        HTTP_TEST(a_body_of_exactly_the_limit_is_an_answer),
        HTTP_TEST(too_many_and_too_long_headers_are_broken_off),
        HTTP_TEST(what_is_not_http_is_broken),
        HTTP_TEST(a_server_that_says_nothing_or_not_all_times_out_and_the_message_tells_which),
        HTTP_TEST(a_refused_connection_says_so),
        HTTP_TEST(a_connection_that_is_never_answered_ends_with_the_deadline_or_its_own_timeout),
        HTTP_TEST(a_deadline_that_has_passed_already_calls_back_by_the_loop),
        HTTP_TEST(a_name_is_resolved_and_the_server_sees_it),
        HTTP_TEST(an_address_that_does_not_connect_is_followed_by_the_next),
        HTTP_TEST(addresses_of_one_family_that_are_refused_are_followed_by_the_next),
        HTTP_TEST(an_address_that_never_answers_is_followed_by_the_next),
        HTTP_TEST(a_name_that_does_not_resolve_is_told_from_a_server_that_is_down),
        HTTP_TEST(a_resolver_that_hangs_costs_its_own_request_and_no_other),
        HTTP_TEST(libcurl_starts_no_thread),
        HTTP_TEST(a_connection_is_used_again),
        HTTP_TEST(a_kept_connection_that_the_server_has_closed_is_replaced),
        HTTP_TEST(a_request_that_a_kept_connection_swallowed_is_sent_again_on_a_new_one),
        HTTP_TEST(many_requests_at_once_are_all_answered),
        HTTP_TEST(requests_that_wait_for_a_free_connection_end_with_their_deadline_and_say_so),
        HTTP_TEST(a_request_can_be_called_off_at_once),
        HTTP_TEST(a_request_can_be_called_off_while_its_name_is_looked_up),
        HTTP_TEST(a_request_can_be_called_off_while_it_connects),
        HTTP_TEST(a_request_can_be_called_off_while_it_waits_for_or_reads_the_answer),
        HTTP_TEST(a_callback_may_call_off_another_that_is_answered_already_or_not),
        HTTP_TEST(a_callback_may_start_another_request),
        HTTP_TEST(a_callback_may_free_everything),
        HTTP_TEST(the_environment_has_no_say),
        HTTP_TEST(a_configured_proxy_is_used_whatever_no_proxy_says),
        HTTP_TEST(a_proxy_that_refuses_sees_none_of_the_headers_for_aws),
        HTTP_TEST(a_proxy_that_is_not_there_is_named),
        HTTP_TEST(a_certificate_counts_only_with_its_root_and_for_its_name),
        HTTP_TEST(a_connection_made_with_one_trust_store_does_not_serve_a_request_with_another),
        HTTP_TEST(tls_1_1_is_refused_and_1_2_is_taken),
        HTTP_TEST(a_server_without_tls_behind_https_is_a_tls_failure),
        HTTP_TEST(a_handshake_that_hangs_times_out_and_the_message_says_so),
        HTTP_TEST(after_an_exchange_no_memory_holds_what_was_secret_in_it),
        HTTP_TEST(http_free_ends_what_is_under_way_and_leaves_no_descriptor),
    };
    int failed;

    server = scripted_server_start(serve_connection);
    failed = cmocka_run_group_tests_name("http", tests, NULL, NULL);
    scripted_server_stop(&server);
    return failed;
}
