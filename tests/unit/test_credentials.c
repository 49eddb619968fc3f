/*
 * test_credentials.c: the store of credentials over the metadata service's client, in a scripted world.
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
#include <time.h>

#include "credentials.h"
#include "imds_answer.h"
#include "message.h"
#include "scripted_process.h"
#include "scripted_world.h"
#include "settings.h"

#define ENDPOINT  "http://127.0.0.1:1338"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

static char *
url_of(const char *path)
{
    static char url[512];
    snprintf(url, sizeof(url), ENDPOINT "%s", path);
    return url;
}

static struct http_exchange *
request_for(const char *path)
{
    return request_for_url(url_of(path));
}

static void
answer_bytes(const char *path, long status, const char *body, size_t length)
{
    deliver_bytes(url_of(path), status, body, length);
}

static void
answer(const char *path, long status, const char *body)
{
    answer_bytes(path, status, body, strlen(body));
}

static void
no_answer(const char *path, enum http_end end)
{
    deliver_nothing(url_of(path), end);
}

/* Where the three requests go */
static const char token_path[] = "/latest/api/token";
static const char role_path[] = ROLE_PATH;
static const char keys_path[] = ROLE_PATH "desktop";
static const char region_path[] = "/latest/meta-data/placement/region";

static char *
keys_document(const char *name, int64_t seconds_left)
{
    static char document[1024];
    snprintf(
        document, sizeof(document),
        "{\"Code\":\"Success\",\"LastUpdated\":\"2026-01-01T00:00:00Z\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"%s\","
        "\"SecretAccessKey\":\"secret+/\",\"Token\":\"token==\",\"Expiration\":\"%s\"}",
        name, expiration_in(seconds_left));
    return document;
}

static void
answer_keys(const char *name, int64_t seconds_left)
{
    answer(keys_path, 200, keys_document(name, seconds_left));
}

/* Token and role, where they are asked for, then the keys. */
static void
serve_keys(const char *name, int64_t seconds_left)
{
    if (strcmp(exchanges[0].url, ENDPOINT "/latest/api/token") == 0 && exchanges[0].waiting)
        answer(token_path, 200, "imds-token");
    answer(role_path, 200, "desktop");
    answer_keys(name, seconds_left);
}

/* Who waits, and what came */

struct waiter {
    int calls;
    char access_key_id[64], secret_access_key[64], session_token[64], role[128], region[64];
    int64_t expires_at;
    struct failure failure;
    struct credential_call *call;
    struct credential_call *cancel_other; /* from inside the callback */
    struct credential_store *ask_again;   /* from inside the callback, for the waiter beside */
    struct credential_store *reject_in;   /* from inside the callback */
    struct waiter *beside;
};

static struct credential_store *store;

static struct credential_store *
store_for(const char *endpoint, struct failure *failure)
{
    static char copy[64];
    snprintf(copy, sizeof(copy), "%s", endpoint);
    struct settings settings = {.credentials = {.source = CREDENTIALS_IMDS, .ec2_metadata_service_endpoint = copy}};
    return credential_store_create(NULL, NULL, NULL, &settings, 0, failure);
}

static void
credentials_came(void *owner, const struct credentials *credentials, const struct failure *failure)
{
    struct waiter *waiter = owner;
    waiter->calls++;
    if (credentials == NULL) {
        waiter->failure = *failure;
        return;
    }
    assert_null(failure);
    snprintf(waiter->access_key_id, sizeof(waiter->access_key_id), "%s", credentials->access_key_id);
    snprintf(waiter->secret_access_key, sizeof(waiter->secret_access_key), "%s", credentials->secret_access_key);
    snprintf(waiter->session_token, sizeof(waiter->session_token), "%s", credentials->session_token);
    snprintf(waiter->role, sizeof(waiter->role), "%s", credentials->role);
    waiter->expires_at = credentials->expires_at;
    if (waiter->cancel_other != NULL)
        credential_call_cancel(waiter->cancel_other);
    if (waiter->reject_in != NULL)
        credentials_reject(waiter->reject_in, credentials->serial);
    if (waiter->ask_again != NULL)
        waiter->beside->call =
            credentials_get(waiter->ask_again, deadline_in_ms(3000), credentials_came, waiter->beside, NULL);
}

static void
region_came(void *owner, const char *region, const struct failure *failure)
{
    struct waiter *waiter = owner;
    waiter->calls++;
    if (region != NULL)
        snprintf(waiter->region, sizeof(waiter->region), "%s", region);
    else
        waiter->failure = *failure;
}

