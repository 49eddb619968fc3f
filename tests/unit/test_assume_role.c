/*
 * test_assume_role.c: AssumeRole and GetCallerIdentity as they reach STS, and what each of its answers becomes.
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
#include <time.h>

#include "assume_role.h"
#include "caller_identity.h"
#include "loop_guard.h"
#include "scripted_server.h"

#define REGION "ap-northeast-1"
#define URL    "https://sts.ap-northeast-1.amazonaws.com"
#define ROLE   "arn:aws:iam::123456789012:role/StudioLogin"
#define CALLER "arn:aws:sts::123456789012:assumed-role/studio-host/i-0123456789abcdef0"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

/* Those of a request whose body botocore was seen to make. */
static struct assume_role_parameters
usual_parameters(void)
{
    return (struct assume_role_parameters){
        .endpoint_url = URL,
        .region = REGION,
        .role_arn = ROLE,
        .role_session_name = "taro",
        .source_identity = "taro",
        .tag_key = "studiouserid",
        .tag_value = "taro",
        .duration_seconds = 900,
    };
}

/*
 * On the wire
 */

static void
say_nothing_useful(int fd, struct server_seen *seen)
{
    while (read_request(fd, seen->last_request)) {
        __atomic_add_fetch(&seen->requests, 1, __ATOMIC_SEQ_CST);
        say_whole_answer(fd, "200 OK", "", "{}");
    }
}

struct host {
    struct loop *loop;
    struct http *http;
    struct aws_client *client;
    struct scripted_server server;
    char url[64];
};

