/*
 * sagemaker_description.c: see sagemaker_description.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sagemaker_description.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_refusal.h"
#include "json_text.h"
#include "settings.h"

#define PAGE_SIZE      100  /* MaxResults: the API's greatest */
#define NEXT_TOKEN_MAX 8192 /* the API's greatest */

static const char *const operation_names[] = {
    [DESCRIBE_DOMAIN] = "DescribeDomain",
    [DESCRIBE_USER_PROFILE] = "DescribeUserProfile",
    [LIST_DOMAINS] = "ListDomains",
    [LIST_USER_PROFILES] = "ListUserProfiles",
};

const char *
sagemaker_operation_name(enum sagemaker_operation operation)
{
    return operation_names[operation];
}

/*
 * Questions
 */

static bool
put_text(cJSON *body, const char *name, const char *value)
{
    return value != NULL && cJSON_AddStringToObject(body, name, value) != NULL;
}

static bool
put_page(cJSON *body, const char *next_token)
{
    return cJSON_AddNumberToObject(body, "MaxResults", PAGE_SIZE) != NULL &&
           (next_token == NULL || put_text(body, "NextToken", next_token));
}

static bool
put_members(cJSON *body, const struct sagemaker_question *question)
{
    switch (question->operation) {
    case DESCRIBE_DOMAIN:
        return put_text(body, "DomainId", question->domain_id);
    case DESCRIBE_USER_PROFILE:
        return put_text(body, "DomainId", question->domain_id) &&
               put_text(body, "UserProfileName", question->user_profile_name);
    case LIST_USER_PROFILES:
        return put_text(body, "DomainIdEquals", question->domain_id) && put_page(body, question->next_token);
    case LIST_DOMAINS:
    default:
        return put_page(body, question->next_token);
    }
}

static char *
make_body(const struct sagemaker_question *question)
{
    AUTO_JSON cJSON *body = json_object_create();

    return body != NULL && put_members(body, question) ? cJSON_PrintUnformatted(body) : NULL;
}

struct aws_call *
sagemaker_ask(struct aws_client *client, const struct sagemaker_question *question,
              const struct credentials *credentials, struct deadline deadline, aws_call_done *done, void *owner,
              struct failure *failure)
{
    char *body = make_body(question);
    char target[64];
    struct aws_call *call;

    if (body == NULL) {
        failure_set(failure, "memory", "The request to SageMaker could not be made: memory is short.");
        return NULL;
    }
    snprintf(target, sizeof(target), "SageMaker.%s", operation_names[question->operation]);
    struct aws_request request = {
        .service = "sagemaker",
        .endpoint_url = question->endpoint_url,
        .region = question->region,
        .content_type = "application/x-amz-json-1.1",
        .target = target,
        .body = body,
        .body_length = strlen(body),
        .ca_bundle = question->ca_bundle,
        .proxy_url = question->proxy_url,
    };
    call = aws_call_start(client, &request, credentials, deadline, done, owner, failure);
    cJSON_free(body);
    return call;
}

/*
 * Answers
 */

static enum sagemaker_end
end_of(enum aws_error_kind kind)
{
    switch (kind) {
    case AWS_ERROR_NOT_FOUND:
        return SAGEMAKER_ABSENT;
    case AWS_ERROR_DENIED:
        return SAGEMAKER_DENIED;
    case AWS_ERROR_THROTTLED:
        return SAGEMAKER_THROTTLED;
    default:
        return SAGEMAKER_FAILED;
    }
}

static enum sagemaker_end
read_refusal(const struct http_answer *answer, struct failure *failure)
{
    struct aws_refusal refusal;

    aws_refusal_read(NULL, answer, &refusal);
    failure_set(failure, aws_error_word(refusal.kind), "%s", refusal.said);
    return end_of(refusal.kind);
}

/* The object that came, or NULL with the end and the failure. */
static cJSON *
read_object(const struct http_answer *answer, enum sagemaker_end *end, struct failure *failure)
{
    cJSON *object;

    *end = SAGEMAKER_FAILED;
    if (answer->end != HTTP_ANSWERED) {
        *failure = answer->failure;
        return NULL;
    }
    if (answer->status != 200) {
        *end = read_refusal(answer, failure);
        return NULL;
    }
    object = json_object_parse(answer->body.data, answer->body.length);
    if (object == NULL)
        failure_set(failure, "bad-answer", "the answer with status 200 is not a JSON object");
    else
        *end = SAGEMAKER_TOLD;
    return object;
}

static void
take_text(const cJSON *object, const char *name, char *text, size_t size)
{
    const char *value = json_string(object, name);

    text[0] = '\0';
    if (value != NULL)
        aws_error_quote(value, strlen(value), text, size);
}

/* arn:PARTITION:sagemaker:REGION:ACCOUNT:domain/ID */
static void
take_account(const char *arn, char account[13])
{
    static const char digits[] = "0123456789";

    account[0] = '\0';
    for (int colon = 0; colon < 4 && arn != NULL; colon++) {
        arn = strchr(arn, ':');
        arn = arn != NULL ? arn + 1 : NULL;
    }
    if (arn != NULL && strspn(arn, digits) == 12 && arn[12] == ':') {
        memcpy(account, arn, 12);
        account[12] = '\0';
    }
}

