/*
 * test_aws_request.c: signed requests as they would be sent.  http_start is this file's own.
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

#include "aws_request.h"

#define ACCESS "AKIDEXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TIME   1440938160 /* 2015-08-30T12:36:00Z */
#define TOKEN                                                                                          \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI"   \
    "eoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"   \
    "wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypN" \
    "C9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

/* The request that http_start was given last. */
static struct {
    int count;
    char method[8], url[256], body[2048], ca_bundle[64], proxy_url[64];
    char headers[HTTP_HEADERS_MAX][4096];
    bool allow_http;
    size_t body_limit;
    struct deadline deadline;
} sent;

static void
copy(char *target, size_t size, const char *text)
{
    assert_true(snprintf(target, size, "%s", text != NULL ? text : "") < (int) size);
}

struct http_exchange *
http_start(struct http *http, const struct http_request *request, http_done *done, void *owner, struct failure *failure)
{
    (void) http;
    (void) done;
    (void) failure;
    memset(&sent, 0, sizeof(sent));
    sent.count = 1;
    copy(sent.method, sizeof(sent.method), request->method);
    copy(sent.url, sizeof(sent.url), request->url);
    copy(sent.ca_bundle, sizeof(sent.ca_bundle), request->ca_bundle);
    copy(sent.proxy_url, sizeof(sent.proxy_url), request->proxy_url);
    assert_true(request->body_length < sizeof(sent.body));
    memcpy(sent.body, request->body, request->body_length);
    for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i] != NULL; i++)
        copy(sent.headers[i], sizeof(sent.headers[i]), request->headers[i]);
    sent.allow_http = request->allow_http;
    sent.body_limit = request->body_limit;
    sent.deadline = request->deadline;
    return owner;
}

static const char *
header_sent(const char *name)
{
    for (size_t i = 0; i < HTTP_HEADERS_MAX; i++) {
        size_t length = strlen(name);
        if (strncmp(sent.headers[i], name, length) == 0 && strncmp(sent.headers[i] + length, ": ", 2) == 0)
            return sent.headers[i] + length + 2;
    }
    return NULL;
}

/* Project vector presign-ap-northeast-1-token. */
static struct aws_request
request_to_sagemaker(void)
{
    static const char body[] = "{\"DomainId\":\"d-abc123def456\",\"UserProfileName\":\"taro\",\"ExpiresInSeconds\":20,"
                               "\"SessionExpirationDurationInSeconds\":43200}";
    return (struct aws_request){.service = "sagemaker",
                                .endpoint_url = "https://api.sagemaker.ap-northeast-1.amazonaws.com",
                                .region = "ap-northeast-1",
                                .content_type = "application/x-amz-json-1.1",
                                .target = "SageMaker.CreatePresignedDomainUrl",
                                .body = body,
                                .body_length = strlen(body)};
}

/* Project vector sts-assumerole. */
static struct aws_request
request_to_sts(void)
{
    static const char body[] =
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FStudioLogin&"
        "RoleSessionName=taro&SourceIdentity=taro&DurationSeconds=900&Tags.member.1.Key=studiouserid&"
        "Tags.member.1.Value=taro&TransitiveTagKeys.member.1=studiouserid";
    return (struct aws_request){.service = "sts",
                                .endpoint_url = "https://sts.ap-northeast-1.amazonaws.com",
                                .region = "ap-northeast-1",
                                .content_type = "application/x-www-form-urlencoded; charset=utf-8",
                                .accept = "application/json",
                                .body = body,
                                .body_length = strlen(body)};
}

static bool
send_with(const struct aws_request *request, const char *session_token, struct failure *failure)
{
    char access[] = ACCESS;
    char secret[] = SECRET;
    char token[512];
    copy(token, sizeof(token), session_token);
    struct credentials credentials = {
        .access_key_id = access, .secret_access_key = secret, .session_token = session_token != NULL ? token : NULL};
    int owner;
    sent.count = 0;
    return aws_request_send(NULL, request, &credentials, TIME, (struct deadline){77}, NULL, &owner, failure) != NULL;
}

static void
must_send(const struct aws_request *request, const char *session_token)
{
    struct failure failure = {0};
    if (!send_with(request, session_token, &failure))
        fail_msg("%s: %s", failure.code, failure.message);
    assert_int_equal(sent.count, 1);
}