static void
start_host(struct host *host)
{
    struct failure failure;
    host->server = scripted_server_start(say_nothing_useful);
    snprintf(host->url, sizeof(host->url), "http://127.0.0.1:%d", host->server.port);
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

static void
answered(void *owner, struct http_answer *answer, time_t sent_at)
{
    (void) answer;
    (void) sent_at;
    loop_stop(((struct host *) owner)->loop);
}

static const struct credentials *
usual_keys(void)
{
    static char id[] = "AKIDEXAMPLE";
    static char secret[] = SECRET;
    static char token[] = "FwoGZXIvYXdz";
    static const struct credentials keys = {.access_key_id = id, .secret_access_key = secret, .session_token = token};
    return &keys;
}

static void
send_to(struct host *host, struct assume_role_parameters parameters)
{
    struct failure failure = {0};
    parameters.endpoint_url = host->url;
    if (assume_role_start(host->client, &parameters, usual_keys(), deadline_in_ms(30000), answered, host, &failure) ==
        NULL)
        fail_msg("%s: %s", failure.code, failure.message);
    run_until_stopped(host->loop);
}

static const char *
body_seen(const struct host *host)
{
    const char *end = strstr(host->server.seen->last_request, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void
expect_header(const struct host *host, const char *line)
{
    char whole[512];
    snprintf(whole, sizeof(whole), "\r\n%s\r\n", line);
    if (strstr(host->server.seen->last_request, whole) == NULL)
        fail_msg("no header \"%s\"", line);
}

static void
the_body_is_the_one_that_botocore_makes(void **state)
{
    (void) state;
    struct host host;
    start_host(&host);
    send_to(&host, usual_parameters());
    assert_string_equal(body_seen(&host),
                        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2F"
                        "StudioLogin&RoleSessionName=taro&SourceIdentity=taro&DurationSeconds=900&"
                        "Tags.member.1.Key=studiouserid&Tags.member.1.Value=taro&"
                        "TransitiveTagKeys.member.1=studiouserid");
    expect_header(&host, "Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    expect_header(&host, "Accept: application/json");
    assert_non_null(strstr(host.server.seen->last_request,
                           "/ap-northeast-1/sts/aws4_request, SignedHeaders=content-type;"
                           "host;x-amz-date;x-amz-security-token, "));
    assert_ptr_equal(strstr(host.server.seen->last_request, "POST / HTTP/1.1\r\n"), host.server.seen->last_request);
    assert_null(strstr(host.server.seen->last_request, SECRET));
    stop_host(&host);
}

static void
what_is_not_set_is_not_sent(void **state)
{
    (void) state;
    struct host host;
    start_host(&host);
    struct assume_role_parameters parameters = usual_parameters();
    parameters.source_identity = NULL;
    parameters.tag_key = NULL;
    send_to(&host, parameters);
    assert_string_equal(body_seen(&host), "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                                          "123456789012%3Arole%2FStudioLogin&RoleSessionName=taro&DurationSeconds=900");
    stop_host(&host);
}

static void
everything_but_unreserved_characters_is_escaped(void **state)
{
    (void) state;
    struct host host;
    start_host(&host);
    struct assume_role_parameters parameters = usual_parameters();
    parameters.source_identity = NULL;
    parameters.tag_key = NULL;
    parameters.role_session_name = "a+b=c,d.e@f-g_h";
    parameters.external_id = "x:/y=1";
    parameters.policy = "{\"A\":\"~ &*%\"}";
    send_to(&host, parameters);
    assert_non_null(strstr(body_seen(&host), "&RoleSessionName=a%2Bb%3Dc%2Cd.e%40f-g_h&"));
    assert_non_null(strstr(body_seen(&host), "&Policy=%7B%22A%22%3A%22~%20%26%2A%25%22%7D&ExternalId=x%3A%2Fy%3D1"));
    stop_host(&host);
}

static void
the_question_whose_keys_these_are_has_no_parameters(void **state)
{
    (void) state;
    struct host host;
    struct failure failure;
    start_host(&host);
    struct caller_identity_parameters parameters = {.endpoint_url = host.url, .region = REGION};
    assert_non_null(caller_identity_start(host.client, &parameters, usual_keys(), deadline_in_ms(30000), answered,
                                          &host, &failure));
    run_until_stopped(host.loop);
    assert_string_equal(body_seen(&host), "Action=GetCallerIdentity&Version=2011-06-15");
    expect_header(&host, "Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    expect_header(&host, "Accept: application/json");
    stop_host(&host);
}

static void
nothing_is_sent_for_parameters_that_will_not_do(void **state)
{
    (void) state;
    struct host host;
    struct failure failure = {0};
    start_host(&host);
    struct assume_role_parameters parameters = usual_parameters();
    parameters.endpoint_url = host.url;
    parameters.role_session_name = "x";
    assert_null(
        assume_role_start(host.client, &parameters, usual_keys(), deadline_in_ms(30000), answered, &host, &failure));
    assert_string_equal(failure.code, "config");
    assert_int_equal(host.server.seen->requests, 0);
    stop_host(&host);
}

/*
 * Limits
 */

static void
expect_good(struct assume_role_parameters parameters)
{
    struct failure failure = {0};
    if (!assume_role_check(&parameters, &failure))
        fail_msg("refused: %s", failure.message);
}

static void
expect_bad(struct assume_role_parameters parameters, const char *named)
{
    struct failure failure = {0};
    if (assume_role_check(&parameters, &failure))
        fail_msg("taken, in spite of its %s", named);
    assert_string_equal(failure.code, "config");
    if (strstr(failure.message, named) == NULL)
        fail_msg("\"%s\" does not name %s", failure.message, named);
}

#define WITH(member, value)                                          \
    __extension__({                                                  \
        struct assume_role_parameters changed_ = usual_parameters(); \
        changed_.member = (value);                                   \
        changed_;                                                    \
    })

/* So many letters. */
static const char *
letters(size_t count)
{
    static char text[4096];
    assert_true(count < sizeof(text));
    memset(text, 'a', count);
    text[count] = '\0';
    return text;
}

static void
a_role_is_named_by_its_arn(void **state)
{
    (void) state;
    static const char *const bad[] = {"StudioLogin",
                                      "",
                                      "arn:aws:iam::123456789012:role/",
                                      "arn:aws:iam::123456789012:role/path/",
                                      "arn:aws:iam::123456789012:user/StudioLogin",
                                      "arn:aws:iam::12345678901:role/StudioLogin",
                                      "arn:aws:iam::1234567890123:role/StudioLogin",
                                      "arn:aws:iam:us-east-1:123456789012:role/StudioLogin",
                                      "arn::iam::123456789012:role/StudioLogin",
                                      "arn:aws:sts::123456789012:assumed-role/StudioLogin/x",
                                      "arn:aws:iam::123456789012:role/Studio Login",
                                      "arn:aws:iam::123456789012:role/Studio\nLogin",
                                      "arn:aws:iam::123456789012:role/x:y"};
    expect_good(usual_parameters());
    expect_good(WITH(role_arn, "arn:aws-us-gov:iam::123456789012:role/service/path/Studio+=,.@-_Login"));
    expect_good(WITH(role_arn, "arn:aws-cn:iam::123456789012:role/x"));
    expect_bad(WITH(role_arn, NULL), "role_arn");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_bad(WITH(role_arn, bad[i]), "role_arn");
}

static void
names_tags_policy_and_times_have_limits(void **state)
{
    (void) state;
    expect_good(WITH(role_session_name, letters(64)));
    expect_bad(WITH(role_session_name, letters(65)), "role session name");
    expect_bad(WITH(role_session_name, "a"), "role session name");
    expect_bad(WITH(role_session_name, "a b"), "role session name");
    expect_bad(WITH(role_session_name, NULL), "role session name");
    expect_bad(WITH(source_identity, letters(65)), "source identity");
    expect_bad(WITH(source_identity, "aws:taro"), "source identity");
    expect_bad(WITH(source_identity, ""), "source identity");
    expect_good(WITH(external_id, letters(1224)));
    expect_bad(WITH(external_id, letters(1225)), "external_id");
    expect_bad(WITH(external_id, "a b"), "external_id");
    expect_bad(WITH(external_id, "a"), "external_id");
    expect_good(WITH(policy, letters(2048)));
    expect_bad(WITH(policy, letters(2049)), "session policy has 2049 bytes");
    expect_bad(WITH(policy, ""), "session policy");
    expect_bad(WITH(tag_value, letters(257)), "session tag");
    expect_bad(WITH(tag_value, NULL), "session tag");
    expect_bad(WITH(tag_key, ""), "session tag");
    expect_good(WITH(tag_value, ""));
    expect_good(WITH(duration_seconds, 43200));
    expect_bad(WITH(duration_seconds, 899), "role_duration_seconds");
    expect_bad(WITH(duration_seconds, 43201), "role_duration_seconds");
    expect_bad(WITH(region, "moon"), "region");
    expect_bad(WITH(endpoint_url, "https://x/y"), "endpoint");
    expect_bad(WITH(endpoint_url, NULL), "endpoint");
}

static void
an_external_id_is_not_repeated_in_a_message(void **state)
{
    (void) state;
    struct assume_role_parameters parameters = WITH(external_id, "s3cr3t s3cr3t");
    struct failure failure;
    assert_false(assume_role_check(&parameters, &failure));
    assert_null(strstr(failure.message, "s3cr3t"));
}

/*
 * Answers
 */

static bool
answer_with(struct assume_role_parameters parameters, long status, const char *date, const char *body,
            struct credentials *credentials, struct failure *failure)
{
    struct http_answer answer = {.end = HTTP_ANSWERED, .status = status, .body = BUFFER(65536)};
    snprintf(answer.date, sizeof(answer.date), "%s", date);
    snprintf(answer.address, sizeof(answer.address), "10.1.2.3");
    assert_true(buffer_append_text(&answer.body, body));
    bool good = assume_role_answer(&parameters, &answer, credentials, failure);
    buffer_free(&answer.body);
    return good;
}

/* Keys that are good for an hour on a clock that is so far ahead of this host's. */
static bool
keys_by_clock_ahead(int64_t ahead_s, bool with_date, struct credentials *credentials, struct failure *failure)
{
    char body[1024];
    char date[64] = "";
    time_t now = time(NULL) + (time_t) ahead_s;
    struct tm utc;
    if (with_date)
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    snprintf(body, sizeof(body),
             "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":{\"AccessKeyId\":\"ASIA1\","
             "\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":%lld}}}}",
             (long long) now + 3600);
    return answer_with(usual_parameters(), 200, date, body, credentials, failure);
}

static void
the_answers_keys_are_the_roles(void **state)
{
    (void) state;
    struct credentials keys;
    struct failure failure;
    int64_t before = (int64_t) time(NULL);
    assert_true(keys_by_clock_ahead(0, true, &keys, &failure));
    assert_string_equal(keys.access_key_id, "ASIA1");
    assert_string_equal(keys.secret_access_key, "s");
    assert_string_equal(keys.session_token, "t");
    assert_string_equal(keys.role, "StudioLogin");
    assert_in_range(keys.expires_at, before + 3600, before + 3600 + 60);
    credentials_wipe(&keys);
}

static void
the_expiry_is_told_by_this_hosts_clock_however_wrong_that_is(void **state)
{
    (void) state;
    static const int64_t ahead[] = {-86400, -7200, 7200, 86400};
    for (size_t i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
        struct credentials keys;
        struct failure failure;
        int64_t before = (int64_t) time(NULL);
        assert_true(keys_by_clock_ahead(ahead[i], true, &keys, &failure));
        assert_in_range(keys.expires_at, before + 3600 - 60, before + 3600 + 60);
        credentials_wipe(&keys);
    }
}

static void
without_a_date_this_hosts_clock_counts(void **state)
{
    (void) state;
    struct credentials keys;
    struct failure failure;
    assert_false(keys_by_clock_ahead(-7200, false, &keys, &failure));
    assert_string_equal(failure.code, "expired-credentials");
    assert_null(keys.access_key_id);
}

static void
keys_in_an_answer_that_is_no_success_do_not_count(void **state)
{
    (void) state;
    struct credentials keys;
    struct failure failure;
    assert_false(answer_with(usual_parameters(), 500, "",
                             "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":{\"AccessKeyId\":\"A\","
                             "\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\"Expiration\":4102444800}}}}",
                             &keys, &failure));
    assert_null(keys.access_key_id);
    assert_string_equal(failure.code, "service-error");
}

/*
 * Explanations
 */

static struct failure
refused_with(struct assume_role_parameters parameters, long status, const char *code, const char *message)
{
    char body[1500];
    struct credentials keys;
    struct failure failure = {0};
    snprintf(body, sizeof(body),
             "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
             "<Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>",
             code, message);
    assert_false(answer_with(parameters, status, "", body, &keys, &failure));
    assert_null(keys.access_key_id);
    struct failure json = {0};
    snprintf(body, sizeof(body),
             "{\"Error\":{\"Code\":\"%s\",\"Message\":\"%s\",\"Type\":\"Sender\"},\"RequestId\":\"1\"}", code, message);
    assert_false(answer_with(parameters, status, "", body, &keys, &json));
    assert_string_equal(json.code, failure.code);
    assert_string_equal(json.message, failure.message);
    return failure;
}

#define NOT_AUTHORIZED(action) "User: " CALLER " is not authorized to perform: " action " on resource: " ROLE

static void
a_denial_says_that_the_trust_policy_does_not_name_the_caller(void **state)
{
    (void) state;
    struct failure failure = refused_with(usual_parameters(), 403, "AccessDenied", NOT_AUTHORIZED("sts:AssumeRole"));
    assert_string_equal(failure.code, "role-denied");
    assert_string_equal(
        failure.message,
        "AWS denies sts:AssumeRole: the trust policy of " ROLE " does not let " CALLER
        " assume it, or the policy of the latter does not allow sts:AssumeRole on that role (in another account, both "
        "must). AWS answered AccessDenied: \"" NOT_AUTHORIZED("sts:AssumeRole") "\".");
}

static void
a_denial_with_an_external_id_may_be_about_that(void **state)
{
    (void) state;
    struct failure failure =
        refused_with(WITH(external_id, "s3cr3t"), 403, "AccessDenied", NOT_AUTHORIZED("sts:AssumeRole"));
    assert_string_equal(failure.code, "role-denied");
    assert_non_null(strstr(failure.message, "asks for another external_id than the one that is configured"));
    assert_null(strstr(failure.message, "s3cr3t"));
    failure = refused_with(usual_parameters(), 403, "AccessDenied", NOT_AUTHORIZED("sts:AssumeRole"));
    assert_null(strstr(failure.message, "external_id"));
}

static void
a_denial_names_the_action_that_is_lacking_and_the_setting_that_does_without(void **state)
{
    (void) state;
    struct failure failure =
        refused_with(usual_parameters(), 403, "AccessDenied", NOT_AUTHORIZED("sts:SetSourceIdentity"));
    assert_string_equal(failure.code, "role-denied");
    assert_non_null(strstr(failure.message, "the trust policy of " ROLE " and the policy of " CALLER
                                            " must both allow sts:SetSourceIdentity (or set source_identity = no in "
                                            "studio.conf)"));
    failure = refused_with(usual_parameters(), 403, "AccessDenied", NOT_AUTHORIZED("sts:TagSession"));
    assert_non_null(strstr(failure.message, "the trust policy of " ROLE " and the policy of " CALLER
                                            " must both allow sts:TagSession (or set session_tags = no in "
                                            "studio.conf)"));
}

static void
a_denial_without_the_usual_words_is_about_assuming(void **state)
{
    (void) state;
    struct failure failure = refused_with(usual_parameters(), 403, "AccessDenied", "Access denied");
    assert_string_equal(failure.code, "role-denied");
    assert_non_null(strstr(failure.message, "AWS denies sts:AssumeRole"));
    assert_non_null(strstr(failure.message, "does not let the role of this host assume it"));
    failure = refused_with(usual_parameters(), 403, "AccessDenied", "");
    assert_string_equal(failure.code, "role-denied");
}

static void
a_denial_by_the_vpc_endpoint_is_said_to_be_one(void **state)
{
    (void) state;
    struct failure failure = refused_with(
        usual_parameters(), 403, "AccessDenied",
        NOT_AUTHORIZED("sts:AssumeRole") " because no VPC endpoint policy allows the sts:AssumeRole action");
    assert_string_equal(failure.code, "role-denied");
    assert_non_null(strstr(failure.message, "The denial is that of the policy of the VPC endpoint for sts."));
}

static void
each_other_error_has_its_word_and_its_advice(void **state)
{
    (void) state;
    static const struct {
        const char *code, *message, *word, *advice;
    } errors[] = {
        {"RegionDisabledException", "STS is not activated in this region for account:123456789012.", "refused",
         "STS is not activated in region " REGION},
        {"PackedPolicyTooLarge", "too large", "invalid-request", "session_tags = no"},
        {"MalformedPolicyDocument", "Syntax errors in policy.", "invalid-request", "session_policy = no"},
        {"ValidationError",
         "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
         "invalid-request", "is limited to 3600 seconds"},
        {"ValidationError", "1 validation error detected", "invalid-request", "Check role_arn"},
        {"ExpiredToken", "The security token included in the request is expired", "expired-credentials",
         "fetched anew"},
        {"InvalidClientTokenId", "The security token included in the request is invalid.", "expired-credentials",
         "region " REGION " is enabled"},
        {"SignatureDoesNotMatch", "The request signature we calculated does not match", "bad-signature",
         "sts_endpoint_url"},
        {"SignatureDoesNotMatch", "Signature expired: 20210502T144040Z is now earlier than 20210502T173143Z", "clock",
         "chronyc"},
        {"RequestTimeTooSkewed", "The difference is too large", "clock", "chronyc"},
        {"Throttling", "Rate exceeded", "throttled", "limits the rate"},
        {"ServiceUnavailable", "", "service-error", "trouble of its own"},
        {"OptInRequired", "", "refused", "API reference of AWS STS"},
    };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct failure failure = refused_with(usual_parameters(), 400, errors[i].code, errors[i].message);
        assert_string_equal(failure.code, errors[i].word);
        if (strstr(failure.message, errors[i].advice) == NULL || strstr(failure.message, errors[i].code) == NULL)
            fail_msg("%s: %s", errors[i].code, failure.message);
    }
}

static void
an_answer_of_somebody_else_is_no_answer_of_sts(void **state)
{
    (void) state;
    struct credentials keys;
    struct failure failure;
    assert_false(
        answer_with(usual_parameters(), 407, "", "<html>Proxy Authentication Required</html>", &keys, &failure));
    assert_string_equal(failure.code, "bad-answer");
    assert_non_null(
        strstr(failure.message, "Something other than STS answered at sts." REGION ".amazonaws.com (10.1.2.3"));
    assert_false(answer_with(usual_parameters(), 302, "", "", &keys, &failure));
    assert_string_equal(failure.code, "bad-answer");
    assert_false(answer_with(usual_parameters(), 200, "", "<html></html>", &keys, &failure));
    assert_string_equal(failure.code, "bad-answer");
}

static void
a_message_never_holds_a_token_that_somebody_echoes(void **state)
{
    (void) state;
    char echo[600] = "The Canonical String for this request should have been x-amz-security-token:s3cr3t ";
    memset(echo + strlen(echo), 'T', 300);
    struct failure failure = refused_with(usual_parameters(), 403, "SignatureDoesNotMatch", echo);
    assert_null(strstr(failure.message, "s3cr3t"));
    assert_null(strstr(failure.message, "TTTTTTTTTT"));
}

static struct failure
not_reached(enum http_end end, const char *code)
{
    struct assume_role_parameters parameters = usual_parameters();
    struct http_answer answer = {.end = end};
    struct credentials keys;
    struct failure failure = {0};
    failure_set(&answer.failure, code, "what the transport says");
    assert_false(assume_role_answer(&parameters, &answer, &keys, &failure));
    assert_string_equal(failure.code, code);
    assert_non_null(strstr(failure.message, "STS could not be asked: what the transport says. "));
    return failure;
}

static void
a_failure_of_the_transport_names_the_vpc_endpoint(void **state)
{
    (void) state;
    assert_non_null(strstr(not_reached(HTTP_UNRESOLVED, "dns").message,
                           "needs the VPC endpoint com.amazonaws." REGION ".sts with private DNS"));
    assert_non_null(
        strstr(not_reached(HTTP_UNCONNECTED, "network").message, "com.amazonaws." REGION ".sts is missing"));
    (void) not_reached(HTTP_TIMED_OUT, "timeout");
    (void) not_reached(HTTP_TLS_FAILED, "tls");
    (void) not_reached(HTTP_BROKEN, "network");
    (void) not_reached(HTTP_NO_SOCKET, "resources");
}

static void
the_caller_is_not_told_only_where_the_vpc_endpoint_forbids_it(void **state)
{
    (void) state;
    struct caller_identity_parameters parameters = {.endpoint_url = URL, .region = REGION};
    struct http_answer answer = {.end = HTTP_ANSWERED, .status = 403, .body = BUFFER(4096)};
    struct caller_identity identity;
    struct failure failure;
    assert_true(buffer_append_text(&answer.body, "{\"Error\":{\"Code\":\"AccessDenied\",\"Message\":\"no\"}}"));
    assert_false(caller_identity_answer(&parameters, &answer, &identity, &failure));
    assert_string_equal(failure.code, "access-denied");
    assert_non_null(strstr(failure.message, "com.amazonaws." REGION ".sts can: it must allow sts:GetCallerIdentity"));
    buffer_free(&answer.body);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_is_the_one_that_botocore_makes),
        cmocka_unit_test(what_is_not_set_is_not_sent),
        cmocka_unit_test(everything_but_unreserved_characters_is_escaped),
        cmocka_unit_test(the_question_whose_keys_these_are_has_no_parameters),
        cmocka_unit_test(nothing_is_sent_for_parameters_that_will_not_do),
        cmocka_unit_test(a_role_is_named_by_its_arn),
        cmocka_unit_test(names_tags_policy_and_times_have_limits),
        cmocka_unit_test(an_external_id_is_not_repeated_in_a_message),
        cmocka_unit_test(the_answers_keys_are_the_roles),
        cmocka_unit_test(the_expiry_is_told_by_this_hosts_clock_however_wrong_that_is),
        cmocka_unit_test(without_a_date_this_hosts_clock_counts),
        cmocka_unit_test(keys_in_an_answer_that_is_no_success_do_not_count),
        cmocka_unit_test(a_denial_says_that_the_trust_policy_does_not_name_the_caller),
        cmocka_unit_test(a_denial_with_an_external_id_may_be_about_that),
        cmocka_unit_test(a_denial_names_the_action_that_is_lacking_and_the_setting_that_does_without),
        cmocka_unit_test(a_denial_without_the_usual_words_is_about_assuming),
        cmocka_unit_test(a_denial_by_the_vpc_endpoint_is_said_to_be_one),
        cmocka_unit_test(each_other_error_has_its_word_and_its_advice),
        cmocka_unit_test(an_answer_of_somebody_else_is_no_answer_of_sts),
        cmocka_unit_test(a_message_never_holds_a_token_that_somebody_echoes),
        cmocka_unit_test(a_failure_of_the_transport_names_the_vpc_endpoint),
        cmocka_unit_test(the_caller_is_not_told_only_where_the_vpc_endpoint_forbids_it),
    };
    return cmocka_run_group_tests_name("assume_role", tests, NULL, NULL);
}
