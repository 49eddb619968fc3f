/*
 * presigned_url.c: see presigned_url.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "presigned_url.h"

#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "json_text.h"
#include "presigned_url_error.h"
#include "settings.h"
#include "studio_url.h"

#define HOST_SIZE 264

static bool
is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

struct presigned_url_parameters
presigned_url_parameters_of(const struct domain_settings *domain, const char *endpoint_url, const char *region)
{
    return (struct presigned_url_parameters){
        .endpoint_url = endpoint_url,
        .region = region,
        .domain_id = domain->domain_id,
        .expires_in_seconds = domain->expires_in_seconds,
        .session_expiration_duration_in_seconds = domain->session_expiration_duration_in_seconds,
        .ca_bundle = domain->ca_bundle,
        .proxy_url = domain->proxy_url,
        .studio_url_suffixes = domain->studio_url_suffixes,
        .role_arn = domain->role_arn,
    };
}

static bool
check_range(const char *name, int value, int minimum, int maximum, struct failure *failure)
{
    if (value >= minimum && value <= maximum)
        return true;
    return failure_set(failure, "config", "%s is %d: expected %d to %d seconds.", name, value, minimum, maximum);
}

static bool
check_names(const struct presigned_url_parameters *parameters, struct failure *failure)
{
    if (!is_set(parameters->domain_id) || !domain_id_is_valid(parameters->domain_id))
        return failure_set(
            failure, "config",
            "The domain id is \"%.80s\": expected d- and at most 61 lower-case letters, digits and hyphens, "
            "as `aws sagemaker list-domains` shows it.",
            is_set(parameters->domain_id) ? parameters->domain_id : "");
    if (!is_set(parameters->user_profile_name) || !user_profile_name_is_valid(parameters->user_profile_name))
        return failure_set(failure, "config",
                           "The user profile name is \"%.80s\": expected at most 63 letters, digits and inner hyphens, "
                           "nothing else.",
                           is_set(parameters->user_profile_name) ? parameters->user_profile_name : "");
    if (is_set(parameters->space_name) && !user_profile_name_is_valid(parameters->space_name))
        return failure_set(
            failure, "config",
            "The space name is \"%.80s\": expected at most 63 letters, digits and inner hyphens, nothing "
            "else.",
            parameters->space_name);
    if (is_set(parameters->landing_uri) && !landing_uri_is_safe(parameters->landing_uri))
        return failure_set(
            failure, "config",
            "The landing URI is \"%.200s\": expected studio::PATH or app:APPLICATION:PATH with a relative "
            "path, at most 1023 bytes.",
            parameters->landing_uri);
    return true;
}

bool
presigned_url_check(const struct presigned_url_parameters *parameters, struct failure *failure)
{
    char host[HOST_SIZE];
    if (!region_is_valid(parameters->region))
        return failure_set(failure, "config", "The region is \"%.64s\": expected a name like ap-northeast-1.",
                           is_set(parameters->region) ? parameters->region : "");
    if (!endpoint_host(parameters->endpoint_url, host, sizeof(host)))
        return failure_set(failure, "config",
                           "The SageMaker endpoint is \"%.200s\": expected https://HOST without a path.",
                           is_set(parameters->endpoint_url) ? parameters->endpoint_url : "");
    return check_names(parameters, failure) &&
           check_range("expires_in_seconds", parameters->expires_in_seconds, 5, 300, failure) &&
           check_range("session_expiration_duration_in_seconds", parameters->session_expiration_duration_in_seconds,
                       1800, 43200, failure);
}

/* The request */

static bool
put_member(cJSON *body, const char *name, const char *value)
{
    return cJSON_AddStringToObject(body, name, value) != NULL;
}

/* Absent optionals are left out; the API takes neither null nor "" for them. */
static char *
make_body(const struct presigned_url_parameters *parameters)
{
    AUTO_JSON cJSON *body = json_object_create();
    bool done = body != NULL && put_member(body, "DomainId", parameters->domain_id) &&
                put_member(body, "UserProfileName", parameters->user_profile_name) &&
                cJSON_AddNumberToObject(body, "ExpiresInSeconds", parameters->expires_in_seconds) != NULL &&
                cJSON_AddNumberToObject(body, "SessionExpirationDurationInSeconds",
                                        parameters->session_expiration_duration_in_seconds) != NULL &&
                (!is_set(parameters->space_name) || put_member(body, "SpaceName", parameters->space_name)) &&
                (!is_set(parameters->landing_uri) || put_member(body, "LandingUri", parameters->landing_uri));
    return done ? cJSON_PrintUnformatted(body) : NULL;
}

static const char *
set_or_null(const char *text)
{
    return is_set(text) ? text : NULL;
}

static struct aws_call *
start_call(struct aws_client *client, const struct presigned_url_parameters *parameters, const char *body,
           const struct credentials *credentials, struct deadline deadline, aws_call_done *done, void *owner,
           struct failure *failure)
{
    struct aws_request request = {
        .service = "sagemaker",
        .endpoint_url = parameters->endpoint_url,
        .region = parameters->region,
        .content_type = "application/x-amz-json-1.1",
        .target = "SageMaker.CreatePresignedDomainUrl",
        .body = body,
        .body_length = strlen(body),
        .ca_bundle = set_or_null(parameters->ca_bundle),
        .proxy_url = set_or_null(parameters->proxy_url),
    };
    return aws_call_start(client, &request, credentials, deadline, done, owner, failure);
}

struct aws_call *
presigned_url_start(struct aws_client *client, const struct presigned_url_parameters *parameters,
                    const struct credentials *credentials, struct deadline deadline, aws_call_done *done, void *owner,
                    struct failure *failure)
{
    struct aws_call *call = NULL;
    char *body;
    if (!presigned_url_check(parameters, failure))
        return NULL;
    body = make_body(parameters);
    if (body != NULL)
        call = start_call(client, parameters, body, credentials, deadline, done, owner, failure);
    else
        failure_set(failure, "memory", "The request to SageMaker could not be made: memory is short.");
    cJSON_free(body);
    return call;
}

/* The answer */

static bool
take_link(const struct presigned_url_parameters *parameters, const struct http_answer *answer, char **url,
          struct failure *failure)
{
    AUTO_JSON cJSON *body = json_object_parse(answer->body.data, answer->body.length);
    const char *link = json_string(body, "AuthorizedUrl");
    if (link == NULL)
        return failure_set(failure, "bad-answer",
                           "%s answered with status 200, but %s. Something other than SageMaker answers there; check "
                           "endpoint_url, proxy_url and what this name resolves to.",
                           parameters->endpoint_url,
                           body == NULL ? "not with a JSON object" : "without exactly one AuthorizedUrl");
    if (!studio_url_check(link, parameters->region, parameters->studio_url_suffixes, failure))
        return false;
    *url = strdup(link);
    return *url != NULL || failure_set(failure, "memory", "There is no memory for the link.");
}

bool
presigned_url_answer(const struct presigned_url_parameters *parameters, const struct http_answer *answer, char **url,
                     struct failure *failure)
{
    *url = NULL;
    if (answer->end != HTTP_ANSWERED || answer->status != 200)
        return presigned_url_explain(parameters, answer, failure);
    return take_link(parameters, answer, url, failure);
}