static void
ask(struct waiter *waiter, int64_t milliseconds)
{
    struct failure failure = {0};
    *waiter = (struct waiter){0};
    waiter->call = credentials_get(store, deadline_in_ms(milliseconds), credentials_came, waiter, &failure);
    assert_non_null(waiter->call);
    assert_int_equal(waiter->calls, 0);
}

static void
ask_region(struct waiter *waiter, int64_t milliseconds)
{
    struct failure failure = {0};
    *waiter = (struct waiter){0};
    waiter->call = credential_region_get(store, deadline_in_ms(milliseconds), region_came, waiter, &failure);
    assert_non_null(waiter->call);
    assert_int_equal(waiter->calls, 0);
}

static void
expect_keys(const struct waiter *waiter, const char *access_key_id)
{
    assert_int_equal(waiter->calls, 1);
    assert_string_equal(waiter->access_key_id, access_key_id);
}

static void
expect_failure(const struct waiter *waiter, const char *code, const char *words)
{
    assert_int_equal(waiter->calls, 1);
    assert_string_equal(waiter->access_key_id, "");
    assert_string_equal(waiter->region, "");
    assert_string_equal(waiter->failure.code, code);
    if (strstr(waiter->failure.message, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, waiter->failure.message);
}

static int
begin(void **state)
{
    (void) state;
    struct failure failure;
    begin_world();
    store = store_for(ENDPOINT, &failure);
    return store == NULL;
}

static int
end(void **state)
{
    (void) state;
    credential_store_free(store);
    return requests_waiting() != 0 || !TAILQ_EMPTY(&timers);
}

/* Fetching */

static void
keys_take_three_requests_and_the_token_goes_with_two(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    const struct http_exchange *exchange = request_for(token_path);
    assert_string_equal(exchange->method, "PUT");
    assert_string_equal(exchange->headers[0], "X-aws-ec2-metadata-token-ttl-seconds: 21600");
    answer(token_path, 200, "imds-token==");
    exchange = request_for(role_path);
    assert_string_equal(exchange->method, "GET");
    assert_string_equal(exchange->headers[0], "X-aws-ec2-metadata-token: imds-token==");
    answer(role_path, 200, "desktop\n");
    exchange = request_for(keys_path);
    assert_string_equal(exchange->method, "GET");
    assert_string_equal(exchange->headers[0], "X-aws-ec2-metadata-token: imds-token==");
    assert_int_equal(waiter.calls, 0);
    answer_keys("ASIA1", 3600);
    expect_keys(&waiter, "ASIA1");
    assert_string_equal(waiter.secret_access_key, "secret+/");
    assert_string_equal(waiter.session_token, "token==");
    assert_string_equal(waiter.role, "desktop");
    assert_in_range((uint64_t) waiter.expires_at, (uint64_t) time(NULL) + 3590, (uint64_t) time(NULL) + 3600);
    assert_int_equal(requests_started, 3);
}

static void
each_request_is_bounded_in_time_and_size(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    const struct http_request *request = &request_for(token_path)->request;
    assert_int_equal(request->connect_timeout_ms, 1000);
    assert_int_equal(deadline_left_ms(request->deadline), 2000);
    assert_int_equal(request->body_limit, 64 * 1024);
    assert_true(request->allow_http);
    assert_null(request->proxy_url);
    serve_keys("ASIA1", 3600);
}

static void
many_who_wait_cost_one_fetch(void **state)
{
    (void) state;
    struct waiter waiters[50];
    for (size_t i = 0; i < 50; i++)
        ask(&waiters[i], 3000);
    assert_int_equal(requests_started, 1);
    serve_keys("ASIA1", 3600);
    for (size_t i = 0; i < 50; i++)
        expect_keys(&waiters[i], "ASIA1");
    assert_int_equal(requests_started, 3);
}

static void
kept_keys_are_given_without_asking_anybody(void **state)
{
    (void) state;
    struct waiter waiter;
    assert_null(credentials_kept(store));
    ask(&waiter, 3000);
    serve_keys("ASIA1", 3600);
    assert_string_equal(credentials_kept(store)->access_key_id, "ASIA1");
    ask(&waiter, 3000);
    turn_of_the_loop();
    expect_keys(&waiter, "ASIA1");
    assert_int_equal(requests_started, 3);
}

static void
the_token_serves_until_its_time_is_nearly_over(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 3600);
    credentials_reject(store, credentials_kept(store)->serial);
    pass_time(21594000);
    ask(&waiter, 3000);
    answer(role_path, 200, "desktop");
    answer_keys("ASIA2", 3600);
    expect_keys(&waiter, "ASIA2");
    credentials_reject(store, credentials_kept(store)->serial);
    pass_time(1000);
    ask(&waiter, 3000);
    answer(token_path, 200, "another-token");
    serve_keys("ASIA3", 3600);
    expect_keys(&waiter, "ASIA3");
}

