/*
 * test_container_credentials.c: keys of ECS tasks and EKS pods: what is asked where, with which token, and what becomes
 * of each answer.  In a scripted world; nothing is ever sent to the real addresses.
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
#include <sys/stat.h>
#include <unistd.h>

#include "container_credentials.h"
#include "private_folder.h"
#include "scripted_world.h"

#define URL "http://127.0.0.1:1338/v2/credentials/0123-secret"

static struct container_credentials *container;
static char folder[PRIVATE_PATH_SIZE];

struct outcome {
    int calls;
    char access_key_id[64], session_token[64];
    int64_t seconds_left;
    struct failure failure;
};

static void
came(void *owner, struct credentials *credentials, const struct failure *failure)
{
    struct outcome *outcome = owner;
    outcome->calls++;
    if (credentials == NULL) {
        outcome->failure = *failure;
        return;
    }
    assert_null(failure);
    snprintf(outcome->access_key_id, sizeof(outcome->access_key_id), "%s", credentials->access_key_id);
    snprintf(outcome->session_token, sizeof(outcome->session_token), "%s", credentials->session_token);
    outcome->seconds_left = credentials->expires_at - time(NULL);
    credentials_wipe(credentials);
}

static char *
text_of(const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    assert_true(text == NULL || copy != NULL);
    return copy;
}

static void
set_up(const char *relative, const char *full, const char *token_file)
{
    struct failure failure;
    struct credentials_settings settings = {.container_credentials_relative_uri = text_of(relative),
                                            .container_credentials_full_uri = text_of(full),
                                            .container_authorization_token_file = text_of(token_file)};
    container_credentials_free(container);
    container = container_credentials_create(NULL, NULL, &settings, "/etc/corp-ca.pem", &failure);
    free(settings.container_credentials_relative_uri);
    free(settings.container_credentials_full_uri);
    free(settings.container_authorization_token_file);
    assert_non_null(container);
}

static void
ask(struct outcome *outcome)
{
    struct failure failure = {0};
    *outcome = (struct outcome){0};
    if (container_credentials_start(container, deadline_in_ms(10000), came, outcome, &failure) == NULL)
        fail_msg("%s", failure.message);
    assert_int_equal(outcome->calls, 0);
}

static void
answer(const char *url, long status, const char *body)
{
    deliver_bytes(url, status, body, strlen(body));
}

static const char *
keys_document(int64_t seconds_left)
{
    static char document[512];
    snprintf(document, sizeof(document),
             "{\"RoleArn\":\"TASK\",\"AccessKeyId\":\"ASIATASK\",\"SecretAccessKey\":\"hush\",\"Token\":\"token==\","
             "\"Expiration\":\"%s\"}",
             expiration_in(seconds_left));
    return document;
}

static void
expect_failure(const struct outcome *outcome, const char *code, const char *words)
{
    assert_int_equal(outcome->calls, 1);
    assert_string_equal(outcome->access_key_id, "");
    assert_string_equal(outcome->failure.code, code);
    if (strstr(outcome->failure.message, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, outcome->failure.message);
    assert_null(strstr(outcome->failure.message, "0123-secret")); /* the URI is all that ECS wants to know */
    assert_null(strstr(outcome->failure.message, "hush"));
}

static int
begin(void **state)
{
    (void) state;
    begin_world();
    private_folder_make(folder);
    set_up(NULL, URL, NULL);
    return 0;
}

static int
end(void **state)
{
    (void) state;
    container_credentials_free(container);
    container = NULL;
    private_folder_remove(folder);
    return requests_waiting() != 0 || !TAILQ_EMPTY(&timers);
}

static void
one_bounded_request_gives_the_keys(void **state)
{
    (void) state;
    struct outcome outcome;
    ask(&outcome);
    const struct http_exchange *exchange = request_for_url(URL);
    assert_string_equal(exchange->method, "GET");
    assert_string_equal(exchange->headers[0], "Accept: application/json");
    assert_string_equal(exchange->headers[1], "");
    assert_true(exchange->request.allow_http);
    assert_null(exchange->request.proxy_url);
    assert_int_equal(deadline_left_ms(exchange->request.deadline), 2000);
    assert_int_equal(exchange->request.body_limit, 64 * 1024);
    answer(URL, 200, keys_document(3600));
    assert_string_equal(outcome.access_key_id, "ASIATASK");
    assert_string_equal(outcome.session_token, "token==");
    assert_in_range(outcome.seconds_left, 3590, 3600);
    assert_int_equal(requests_started, 1);
}

