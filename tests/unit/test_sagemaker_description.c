/*
 * test_sagemaker_description.c: the questions as they would be sent, and what each answer becomes.  aws_call_start is
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

#include "sagemaker_description.h"

#define ENDPOINT "https://api.sagemaker.ap-northeast-1.amazonaws.com"

/* The request that aws_call_start was given last. */
static struct {
    char service[16], endpoint_url[128], region[32], content_type[64], target[64], body[512];
    bool has_ca_bundle, has_proxy;
} sent;

struct aws_call *
aws_call_start(struct aws_client *client, const struct aws_request *request, const struct credentials *credentials,
               struct deadline deadline, aws_call_done *done, void *owner, struct failure *failure)
{
    (void) client;
    (void) credentials;
    (void) deadline;
    (void) done;
    (void) owner;
    (void) failure;
    memset(&sent, 0, sizeof(sent));
    snprintf(sent.service, sizeof(sent.service), "%s", request->service);
    snprintf(sent.endpoint_url, sizeof(sent.endpoint_url), "%s", request->endpoint_url);
    snprintf(sent.region, sizeof(sent.region), "%s", request->region);
    snprintf(sent.content_type, sizeof(sent.content_type), "%s", request->content_type);
    snprintf(sent.target, sizeof(sent.target), "%s", request->target);
    assert_true(request->body_length < sizeof(sent.body));
    memcpy(sent.body, request->body, request->body_length);
    sent.has_ca_bundle = request->ca_bundle != NULL;
    sent.has_proxy = request->proxy_url != NULL;
    return (struct aws_call *) &sent;
}

static void
ask(struct sagemaker_question question)
{
    struct failure failure;

    question.endpoint_url = ENDPOINT;
    question.region = "ap-northeast-1";
    assert_non_null(sagemaker_ask(NULL, &question, NULL, deadline_in_ms(1000), NULL, NULL, &failure));
    assert_string_equal(sent.service, "sagemaker");
    assert_string_equal(sent.endpoint_url, ENDPOINT);
    assert_string_equal(sent.region, "ap-northeast-1");
    assert_string_equal(sent.content_type, "application/x-amz-json-1.1");
    assert_false(sent.has_ca_bundle || sent.has_proxy);
}

static void
each_question_is_sent_with_what_the_api_asks_for_and_nothing_more(void **state)
{
    (void) state;
    ask((struct sagemaker_question){.operation = DESCRIBE_DOMAIN, .domain_id = "d-1", .user_profile_name = "x"});
    assert_string_equal(sent.target, "SageMaker.DescribeDomain");
    assert_string_equal(sent.body, "{\"DomainId\":\"d-1\"}");
    ask((struct sagemaker_question){
        .operation = DESCRIBE_USER_PROFILE, .domain_id = "d-1", .user_profile_name = "alice"});
    assert_string_equal(sent.target, "SageMaker.DescribeUserProfile");
    assert_string_equal(sent.body, "{\"DomainId\":\"d-1\",\"UserProfileName\":\"alice\"}");
    ask((struct sagemaker_question){.operation = LIST_USER_PROFILES, .domain_id = "d-1"});
    assert_string_equal(sent.target, "SageMaker.ListUserProfiles");
    assert_string_equal(sent.body, "{\"DomainIdEquals\":\"d-1\",\"MaxResults\":100}");
    ask((struct sagemaker_question){.operation = LIST_DOMAINS, .domain_id = "d-1", .next_token = "to\"ken"});
    assert_string_equal(sent.target, "SageMaker.ListDomains");
    assert_string_equal(sent.body, "{\"MaxResults\":100,\"NextToken\":\"to\\\"ken\"}");
}

/* An answer with this body; the caller ends it with buffer_free. */
static struct http_answer
answer_of(long status, const char *body)
{
    struct http_answer answer = {.end = HTTP_ANSWERED, .status = status, .body = BUFFER((size_t) 1 << 20)};

    assert_true(buffer_append_text(&answer.body, body));
    return answer;
}

static enum sagemaker_end
domain_of(long status, const char *body, struct domain_description *description, struct failure *failure)
{
    struct http_answer answer = answer_of(status, body);
    enum sagemaker_end end = domain_description_read(&answer, description, failure);

    buffer_free(&answer.body);
    return end;
}