static void
a_token_that_is_not_taken_is_renewed_once(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    answer(token_path, 200, "old-token");
    answer(role_path, 401, "");
    answer(token_path, 200, "new-token");
    assert_string_equal(request_for(role_path)->headers[0], "X-aws-ec2-metadata-token: new-token");
    answer(role_path, 401, "");
    expect_failure(&waiter, "imds-refused", "its own session token");
}

static void
without_a_token_nothing_is_asked_in_the_way_of_version_1(void **state)
{
    (void) state;
    static const long statuses[] = {400, 403, 404, 405, 500};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct waiter waiter;
        ask(&waiter, 30000);
        while (waiter.calls == 0) {
            assert_string_equal(request_for(token_path)->method, "PUT");
            assert_int_equal(requests_waiting(), 1);
            answer(token_path, statuses[i], "");
            pass_time(1000);
        }
        assert_true(waiter.failure.code[0] != '\0');
    }
}

/* Troubles of the service */

static void
each_refusal_has_its_code_and_its_advice(void **state)
{
    (void) state;
    static const struct {
        const char *path;
        long status;
        const char *code, *advice;
    } cases[] = {
        {token_path, 400, "imds-refused", "status 400"},
        {token_path, 401, "imds-refused", "session token"},
        {token_path, 403, "imds-forbidden", "modify-instance-metadata-options"},
        {token_path, 404, "imds-refused", "ec2_metadata_service_endpoint"},
        {token_path, 302, "imds-refused", "what listens there"},
        {role_path, 403, "imds-forbidden", "switched off"},
        {role_path, 404, "imds-no-role", "Attach a role"},
        {keys_path, 404, "imds-no-role", "Attach a role"},
        {keys_path, 418, "imds-refused", "the role's credentials with status 418"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        end(NULL);
        begin(NULL);
        struct waiter waiter;
        ask(&waiter, 3000);
        if (cases[i].path != token_path)
            answer(token_path, 200, "imds-token");
        if (cases[i].path == keys_path)
            answer(role_path, 200, "desktop");
        answer(cases[i].path, cases[i].status, "body");
        expect_failure(&waiter, cases[i].code, cases[i].advice);
        assert_int_equal(requests_waiting(), 0);
    }
}

static void
a_throttled_request_is_tried_three_times(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    for (int attempt = 1; attempt <= 3; attempt++) {
        assert_int_equal(requests_started, attempt);
        answer(token_path, 503, "");
        assert_int_equal(requests_waiting(), 0);
        pass_time(250);
    }
    expect_failure(&waiter, "imds-throttled", "rate of requests");
    assert_int_equal(requests_started, 3);
}

static void
a_passing_trouble_is_outlived_at_every_step(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    no_answer(token_path, HTTP_UNCONNECTED);
    pass_time(250);
    answer(token_path, 500, "");
    pass_time(250);
    answer(token_path, 200, "imds-token");
    answer(role_path, 429, "");
    pass_time(250);
    answer(role_path, 200, "desktop");
    no_answer(keys_path, HTTP_BROKEN);
    pass_time(250);
    answer_keys("ASIA1", 3600);
    expect_keys(&waiter, "ASIA1");
}

static void
a_service_that_refuses_connections_is_unreachable(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    for (int attempt = 0; attempt < 3; attempt++) {
        no_answer(token_path, HTTP_UNCONNECTED);
        pass_time(250);
    }
    expect_failure(&waiter, "imds-unreachable", "firewall");
    assert_non_null(strstr(waiter.failure.message, "the transport failed"));
    assert_non_null(strstr(waiter.failure.message, ENDPOINT));
    assert_int_equal(requests_started, 3);
}

static void
a_token_that_never_comes_hints_at_the_hop_limit(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 30000);
    for (int attempt = 0; attempt < 3; attempt++) {
        pass_time(2000);
        no_answer(token_path, HTTP_TIMED_OUT);
        pass_time(250);
    }
    expect_failure(&waiter, "imds-unreachable", "hop limit");
}