static void
a_relative_uri_leads_to_the_address_of_ecs(void **state)
{
    (void) state;
    struct outcome outcome;
    set_up("/v2/credentials/0123-secret", NULL, NULL);
    ask(&outcome);
    answer("http://169.254.170.2/v2/credentials/0123-secret", 200, keys_document(3600));
    assert_string_equal(outcome.access_key_id, "ASIATASK");
}

static void
a_uri_of_https_never_goes_without_tls(void **state)
{
    (void) state;
    struct outcome outcome;
    set_up(NULL, "https://broker.example.com/keys", NULL);
    ask(&outcome);
    const struct http_request *request = &request_for_url("https://broker.example.com/keys")->request;
    assert_false(request->allow_http);
    assert_string_equal(request->ca_bundle, "/etc/corp-ca.pem");
    answer("https://broker.example.com/keys", 200, keys_document(3600));
    assert_string_equal(outcome.access_key_id, "ASIATASK");
}

static void
the_token_is_read_for_each_request(void **state)
{
    (void) state;
    struct outcome outcome;
    const char *path = in_folder(folder, "token");
    set_up(NULL, URL, path);
    write_text(path, "first.token\n", 0600);
    ask(&outcome);
    assert_string_equal(request_for_url(URL)->headers[1], "Authorization: first.token");
    answer(URL, 503, "");
    write_text(path, "second.token", 0600);
    pass_time(1000);
    assert_string_equal(request_for_url(URL)->headers[1], "Authorization: second.token");
    answer(URL, 200, keys_document(3600));
    assert_string_equal(outcome.access_key_id, "ASIATASK");
}

/* As Kubernetes has it: token -> ..data/token, ..data -> ..2026_01_01 */
static void
a_token_behind_symbolic_links_is_followed(void **state)
{
    (void) state;
    struct outcome outcome;
    assert_int_equal(mkdir(in_folder(folder, "..2026_01_01"), 0700), 0);
    write_text(in_folder(folder, "..2026_01_01/token"), "projected", 0600);
    assert_int_equal(symlink("..2026_01_01", in_folder(folder, "..data")), 0);
    assert_int_equal(symlink("..data/token", in_folder(folder, "token")), 0);
    set_up(NULL, URL, in_folder(folder, "token"));
    ask(&outcome);
    assert_string_equal(request_for_url(URL)->headers[1], "Authorization: projected");
    answer(URL, 200, keys_document(3600));
}

