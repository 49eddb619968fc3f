/*
 * test_aws_error.c: every form in which AWS, or something in its place, says no.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "aws_error.h"
#include "message.h"

/* An answer with this status, header x-amzn-errortype and body. */
static struct http_answer
answer_of(long status, const char *error_type, const char *body, size_t length)
{
    struct http_answer answer = {.end = HTTP_ANSWERED, .status = status, .body = BUFFER((size_t) 256 * 1024)};
    snprintf(answer.error_type, sizeof(answer.error_type), "%s", error_type);
    assert_true(buffer_append(&answer.body, body, length));
    return answer;
}

static struct aws_error
read_error(long status, const char *error_type, const char *body)
{
    struct aws_error error;
    struct http_answer answer = answer_of(status, error_type, body, strlen(body));
    aws_error_read(&answer, &error);
    buffer_free(&answer.body);
    return error;
}

static void
expect_word(const char *code, const char *message, long status, const char *word)
{
    struct aws_error error = {0};
    snprintf(error.code, sizeof(error.code), "%s", code);
    snprintf(error.message, sizeof(error.message), "%s", message);
    assert_string_equal(aws_error_word(aws_error_kind(&error, status)), word);
}

static void
the_code_is_taken_from_the_header_then_type_then_code(void **state)
{
    (void) state;
    struct aws_error error = read_error(400, "FromHeader", "{\"__type\":\"FromType\",\"code\":\"FromCode\"}");
    assert_string_equal(error.code, "FromHeader");
    error = read_error(400, "", "{\"code\":\"FromCode\",\"__type\":\"FromType\"}");
    assert_string_equal(error.code, "FromType");
    error = read_error(400, "", "{\"code\":\"FromCode\"}");
    assert_string_equal(error.code, "FromCode");
}

static void
name_space_and_address_are_cut_off_the_code(void **state)
{
    (void) state;
    static const char *const forms[] = {"ResourceNotFound", "com.amazonaws.sagemaker#ResourceNotFound",
                                        "ResourceNotFound:http://internal.amazon.com/coral/com.amazon.coral.service/",
                                        "aws.protocoltests#ResourceNotFound:http://internal.amazon.com/x#y"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char body[256];
        snprintf(body, sizeof(body), "{\"__type\":\"%s\",\"Message\":\"m\"}", forms[i]);
        struct aws_error error = read_error(400, "", body);
        assert_string_equal(error.code, "ResourceNotFound");
        error = read_error(400, forms[i], "");
        assert_string_equal(error.code, "ResourceNotFound");
    }
}

static void
the_message_comes_in_two_spellings_and_may_be_null(void **state)
{
    (void) state;
    assert_string_equal(read_error(400, "X", "{\"message\":\"small\"}").message, "small");
    assert_string_equal(read_error(400, "X", "{\"Message\":\"large\"}").message, "large");
    assert_string_equal(read_error(400, "X", "{\"message\":null,\"Message\":\"large\"}").message, "large");
    assert_string_equal(read_error(400, "X", "{\"message\":null}").message, "");
    assert_string_equal(read_error(400, "X", "").message, "");
}