static void
a_role_that_cannot_be_assumed_is_reported_in_awss_words(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    answer(token_path, 200, "imds-token");
    answer(role_path, 200, "desktop");
    answer(keys_path, 200,
           "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume the role\\ndesktop.\"}");
    expect_failure(&waiter, "imds-refused", "AssumeRoleUnauthorizedAccess: \"EC2 cannot assume the role desktop.\"");
    assert_int_equal(requests_started, 3);
}

static void
keys_that_have_expired_when_they_come_are_refused(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    answer(token_path, 200, "imds-token");
    answer(role_path, 200, "desktop");
    answer_keys("ASIA1", -10);
    expect_failure(&waiter, "expired-credentials", "clock");
    assert_null(credentials_kept(store));
}

static void
a_token_that_is_no_header_text_is_refused(void **state)
{
    (void) state;
    static const char nul[] = "a\0b";
    static char too_long[5000];
    memset(too_long, 'a', sizeof(too_long) - 1);
    const struct {
        const char *text;
        size_t length;
    } tokens[] = {{"", 0},  {"a b", 3},   {"token\r\nX-Evil: 1", 16},      {"t\n", 2}, {"\xc3\xa9", 2},
                  {nul, 3}, {"a\x7f", 2}, {too_long, sizeof(too_long) - 1}};
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        struct waiter waiter;
        ask(&waiter, 3000);
        answer_bytes(token_path, 200, tokens[i].text, tokens[i].length);
        expect_failure(&waiter, "imds-bad-answer", "session token");
    }
}

static void
a_role_name_that_would_leave_its_path_is_refused(void **state)
{
    (void) state;
    static const struct {
        const char *body, *code;
    } cases[] = {{"", "imds-no-role"},
                 {"\ndesktop", "imds-bad-answer"},
                 {"../../../user-data", "imds-bad-answer"},
                 {"a/b", "imds-bad-answer"},
                 {"a b", "imds-bad-answer"},
                 {"a?b", "imds-bad-answer"},
                 {"a#b", "imds-bad-answer"},
                 {"a%2fb", "imds-bad-answer"},
                 {"<html>", "imds-bad-answer"},
                 {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "imds-bad-answer"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct waiter waiter;
        ask(&waiter, 3000);
        if (i == 0)
            answer(token_path, 200, "imds-token");
        answer(role_path, 200, cases[i].body);
        expect_failure(&waiter, cases[i].code, "role");
    }
}

static void
the_first_of_several_roles_counts(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    answer(token_path, 200, "imds-token");
    answer(role_path, 200, "Desk_top+=,.@-1\r\nother\n");
    answer(ROLE_PATH "Desk_top+=,.@-1", 200, keys_document("ASIA1", 3600));
    expect_keys(&waiter, "ASIA1");
    assert_string_equal(waiter.role, "Desk_top+=,.@-1");
}

static void
documents_that_lack_something_are_refused(void **state)
{
    (void) state;
    static const char *const documents[] = {
        "",
        "null",
        "<html>",
        "{}x",
        "{\"Code\":\"Success\"}",
        "{\"Code\":\"Success\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2090-01-01T00:00:00Z\"}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"\",\"Token\":\"t\",\"Expiration\":\"2090-01-"
        "01T00:00:00Z\"}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2090-01-01T00:00:"
        "00Z\"}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":"
        "4000000000}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":"
        "\"tomorrow\"}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2090-"
        "01-01T00:00:00\"}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t\\r\\nX: "
        "1\",\"Expiration\":\"2090-01-01T00:00:00Z\"}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a "
        "b\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2090-01-01T00:00:00Z\"}",
        "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"AccessKeyId\":\"b\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
        "\"Expiration\":\"2090-01-01T00:00:00Z\"}",
    };
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        struct waiter waiter;
        ask(&waiter, 3000);
        if (i == 0)
            answer(token_path, 200, "imds-token");
        answer(role_path, 200, "desktop");
        answer(keys_path, 200, documents[i]);
        expect_failure(&waiter, "imds-bad-answer", "ec2_metadata_service_endpoint");
    }
}

static void
fractions_of_a_second_are_read(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    answer(token_path, 200, "imds-token");
    answer(role_path, 200, "desktop");
    answer(keys_path, 200,
           "{\"Code\":\"Success\",\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
           "\"Expiration\":\"2090-01-01T00:00:00.123Z\"}");
    expect_keys(&waiter, "a");
    assert_true(waiter.expires_at == INT64_C(3786912000));
}

/* Deadlines of calls */

