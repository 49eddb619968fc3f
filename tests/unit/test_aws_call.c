/*
 * test_aws_call.c: what is tried again and what is not, against a server that answers by a script.  The jitter is this
 * file's own, so that pauses are as long as a test wants them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>

#include "aws_call.h"
#include "aws_error.h"
#include "journal.h"
#include "loop_guard.h"
#include "retry_policy.h"
#include "scripted_server.h"

#define PLENTY_MS 30000
#define STEPS_MAX 8
#define DATES_MAX 16

/* Four random bytes are the jitter's. */
static uint32_t jitter;

ssize_t
getrandom(void *bytes, size_t length, unsigned flags)
{
    if (length != sizeof(jitter))
        return syscall(SYS_getrandom, bytes, length, flags);
    memcpy(bytes, &jitter, sizeof(jitter));
    return (ssize_t) length;
}

/*
 * The server: its n-th request gets the n-th step, all further ones the last.
 */

struct step {
    const char *status; /* NULL: the connection is closed in the middle of an answer */
    const char *code;   /* NULL: good */
    const char *message;
    int64_t ahead_s; /* how far AWS's clock is ahead of this host's */
    bool is_dateless;
    bool is_slow; /* says nothing at all */
};

#define GOOD                 ((struct step){.status = "200 OK"})
#define FAIL(status_, code_) ((struct step){.status = (status_), .code = (code_)})
#define THROTTLED            FAIL("400 Bad Request", "ThrottlingException")
#define SKEWED(ahead_)                                                                                    \
    ((struct step){.status = "400 Bad Request",                                                           \
                   .code = "InvalidSignatureException",                                                   \
                   .message = "Signature expired: 20210502T144040Z is now earlier than 20210502T173143Z", \
                   .ahead_s = (ahead_)})

static struct step script[STEPS_MAX];
static size_t script_length;

/* Shared with the server's processes: when each request says that it was signed. */
static struct {
    unsigned requests;
    char dates[DATES_MAX][20];
    char authorizations[DATES_MAX][512];
} * seen;

static void
note_header(const char *request, const char *name, char *value, size_t size)
{
    const char *at = strstr(request, name);

    value[0] = '\0';
    if (at != NULL)
        (void) snprintf(value, size, "%.*s", (int) strcspn(at + strlen(name), "\r"), at + strlen(name));
}

static void
format_date(int64_t ahead_s, char *line, size_t size)
{
    time_t now = time(NULL) + (time_t) ahead_s;
    struct tm utc;

    (void) strftime(line, size, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&now, &utc));
}

static void
answer_step(int fd, const struct step *step)
{
    char date[64] = "";
    char body[512] = "{}";

    if (!step->is_dateless)
        format_date(step->ahead_s, date, sizeof(date));
    if (step->code != NULL)
        (void) snprintf(body, sizeof(body), "{\"__type\":\"%s\",\"message\":\"%s\"}", step->code,
                        step->message != NULL ? step->message : "What AWS has to say.");
    say_whole_answer(fd, step->status, date, body);
}

static void
follow_script(int fd, struct server_seen *server_seen)
{
    static char text[SERVER_REQUEST_SIZE];

    (void) server_seen;
    while (read_request(fd, text)) {
        unsigned number = __atomic_fetch_add(&seen->requests, 1, __ATOMIC_SEQ_CST);
        const struct step *step = &script[number < script_length ? number : script_length - 1];

        if (number < DATES_MAX) {
            note_header(text, "X-Amz-Date: ", seen->dates[number], sizeof(seen->dates[number]));
            note_header(text, "Authorization: ", seen->authorizations[number], sizeof(seen->authorizations[number]));
        }
        if (step->is_slow)
            hang(fd);
        if (step->status == NULL) {
            say_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
            return;
        }
        answer_step(fd, step);
    }
}

/*
 * A host with one call
 */

struct host {
    struct loop *loop;
    struct http *http;
    struct aws_client *client;
    struct scripted_server server;
    char url[64];
    /* what came of the calls */
    unsigned calls, answers;
    enum http_end end;
    long status;
    char code[80];
    struct failure failure;
    time_t sent_at;
};