static void
expect_no_request(const char *words)
{
    struct failure failure = {0};
    struct outcome outcome = {0};
    assert_null(container_credentials_start(container, deadline_in_ms(10000), came, &outcome, &failure));
    assert_string_equal(failure.code, "credentials");
    if (strstr(failure.message, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, failure.message);
    assert_int_equal(requests_waiting() + outcome.calls, 0);
}

static void
a_token_file_that_cannot_be_used_stops_the_request(void **state)
{
    (void) state;
    static char large[CONTAINER_TOKEN_FILE_MAX + 2];
    const char *path = in_folder(folder, "token");
    set_up(NULL, URL, path);
    expect_no_request("No such file or directory");
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_no_request("no regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_no_request("no regular file");
    assert_int_equal(rmdir(path), 0);
    static const char *const bad[] = {"", "\n", "a\nX-Evil: b", "a\rb", "a\tb", "caf\xc3\xa9"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_text(path, bad[i], 0600);
        expect_no_request("holds no token");
    }
    memset(large, 'x', sizeof(large) - 1);
    write_text(path, large, 0600);
    expect_no_request("more than 64 KiB");
}

static void
without_a_uri_the_failure_says_what_to_set(void **state)
{
    (void) state;
    set_up(NULL, NULL, NULL);
    expect_no_request("set container_credentials_relative_uri or container_credentials_full_uri in studio.conf");
}

static void
a_passing_trouble_is_outlived(void **state)
{
    (void) state;
    struct outcome outcome;
    ask(&outcome);
    deliver_nothing(URL, HTTP_UNCONNECTED);
    assert_int_equal(requests_waiting(), 0);
    pass_time(1000);
    answer(URL, 500, "");
    pass_time(1000);
    answer(URL, 200, keys_document(3600));
    assert_string_equal(outcome.access_key_id, "ASIATASK");
    assert_int_equal(requests_started, 3);
}

static void
an_endpoint_that_is_not_there_is_unreachable_after_three_tries(void **state)
{
    (void) state;
    struct outcome outcome;
    ask(&outcome);
    for (int i = 0; i < 3; i++) {
        deliver_nothing(URL, HTTP_UNCONNECTED);
        pass_time(1000);
    }
    expect_failure(&outcome, "container-unreachable", "Either this is no ECS task or EKS pod");
    assert_int_equal(requests_started, 3);
}

static void
each_refusal_comes_with_its_advice(void **state)
{
    (void) state;
    static const struct {
        long status;
        const char *body, *words;
    } cases[] = {
        {404, "{\"code\":\"InvalidIdInRequest\",\"message\":\"credentials not found\"}",
         "status 404 (\"credentials not found\"). It does not know this container. ECS: give the task definition a "
         "task "
         "role"},
        {403, "AccessDenied", "status 403. It does not let this container in. EKS: the token"},
        {401, "", "its service account needs a Pod Identity association"},
        {418, "{\"message\":\"hu\xc3\xa9\"}", "Check what listens there"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome outcome;
        ask(&outcome);
        answer(URL, cases[i].status, cases[i].body);
        expect_failure(&outcome, "credentials", cases[i].words);
    }
}

static void
a_throttling_endpoint_is_named_after_the_last_try(void **state)
{
    (void) state;
    struct outcome outcome;
    ask(&outcome);
    for (int i = 0; i < 3; i++) {
        answer(URL, 429, "");
        pass_time(1000);
    }
    expect_failure(&outcome, "credentials", "It limits the rate of requests");
}

static void
documents_that_lack_something_are_refused(void **state)
{
    (void) state;
    static const char *const bad[] = {
        "",
        "[]",
        "not json",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Expiration\":\"2090-01-01T00:00:00Z\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Token\":\"t\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Token\":\"t\",\"Expiration\":\"soon\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Token\":\"t\\r\\nX: y\","
        "\"Expiration\":\"2090-01-01T00:00:00Z\"}",
        "{\"AccessKeyId\":\"A\",\"AccessKeyId\":\"B\",\"SecretAccessKey\":\"hush\",\"Token\":\"t\","
        "\"Expiration\":\"2090-01-01T00:00:00Z\"}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct outcome outcome;
        ask(&outcome);
        answer(URL, 200, bad[i]);
        expect_failure(&outcome, "credentials", "no JSON object with a usable AccessKeyId");
    }
}

static void
keys_that_have_expired_when_they_come_are_refused(void **state)
{
    (void) state;
    struct outcome outcome;
    ask(&outcome);
    answer(URL, 200, keys_document(-5));
    expect_failure(&outcome, "expired-credentials", "Check the clock");
}

static void
whoever_cannot_wait_is_told_what_is_waited_for(void **state)
{
    (void) state;
    struct outcome outcome = {0};
    struct failure failure = {0};
    struct container_fetch *fetch =
        container_credentials_start(container, deadline_in_ms(10000), came, &outcome, &failure);
    container_credentials_explain_wait(fetch, &failure);
    assert_string_equal(failure.code, "timeout");
    assert_non_null(strstr(failure.message, "http://127.0.0.1:1338 has not given"));
    answer(URL, 503, "");
    container_credentials_explain_wait(fetch, &failure);
    assert_string_equal(failure.code, "timeout");
    assert_non_null(strstr(failure.message, "status 503"));
    container_credentials_cancel(fetch);
    pass_time(10000);
    assert_int_equal(outcome.calls, 0);
}

#define with_a_client(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_a_client(one_bounded_request_gives_the_keys),
        with_a_client(a_relative_uri_leads_to_the_address_of_ecs),
        with_a_client(a_uri_of_https_never_goes_without_tls),
        with_a_client(the_token_is_read_for_each_request),
        with_a_client(a_token_behind_symbolic_links_is_followed),
        with_a_client(a_token_file_that_cannot_be_used_stops_the_request),
        with_a_client(without_a_uri_the_failure_says_what_to_set),
        with_a_client(a_passing_trouble_is_outlived),
        with_a_client(an_endpoint_that_is_not_there_is_unreachable_after_three_tries),
        with_a_client(each_refusal_comes_with_its_advice),
        with_a_client(a_throttling_endpoint_is_named_after_the_last_try),
        with_a_client(documents_that_lack_something_are_refused),
        with_a_client(keys_that_have_expired_when_they_come_are_refused),
        with_a_client(whoever_cannot_wait_is_told_what_is_waited_for),
    };
    return cmocka_run_group_tests_name("container credentials", tests, NULL, NULL);
}
