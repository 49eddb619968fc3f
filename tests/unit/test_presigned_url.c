/*
 * test_presigned_url.c: the request as it is handed to aws_call.h, and what each answer becomes.  aws_call_start is
 * this file's own.
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

#include "message.h"
#include "presigned_url.h"

#define TOKEN "s3cr3t.t0ken-of_a.link"
#define LINK  "https://studio-d-abcdefghij12.studio.ap-northeast-1.sagemaker.aws/auth?token=" TOKEN

/* The request that aws_call_start was given last. */
static struct {
    int count;
    char service[16], endpoint_url[256], region[64], content_type[64], target[64], body[2048];
    char ca_bundle[64], proxy_url[64];
    bool has_accept;
    struct deadline deadline;
} sent;

static void
copy(char *target, size_t size, const char *text)
{
    assert_true(snprintf(target, size, "%s", text != NULL ? text : "") < (int) size);
}

struct aws_call *
aws_call_start(struct aws_client *client, const struct aws_request *request, const struct credentials *credentials,
               struct deadline deadline, aws_call_done *done, void *owner, struct failure *failure)
{
    (void) client;
    (void) credentials;
    (void) done;
    (void) failure;
    memset(&sent, 0, sizeof(sent));
    sent.count = 1;
    copy(sent.service, sizeof(sent.service), request->service);
    copy(sent.endpoint_url, sizeof(sent.endpoint_url), request->endpoint_url);
    copy(sent.region, sizeof(sent.region), request->region);
    copy(sent.content_type, sizeof(sent.content_type), request->content_type);
    copy(sent.target, sizeof(sent.target), request->target);
    copy(sent.ca_bundle, sizeof(sent.ca_bundle), request->ca_bundle);
    copy(sent.proxy_url, sizeof(sent.proxy_url), request->proxy_url);
    assert_true(request->body_length < sizeof(sent.body));
    memcpy(sent.body, request->body, request->body_length);
    sent.has_accept = request->accept != NULL;
    sent.deadline = deadline;
    return owner;
}

static struct presigned_url_parameters
usual_parameters(void)
{
    return (struct presigned_url_parameters){.endpoint_url = "https://api.sagemaker.ap-northeast-1.amazonaws.com",
                                             .region = "ap-northeast-1",
                                             .domain_id = "d-abc123def456",
                                             .user_profile_name = "taro",
                                             .expires_in_seconds = 20,
                                             .session_expiration_duration_in_seconds = 43200};
}

static bool
request_with(const struct presigned_url_parameters *parameters, struct failure *failure)
{
    struct credentials credentials = {0};
    int owner;
    sent.count = 0;
    return presigned_url_start(NULL, parameters, &credentials, (struct deadline){77}, NULL, &owner, failure) != NULL;
}

static void
must_send(const struct presigned_url_parameters *parameters)
{
    struct failure failure = {0};
    if (!request_with(parameters, &failure))
        fail_msg("%s: %s", failure.code, failure.message);
    assert_int_equal(sent.count, 1);
}

/* The request */

static void
the_request_is_the_one_of_the_api_reference(void **state)
{
    (void) state;
    struct presigned_url_parameters parameters = usual_parameters();
    must_send(&parameters);
    assert_string_equal(sent.service, "sagemaker");
    assert_string_equal(sent.endpoint_url, "https://api.sagemaker.ap-northeast-1.amazonaws.com");
    assert_string_equal(sent.region, "ap-northeast-1");
    assert_string_equal(sent.content_type, "application/x-amz-json-1.1");
    assert_string_equal(sent.target, "SageMaker.CreatePresignedDomainUrl");
    assert_false(sent.has_accept);
    assert_string_equal(sent.body,
                        "{\"DomainId\":\"d-abc123def456\",\"UserProfileName\":\"taro\",\"ExpiresInSeconds\":20,"
                        "\"SessionExpirationDurationInSeconds\":43200}");
    assert_int_equal(sent.deadline.at_ms, 77);
    assert_string_equal(sent.proxy_url, "");
    assert_string_equal(sent.ca_bundle, "");
}

static void
optional_parameters_are_sent_only_when_set(void **state)
{
    (void) state;
    struct presigned_url_parameters parameters = usual_parameters();
    parameters.space_name = "";
    parameters.landing_uri = "";
    must_send(&parameters);
    assert_null(strstr(sent.body, "SpaceName"));
    assert_null(strstr(sent.body, "LandingUri"));
    parameters.space_name = "team-space";
    must_send(&parameters);
    assert_non_null(strstr(sent.body, ",\"SpaceName\":\"team-space\"}"));
    parameters.space_name = NULL;
    parameters.landing_uri = "app:JupyterLab:lab/tree/a.ipynb";
    must_send(&parameters);
    assert_non_null(strstr(sent.body, ",\"LandingUri\":\"app:JupyterLab:lab/tree/a.ipynb\"}"));
}