static void
start_host(struct host *host, const struct step *steps, size_t count)
{
    struct failure failure;

    memset(host, 0, sizeof(*host));
    memset(seen, 0, sizeof(*seen));
    assert_true(count <= STEPS_MAX);
    memcpy(script, steps, count * sizeof(*steps));
    script_length = count;
    jitter = 0;
    host->server = scripted_server_start(follow_script);
    (void) snprintf(host->url, sizeof(host->url), "http://127.0.0.1:%d", host->server.port);
    host->loop = loop_create(&failure);
    assert_non_null(host->loop);
    host->http = http_create(host->loop, &failure);
    assert_non_null(host->http);
    host->client = aws_client_create(host->loop, host->http, &failure);
    assert_non_null(host->client);
}

static void
stop_host(struct host *host)
{
    aws_client_free(host->client);
    http_free(host->http);
    loop_free(host->loop);
    scripted_server_stop(&host->server);
}

/* From now on the server does this; what it saw before is forgotten. */
static void
change_script(struct host *host, const struct step *steps, size_t count)
{
    scripted_server_stop(&host->server);
    memset(seen, 0, sizeof(*seen));
    memcpy(script, steps, count * sizeof(*steps));
    script_length = count;
    host->server = scripted_server_start(follow_script);
    (void) snprintf(host->url, sizeof(host->url), "http://127.0.0.1:%d", host->server.port);
}

static void
answered(void *owner, struct http_answer *answer, time_t sent_at)
{
    struct host *host = owner;
    struct aws_error error = {.code = ""};

    host->end = answer->end;
    host->status = answer->status;
    host->failure = answer->failure;
    host->sent_at = sent_at;
    if (answer->end == HTTP_ANSWERED)
        aws_error_read(answer, &error);
    memcpy(host->code, error.code, sizeof(host->code));
    if (++host->answers == host->calls)
        loop_stop(host->loop);
}

static struct aws_call *
start_call_within(struct host *host, const char *service, int64_t budget_ms)
{
    char access[] = "AKIDEXAMPLE";
    char secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    struct credentials credentials = {.access_key_id = access, .secret_access_key = secret};
    struct aws_request request = {
        .service = service,
        .endpoint_url = host->url,
        .region = "eu-west-1",
        .content_type = "application/x-amz-json-1.1",
        .target = "SageMaker.CreatePresignedDomainUrl",
        .body = "{}",
        .body_length = 2,
    };
    struct failure failure = {.message = ""};
    struct aws_call *call =
        aws_call_start(host->client, &request, &credentials, deadline_in_ms(budget_ms), answered, host, &failure);

    if (call == NULL)
        fail_msg("%s: %s", failure.code, failure.message);
    host->calls++;
    return call;
}

static void
call_within(struct host *host, int64_t budget_ms)
{
    (void) start_call_within(host, "sagemaker", budget_ms);
    run_until_stopped(host->loop);
}

#define START(host, ...) \
    start_host(host, (const struct step[]){__VA_ARGS__}, sizeof((struct step[]){__VA_ARGS__}) / sizeof(struct step))
#define CHANGE(host, ...) \
    change_script(host, (const struct step[]){__VA_ARGS__}, sizeof((struct step[]){__VA_ARGS__}) / sizeof(struct step))

/*
 * Retries
 */

static void
a_call_that_is_throttled_twice_succeeds_in_the_third_attempt(void **state)
{
    struct host host;

    (void) state;
    START(&host, THROTTLED, THROTTLED, GOOD);
    call_within(&host, PLENTY_MS);
    assert_int_equal(host.status, 200);
    assert_int_equal(seen->requests, 3);
    stop_host(&host);
}

static void
what_stays_throttled_is_told_after_three_attempts(void **state)
{
    struct host host;

    (void) state;
    START(&host, THROTTLED);
    call_within(&host, PLENTY_MS);
    assert_int_equal(host.end, HTTP_ANSWERED);
    assert_string_equal(host.code, "ThrottlingException");
    assert_int_equal(seen->requests, AWS_CALL_ATTEMPTS);
    stop_host(&host);
}