static void
a_call_ends_at_its_own_deadline_and_the_fetch_goes_on(void **state)
{
    (void) state;
    struct waiter hasty;
    struct waiter patient;
    struct waiter next;
    ask(&hasty, 500);
    ask(&patient, 3000);
    answer(token_path, 200, "imds-token");
    pass_time(500);
    expect_failure(&hasty, "timeout", "has not given the name of the instance's role");
    assert_int_equal(patient.calls, 0);
    answer(role_path, 200, "desktop");
    pass_time(2500);
    expect_failure(&patient, "timeout", "has not given the role's credentials");
    answer_keys("ASIA1", 3600);
    ask(&next, 3000);
    turn_of_the_loop();
    expect_keys(&next, "ASIA1");
    assert_int_equal(requests_started, 3);
}

static void
a_late_call_is_told_what_the_last_try_met(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 1500);
    pass_time(1000);
    no_answer(token_path, HTTP_UNCONNECTED);
    pass_time(500);
    expect_failure(&waiter, "timeout", "firewall");
}

static void
a_fetch_does_not_go_on_for_ever(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 60000);
    while (waiter.calls == 0) {
        pass_time(1900);
        if (requests_waiting() > 0)
            answer(token_path, 503, "");
        assert_true(now_ms < 1000000 + 20000);
    }
    assert_int_equal(requests_waiting(), 0);
}

static void
no_try_is_planned_for_after_the_end(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 60000);
    pass_time(9990);
    answer(token_path, 503, "");
    expect_failure(&waiter, "imds-throttled", "rate of requests");
    assert_int_equal(requests_started, 1);
}

static void
a_fetch_that_cannot_start_fails_the_call_at_once(void **state)
{
    (void) state;
    struct waiter keys;
    struct waiter region;
    refuse_to_start = true;
    ask(&keys, 3000);
    ask_region(&region, 3000);
    turn_of_the_loop();
    expect_failure(&keys, "memory", "There is no memory.");
    expect_failure(&region, "memory", "There is no memory.");
}

static void
a_next_request_that_cannot_start_fails_those_who_wait(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    refuse_to_start = true;
    answer(token_path, 200, "imds-token");
    expect_failure(&waiter, "memory", "memory");
}

/* Keeping and refreshing */

static void
keys_near_their_end_are_given_and_refreshed_beside(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 600);
    pass_time(60000);
    ask(&waiter, 3000);
    turn_of_the_loop();
    expect_keys(&waiter, "ASIA1");
    serve_keys("ASIA2", 3600);
    ask(&waiter, 3000);
    turn_of_the_loop();
    expect_keys(&waiter, "ASIA2");
    assert_int_equal(requests_started, 5);
}

static void
a_refresh_that_failed_is_not_tried_again_for_a_minute(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 600);
    pass_time(60000);
    ask(&waiter, 3000);
    turn_of_the_loop();
    answer(role_path, 404, "");
    assert_int_equal(requests_started, 4);
    for (int i = 0; i < 59; i++) {
        ask(&waiter, 3000);
        pass_time(1000);
        expect_keys(&waiter, "ASIA1");
        assert_int_equal(requests_started, 4);
    }
    pass_time(1000);
    ask(&waiter, 3000);
    turn_of_the_loop();
    expect_keys(&waiter, "ASIA1");
    assert_int_equal(requests_started, 5);
    serve_keys("ASIA2", 3600);
}

static void
keys_at_their_end_are_fetched_first(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 200);
    expect_keys(&waiter, "ASIA1");
    ask(&waiter, 3000);
    turn_of_the_loop();
    assert_int_equal(waiter.calls, 0);
    serve_keys("ASIA2", 3600);
    expect_keys(&waiter, "ASIA2");
}

static void
keys_at_their_end_still_serve_when_the_fetch_fails(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 200);
    ask(&waiter, 3000);
    answer(role_path, 404, "");
    expect_keys(&waiter, "ASIA1");
}

static void
keys_at_their_end_serve_at_once_after_a_fetch_that_failed(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 200);
    ask(&waiter, 3000);
    answer(role_path, 404, "");
    expect_keys(&waiter, "ASIA1");
    unsigned before = (unsigned) requests_started;
    ask(&waiter, 3000);
    turn_of_the_loop();
    assert_int_equal(requests_started, before);
    expect_keys(&waiter, "ASIA1");
}

