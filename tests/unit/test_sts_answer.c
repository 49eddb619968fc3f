/*
 * test_sts_answer.c: keys and identities out of what STS answers, in JSON and XML, and out of nothing else.
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

#include "sts_answer.h"

#define KEY_ID     "ASIAIOSFODNN7EXAMPLE"
#define SECRET     "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY"
#define TOKEN      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo=="
#define EXPIRES_AT INT64_C(1310772509) /* 2011-07-15T23:28:29Z */
#define NOW        (EXPIRES_AT - 3600)

/* The example of the API reference (API_AssumeRole.html), with these fields in <Credentials>. */
#define XML(fields)                                                                                                    \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <AssumeRoleResult>\n"                 \
    "  <SourceIdentity>Alice</SourceIdentity>\n    <AssumedRoleUser>\n"                                                \
    "      <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn>\n"                                            \
    "      <AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>\n    </AssumedRoleUser>\n    <Credentials>\n" fields \
    "    </Credentials>\n    <PackedPolicySize>6</PackedPolicySize>\n  </AssumeRoleResult>\n"                          \
    "  <ResponseMetadata>\n    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n  </ResponseMetadata>\n"   \
    "</AssumeRoleResponse>\n"

#define XML_KEY_ID     "<AccessKeyId>" KEY_ID "</AccessKeyId>\n"
#define XML_SECRET     "<SecretAccessKey>" SECRET "</SecretAccessKey>\n"
#define XML_TOKEN      "<SessionToken>" TOKEN "</SessionToken>\n"
#define XML_EXPIRATION "<Expiration>2011-07-15T23:28:29.359Z</Expiration>\n"

#define JSON(fields)                                                                                                 \
    "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":{" fields "},\"AssumedRoleUser\":{"              \
    "\"Arn\":\"arn:aws:sts::123456789012:assumed-role/demo/TestAR\",\"AssumedRoleId\":\"ARO123EXAMPLE123:TestAR\"}," \
    "\"PackedPolicySize\":6},\"ResponseMetadata\":{\"RequestId\":\"c6104cbe-af31-11e0-8154-cbc7ccf896c7\"}}}"

#define JSON_KEYS "\"AccessKeyId\":\"" KEY_ID "\",\"SecretAccessKey\":\"" SECRET "\",\"SessionToken\":\"" TOKEN "\""

static bool
read_keys(const char *text, size_t length, int64_t now, struct credentials *credentials, struct failure *failure)
{
    AUTO_BUFFER struct buffer body = BUFFER((size_t) 256 * 1024);
    *credentials = (struct credentials){0};
    *failure = (struct failure){0};
    assert_true(buffer_append(&body, text, length));
    return sts_read_credentials(&body, now, credentials, failure);
}

static void
expect_keys(const char *text)
{
    struct credentials credentials;
    struct failure failure;
    if (!read_keys(text, strlen(text), NOW, &credentials, &failure))
        fail_msg("refused: %s: %s", failure.message, text);
    assert_string_equal(credentials.access_key_id, KEY_ID);
    assert_string_equal(credentials.secret_access_key, SECRET);
    assert_string_equal(credentials.session_token, TOKEN);
    assert_int_equal(credentials.expires_at, EXPIRES_AT);
    credentials_wipe(&credentials);
}

/* And neither keys nor a word of them in the message. */
static void
expect_no_keys_of(const char *text, size_t length, const char *code)
{
    struct credentials credentials;
    struct failure failure;
    if (read_keys(text, length, NOW, &credentials, &failure))
        fail_msg("taken: %s", text);
    assert_string_equal(failure.code, code);
    assert_null(credentials.access_key_id);
    assert_null(credentials.secret_access_key);
    assert_null(credentials.session_token);
    assert_null(strstr(failure.message, "ASIA"));
    assert_null(strstr(failure.message, "wJalr"));
    assert_null(strstr(failure.message, "AQoD"));
}

static void
expect_no_keys(const char *text)
{
    expect_no_keys_of(text, strlen(text), "bad-answer");
}