static void
expect_requests(struct step first, unsigned requests)
{
    struct host host;

    START(&host, first, GOOD);
    call_within(&host, PLENTY_MS);
    if (seen->requests != requests)
        fail_msg("%s %s: %u requests", first.status, first.code, seen->requests);
    stop_host(&host);
}

static void
the_codes_of_the_standard_mode_are_tried_again(void **state)
{
    static const char *const codes[] = {"Throttling",
                                        "ThrottledException",
                                        "RequestThrottledException",
                                        "RequestThrottled",
                                        "TooManyRequestsException",
                                        "ProvisionedThroughputExceededException",
                                        "TransactionInProgressException",
                                        "RequestLimitExceeded",
                                        "BandwidthLimitExceeded",
                                        "LimitExceededException",
                                        "SlowDown",
                                        "EC2ThrottledException",
                                        "RequestTimeout",
                                        "RequestTimeoutException",
                                        "PriorRequestNotComplete"};

    (void) state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        expect_requests(FAIL("400 Bad Request", codes[i]), 2);
}

static void
passing_troubles_of_the_service_are_tried_again_by_their_status(void **state)
{
    static const char *const again[] = {"500 x", "502 x", "503 x", "504 x", "429 x"};

    (void) state;
    for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++)
        expect_requests(FAIL(again[i], "SomethingUnheardOf"), 2);
    expect_requests(FAIL("501 x", "SomethingUnheardOf"), 1);
}

static void
a_clear_no_is_not_tried_again(void **state)
{
    static const char *const codes[] = {"AccessDeniedException", "ValidationException", "ResourceNotFound",
                                        "ExpiredTokenException", "UnrecognizedClientException"};

    (void) state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        expect_requests(FAIL("400 Bad Request", codes[i]), 1);
}

static void
a_connection_that_breaks_is_tried_again(void **state)
{
    struct host host;

    (void) state;
    START(&host, {.status = NULL}, GOOD);
    call_within(&host, PLENTY_MS);
    assert_int_equal(host.status, 200);
    assert_int_equal(seen->requests, 2);
    stop_host(&host);
}

static void
a_peer_that_refuses_is_tried_again_and_then_told(void **state)
{
    struct host host;

    (void) state;
    START(&host, GOOD);
    scripted_server_stop(&host.server);
    call_within(&host, PLENTY_MS);
    assert_int_equal(host.end, HTTP_UNCONNECTED);
    assert_string_equal(host.failure.code, "network");
    assert_null(strstr(host.failure.message, "before that: ")); /* for it was the same */
    assert_int_equal(host.status, 0);
    aws_client_free(host.client);
    http_free(host.http);
    loop_free(host.loop);
}

/* The pause would be 0.5 s here. */
static void
a_retry_that_does_not_fit_the_deadline_is_not_waited_for(void **state)
{
    struct host host;
    int64_t started_ms;

    (void) state;
    START(&host, THROTTLED, GOOD);
    jitter = UINT32_MAX / 2;
    started_ms = monotonic_ms();
    call_within(&host, 600);
    assert_int_equal(seen->requests, 1);
    assert_string_equal(host.code, "ThrottlingException");
    assert_true(monotonic_ms() - started_ms < 600);
    stop_host(&host);
}

static void
what_came_before_the_time_ran_out_is_told(void **state)
{
    struct host host;

    (void) state;
    START(&host, THROTTLED, {.is_slow = true});
    call_within(&host, 1000);
    assert_int_equal(host.end, HTTP_TIMED_OUT);
    assert_string_equal(host.failure.code, "timeout");
    assert_non_null(strstr(host.failure.message, "(before that: AWS throttles (ThrottlingException))"));
    assert_int_equal(host.status, 400); /* it is there, then */
    stop_host(&host);
}