static void
keys_at_their_end_still_serve_when_the_fetch_is_slow(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 200);
    ask(&waiter, 3000);
    pass_time(999);
    assert_int_equal(waiter.calls, 0);
    pass_time(1);
    expect_keys(&waiter, "ASIA1");
    serve_keys("ASIA2", 3600);
    assert_string_equal(credentials_kept(store)->access_key_id, "ASIA2");
}

static void
rejected_keys_are_never_given_again(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 3600);
    credentials_reject(store, credentials_kept(store)->serial);
    assert_null(credentials_kept(store));
    ask(&waiter, 3000);
    turn_of_the_loop();
    assert_int_equal(waiter.calls, 0);
    answer(role_path, 404, "");
    expect_failure(&waiter, "imds-no-role", "Attach a role");
    ask(&waiter, 3000);
    serve_keys("ASIA2", 3600);
    expect_keys(&waiter, "ASIA2");
    assert_string_equal(credentials_kept(store)->access_key_id, "ASIA2");
}

static void
keys_rejected_while_one_waits_for_better_do_not_serve_him(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 200);
    ask(&waiter, 3000);
    credentials_reject(store, credentials_kept(store)->serial);
    pass_time(1500);
    assert_int_equal(waiter.calls, 0);
    pass_time(1500);
    expect_failure(&waiter, "timeout", "has not given");
}

/* Whoever was given older keys finds them refused at any later time; the newer ones need not be fetched again then. */
static void
older_keys_that_are_refused_say_nothing_of_newer_ones(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    serve_keys("ASIA1", 3600);
    uint64_t older = credentials_kept(store)->serial;
    credentials_reject(store, older);
    ask(&waiter, 3000);
    serve_keys("ASIA2", 3600);
    credentials_reject(store, older);
    ask(&waiter, 3000);
    turn_of_the_loop();
    expect_keys(&waiter, "ASIA2");
}

static void
keys_that_come_serve_all_even_when_the_first_rejects_them(void **state)
{
    (void) state;
    struct waiter first;
    struct waiter second;
    ask(&first, 3000);
    ask(&second, 3000);
    first.reject_in = store;
    serve_keys("ASIA1", 3600);
    expect_keys(&first, "ASIA1");
    expect_keys(&second, "ASIA1");
    assert_null(credentials_kept(store));
}

/* What callbacks may do */

static void
a_cancelled_call_is_not_answered(void **state)
{
    (void) state;
    struct waiter cancelled;
    struct waiter waiter;
    ask(&cancelled, 3000);
    ask(&waiter, 3000);
    credential_call_cancel(cancelled.call);
    serve_keys("ASIA1", 3600);
    pass_time(5000);
    assert_int_equal(cancelled.calls, 0);
    expect_keys(&waiter, "ASIA1");
}

static void
a_callback_may_cancel_the_call_beside_it(void **state)
{
    (void) state;
    struct waiter first;
    struct waiter second;
    ask(&first, 3000);
    ask(&second, 3000);
    first.cancel_other = second.call;
    serve_keys("ASIA1", 3600);
    expect_keys(&first, "ASIA1");
    assert_int_equal(second.calls, 0);
}

static void
a_callback_may_ask_again(void **state)
{
    (void) state;
    struct waiter first;
    struct waiter second = {0};
    ask(&first, 3000);
    first.reject_in = store;
    first.ask_again = store;
    first.beside = &second;
    serve_keys("ASIA1", 3600);
    assert_int_equal(second.calls, 0);
    serve_keys("ASIA2", 3600);
    expect_keys(&second, "ASIA2");
}

static void
a_store_that_ends_cancels_what_is_under_way(void **state)
{
    (void) state;
    struct waiter waiter;
    struct waiter other;
    ask(&waiter, 3000);
    ask_region(&other, 3000);
    assert_int_equal(requests_waiting(), 2);
    credential_store_free(store);
    assert_int_equal(requests_waiting(), 0);
    assert_true(TAILQ_EMPTY(&timers));
    assert_int_equal(waiter.calls + other.calls, 0);
    begin(state);
}

static void
a_store_that_ends_between_two_tries_stops_its_timer(void **state)
{
    (void) state;
    struct waiter waiter;
    ask(&waiter, 3000);
    no_answer(token_path, HTTP_UNCONNECTED);
    credential_store_free(store);
    assert_true(TAILQ_EMPTY(&timers));
    begin(state);
}

/* Region */