static void
a_body_that_is_not_awss_gives_the_status_and_its_beginning(void **state)
{
    (void) state;
    struct aws_error error = read_error(502, "", "<html>\r\n<head><title>502 Bad\tGateway</title></head>\n");
    assert_string_equal(error.code, "http-502");
    assert_string_equal(error.message, "<html> <head><title>502 Bad Gateway</title></head>");
    error = read_error(403, "", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>");
    assert_string_equal(error.code, "http-403");
    error = read_error(500, "", "");
    assert_string_equal(error.code, "http-500");
    assert_string_equal(error.message, "");
}

static void
no_more_than_200_bytes_of_a_foreign_body_are_kept(void **state)
{
    (void) state;
    char body[4000];
    for (size_t i = 0; i + 1 < sizeof(body); i++)
        body[i] = i % 10 == 9 ? ' ' : 'x';
    body[sizeof(body) - 1] = '\0';
    assert_in_range(strlen(read_error(502, "", body).message), 190, 200);
}

static void
sts_says_it_in_xml(void **state)
{
    (void) state;
    struct aws_error error = read_error(403, "",
                                        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
                                        "  <Error>\n    <Type>Sender</Type>\n    <Code>AccessDenied</Code>\n"
                                        "    <Message>User: arn:aws:sts::1:assumed-role/a/i-1 is not authorized to "
                                        "perform: sts:AssumeRole on resource: &quot;x&quot; &amp; more</Message>\n"
                                        "  </Error>\n  <RequestId>11111111-2222</RequestId>\n</ErrorResponse>\n");
    assert_string_equal(error.code, "AccessDenied");
    assert_string_equal(error.message, "User: arn:aws:sts::1:assumed-role/a/i-1 is not authorized to perform: "
                                       "sts:AssumeRole on resource: \"x\" & more");
}

static void
sts_says_it_in_json(void **state)
{
    (void) state;
    struct aws_error error = read_error(403, "",
                                        "{\"Error\":{\"Code\":\"ExpiredToken\",\"Message\":\"The security token "
                                        "included in the request is expired\",\"Type\":\"Sender\"},"
                                        "\"RequestId\":\"11111111-2222\"}");
    assert_string_equal(error.code, "ExpiredToken");
    assert_string_equal(error.message, "The security token included in the request is expired");
    error = read_error(403, "AccessDenied", "{\"Error\":{\"Code\":\"Other\",\"Message\":\"inner\"}}");
    assert_string_equal(error.code, "AccessDenied");
    assert_string_equal(error.message, "inner");
}

static void
an_xml_error_without_a_usable_message_keeps_its_code(void **state)
{
    (void) state;
    static const char *const messages[] = {"", "<Message/>", "<Message>a</Message><Message>b</Message>",
                                           "<Message>&undefined;</Message>", "<Message><b>x</b></Message>"};
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        char body[256];
        snprintf(body, sizeof(body), "<ErrorResponse><Error><Code>Throttling</Code>%s</Error></ErrorResponse>",
                 messages[i]);
        struct aws_error error = read_error(400, "", body);
        assert_string_equal(error.code, "Throttling");
        assert_string_equal(error.message, "");
    }
}

static void
xml_that_is_not_stss_is_a_foreign_body(void **state)
{
    (void) state;
    static const char *const bodies[] = {
        "<Error><Code>AccessDenied</Code></Error>",
        "<ErrorResponse><Code>AccessDenied</Code></ErrorResponse>",
        "<ErrorResponse><Error><Code>AccessDenied</Code></Error>",
        "<ErrorResponse><Error><Code>AccessDenied</Code><Code>Throttling</Code></Error></ErrorResponse>",
        "<ErrorResponse><Error><Code>two words</Code></Error></ErrorResponse>",
        "<!DOCTYPE x><ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
        "<ErrorResponse><Error><Code><![CDATA[AccessDenied]]></Code></Error></ErrorResponse>",
        "<ErrorResponse><Error><Code></Code></Error></ErrorResponse>",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct aws_error error = read_error(403, "", bodies[i]);
        assert_string_equal(error.code, "http-403");
        assert_int_equal(aws_error_kind(&error, 403), AWS_ERROR_NOT_AWS);
    }
}