static void
ca_bundle_and_proxy_are_handed_on(void **state)
{
    (void) state;
    struct presigned_url_parameters parameters = usual_parameters();
    parameters.ca_bundle = "/etc/ca.pem";
    parameters.proxy_url = "http://proxy:3128";
    must_send(&parameters);
    assert_string_equal(sent.ca_bundle, "/etc/ca.pem");
    assert_string_equal(sent.proxy_url, "http://proxy:3128");
}

static void
expect_config_error(const struct presigned_url_parameters *parameters)
{
    struct failure failure = {0};
    assert_false(presigned_url_check(parameters, &failure));
    assert_string_equal(failure.code, "config");
    assert_true(strlen(failure.message) > 20);
    assert_false(request_with(parameters, &failure));
    assert_int_equal(sent.count, 0);
}

static void
the_api_models_ranges_hold(void **state)
{
    (void) state;
    static const struct {
        int expires, session;
        bool good;
    } cases[] = {{5, 1800, true},    {300, 43200, true}, {4, 1800, false},
                 {301, 1800, false}, {5, 1799, false},   {5, 43201, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct presigned_url_parameters parameters = usual_parameters();
        parameters.expires_in_seconds = cases[i].expires;
        parameters.session_expiration_duration_in_seconds = cases[i].session;
        struct failure failure;
        if (cases[i].good)
            assert_true(presigned_url_check(&parameters, &failure));
        else
            expect_config_error(&parameters);
    }
}

static void
the_api_models_patterns_hold(void **state)
{
    (void) state;
    struct presigned_url_parameters parameters = usual_parameters();
    parameters.domain_id = "x-1";
    expect_config_error(&parameters);
    parameters = usual_parameters();
    parameters.domain_id = NULL;
    expect_config_error(&parameters);
    parameters = usual_parameters();
    parameters.user_profile_name = "a.b";
    expect_config_error(&parameters);
    parameters = usual_parameters();
    parameters.user_profile_name = "";
    expect_config_error(&parameters);
    parameters = usual_parameters();
    parameters.space_name = "-space";
    expect_config_error(&parameters);
    parameters = usual_parameters();
    parameters.landing_uri = "studio::/evil.example";
    expect_config_error(&parameters);
    parameters = usual_parameters();
    parameters.region = "nowhere";
    expect_config_error(&parameters);
    parameters = usual_parameters();
    parameters.endpoint_url = "https://host/path";
    expect_config_error(&parameters);
}

/* The answer */

static struct http_answer
answer_of(long status, const char *body, size_t length)
{
    struct http_answer answer = {.end = HTTP_ANSWERED, .status = status, .body = BUFFER((size_t) 512 * 1024)};
    copy(answer.address, sizeof(answer.address), "10.1.2.3");
    assert_true(buffer_append(&answer.body, body, length));
    return answer;
}

static void
expect_refusal_of(const char *body, size_t length, const char *code)
{
    struct presigned_url_parameters parameters = usual_parameters();
    struct http_answer answer = answer_of(200, body, length);
    struct failure failure = {0};
    char *url = (char *) &parameters;
    if (presigned_url_answer(&parameters, &answer, &url, &failure))
        fail_msg("taken: %s", body);
    assert_null(url);
    assert_string_equal(failure.code, code);
    assert_null(strstr(failure.message, TOKEN));
    assert_true(strlen(failure.message) > 20);
    buffer_free(&answer.body);
}

static void
the_link_is_handed_out(void **state)
{
    (void) state;
    static const char body[] = "{\"AuthorizedUrl\":\"" LINK "\"}";
    struct presigned_url_parameters parameters = usual_parameters();
    struct http_answer answer = answer_of(200, body, sizeof(body) - 1);
    struct failure failure;
    char *url;
    assert_true(presigned_url_answer(&parameters, &answer, &url, &failure));
    assert_string_equal(url, LINK);
    secret_free(&url);
    buffer_free(&answer.body);
}

static void
members_that_are_not_known_do_no_harm(void **state)
{
    (void) state;
    static const char body[] =
        " {\"New\":{\"AuthorizedUrl\":\"x\"},\"AuthorizedUrl\":\"" LINK "\",\"authorizedurl\":1}\n";
    struct presigned_url_parameters parameters = usual_parameters();
    struct http_answer answer = answer_of(200, body, sizeof(body) - 1);
    struct failure failure;
    char *url;
    assert_true(presigned_url_answer(&parameters, &answer, &url, &failure));
    assert_string_equal(url, LINK);
    secret_free(&url);
    buffer_free(&answer.body);
}

static void
a_host_of_the_settings_is_good(void **state)
{
    (void) state;
    static const char body[] = "{\"AuthorizedUrl\":\"https://a.studio.corp.example/auth?token=" TOKEN "\"}";
    char *suffixes[] = {"studio.corp.example", NULL};
    struct presigned_url_parameters parameters = usual_parameters();
    parameters.studio_url_suffixes = suffixes;
    struct http_answer answer = answer_of(200, body, sizeof(body) - 1);
    struct failure failure;
    char *url;
    assert_true(presigned_url_answer(&parameters, &answer, &url, &failure));
    secret_free(&url);
    buffer_free(&answer.body);
}

static void
what_is_not_one_object_with_one_link_is_refused(void **state)
{
    (void) state;
    static const char *const bodies[] = {"",
                                         "{}",
                                         "<html>" LINK "</html>",
                                         "\"" LINK "\"",
                                         "[{\"AuthorizedUrl\":\"" LINK "\"}]",
                                         "{\"AuthorizedUrl\":null}",
                                         "{\"AuthorizedUrl\":[\"" LINK "\"]}",
                                         "{\"authorizedUrl\":\"" LINK "\"}",
                                         "{\"AuthorizedUrl\":\"" LINK "\",\"AuthorizedUrl\":\"" LINK "\"}",
                                         "{\"AuthorizedUrl\":\"" LINK "\"}{}",
                                         "{\"AuthorizedUrl\":\"" LINK "\"",
                                         "{\"AuthorizedUrl\":\"" LINK "\\u0000\"}",
                                         "{\"AuthorizedUrl\":\"" LINK "\\nX\"}",
                                         "{\"AuthorizedUrl\":\"" LINK "\n\"}",
                                         "{\"AuthorizedUrl\":\"http://evil.example/auth?token=" TOKEN "\"}",
                                         "{\"AuthorizedUrl\":\"https://evil.example/auth?token=" TOKEN "\"}"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        expect_refusal_of(bodies[i], strlen(bodies[i]), "bad-answer");
    static const char with_nul[] = "{\"AuthorizedUrl\":\"" LINK "\0\"}";
    expect_refusal_of(with_nul, sizeof(with_nul) - 1, "bad-answer");
}

static void
a_link_of_40_kb_is_refused(void **state)
{
    (void) state;
    static char body[41000] = "{\"AuthorizedUrl\":\"" LINK;
    memset(body + strlen(body), 'x', 40000);
    memcpy(body + strlen(body), "\"}", 3);
    expect_refusal_of(body, strlen(body), "bad-answer");
}

/* Errors */

static void
explain(long status, const char *body, const char *date, const char *address, struct failure *failure)
{
    struct presigned_url_parameters parameters = usual_parameters();
    struct http_answer answer = answer_of(status, body, strlen(body));
    copy(answer.date, sizeof(answer.date), date);
    copy(answer.address, sizeof(answer.address), address);
    char *url;
    assert_false(presigned_url_answer(&parameters, &answer, &url, failure));
    assert_null(url);
    buffer_free(&answer.body);
}

static void
expect_words(const struct failure *failure, const char *code, const char *const words[])
{
    assert_string_equal(failure->code, code);
    for (; *words != NULL; words++) {
        if (strstr(failure->message, *words) == NULL)
            fail_msg("no \"%s\" in: %s", *words, failure->message);
    }
}

static void
a_denial_repeats_aws_and_says_which_way_the_call_went(void **state)
{
    (void) state;
    static const char body[] =
        "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: arn:aws:sts::1:assumed-role/desktop/i-0 "
        "is not authorized to perform: sagemaker:CreatePresignedDomainUrl\"}";
    struct failure failure;
    explain(400, body, "", "10.1.2.3", &failure);
    expect_words(&failure, "access-denied",
                 (const char *const[]){"arn:aws:sts::1:assumed-role/desktop/i-0",
                                       "api.sagemaker.ap-northeast-1.amazonaws.com (10.1.2.3, a private address)",
                                       "sagemaker.api and studio", NULL});
    explain(400, body, "", "52.94.1.2", &failure);
    expect_words(&failure, "access-denied", (const char *const[]){"52.94.1.2, a public address", NULL});
    explain(403, body, "", "fd12::1", &failure);
    expect_words(&failure, "access-denied", (const char *const[]){"fd12::1, a private address", NULL});
    explain(403, body, "", "2600:1f18::1", &failure);
    expect_words(&failure, "access-denied", (const char *const[]){"2600:1f18::1, a public address", NULL});
}

static void
a_denial_names_the_role_that_was_assumed(void **state)
{
    (void) state;
    struct presigned_url_parameters parameters = usual_parameters();
    static const char body[] = "{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}";
    struct http_answer answer = answer_of(400, body, strlen(body));
    struct failure failure;
    char *url;
    parameters.role_arn = "arn:aws:iam::111122223333:role/studio-link";
    assert_false(presigned_url_answer(&parameters, &answer, &url, &failure));
    expect_words(&failure, "access-denied",
                 (const char *const[]){"arn:aws:iam::111122223333:role/studio-link", "in that role's policy", NULL});
    buffer_free(&answer.body);
}

static void
an_unknown_profile_is_named_with_its_domain(void **state)
{
    (void) state;
    struct failure failure;
    explain(400, "{\"__type\":\"ResourceNotFound\",\"Message\":\"UserProfile does not exist\"}", "", "", &failure);
    expect_words(&failure, "not-found",
                 (const char *const[]){"\"taro\"", "d-abc123def456", "ap-northeast-1", "list-user-profiles", NULL});
}

static void
a_domain_of_identity_center_is_recognised_by_what_aws_says(void **state)
{
    (void) state;
    static const char *const texts[] = {
        "AuthMode of domain is SSO",
        "This operation is not supported for domains with SSO.",
        "Domain [d-abc123def456] uses IAM Identity Center",
        "Operation can only be called when the authentication mode equals IAM",
    };
    struct failure failure;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char body[256];
        snprintf(body, sizeof(body), "{\"__type\":\"ValidationException\",\"message\":\"%s\"}", texts[i]);
        explain(400, body, "", "", &failure);
        expect_words(&failure, "identity-center",
                     (const char *const[]){texts[i], "d-abc123def456", "AuthMode is IAM", NULL});
    }
}

static void
a_name_with_sso_in_it_does_not_make_a_domain_one_of_identity_center(void **state)
{
    (void) state;
    static const char *const names[] = {"SSO-team", "team-SSO", "PICASSO", "picasso", "my_SSO_x"};
    struct failure failure;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char body[256];
        snprintf(body, sizeof(body),
                 "{\"__type\":\"ValidationException\",\"message\":\"Value '%s' failed to satisfy a constraint\"}",
                 names[i]);
        explain(400, body, "", "", &failure);
        expect_words(&failure, "invalid-request", (const char *const[]){names[i], "AuthMode is IAM", NULL});
    }
}