/* The first pause is jitter * 1 s, the second jitter * 2 s. */
static void
attempts_are_signed_anew_for_their_own_time(void **state)
{
    struct host host;
    time_t before = time(NULL);

    (void) state;
    START(&host, THROTTLED, THROTTLED, GOOD);
    jitter = UINT32_MAX;
    call_within(&host, PLENTY_MS);
    assert_int_equal(seen->requests, 3);
    for (int i = 1; i < 3; i++) {
        assert_string_not_equal(seen->dates[i], seen->dates[i - 1]);
        assert_string_not_equal(seen->authorizations[i], seen->authorizations[i - 1]);
    }
    assert_true(host.sent_at >= before + 2);
    stop_host(&host);
}

static void
a_call_that_is_given_up_in_its_pause_never_calls_back(void **state)
{
    struct host host;
    struct aws_call *call;

    (void) state;
    START(&host, THROTTLED, GOOD);
    jitter = UINT32_MAX;
    call = start_call_within(&host, "sagemaker", PLENTY_MS);
    assert_string_equal(aws_call_trouble(call), "");
    while (aws_call_trouble(call)[0] == '\0')
        run_for_ms(host.loop, 5);
    assert_string_equal(aws_call_trouble(call), "AWS throttles (ThrottlingException)");
    aws_call_cancel(call);
    run_for_ms(host.loop, 1100);
    assert_int_equal(host.answers, 0);
    assert_int_equal(seen->requests, 1);
    (void) start_call_within(&host, "sagemaker", PLENTY_MS); /* and one that goes with the client */
    stop_host(&host);
    assert_int_equal(host.answers, 0);
}

/*
 * The quota
 */

static void
a_storm_of_calls_has_so_many_retries_and_no_more(void **state)
{
    struct host host;
    unsigned retries = RETRY_QUOTA / RETRY_COST;

    (void) state;
    START(&host, THROTTLED);
    for (unsigned i = 0; i < 2 * retries; i++)
        (void) start_call_within(&host, "sagemaker", PLENTY_MS);
    run_until_stopped(host.loop);
    assert_int_equal(host.answers, 2 * retries);
    assert_int_equal(seen->requests, 2 * retries + retries);
    call_within(&host, PLENTY_MS);
    assert_int_equal(seen->requests, 3 * retries + 1);
    (void) start_call_within(&host, "sts", PLENTY_MS); /* another service has its own */
    run_until_stopped(host.loop);
    assert_int_equal(seen->requests, 3 * retries + 1 + 3);
    stop_host(&host);
}

static void
successes_bring_retries_back(void **state)
{
    struct host host;

    (void) state;
    START(&host, THROTTLED);
    for (unsigned i = 0; i < RETRY_QUOTA / RETRY_COST; i++)
        (void) start_call_within(&host, "sagemaker", PLENTY_MS);
    run_until_stopped(host.loop);
    CHANGE(&host, GOOD);
    for (unsigned i = 0; i < RETRY_COST; i++)
        call_within(&host, PLENTY_MS);
    CHANGE(&host, THROTTLED, GOOD, THROTTLED, GOOD);
    call_within(&host, PLENTY_MS);
    call_within(&host, PLENTY_MS);
    assert_int_equal(host.status, 200);
    assert_int_equal(seen->requests, 4);
    stop_host(&host);
}

static void
a_quota_is_never_more_than_full(void **state)
{
    struct retry_quota quota = {.tokens = RETRY_QUOTA};

    (void) state;
    retry_quota_give_back(&quota, 0);
    retry_quota_give_back(&quota, RETRY_COST_TRANSPORT);
    assert_int_equal(quota.tokens, RETRY_QUOTA);
    assert_true(retry_quota_take(&quota, RETRY_QUOTA));
    assert_false(retry_quota_take(&quota, 1));
    retry_quota_give_back(&quota, 0);
    assert_int_equal(quota.tokens, 1);
}

static void
pauses_grow_and_end_at_twenty_seconds(void **state)
{
    (void) state;
    jitter = UINT32_MAX;
    assert_int_equal(retry_pause_ms(1), 1000);
    assert_int_equal(retry_pause_ms(2), 2000);
    assert_int_equal(retry_pause_ms(5), 16000);
    assert_int_equal(retry_pause_ms(6), 20000);
    assert_int_equal(retry_pause_ms(100), 20000);
    jitter = 0;
    assert_int_equal(retry_pause_ms(2), 0);
}