static void
garbage_is_no_code(void **state)
{
    (void) state;
    static const char *const bodies[] = {"{\"__type\":\"\"}",
                                         "{\"__type\":\"#\"}",
                                         "{\"__type\":\":x\"}",
                                         "{\"__type\":\"two words\"}",
                                         "{\"__type\":\"line\\nbreak\"}",
                                         "{\"__type\":\"cut\\u0000off\"}",
                                         "{\"__type\":7}",
                                         "{\"__type\":\"One\",\"__type\":\"Two\"}",
                                         "{\"__type\":\"One\"} trailing",
                                         "[\"__type\",\"One\"]",
                                         "\"One\"",
                                         "{\"__type\":\"One\"",
                                         "null"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_string_equal(read_error(400, "", bodies[i]).code, "http-400");
    char long_code[200];
    memset(long_code, 'A', sizeof(long_code) - 1);
    long_code[sizeof(long_code) - 1] = '\0';
    assert_string_equal(read_error(400, long_code, "").code, "http-400");
}

static void
a_body_with_a_nul_byte_is_not_awss(void **state)
{
    (void) state;
    static const char body[] = "{\"__type\":\"One\0Two\"}";
    struct aws_error error;
    struct http_answer answer = answer_of(400, "", body, sizeof(body) - 1);
    aws_error_read(&answer, &error);
    assert_string_equal(error.code, "http-400");
    buffer_free(&answer.body);
}

static void
deep_nesting_is_refused_before_it_is_parsed(void **state)
{
    (void) state;
    char body[100000];
    int used = snprintf(body, sizeof(body), "{\"__type\":\"One\",\"x\":");
    memset(body + used, '[', sizeof(body) - (size_t) used - 1);
    body[sizeof(body) - 1] = '\0';
    assert_string_equal(read_error(400, "", body).code, "http-400");
    assert_string_equal(read_error(400, "", "{\"__type\":\"One\",\"x\":[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]}").code, "One");
    assert_string_equal(read_error(400, "", "{\"__type\":\"One\",\"x\":[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]}").code,
                        "http-400");
    assert_string_equal(read_error(400, "", "{\"__type\":\"One\",\"x\":\"\\\"[[[[[[[[[[[[[[[[[[[[\"}").code, "One");
}

static void
a_message_is_one_printable_line(void **state)
{
    (void) state;
    struct aws_error error = read_error(400, "X", "{\"message\":\" a\\r\\nb\\u0007\\u001b[31m  c \"}");
    assert_string_equal(error.message, "a b??[31m c");
    error = read_error(400, "X", "{\"message\":\"\xe6\x9d\xb1\xe4\xba\xac ok\"}");
    assert_string_equal(error.message, "\xe6\x9d\xb1\xe4\xba\xac ok");
    error = read_error(400, "X", "{\"message\":\"\xff\xfe ok\"}");
    assert_string_equal(error.message, "?? ok");
}

static void
a_long_message_is_cut_between_characters(void **state)
{
    (void) state;
    char body[8192] = "{\"message\":\"";
    for (int i = 0; i < 800; i++)
        strncat(body, i % 20 == 19 ? " " : "\xe6\x9d\xb1", 4);
    strncat(body, "\"}", 3);
    struct aws_error error = read_error(400, "X", body);
    assert_in_range(strlen(error.message), sizeof(error.message) - 5, sizeof(error.message) - 1);
    assert_true(text_is_printable(error.message, strlen(error.message)));
    assert_null(strchr(error.message, '?'));
}

/* AWS explains a wrong signature with the whole canonical request; debug pages echo requests; a proxy may log links. */
static void
a_session_token_in_the_text_does_not_survive(void **state)
{
    (void) state;
    char token[400];
    memset(token, 'T', sizeof(token) - 1);
    token[sizeof(token) - 1] = '\0';
    token[30] = token[200] = '/';
    char body[2048];
    snprintf(
        body, sizeof(body),
        "{\"message\":\"The request signature we calculated does not match.\\n\\nThe Canonical String for this request "
        "should have been\\n'POST\\n/\\n\\nx-amz-security-token:short-token'\"}");
    struct aws_error error = read_error(403, "InvalidSignatureException", body);
    assert_string_equal(error.message, "The request signature we calculated does not match.");
    snprintf(body, sizeof(body), "{\"message\":\"you sent x-amz-security-token:%s, why\"}", token);
    error = read_error(400, "X", body);
    assert_string_equal(error.message, "you sent x-amz-security-token:[...], why");
    snprintf(body, sizeof(body), "<pre>X-Amz-Security-Token: %s</pre>", token);
    error = read_error(502, "", body);
    assert_null(strstr(error.message, "TTTTTTTT"));
}

static void
arns_survive(void **state)
{
    (void) state;
    static const char text[] =
        "User: arn:aws:sts::123456789012:assumed-role/a-role-with-a-long-name-that-is-still-legal-in-aws-iam/"
        "i-0123456789abcdef0 is not authorized to perform: sagemaker:CreatePresignedDomainUrl on resource: "
        "arn:aws:sagemaker:us-east-1:123456789012:user-profile/d-abcdefghij12/alice because no identity-based policy "
        "allows the sagemaker:CreatePresignedDomainUrl action";
    char body[1024];
    snprintf(body, sizeof(body), "{\"Message\":\"%s\"}", text);
    assert_string_equal(read_error(400, "AccessDeniedException", body).message, text);
}

static void
codes_have_the_words_that_administrators_see(void **state)
{
    (void) state;
    expect_word("AccessDeniedException", "", 400, "access-denied");
    expect_word("AccessDenied", "", 403, "access-denied");
    expect_word("ExpiredTokenException", "", 400, "expired-credentials");
    expect_word("ExpiredToken", "", 400, "expired-credentials");
    expect_word("UnrecognizedClientException", "", 400, "expired-credentials");
    expect_word("RequestExpired", "", 400, "clock");
    expect_word("InvalidSignatureException", "wrong", 400, "bad-signature");
    expect_word("IncompleteSignatureException", "", 400, "bad-signature");
    expect_word("MissingAuthenticationTokenException", "", 403, "bad-signature");
    expect_word("ResourceNotFound", "", 400, "not-found");
    expect_word("ValidationException", "", 400, "invalid-request");
    expect_word("ThrottlingException", "", 400, "throttled");
    expect_word("TooManyRequestsException", "", 429, "throttled");
    expect_word("InternalFailure", "", 500, "service-error");
    expect_word("ServiceUnavailable", "", 503, "service-error");
    expect_word("OptInRequired", "", 403, "refused");
    expect_word("SomethingNew", "", 400, "refused");
}

static void
codes_of_sts_have_their_words_too(void **state)
{
    (void) state;
    expect_word("AccessDenied", "", 403, "access-denied");
    expect_word("ExpiredToken", "", 400, "expired-credentials");
    expect_word("ExpiredTokenException", "", 400, "expired-credentials");
    expect_word("InvalidClientTokenId", "", 403, "expired-credentials");
    expect_word("SignatureDoesNotMatch", "", 403, "bad-signature");
    expect_word("AuthFailure", "", 401, "bad-signature");
    expect_word("RequestTimeTooSkewed", "", 403, "clock");
    expect_word("RequestExpired", "", 400, "clock");
    expect_word("SignatureDoesNotMatch", "Signature expired: 20210502T144040Z is now earlier than ...", 403, "clock");
    expect_word("ValidationError", "", 400, "invalid-request");
    expect_word("MalformedPolicyDocument", "", 400, "invalid-request");
    expect_word("PackedPolicyTooLarge", "", 400, "invalid-request");
    expect_word("RegionDisabledException", "", 403, "refused");
}

static void
every_code_that_botocore_takes_for_throttling_is_throttling(void **state)
{
    (void) state;
    static const char *const codes[] = {"Throttling",
                                        "ThrottlingException",
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
                                        "PriorRequestNotComplete",
                                        "EC2ThrottledException"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        expect_word(codes[i], "", 400, "throttled");
    expect_word("RequestTimeout", "", 400, "service-error");
    expect_word("RequestTimeoutException", "", 400, "service-error");
}

static void
a_signature_refused_for_its_time_is_the_clock(void **state)
{
    (void) state;
    expect_word("InvalidSignatureException",
                "Signature expired: 20210502T144040Z is now earlier than 20210502T173143Z (20210502T174643Z - 15 min.)",
                403, "clock");
    expect_word("InvalidSignatureException", "Signature not yet current: 20210502T144040Z is still later than", 400,
                "clock");
    expect_word("AccessDeniedException", "Signature expired: no, this is a role's name", 400, "access-denied");
}

static void
the_status_never_overrules_a_code(void **state)
{
    (void) state;
    expect_word("ValidationException", "", 503, "invalid-request");
    expect_word("AccessDeniedException", "", 500, "access-denied");
}

static void
without_a_code_the_status_decides(void **state)
{
    (void) state;
    expect_word("http-429", "", 429, "throttled");
    expect_word("http-500", "", 500, "service-error");
    expect_word("http-503", "", 503, "service-error");
    expect_word("http-502", "", 502, "service-error");
    expect_word("http-407", "", 407, "bad-answer");
    expect_word("http-301", "", 301, "bad-answer");
}

/* A fixed sequence (Knuth's MMIX generator), so that a failure can be repeated. */
static uint32_t
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (*seed >> 33);
}

static void
expect_clean_errors(const char *body, size_t size)
{
    uint64_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        char mutated[512];
        assert_true(size <= sizeof(mutated));
        memcpy(mutated, body, size);
        for (uint32_t changes = 1 + next_random(&seed) % 4; changes > 0; changes--)
            mutated[next_random(&seed) % (size - 1)] = (char) next_random(&seed);
        struct aws_error error;
        size_t length = next_random(&seed) % 3 == 0 ? next_random(&seed) % size : size - 1;
        struct http_answer answer = answer_of(400, "", mutated, length);
        aws_error_read(&answer, &error);
        assert_true(strlen(error.code) > 0 && strlen(error.code) < sizeof(error.code));
        assert_true(text_is_printable(error.code, strlen(error.code)));
        assert_true(text_is_printable(error.message, strlen(error.message)));
        assert_non_null(aws_error_word(aws_error_kind(&error, answer.status)));
        buffer_free(&answer.body);
    }
}