static void
a_domain_is_described(void **state)
{
    (void) state;
    struct domain_description it;
    struct failure failure;

    assert_int_equal(
        domain_of(200,
                  "{\"DomainArn\":\"arn:aws-cn:sagemaker:cn-north-1:111122223333:domain/d-1\",\"DomainName\":\"lab\","
                  "\"AuthMode\":\"SSO\",\"Status\":\"Failed\",\"FailureReason\":\"no\\u001b[31m\\nroom\","
                  "\"Url\":\"https://d-1.studio.cn-north-1.sagemaker.com.cn\",\"AppNetworkAccessType\":\"VpcOnly\","
                  "\"VpcId\":\"vpc-1\",\"DefaultUserSettings\":{\"StudioWebPortal\":\"DISABLED\"}}",
                  &it, &failure),
        SAGEMAKER_TOLD);
    assert_string_equal(it.account, "111122223333");
    assert_string_equal(it.name, "lab");
    assert_string_equal(it.auth_mode, "SSO");
    assert_string_equal(it.status, "Failed");
    assert_string_equal(it.failure_reason, "no?[31m room");
    assert_string_equal(it.url, "https://d-1.studio.cn-north-1.sagemaker.com.cn");
    assert_string_equal(it.network, "VpcOnly");
    assert_string_equal(it.vpc_id, "vpc-1");
    assert_string_equal(it.studio_web_portal, "DISABLED");
}

static void
what_a_domain_does_not_say_is_empty(void **state)
{
    (void) state;
    static const char *const arns[] = {"null",
                                       "\"\"",
                                       "\"arn:aws:sagemaker\"",
                                       "\"::::12345:domain/x\"",
                                       "\"::::1234567890123:x\"",
                                       "\"::::12345678901x:x\""};
    struct domain_description it;
    struct failure failure;
    char body[200];

    for (size_t i = 0; i < sizeof(arns) / sizeof(arns[0]); i++) {
        snprintf(body, sizeof(body), "{\"Status\":\"InService\",\"DomainArn\":%s,\"DefaultUserSettings\":7}", arns[i]);
        assert_int_equal(domain_of(200, body, &it, &failure), SAGEMAKER_TOLD);
        assert_string_equal(it.account, "");
        assert_string_equal(it.url, "");
        assert_string_equal(it.studio_web_portal, "");
    }
}

static void
texts_that_are_too_long_are_cut(void **state)
{
    (void) state;
    struct domain_description it;
    struct failure failure;
    char body[4096];

    snprintf(body, sizeof(body), "{\"Status\":\"InService\",\"FailureReason\":\"%0*d\",\"VpcId\":\"%0100d\"}", 3000, 0,
             0);
    assert_int_equal(domain_of(200, body, &it, &failure), SAGEMAKER_TOLD);
    assert_true(strlen(it.failure_reason) < sizeof(it.failure_reason));
    assert_true(strlen(it.vpc_id) < sizeof(it.vpc_id));
}

static void
refusals_are_told_apart_and_quoted(void **state)
{
    (void) state;
    static const struct {
        const char *body;
        enum sagemaker_end end;
        const char *code, *message;
    } cases[] = {
        {"{\"__type\":\"ResourceNotFound\",\"Message\":\"Domain [d-1] does not exist.\"}", SAGEMAKER_ABSENT,
         "not-found", "ResourceNotFound: \"Domain [d-1] does not exist.\""},
        {"{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}", SAGEMAKER_DENIED, "access-denied",
         "AccessDeniedException: \"no\""},
        {"{\"__type\":\"ThrottlingException\"}", SAGEMAKER_THROTTLED, "throttled", "ThrottlingException"},
        {"{\"__type\":\"InternalFailure\"}", SAGEMAKER_FAILED, "service-error", "InternalFailure"},
        {"<html>Sorry</html>", SAGEMAKER_FAILED, "bad-answer", "http-400: \"<html>Sorry</html>\""},
    };
    struct domain_description it;
    struct failure failure;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(domain_of(400, cases[i].body, &it, &failure), cases[i].end);
        assert_string_equal(failure.code, cases[i].code);
        assert_string_equal(failure.message, cases[i].message);
    }
}

static void
an_answer_that_describes_nothing_is_no_description(void **state)
{
    (void) state;
    static const char *const bodies[] = {"",
                                         "[]",
                                         "{}",
                                         "{\"Status\":\"\"}",
                                         "{\"Status\":7}",
                                         "{\"Status\":\"InService\",\"Status\":\"Failed\"}",
                                         "{\"Status\":\"InServ"};
    struct user_profile_description profile;
    struct domain_description domain;
    struct failure failure;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct http_answer answer = answer_of(200, bodies[i]);

        assert_int_equal(domain_description_read(&answer, &domain, &failure), SAGEMAKER_FAILED);
        assert_string_equal(failure.code, "bad-answer");
        assert_int_equal(user_profile_description_read(&answer, &profile, &failure), SAGEMAKER_FAILED);
        assert_string_equal(failure.code, "bad-answer");
        buffer_free(&answer.body);
    }
}

static void
an_exchange_without_an_answer_keeps_its_failure(void **state)
{
    (void) state;
    struct http_answer answer = {.end = HTTP_TLS_FAILED};
    struct sagemaker_names names = {0};
    struct failure failure;

    failure_set(&answer.failure, "tls", "no trusted connection");
    assert_int_equal(sagemaker_names_read(&answer, LIST_DOMAINS, &names, &failure), SAGEMAKER_FAILED);
    assert_string_equal(failure.code, "tls");
    assert_string_equal(failure.message, "no trusted connection");
}