static void
both_forms_of_an_answer_give_the_same_keys(void **state)
{
    (void) state;
    expect_keys(XML(XML_KEY_ID XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_keys(XML(XML_EXPIRATION XML_TOKEN XML_SECRET XML_KEY_ID));
    expect_keys("<?xml version=\"1.0\"?>\n" XML(XML_KEY_ID XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_keys(JSON(JSON_KEYS ",\"Expiration\":1310772509"));
    expect_keys(JSON(JSON_KEYS ",\"Expiration\":1.310772509E9"));
    expect_keys(JSON(JSON_KEYS ",\"Expiration\":1310772509.359"));
}

static void
an_expiration_is_iso_8601_with_or_without_a_fraction(void **state)
{
    (void) state;
    expect_keys(XML(XML_KEY_ID XML_SECRET XML_TOKEN "<Expiration>2011-07-15T23:28:29Z</Expiration>"));
    expect_keys(XML(XML_KEY_ID XML_SECRET XML_TOKEN "<Expiration>2011-07-16T08:28:29.5+09:00</Expiration>"));
    expect_keys(XML(XML_KEY_ID XML_SECRET XML_TOKEN "<Expiration>2011-07-15T20:28:29-0300</Expiration>"));
    expect_keys(JSON(JSON_KEYS ",\"Expiration\":\"2011-07-15T23:28:29Z\""));
}

static void
what_is_no_time_is_no_expiration(void **state)
{
    (void) state;
    static const char *const times[] = {"",
                                        "never",
                                        "1310772509",
                                        "2011-07-15",
                                        "2011-07-15T23:28:29",
                                        "2011-07-15 23:28:29Z",
                                        "2011-13-15T23:28:29Z",
                                        "2011-07-15T25:28:29Z",
                                        "2011-07-15T23:28:29.Z",
                                        "2011-07-15T23:28:29Zx",
                                        "2011-07-15T23:28:29+09",
                                        "2011-07-15T23:28:29+09:0",
                                        "2011-07-15T23:28:29+09:00:00",
                                        " 2011-07-15T23:28:29Z",
                                        "1969-12-31T23:59:59Z",
                                        "-011-07-15T23:28:29Z"};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[4096];
        snprintf(text, sizeof(text), XML(XML_KEY_ID XML_SECRET XML_TOKEN "<Expiration>%s</Expiration>"), times[i]);
        expect_no_keys(text);
        if (i > 0) {
            snprintf(text, sizeof(text), JSON(JSON_KEYS ",\"Expiration\":\"%s\""), times[i]);
            expect_no_keys(text);
        }
    }
}

static void
a_number_that_is_no_time_is_no_expiration(void **state)
{
    (void) state;
    static const char *const numbers[] = {"0",   "-1310772509", "1e300", "-1e300", "253402300800",
                                          "0.5", "null",        "true",  "[]"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        char text[4096];
        snprintf(text, sizeof(text), JSON(JSON_KEYS ",\"Expiration\":%s"), numbers[i]);
        expect_no_keys(text);
    }
}

static void
keys_that_have_expired_are_refused(void **state)
{
    (void) state;
    static const char text[] = XML(XML_KEY_ID XML_SECRET XML_TOKEN XML_EXPIRATION);
    struct credentials credentials;
    struct failure failure;
    assert_false(read_keys(text, strlen(text), EXPIRES_AT, &credentials, &failure));
    assert_string_equal(failure.code, "expired-credentials");
    assert_null(credentials.access_key_id);
    assert_false(read_keys(text, strlen(text), EXPIRES_AT + 90, &credentials, &failure));
    assert_non_null(strstr(failure.message, "expired 90 s ago"));
    assert_true(read_keys(text, strlen(text), EXPIRES_AT - 1, &credentials, &failure));
    credentials_wipe(&credentials);
}

static void
keys_are_whole_or_none(void **state)
{
    (void) state;
    expect_no_keys(XML(XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_no_keys(XML(XML_KEY_ID XML_TOKEN XML_EXPIRATION));
    expect_no_keys(XML(XML_KEY_ID XML_SECRET XML_EXPIRATION));
    expect_no_keys(XML(XML_KEY_ID XML_SECRET XML_TOKEN));
    expect_no_keys(XML(XML_KEY_ID XML_SECRET XML_TOKEN "<Expiration/>"));
    expect_no_keys(XML("<AccessKeyId></AccessKeyId>" XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_no_keys(JSON(JSON_KEYS));
    expect_no_keys(JSON("\"AccessKeyId\":\"" KEY_ID "\",\"SecretAccessKey\":\"" SECRET "\",\"Expiration\":1310772509"));
    expect_no_keys(
        JSON("\"AccessKeyId\":1,\"SecretAccessKey\":\"x\",\"SessionToken\":\"x\",\"Expiration\":1310772509"));
    expect_no_keys("{}");
    expect_no_keys("{\"AssumeRoleResponse\":[]}");
    expect_no_keys("{" JSON_KEYS ",\"Expiration\":1310772509}");
}

static void
a_field_that_comes_twice_is_refused(void **state)
{
    (void) state;
    expect_no_keys(XML(XML_KEY_ID XML_KEY_ID XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_no_keys(XML(XML_KEY_ID XML_SECRET XML_TOKEN XML_EXPIRATION XML_TOKEN));
    expect_no_keys(XML(XML_KEY_ID XML_SECRET "</Credentials><Credentials>" XML_TOKEN XML_EXPIRATION));
    expect_no_keys(
        XML("<AccessKeyId><AccessKeyId>" KEY_ID "</AccessKeyId></AccessKeyId>" XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_no_keys(JSON(JSON_KEYS ",\"AccessKeyId\":\"" KEY_ID "\",\"Expiration\":1310772509"));
    expect_no_keys(JSON(JSON_KEYS ",\"Expiration\":1310772509,\"Expiration\":1310772509"));
    expect_no_keys(JSON(JSON_KEYS ",\"Expiration\":1310772509},\"Credentials\":{"));
}

static void
keys_that_could_break_a_header_are_refused(void **state)
{
    (void) state;
    expect_no_keys(XML("<AccessKeyId>AB&#10;X-Evil: 1</AccessKeyId>" XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_no_keys(XML("<AccessKeyId> " KEY_ID "</AccessKeyId>" XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_no_keys(XML("<AccessKeyId>\xc3\xa9</AccessKeyId>" XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_no_keys(XML(XML_KEY_ID XML_SECRET "<SessionToken>a b</SessionToken>" XML_EXPIRATION));
    expect_no_keys(JSON(
        "\"AccessKeyId\":\"A\\r\\nB\",\"SecretAccessKey\":\"x\",\"SessionToken\":\"x\",\"Expiration\":1310772509"));
    expect_no_keys(XML("<AccessKeyId><![CDATA[" KEY_ID "]]></AccessKeyId>" XML_SECRET XML_TOKEN XML_EXPIRATION));
    expect_no_keys("<!DOCTYPE x [<!ENTITY k \"v\">]>" XML(XML_KEY_ID XML_SECRET XML_TOKEN XML_EXPIRATION));
}

static void
escaped_keys_are_unescaped(void **state)
{
    (void) state;
    expect_keys(XML("<AccessKeyId>&#65;SIAIOSFODNN7EXAMPL&#x45;</AccessKeyId>" XML_SECRET XML_TOKEN XML_EXPIRATION));
}

/* An answer in XML whose token has this many bytes. */
static void
put_long_answer(struct buffer *text, size_t token_length)
{
    assert_true(buffer_append_text(
        text,
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>" XML_KEY_ID XML_SECRET XML_EXPIRATION "<SessionToken>"));
    for (size_t i = 0; i < token_length; i++)
        assert_true(buffer_append(text, "x", 1));
    assert_true(buffer_append_text(text, "</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>"));
}

static void
a_token_may_be_long_and_no_longer_than_a_header(void **state)
{
    (void) state;
    static const size_t too_long[] = {32769, 65535, 65536, 65537, 200000};
    struct credentials credentials;
    struct failure failure;
    AUTO_BUFFER struct buffer text = BUFFER((size_t) 256 * 1024);
    put_long_answer(&text, 32768);
    assert_true(read_keys(text.data, text.length, NOW, &credentials, &failure));
    assert_int_equal(strlen(credentials.session_token), 32768);
    credentials_wipe(&credentials);
    for (size_t i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++) {
        buffer_clear(&text);
        put_long_answer(&text, too_long[i]);
        expect_no_keys_of(text.data, text.length, "bad-answer");
    }
}

static void
an_answer_that_is_cut_short_or_holds_a_nul_is_refused(void **state)
{
    (void) state;
    static const char xml[] = XML(XML_KEY_ID XML_SECRET XML_TOKEN XML_EXPIRATION);
    static const char json[] = JSON(JSON_KEYS ",\"Expiration\":1310772509");
    for (size_t length = 0; length + 2 < sizeof(xml); length++)
        expect_no_keys_of(xml, length, "bad-answer");
    for (size_t length = 0; length + 1 < sizeof(json); length++)
        expect_no_keys_of(json, length, "bad-answer");
    expect_no_keys_of(xml, sizeof(xml), "bad-answer");
    expect_no_keys_of(json, sizeof(json), "bad-answer");
}

static void
what_is_neither_json_nor_xml_is_somebody_else(void **state)
{
    (void) state;
    expect_no_keys("");
    expect_no_keys("OK");
    expect_no_keys("[]");
    expect_no_keys("<html><head><title>Sign in</title></head><body></body></html>");
    expect_no_keys("<!doctype html><html></html>");
}

static bool
read_identity(const char *text, struct caller_identity *identity, struct failure *failure)
{
    AUTO_BUFFER struct buffer body = BUFFER((size_t) 64 * 1024);
    assert_true(buffer_append_text(&body, text));
    return sts_read_identity(&body, identity, failure);
}

#define ARN "arn:aws-cn:sts::123456789012:assumed-role/studio-host/i-0123456789abcdef0"

static void
an_identity_is_an_arn_and_an_account(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
        "<Arn>" ARN "</Arn><UserId>AROA:i-0123456789abcdef0</UserId><Account>123456789012</Account>"
        "</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>",
        "{\"GetCallerIdentityResponse\":{\"GetCallerIdentityResult\":{\"Account\":\"123456789012\",\"Arn\":\"" ARN
        "\",\"UserId\":\"AROA:i-0123456789abcdef0\"},\"ResponseMetadata\":{\"RequestId\":\"1\"}}}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct caller_identity identity;
        struct failure failure;
        assert_true(read_identity(texts[i], &identity, &failure));
        assert_string_equal(identity.arn, ARN);
        assert_string_equal(identity.account, "123456789012");
    }
}

static void
what_is_no_arn_or_account_is_refused(void **state)
{
    (void) state;
    static const char *const fields[] = {"<Arn>" ARN "</Arn>",
                                         "<Account>123456789012</Account>",
                                         "<Arn>x</Arn><Account>123456789012</Account>",
                                         "<Arn>arn:a b</Arn><Account>123456789012</Account>",
                                         "<Arn>arn:&#10;x</Arn><Account>123456789012</Account>",
                                         "<Arn>" ARN "</Arn><Account>12345678901</Account>",
                                         "<Arn>" ARN "</Arn><Account>1234567890123</Account>",
                                         "<Arn>" ARN "</Arn><Account>12345678901x</Account>"};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char text[1024];
        struct caller_identity identity;
        struct failure failure = {0};
        snprintf(text, sizeof(text),
                 "<GetCallerIdentityResponse><GetCallerIdentityResult>%s</GetCallerIdentityResult>"
                 "</GetCallerIdentityResponse>",
                 fields[i]);
        assert_false(read_identity(text, &identity, &failure));
        assert_string_equal(failure.code, "bad-answer");
        assert_string_equal(identity.arn, "");
        assert_string_equal(identity.account, "");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_of_an_answer_give_the_same_keys),
        cmocka_unit_test(an_expiration_is_iso_8601_with_or_without_a_fraction),
        cmocka_unit_test(what_is_no_time_is_no_expiration),
        cmocka_unit_test(a_number_that_is_no_time_is_no_expiration),
        cmocka_unit_test(keys_that_have_expired_are_refused),
        cmocka_unit_test(keys_are_whole_or_none),
        cmocka_unit_test(a_field_that_comes_twice_is_refused),
        cmocka_unit_test(keys_that_could_break_a_header_are_refused),
        cmocka_unit_test(escaped_keys_are_unescaped),
        cmocka_unit_test(a_token_may_be_long_and_no_longer_than_a_header),
        cmocka_unit_test(an_answer_that_is_cut_short_or_holds_a_nul_is_refused),
        cmocka_unit_test(what_is_neither_json_nor_xml_is_somebody_else),
        cmocka_unit_test(an_identity_is_an_arn_and_an_account),
        cmocka_unit_test(what_is_no_arn_or_account_is_refused),
    };
    return cmocka_run_group_tests_name("sts_answer", tests, NULL, NULL);
}