static void
mutated_answers_give_a_clean_error(void **state)
{
    (void) state;
    static const char body[] =
        "{\"__type\":\"com.amazonaws.sagemaker#ResourceNotFound\",\"Message\":\"UserProfile "
        "\\\"alice\\\" \xe6\x9d\xb1 does not exist \\u00e9 \\ud83d\\ude00\",\"x\":[1,{\"y\":null}]}";
    static const char xml[] = "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>"
                              "&quot;al\xc3\xa9&#x41;&amp;\xe6\x9d\xb1</Message></Error><RequestId/></ErrorResponse>";
    expect_clean_errors(body, sizeof(body));
    expect_clean_errors(xml, sizeof(xml));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_code_is_taken_from_the_header_then_type_then_code),
        cmocka_unit_test(name_space_and_address_are_cut_off_the_code),
        cmocka_unit_test(the_message_comes_in_two_spellings_and_may_be_null),
        cmocka_unit_test(a_body_that_is_not_awss_gives_the_status_and_its_beginning),
        cmocka_unit_test(no_more_than_200_bytes_of_a_foreign_body_are_kept),
        cmocka_unit_test(sts_says_it_in_xml),
        cmocka_unit_test(sts_says_it_in_json),
        cmocka_unit_test(an_xml_error_without_a_usable_message_keeps_its_code),
        cmocka_unit_test(xml_that_is_not_stss_is_a_foreign_body),
        cmocka_unit_test(garbage_is_no_code),
        cmocka_unit_test(a_body_with_a_nul_byte_is_not_awss),
        cmocka_unit_test(deep_nesting_is_refused_before_it_is_parsed),
        cmocka_unit_test(a_message_is_one_printable_line),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(a_session_token_in_the_text_does_not_survive),
        cmocka_unit_test(arns_survive),
        cmocka_unit_test(codes_have_the_words_that_administrators_see),
        cmocka_unit_test(codes_of_sts_have_their_words_too),
        cmocka_unit_test(every_code_that_botocore_takes_for_throttling_is_throttling),
        cmocka_unit_test(a_signature_refused_for_its_time_is_the_clock),
        cmocka_unit_test(the_status_never_overrules_a_code),
        cmocka_unit_test(without_a_code_the_status_decides),
        cmocka_unit_test(mutated_answers_give_a_clean_error),
    };
    return cmocka_run_group_tests_name("aws_error", tests, NULL, NULL);
}