/*
 * The clock
 */

static time_t
time_signed(unsigned request)
{
    struct tm utc = {0};

    assert_non_null(strptime(seen->dates[request], "%Y%m%dT%H%M%SZ", &utc));
    return timegm(&utc);
}

static void
expect_correction_by(int64_t ahead_s)
{
    struct host host;
    struct step good = {.status = "200 OK", .ahead_s = ahead_s};

    START(&host, SKEWED(ahead_s), good);
    call_within(&host, PLENTY_MS);
    assert_int_equal(host.status, 200);
    assert_int_equal(seen->requests, 2);
    assert_in_range(time_signed(1) - time_signed(0) - ahead_s + 5, 0, 10);
    assert_in_range(aws_client_clock_offset(host.client) - ahead_s + 5, 0, 10);
    assert_in_range(time(NULL) - host.sent_at, 0, 60);
    call_within(&host, PLENTY_MS); /* from now on it is known */
    assert_int_equal(seen->requests, 3);
    assert_in_range(time_signed(2) - time_signed(1), 0, 60);
    stop_host(&host);
}

static void
a_clock_that_is_off_is_corrected_once_and_for_later_calls(void **state)
{
    (void) state;
    expect_correction_by(3600);
    expect_correction_by(-3600);
}

static void
a_small_difference_is_none(void **state)
{
    struct host host;

    (void) state;
    START(&host, SKEWED(100));
    call_within(&host, PLENTY_MS);
    assert_int_equal(seen->requests, 1);
    assert_string_equal(host.code, "InvalidSignatureException");
    assert_int_equal(aws_client_clock_offset(host.client), 0);
    stop_host(&host);
}

/* Years after which, and before which, no request could be signed at all. */
static void
a_date_that_no_clock_can_be_off_by_corrects_nothing(void **state)
{
    static const int64_t ahead_s[] = {INT64_C(2500000000), INT64_C(250000000000), INT64_C(-50000000000)};

    (void) state;
    for (size_t i = 0; i < sizeof(ahead_s) / sizeof(ahead_s[0]); i++) {
        struct host host;

        START(&host, SKEWED(ahead_s[i]), GOOD);
        call_within(&host, PLENTY_MS);
        assert_int_equal(seen->requests, 1);
        assert_string_equal(host.code, "InvalidSignatureException");
        assert_int_equal(aws_client_clock_offset(host.client), 0);
        call_within(&host, PLENTY_MS);
        assert_int_equal(host.status, 200);
        stop_host(&host);
    }
}

static void
a_correction_that_does_not_help_is_not_repeated(void **state)
{
    struct host host;

    (void) state;
    START(&host, SKEWED(3600), SKEWED(7200));
    call_within(&host, PLENTY_MS);
    assert_int_equal(seen->requests, 2);
    assert_string_equal(host.code, "InvalidSignatureException");
    stop_host(&host);
}

static void
every_code_for_a_wrong_time_leads_to_a_correction(void **state)
{
    static const char *const codes[] = {"SignatureDoesNotMatch", "AuthFailure", "RequestTimeTooSkewed",
                                        "RequestExpired", "RequestInTheFuture"};

    (void) state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct step skewed = SKEWED(-900);

        skewed.code = codes[i];
        expect_requests(skewed, 2);
    }
}

static void
a_wrong_key_is_no_matter_of_the_clock(void **state)
{
    struct step dateless = SKEWED(0);

    (void) state;
    expect_requests(FAIL("403 Forbidden", "InvalidSignatureException"), 1);
    dateless.is_dateless = true;
    expect_requests(dateless, 1);
}

