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
#include "sigv4.h"
#include "studio_url.h"

#define ANSWER_LIMIT ((size_t) 256 * 1024)
#define HEADER_LIMIT ((size_t) 64 * 1024)
#define HOST_SIZE    264

#define CONTENT_TYPE "application/x-amz-json-1.1"
#define TARGET       "SageMaker.CreatePresignedDomainUrl"

static bool
is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
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

static bool
is_header_text(const char *text)
{
    if (!is_set(text))
        return false;
    for (; *text != '\0'; text++) {
        if (*text <= 0x20 || *text > 0x7e)
            return false;
    }
    return true;
}

static bool
check_credentials(const struct credentials *credentials, struct failure *failure)
{
    if (is_header_text(credentials->access_key_id) && is_header_text(credentials->secret_access_key) &&
        (credentials->session_token == NULL || is_header_text(credentials->session_token)))
        return true;
    return failure_set(failure, "expired-credentials",
                       "The credentials of this host are empty or hold blanks or control bytes; no request can be "
                       "signed with them. Check where they come from (aws sts get-caller-identity).");
}

static bool
sign_body(const struct presigned_url_parameters *parameters, const struct credentials *credentials, time_t time,
          const char *host, const char *body, struct sigv4_signature *signature, struct failure *failure)
{
    struct sigv4_request request = {
        .method = "POST",
        .path = "/",
        .headers = {{"Content-Type", CONTENT_TYPE}, {"Host", host}, {"X-Amz-Target", TARGET}},
        .header_count = 3,
        .body = body,
        .body_length = strlen(body),
        .normalize_path = true,
        .access_key_id = credentials->access_key_id,
        .secret_access_key = credentials->secret_access_key,
        .session_token = credentials->session_token,
        .region = parameters->region,
        .service = "sagemaker",
        .time = time,
    };
    return sigv4_sign(&request, signature, failure);
}

/* What is made for one request; the other headers are constant. */
struct signed_request {
    char *body;
    size_t body_length;
    struct sigv4_signature signature;
    struct buffer url, host, date, token, authorization; /* but for the first: header lines */
};

static void
free_signed_request(struct signed_request *request)
{
    cJSON_free(request->body);
    sigv4_free(&request->signature);
    buffer_free(&request->url);
    buffer_free(&request->host);
    buffer_free(&request->date);
    buffer_free(&request->token);
    buffer_free(&request->authorization);
}

static bool
put_headers(struct signed_request *request, const char *endpoint_url, const char *host, const char *session_token)
{
    return buffer_append_format(&request->url, "%s/", endpoint_url) &&
           buffer_append_format(&request->host, "Host: %s", host) &&
           buffer_append_format(&request->date, "X-Amz-Date: %s", request->signature.amz_date) &&
           (session_token == NULL ||
            buffer_append_format(&request->token, "X-Amz-Security-Token: %s", session_token)) &&
           buffer_append_format(&request->authorization, "Authorization: %s", request->signature.authorization.data);
}

/* The caller ends it with free_signed_request, also after a failure. */
static bool
make_signed_request(struct signed_request *request, const struct presigned_url_parameters *parameters,
                    const struct credentials *credentials, time_t time, struct failure *failure)
{
    struct buffer empty = BUFFER(HEADER_LIMIT);
    *request =
        (struct signed_request){.url = empty, .host = empty, .date = empty, .token = empty, .authorization = empty};
    char host[HOST_SIZE];
    if (!presigned_url_check(parameters, failure) || !check_credentials(credentials, failure))
        return false;
    request->body = make_body(parameters);
    request->body_length = request->body != NULL ? strlen(request->body) : 0;
    if (request->body != NULL && endpoint_host(parameters->endpoint_url, host, sizeof(host))) {
        if (!sign_body(parameters, credentials, time, host, request->body, &request->signature, failure))
            return false;
        if (put_headers(request, parameters->endpoint_url, host, credentials->session_token))
            return true;
    }
    return failure_set(failure, "memory", "The request to SageMaker could not be made: memory is short.");
}

static struct http_exchange *
start_exchange(struct http *http, const struct presigned_url_parameters *parameters, const struct signed_request *made,
               struct deadline deadline, http_done *done, void *owner, struct failure *failure)
{
    struct http_request request = {
        .method = "POST",
        .url = made->url.data,
        .headers = {"Content-Type: " CONTENT_TYPE, "X-Amz-Target: " TARGET, made->host.data, made->date.data,
                    made->authorization.data, made->token.data},
        .body = made->body,
        .body_length = made->body_length,
        .ca_bundle = is_set(parameters->ca_bundle) ? parameters->ca_bundle : NULL,
        .proxy_url = is_set(parameters->proxy_url) ? parameters->proxy_url : NULL,
        .allow_http = endpoint_is_local_http(parameters->endpoint_url),
        .deadline = deadline,
        .body_limit = ANSWER_LIMIT,
    };
    return http_start(http, &request, done, owner, failure);
}

struct http_exchange *
presigned_url_request(struct http *http, const struct presigned_url_parameters *parameters,
                      const struct credentials *credentials, time_t time, struct deadline deadline, http_done *done,
                      void *owner, struct failure *failure)
{
    struct signed_request made;
    struct http_exchange *exchange = NULL;
    if (make_signed_request(&made, parameters, credentials, time, failure))
        exchange = start_exchange(http, parameters, &made, deadline, done, owner, failure);
    free_signed_request(&made);
    return exchange;
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