enum sagemaker_end
domain_description_read(const struct http_answer *answer, struct domain_description *description,
                        struct failure *failure)
{
    enum sagemaker_end end;
    AUTO_JSON cJSON *object = read_object(answer, &end, failure);

    *description = (struct domain_description){0};
    if (object == NULL)
        return end;
    take_text(object, "DomainName", description->name, sizeof(description->name));
    take_text(object, "AuthMode", description->auth_mode, sizeof(description->auth_mode));
    take_text(object, "Status", description->status, sizeof(description->status));
    take_text(object, "FailureReason", description->failure_reason, sizeof(description->failure_reason));
    take_text(object, "Url", description->url, sizeof(description->url));
    take_text(object, "AppNetworkAccessType", description->network, sizeof(description->network));
    take_text(object, "VpcId", description->vpc_id, sizeof(description->vpc_id));
    take_account(json_string(object, "DomainArn"), description->account);
    take_text(cJSON_GetObjectItemCaseSensitive(object, "DefaultUserSettings"), "StudioWebPortal",
              description->studio_web_portal, sizeof(description->studio_web_portal));
    if (description->status[0] != '\0')
        return SAGEMAKER_TOLD;
    failure_set(failure, "bad-answer", "the answer with status 200 describes no domain");
    return SAGEMAKER_FAILED;
}

enum sagemaker_end
user_profile_description_read(const struct http_answer *answer, struct user_profile_description *description,
                              struct failure *failure)
{
    enum sagemaker_end end;
    AUTO_JSON cJSON *object = read_object(answer, &end, failure);

    *description = (struct user_profile_description){0};
    if (object == NULL)
        return end;
    take_text(object, "UserProfileName", description->name, sizeof(description->name));
    take_text(object, "Status", description->status, sizeof(description->status));
    take_text(object, "FailureReason", description->failure_reason, sizeof(description->failure_reason));
    take_text(object, "SingleSignOnUserValue", description->single_sign_on_user,
              sizeof(description->single_sign_on_user));
    if (description->status[0] != '\0' && user_profile_name_is_valid(description->name))
        return SAGEMAKER_TOLD;
    failure_set(failure, "bad-answer", "the answer with status 200 describes no user profile");
    return SAGEMAKER_FAILED;
}

static bool
make_room(struct sagemaker_names *names)
{
    size_t capacity = names->capacity > 0 ? names->capacity * 2 : PAGE_SIZE;
    char **grown;

    if (names->count < names->capacity)
        return true;
    grown = reallocarray(names->names, capacity, sizeof(*grown));
    if (grown == NULL)
        return false;
    names->names = grown;
    names->capacity = capacity;
    return true;
}

static bool
add_name(struct sagemaker_names *names, const char *name)
{
    if (!make_room(names) || asprintf(&names->names[names->count], "%s", name) < 0)
        return false;
    names->count++;
    return true;
}

/* {"Domains": [{"DomainId": "d-..."}, ...]} or {"UserProfiles": [{"UserProfileName": "..."}, ...]} */
static enum sagemaker_end
add_names(const cJSON *object, bool domains, struct sagemaker_names *names, struct failure *failure)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, domains ? "Domains" : "UserProfiles");
    bool (*is_valid)(const char *) = domains ? domain_id_is_valid : user_profile_name_is_valid;
    const cJSON *one;

    if (!cJSON_IsArray(list)) {
        failure_set(failure, "bad-answer", "the answer with status 200 holds no list");
        return SAGEMAKER_FAILED;
    }
    cJSON_ArrayForEach(one, list)
    {
        const char *name = json_string(one, domains ? "DomainId" : "UserProfileName");

        if (name == NULL || !is_valid(name) || names->count == SAGEMAKER_NAMES_MAX)
            continue;
        if (!add_name(names, name)) {
            failure_set(failure, "memory", "there is no memory for the list");
            return SAGEMAKER_FAILED;
        }
    }
    return SAGEMAKER_TOLD;
}

enum sagemaker_end
sagemaker_names_read(const struct http_answer *answer, enum sagemaker_operation operation,
                     struct sagemaker_names *names, struct failure *failure)
{
    enum sagemaker_end end;
    AUTO_JSON cJSON *object = read_object(answer, &end, failure);
    const char *next_token;

    free(names->next_token);
    names->next_token = NULL;
    if (object == NULL)
        return end;
    next_token = json_string(object, "NextToken");
    if (next_token != NULL && next_token[0] != '\0' && strlen(next_token) <= NEXT_TOKEN_MAX)
        names->next_token = strdup(next_token);
    return add_names(object, operation == LIST_DOMAINS, names, failure);
}

void
sagemaker_names_free(struct sagemaker_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    free(names->next_token);
    *names = (struct sagemaker_names){0};
}