static void
a_clock_that_was_set_meanwhile_is_believed_again(void **state)
{
    struct host host;

    (void) state;
    START(&host, SKEWED(3600), GOOD);
    call_within(&host, PLENTY_MS);
    assert_int_not_equal(aws_client_clock_offset(host.client), 0);
    CHANGE(&host, SKEWED(0), GOOD);
    call_within(&host, PLENTY_MS);
    assert_int_equal(host.status, 200);
    assert_int_equal(seen->requests, 2);
    assert_int_equal(aws_client_clock_offset(host.client), 0);
    stop_host(&host);
}

static void
a_corrected_call_may_still_be_throttled_twice(void **state)
{
    struct host host;

    (void) state;
    START(&host, SKEWED(3600), THROTTLED, THROTTLED, GOOD);
    call_within(&host, PLENTY_MS);
    assert_int_equal(host.status, 200);
    assert_int_equal(seen->requests, 4);
    stop_host(&host);
}

/*
 * Before anything is sent
 */

static void
keys_that_would_end_a_header_are_not_sent(void **state)
{
    struct host host;
    char access[] = "AKID";
    char secret[] = "secret";
    char token[] = "a\r\nX-Evil: 1";
    struct credentials credentials = {.access_key_id = access, .secret_access_key = secret, .session_token = token};
    struct aws_request request = {.service = "sts", .region = "eu-west-1", .content_type = "text/plain", .body = ""};
    struct failure failure;

    (void) state;
    START(&host, GOOD);
    request.endpoint_url = host.url;
    assert_null(
        aws_call_start(host.client, &request, &credentials, deadline_in_ms(PLENTY_MS), answered, &host, &failure));
    assert_string_equal(failure.code, "expired-credentials");
    token[1] = '\0';
    request.endpoint_url = "https://host/path";
    assert_null(
        aws_call_start(host.client, &request, &credentials, deadline_in_ms(PLENTY_MS), answered, &host, &failure));
    assert_string_equal(failure.code, "config");
    assert_int_equal(seen->requests, 0);
    stop_host(&host);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_is_throttled_twice_succeeds_in_the_third_attempt),
        cmocka_unit_test(what_stays_throttled_is_told_after_three_attempts),
        cmocka_unit_test(the_codes_of_the_standard_mode_are_tried_again),
        cmocka_unit_test(passing_troubles_of_the_service_are_tried_again_by_their_status),
        cmocka_unit_test(a_clear_no_is_not_tried_again),
        cmocka_unit_test(a_connection_that_breaks_is_tried_again),
        cmocka_unit_test(a_peer_that_refuses_is_tried_again_and_then_told),
        cmocka_unit_test(a_retry_that_does_not_fit_the_deadline_is_not_waited_for),
        cmocka_unit_test(what_came_before_the_time_ran_out_is_told),
        cmocka_unit_test(attempts_are_signed_anew_for_their_own_time),
        cmocka_unit_test(a_call_that_is_given_up_in_its_pause_never_calls_back),
        cmocka_unit_test(a_storm_of_calls_has_so_many_retries_and_no_more),
        cmocka_unit_test(successes_bring_retries_back),
        cmocka_unit_test(a_quota_is_never_more_than_full),
        cmocka_unit_test(pauses_grow_and_end_at_twenty_seconds),
        cmocka_unit_test(a_clock_that_is_off_is_corrected_once_and_for_later_calls),
        cmocka_unit_test(a_small_difference_is_none),
        cmocka_unit_test(a_date_that_no_clock_can_be_off_by_corrects_nothing),
        cmocka_unit_test(a_correction_that_does_not_help_is_not_repeated),
        cmocka_unit_test(every_code_for_a_wrong_time_leads_to_a_correction),
        cmocka_unit_test(a_wrong_key_is_no_matter_of_the_clock),
        cmocka_unit_test(a_clock_that_was_set_meanwhile_is_believed_again),
        cmocka_unit_test(a_corrected_call_may_still_be_throttled_twice),
        cmocka_unit_test(keys_that_would_end_a_header_are_not_sent),
    };

    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED)
        abort();
    journal_open(JOURNAL_STDERR, false);
    return cmocka_run_group_tests_name("aws_call", tests, NULL, NULL);
}