static void
a_request_is_a_post_with_signed_headers(void **state)
{
    (void) state;
    struct aws_request request = request_to_sagemaker();
    must_send(&request, "token");
    assert_string_equal(sent.method, "POST");
    assert_string_equal(sent.url, "https://api.sagemaker.ap-northeast-1.amazonaws.com/");
    assert_string_equal(sent.body, request.body);
    assert_string_equal(header_sent("Host"), "api.sagemaker.ap-northeast-1.amazonaws.com");
    assert_string_equal(header_sent("Content-Type"), "application/x-amz-json-1.1");
    assert_string_equal(header_sent("X-Amz-Target"), "SageMaker.CreatePresignedDomainUrl");
    assert_string_equal(header_sent("X-Amz-Date"), "20150830T123600Z");
    assert_string_equal(header_sent("X-Amz-Security-Token"), "token");
    assert_null(header_sent("Accept"));
    assert_int_equal(sent.body_limit, 256 * 1024);
    assert_int_equal(sent.deadline.at_ms, 77);
    assert_false(sent.allow_http);
    assert_string_equal(sent.proxy_url, "");
    assert_string_equal(sent.ca_bundle, "");
}

/* As botocore signs the same request. */
static void
the_signature_covers_every_header_and_the_body(void **state)
{
    (void) state;
    struct aws_request request = request_to_sagemaker();
    must_send(&request, TOKEN);
    assert_string_equal(header_sent("Authorization"),
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/ap-northeast-1/sagemaker/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "
                        "Signature=714ed8c118cdfd5d0365c1b7610b49eb83d556e46cf42ccff562c29300082682");
}

static void
a_request_without_target_is_signed_without_it_and_accept_is_not_signed(void **state)
{
    (void) state;
    struct aws_request request = request_to_sts();
    must_send(&request, TOKEN);
    assert_null(header_sent("X-Amz-Target"));
    assert_string_equal(header_sent("Accept"), "application/json");
    assert_string_equal(header_sent("Authorization"),
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/ap-northeast-1/sts/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                        "Signature=220b42aacea58d8a5d9049d827f4dfe72fa43f0b4b8229def2397252b1b42bb4");
}

static void
long_lived_keys_send_no_token(void **state)
{
    (void) state;
    struct aws_request request = request_to_sagemaker();
    must_send(&request, NULL);
    assert_null(header_sent("X-Amz-Security-Token"));
    assert_non_null(strstr(header_sent("Authorization"), "SignedHeaders=content-type;host;x-amz-date;x-amz-target,"));
}

static void
port_ca_bundle_and_proxy_are_handed_on(void **state)
{
    (void) state;
    struct aws_request request = request_to_sagemaker();
    request.endpoint_url = "https://127.0.0.1:8443";
    request.ca_bundle = "/etc/ca.pem";
    request.proxy_url = "http://proxy:3128";
    must_send(&request, "token");
    assert_string_equal(header_sent("Host"), "127.0.0.1:8443");
    assert_string_equal(sent.url, "https://127.0.0.1:8443/");
    assert_string_equal(sent.ca_bundle, "/etc/ca.pem");
    assert_string_equal(sent.proxy_url, "http://proxy:3128");
}

static void
plain_http_is_allowed_on_loopback_alone(void **state)
{
    (void) state;
    struct aws_request request = request_to_sagemaker();
    request.endpoint_url = "http://127.0.0.1:8080";
    must_send(&request, "token");
    assert_true(sent.allow_http);
    request.endpoint_url = "http://api.example.com";
    must_send(&request, "token");
    assert_false(sent.allow_http);
}

static void
a_token_that_would_end_the_header_is_not_sent(void **state)
{
    (void) state;
    struct aws_request request = request_to_sagemaker();
    static const char *const tokens[] = {"", "a\r\nX-Evil: 1", "a b", "a\x7f", "a\xff"};
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        struct failure failure;
        assert_false(send_with(&request, tokens[i], &failure));
        assert_string_equal(failure.code, "expired-credentials");
        assert_int_equal(sent.count, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_a_post_with_signed_headers),
        cmocka_unit_test(the_signature_covers_every_header_and_the_body),
        cmocka_unit_test(a_request_without_target_is_signed_without_it_and_accept_is_not_signed),
        cmocka_unit_test(long_lived_keys_send_no_token),
        cmocka_unit_test(port_ca_bundle_and_proxy_are_handed_on),
        cmocka_unit_test(plain_http_is_allowed_on_loopback_alone),
        cmocka_unit_test(a_token_that_would_end_the_header_is_not_sent),
    };
    return cmocka_run_group_tests_name("aws_request", tests, NULL, NULL);
}