static void
the_region_is_asked_for_once(void **state)
{
    (void) state;
    struct waiter first;
    struct waiter second;
    assert_null(credential_region_kept(store));
    ask_region(&first, 3000);
    ask_region(&second, 3000);
    answer(token_path, 200, "imds-token");
    assert_string_equal(request_for(region_path)->headers[0], "X-aws-ec2-metadata-token: imds-token");
    answer(region_path, 200, "eu-west-1\n");
    assert_string_equal(first.region, "eu-west-1");
    assert_string_equal(second.region, "eu-west-1");
    ask_region(&first, 3000);
    turn_of_the_loop();
    assert_string_equal(first.region, "eu-west-1");
    assert_string_equal(credential_region_kept(store), "eu-west-1");
    assert_int_equal(requests_started, 2);
}

static void
what_is_no_region_is_refused(void **state)
{
    (void) state;
    static const char nul[] = "eu-west-1\0.evil";
    const struct {
        const char *text;
        size_t length;
    } bodies[] = {{"", 0},
                  {"<html>", 6},
                  {"eu-west-1.evil.example", 22},
                  {"eu-west-1\nus-east-1", 19},
                  {nul, sizeof(nul) - 1},
                  {"\n", 1},
                  {"EU-WEST-1", 9}};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct waiter waiter;
        ask_region(&waiter, 3000);
        if (i == 0)
            answer(token_path, 200, "imds-token");
        answer_bytes(region_path, 200, bodies[i].text, bodies[i].length);
        expect_failure(&waiter, "imds-bad-answer", "set region in studio.conf");
    }
}

static void
region_and_keys_do_not_mix_up_their_callers(void **state)
{
    (void) state;
    struct waiter region;
    struct waiter keys;
    ask_region(&region, 3000);
    answer(token_path, 200, "imds-token");
    ask(&keys, 3000);
    answer(region_path, 404, "");
    expect_failure(&region, "imds-refused", "the region");
    assert_int_equal(keys.calls, 0);
    answer(role_path, 200, "desktop");
    answer_keys("ASIA1", 3600);
    expect_keys(&keys, "ASIA1");
}

/* Configuration */

static void
an_address_of_ipv6_keeps_its_brackets(void **state)
{
    struct waiter waiter;
    struct failure failure;
    credential_store_free(store);
    store = store_for("http://[fd00:ec2::254]", &failure);
    ask(&waiter, 3000);
    deliver_bytes("http://[fd00:ec2::254]/latest/api/token", 200, "t", 1);
    deliver_bytes("http://[fd00:ec2::254]" ROLE_PATH, 404, "", 0);
    expect_failure(&waiter, "imds-no-role", "http://[fd00:ec2::254]");
    credential_store_free(store);
    begin(state);
}

static void
an_endpoint_that_would_carry_keys_in_the_clear_is_refused(void **state)
{
    (void) state;
    static const char *const endpoints[] = {
        "",           "169.254.169.254",         "http://metadata.example", "http://10.0.0.1",
        "http://a b", "http://127.0.0.1/latest", "ftp://127.0.0.1"};
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        struct failure failure = {0};
        assert_null(store_for(endpoints[i], &failure));
        assert_string_equal(failure.code, "config");
        assert_non_null(strstr(failure.message, "ec2_metadata_service_endpoint"));
    }
}

/* Hostile documents */

static uint32_t
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (*seed >> 33);
}

static bool
is_graphic(const char *text)
{
    for (const char *byte = text; *byte != '\0'; byte++) {
        if (*byte <= 0x20 || *byte > 0x7e)
            return false;
    }
    return text[0] != '\0';
}

static void
check_mutated(const struct buffer *body)
{
    struct credentials credentials;
    struct failure failure = {0};
    char role[IMDS_ROLE_SIZE];
    char region[IMDS_REGION_SIZE];
    if (imds_read_credentials(body, time(NULL), &credentials, &failure)) {
        assert_true(is_graphic(credentials.access_key_id) && is_graphic(credentials.secret_access_key) &&
                    is_graphic(credentials.session_token));
        assert_true(credentials.expires_at > time(NULL));
        credentials_wipe(&credentials);
    } else {
        assert_true(text_is_printable(failure.message, strlen(failure.message)));
        assert_null(strstr(failure.message, "hush"));
    }
    char *token = imds_read_token(body, &failure);
    assert_true(token == NULL || is_graphic(token));
    secret_free(&token);
    assert_true(!imds_read_role(body, role, &failure) || strpbrk(role, "/?#%\\ ") == NULL);
    assert_true(!imds_read_region(body, region, &failure) || strpbrk(region, "./@") == NULL);
}