static void
a_wrong_clock_is_measured(void **state)
{
    (void) state;
    static const char body[] =
        "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: 20210502T144040Z is now "
        "earlier than 20210502T173143Z\"}";
    char date[64];
    struct tm utc;
    struct failure failure;
    time_t awss_time = time(NULL) - 7000;
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&awss_time, &utc));
    explain(403, body, date, "", &failure);
    expect_words(&failure, "clock", (const char *const[]){" 700", " s ahead of AWS's clock", "chronyc", NULL});
    awss_time += 14000;
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&awss_time, &utc));
    explain(403, body, date, "", &failure);
    expect_words(&failure, "clock", (const char *const[]){" s behind AWS's clock", NULL});
    explain(403, body, "yesterday", "", &failure);
    expect_words(&failure, "clock", (const char *const[]){"does not say by how much", NULL});
}

static void
every_kind_of_error_has_its_word_and_an_advice(void **state)
{
    (void) state;
    static const struct {
        long status;
        const char *body, *code, *advice;
    } cases[] = {
        {400, "{\"__type\":\"ExpiredTokenException\"}", "expired-credentials", "fetched anew"},
        {403, "{\"__type\":\"UnrecognizedClientException\"}", "expired-credentials", "still exists"},
        {403, "{\"__type\":\"InvalidSignatureException\",\"message\":\"does not match\"}", "bad-signature",
         "endpoint_url"},
        {400, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}", "throttled", "icon"},
        {500, "{\"__type\":\"InternalFailure\"}", "service-error", "later"},
        {503, "", "service-error", "later"},
        {407, "<html>proxy</html>", "bad-answer", "proxy_url"},
        {301, "", "bad-answer", "resolves"},
        {204, "", "bad-answer", "resolves"},
        {403, "{\"__type\":\"OptInRequired\"}", "refused", "OptInRequired"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct failure failure;
        explain(cases[i].status, cases[i].body, "", "", &failure);
        expect_words(&failure, cases[i].code, (const char *const[]){cases[i].advice, NULL});
    }
}

static void
no_answer_keeps_the_transports_code_and_adds_advice(void **state)
{
    (void) state;
    static const struct {
        enum http_end end;
        const char *advice;
    } cases[] = {{HTTP_UNRESOLVED, "private DNS"},
                 {HTTP_UNCONNECTED, "443"},
                 {HTTP_TIMED_OUT, "slow"},
                 {HTTP_TLS_FAILED, "kept secret"},
                 {HTTP_BROKEN, "proxy_url"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct presigned_url_parameters parameters = usual_parameters();
        struct http_answer answer = {.end = cases[i].end};
        failure_set(&answer.failure, "some-code", "what happened");
        struct failure failure;
        char *url;
        assert_false(presigned_url_answer(&parameters, &answer, &url, &failure));
        expect_words(&failure, "some-code", (const char *const[]){"what happened", cases[i].advice, NULL});
    }
}

static uint32_t
next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (*seed >> 33);
}

static void
check_mutated(const char *body, size_t length)
{
    static const char beginning[] = "https://";
    struct presigned_url_parameters parameters = usual_parameters();
    struct http_answer answer = answer_of(200, body, length);
    struct failure failure = {0};
    char *url;
    if (presigned_url_answer(&parameters, &answer, &url, &failure)) {
        assert_int_equal(strncmp(url, beginning, strlen(beginning)), 0);
        assert_non_null(strstr(url, ".studio.ap-northeast-1.sagemaker.aws/auth?token="));
        for (const char *byte = url; *byte != '\0'; byte++)
            assert_true(*byte > 0x20 && *byte < 0x7f && strchr("\"'<>\\^`{}|#@", *byte) == NULL);
        secret_free(&url);
    } else {
        assert_null(url);
        assert_string_equal(failure.code, "bad-answer");
        assert_true(text_is_printable(failure.message, strlen(failure.message)));
        assert_null(strstr(failure.message, "s3cr3t"));
    }
    buffer_free(&answer.body);
}

static void
mutated_answers_give_a_good_link_or_none(void **state)
{
    (void) state;
    static const char body[] = "{\"AuthorizedUrl\":\"" LINK "%2b\",\"x\":[1.5e3,true,{\"y\":\"\\u00e9\\\\\\/\"}]}";
    static const char pieces[] = "\"\\{}[]:,/@?#%.\n\r \tu0n";
    uint64_t seed = 2;
    for (int round = 0; round < 20000; round++) {
        char mutated[sizeof(body)];
        memcpy(mutated, body, sizeof(body));
        for (uint32_t changes = 1 + next_random(&seed) % 3; changes > 0; changes--) {
            char *byte = &mutated[next_random(&seed) % (sizeof(body) - 1)];
            if (next_random(&seed) % 2 == 0)
                *byte = (char) next_random(&seed);
            else
                *byte = pieces[next_random(&seed) % (sizeof(pieces) - 1)];
        }
        check_mutated(mutated, next_random(&seed) % 4 == 0 ? next_random(&seed) % sizeof(body) : sizeof(body) - 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_the_one_of_the_api_reference),
        cmocka_unit_test(optional_parameters_are_sent_only_when_set),
        cmocka_unit_test(ca_bundle_and_proxy_are_handed_on),
        cmocka_unit_test(the_api_models_ranges_hold),
        cmocka_unit_test(the_api_models_patterns_hold),
        cmocka_unit_test(the_link_is_handed_out),
        cmocka_unit_test(members_that_are_not_known_do_no_harm),
        cmocka_unit_test(a_host_of_the_settings_is_good),
        cmocka_unit_test(what_is_not_one_object_with_one_link_is_refused),
        cmocka_unit_test(a_link_of_40_kb_is_refused),
        cmocka_unit_test(a_denial_repeats_aws_and_says_which_way_the_call_went),
        cmocka_unit_test(a_denial_names_the_role_that_was_assumed),
        cmocka_unit_test(an_unknown_profile_is_named_with_its_domain),
        cmocka_unit_test(a_domain_of_identity_center_is_recognised_by_what_aws_says),
        cmocka_unit_test(a_name_with_sso_in_it_does_not_make_a_domain_one_of_identity_center),
        cmocka_unit_test(a_wrong_clock_is_measured),
        cmocka_unit_test(every_kind_of_error_has_its_word_and_an_advice),
        cmocka_unit_test(no_answer_keeps_the_transports_code_and_adds_advice),
        cmocka_unit_test(mutated_answers_give_a_good_link_or_none),
    };
    return cmocka_run_group_tests_name("presigned_url", tests, NULL, NULL);
}