static void
a_user_profile_is_described_as_aws_writes_it(void **state)
{
    (void) state;
    struct http_answer answer =
        answer_of(200, "{\"UserProfileName\":\"alice-tanaka\",\"Status\":\"Failed\",\"FailureReason\":\"EFS\","
                       "\"SingleSignOnUserValue\":\"alice@example.com\"}");
    struct user_profile_description it;
    struct failure failure;

    assert_int_equal(user_profile_description_read(&answer, &it, &failure), SAGEMAKER_TOLD);
    assert_string_equal(it.name, "alice-tanaka");
    assert_string_equal(it.status, "Failed");
    assert_string_equal(it.failure_reason, "EFS");
    assert_string_equal(it.single_sign_on_user, "alice@example.com");
    buffer_free(&answer.body);
}

static enum sagemaker_end
add_page(struct sagemaker_names *names, enum sagemaker_operation operation, const char *body)
{
    struct http_answer answer = answer_of(200, body);
    struct failure failure;
    enum sagemaker_end end = sagemaker_names_read(&answer, operation, names, &failure);

    buffer_free(&answer.body);
    return end;
}

static void
pages_of_a_list_are_put_together(void **state)
{
    (void) state;
    struct sagemaker_names names = {0};

    assert_int_equal(add_page(&names, LIST_USER_PROFILES,
                              "{\"UserProfiles\":[{\"UserProfileName\":\"alice\"},{\"UserProfileName\":\"bob\"}],"
                              "\"NextToken\":\"more\"}"),
                     SAGEMAKER_TOLD);
    assert_string_equal(names.next_token, "more");
    assert_int_equal(add_page(&names, LIST_USER_PROFILES, "{\"UserProfiles\":[{\"UserProfileName\":\"carol\"}]}"),
                     SAGEMAKER_TOLD);
    assert_null(names.next_token);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.names[0], "alice");
    assert_string_equal(names.names[2], "carol");
    sagemaker_names_free(&names);
    assert_int_equal(names.count, 0);
}

static void
names_that_cannot_be_are_passed_over(void **state)
{
    (void) state;
    struct sagemaker_names names = {0};

    assert_int_equal(
        add_page(&names, LIST_DOMAINS,
                 "{\"Domains\":[{\"DomainId\":\"d-1\"},{\"DomainId\":\"; rm -rf /\"},{\"DomainId\":7},7,{}],"
                 "\"NextToken\":\"\"}"),
        SAGEMAKER_TOLD);
    assert_int_equal(names.count, 1);
    assert_null(names.next_token);
    assert_int_equal(add_page(&names, LIST_DOMAINS, "{\"UserProfiles\":[]}"), SAGEMAKER_FAILED);
    assert_int_equal(add_page(&names, LIST_DOMAINS, "{\"Domains\":{}}"), SAGEMAKER_FAILED);
    sagemaker_names_free(&names);
}

static void
a_list_has_an_end(void **state)
{
    (void) state;
    struct buffer page = BUFFER((size_t) 1 << 20);
    struct sagemaker_names names = {0};

    assert_true(buffer_append_text(&page, "{\"UserProfiles\":[{\"UserProfileName\":\"first\"}"));
    for (int i = 1; i < 1000; i++)
        assert_true(buffer_append_format(&page, ",{\"UserProfileName\":\"user-%d\"}", i));
    assert_true(buffer_append_text(&page, "],\"NextToken\":\"more\"}"));
    for (int i = 0; i <= SAGEMAKER_NAMES_MAX / 1000; i++)
        assert_int_equal(add_page(&names, LIST_USER_PROFILES, page.data), SAGEMAKER_TOLD);
    assert_int_equal(names.count, SAGEMAKER_NAMES_MAX);
    sagemaker_names_free(&names);
    buffer_free(&page);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_question_is_sent_with_what_the_api_asks_for_and_nothing_more),
        cmocka_unit_test(a_domain_is_described),
        cmocka_unit_test(what_a_domain_does_not_say_is_empty),
        cmocka_unit_test(texts_that_are_too_long_are_cut),
        cmocka_unit_test(refusals_are_told_apart_and_quoted),
        cmocka_unit_test(an_answer_that_describes_nothing_is_no_description),
        cmocka_unit_test(an_exchange_without_an_answer_keeps_its_failure),
        cmocka_unit_test(a_user_profile_is_described_as_aws_writes_it),
        cmocka_unit_test(pages_of_a_list_are_put_together),
        cmocka_unit_test(names_that_cannot_be_are_passed_over),
        cmocka_unit_test(a_list_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