static void
mutated_documents_give_good_keys_or_none(void **state)
{
    (void) state;
    static const char document[] =
        "{\"Code\":\"Success\",\"Message\":\"m\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"hush-hush\","
        "\"Token\":\"t\\/\\u0041\",\"Expiration\":\"2090-01-01T00:00:00Z\"}";
    uint64_t seed = 3;
    for (int round = 0; round < 20000; round++) {
        struct buffer body = BUFFER(1024);
        size_t length = next_random(&seed) % 4 == 0 ? next_random(&seed) % sizeof(document) : sizeof(document) - 1;
        assert_true(buffer_append(&body, document, length));
        for (uint32_t changes = next_random(&seed) % 4; changes > 0 && length > 0; changes--)
            body.data[next_random(&seed) % length] = (char) next_random(&seed);
        check_mutated(&body);
        buffer_free(&body);
    }
}

#define in_a_new_store(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_new_store(keys_take_three_requests_and_the_token_goes_with_two),
        in_a_new_store(each_request_is_bounded_in_time_and_size),
        in_a_new_store(many_who_wait_cost_one_fetch),
        in_a_new_store(kept_keys_are_given_without_asking_anybody),
        in_a_new_store(the_token_serves_until_its_time_is_nearly_over),
        in_a_new_store(a_token_that_is_not_taken_is_renewed_once),
        in_a_new_store(without_a_token_nothing_is_asked_in_the_way_of_version_1),
        in_a_new_store(each_refusal_has_its_code_and_its_advice),
        in_a_new_store(a_throttled_request_is_tried_three_times),
        in_a_new_store(a_passing_trouble_is_outlived_at_every_step),
        in_a_new_store(a_service_that_refuses_connections_is_unreachable),
        in_a_new_store(a_token_that_never_comes_hints_at_the_hop_limit),
        in_a_new_store(a_role_that_cannot_be_assumed_is_reported_in_awss_words),
        in_a_new_store(keys_that_have_expired_when_they_come_are_refused),
        in_a_new_store(a_token_that_is_no_header_text_is_refused),
        in_a_new_store(a_role_name_that_would_leave_its_path_is_refused),
        in_a_new_store(the_first_of_several_roles_counts),
        in_a_new_store(documents_that_lack_something_are_refused),
        in_a_new_store(fractions_of_a_second_are_read),
        in_a_new_store(a_call_ends_at_its_own_deadline_and_the_fetch_goes_on),
        in_a_new_store(a_late_call_is_told_what_the_last_try_met),
        in_a_new_store(a_fetch_does_not_go_on_for_ever),
        in_a_new_store(no_try_is_planned_for_after_the_end),
        in_a_new_store(a_fetch_that_cannot_start_fails_the_call_at_once),
        in_a_new_store(a_next_request_that_cannot_start_fails_those_who_wait),
        in_a_new_store(keys_near_their_end_are_given_and_refreshed_beside),
        in_a_new_store(a_refresh_that_failed_is_not_tried_again_for_a_minute),
        in_a_new_store(keys_at_their_end_are_fetched_first),
        in_a_new_store(keys_at_their_end_still_serve_when_the_fetch_fails),
        in_a_new_store(keys_at_their_end_serve_at_once_after_a_fetch_that_failed),
        in_a_new_store(keys_at_their_end_still_serve_when_the_fetch_is_slow),
        in_a_new_store(rejected_keys_are_never_given_again),
        in_a_new_store(keys_rejected_while_one_waits_for_better_do_not_serve_him),
        in_a_new_store(older_keys_that_are_refused_say_nothing_of_newer_ones),
        in_a_new_store(keys_that_come_serve_all_even_when_the_first_rejects_them),
        in_a_new_store(a_cancelled_call_is_not_answered),
        in_a_new_store(a_callback_may_cancel_the_call_beside_it),
        in_a_new_store(a_callback_may_ask_again),
        in_a_new_store(a_store_that_ends_cancels_what_is_under_way),
        in_a_new_store(a_store_that_ends_between_two_tries_stops_its_timer),
        in_a_new_store(the_region_is_asked_for_once),
        in_a_new_store(what_is_no_region_is_refused),
        in_a_new_store(region_and_keys_do_not_mix_up_their_callers),
        in_a_new_store(an_address_of_ipv6_keeps_its_brackets),
        in_a_new_store(an_endpoint_that_would_carry_keys_in_the_clear_is_refused),
        cmocka_unit_test(mutated_documents_give_good_keys_or_none),
    };
    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
