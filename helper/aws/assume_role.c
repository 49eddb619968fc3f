/*
 * assume_role.c: see assume_role.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "assume_role.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ascii.h"
#include "aws_clock.h"
#include "endpoint.h"
#include "form_body.h"
#include "sts_answer.h"
#include "sts_error.h"

#define BODY_LIMIT      ((size_t) 64 * 1024)
#define HOST_SIZE       264
#define ROLE_ARN_MIN    20
#define ROLE_ARN_MAX    2048
#define POLICY_MAX      2048
#define TAG_KEY_MAX     128
#define TAG_VALUE_MAX   256
#define NAME_MIN        2
#define NAME_MAX        64
#define EXTERNAL_ID_MAX 1224
#define DURATION_MIN    900
#define DURATION_MAX    43200

/* Letters, digits and what else is allowed, so many of them. */
static bool
is_text_of(const char *text, const char *others, size_t shortest, size_t longest)
{
    size_t length = text != NULL ? strnlen(text, longest + 1) : 0;
    if (text == NULL || length < shortest || length > longest)
        return false;
    for (; *text != '\0'; text++) {
        if (!ascii_is_alphanumeric(*text) && strchr(others, *text) == NULL)
            return false;
    }
    return true;
}

/* arn:PARTITION:iam::ACCOUNT:role/PATH/NAME; NULL, or what follows "role/". */
static const char *
path_of_role(const char *role_arn)
{
    if (!is_text_of(role_arn, "+=,.@_/:-", ROLE_ARN_MIN, ROLE_ARN_MAX) || strncmp(role_arn, "arn:", 4) != 0)
        return NULL;
    const char *iam = strchr(role_arn + 4, ':');
    if (iam == NULL || iam == role_arn + 4 || strncmp(iam, ":iam::", 6) != 0)
        return NULL;
    const char *account = iam + 6;
    if (strspn(account, "0123456789") != 12 || strncmp(account + 12, ":role/", 6) != 0)
        return NULL;
    return account + 18;
}

static bool
check_role(const char *role_arn, struct failure *failure)
{
    const char *path = path_of_role(role_arn);
    if (path != NULL && path[0] != '\0' && path[strlen(path) - 1] != '/' && strchr(path, ':') == NULL)
        return true;
    return failure_set(failure, "config", "role_arn is \"%.200s\": expected arn:PARTITION:iam::ACCOUNT:role/NAME.",
                       role_arn != NULL ? role_arn : "");
}

static bool
check_session(const struct assume_role_parameters *parameters, struct failure *failure)
{
    static const char name_bytes[] = "_+=,.@-";
    const char *identity = parameters->source_identity;
    if (!is_text_of(parameters->role_session_name, name_bytes, NAME_MIN, NAME_MAX))
        return failure_set(failure, "config",
                           "The role session name is \"%.80s\": expected 2 to 64 letters, digits and _+=,.@-.",
                           parameters->role_session_name != NULL ? parameters->role_session_name : "");
    if (identity != NULL &&
        (!is_text_of(identity, name_bytes, NAME_MIN, NAME_MAX) || strncmp(identity, "aws:", 4) == 0))
        return failure_set(failure, "config",
                           "The source identity is \"%.80s\": expected 2 to 64 letters, digits and _+=,.@-.", identity);
    if (parameters->external_id != NULL && !is_text_of(parameters->external_id, "_+=,.@:/-", NAME_MIN, EXTERNAL_ID_MAX))
        return failure_set(failure, "config", "external_id: expected 2 to %d letters, digits and _+=,.@:/-.",
                           EXTERNAL_ID_MAX);
    return true;
}

static bool
check_extras(const struct assume_role_parameters *parameters, struct failure *failure)
{
    static const char tag_bytes[] = " _.:/=+-@";
    if (parameters->policy != NULL && (parameters->policy[0] == '\0' || strlen(parameters->policy) > POLICY_MAX))
        return failure_set(failure, "config", "The session policy has %zu bytes: expected 1 to %d.",
                           strlen(parameters->policy), POLICY_MAX);
    if (parameters->tag_key != NULL && (!is_text_of(parameters->tag_key, tag_bytes, 1, TAG_KEY_MAX) ||
                                        !is_text_of(parameters->tag_value, tag_bytes, 0, TAG_VALUE_MAX)))
        return failure_set(failure, "config",
                           "A session tag is no name of 1 to %d and value of at most %d letters, digits, blanks and "
                           "_.:/=+-@.",
                           TAG_KEY_MAX, TAG_VALUE_MAX);
    if (parameters->duration_seconds < DURATION_MIN || parameters->duration_seconds > DURATION_MAX)
        return failure_set(failure, "config", "role_duration_seconds is %d: expected %d to %d seconds.",
                           parameters->duration_seconds, DURATION_MIN, DURATION_MAX);
    return true;
}

bool
assume_role_check(const struct assume_role_parameters *parameters, struct failure *failure)
{
    char host[HOST_SIZE];
    if (!region_is_valid(parameters->region))
        return failure_set(failure, "config", "The region is \"%.64s\": expected a name like ap-northeast-1.",
                           parameters->region != NULL ? parameters->region : "");
    if (!endpoint_host(parameters->endpoint_url, host, sizeof(host)))
        return failure_set(failure, "config", "The STS endpoint is \"%.200s\": expected https://HOST without a path.",
                           parameters->endpoint_url != NULL ? parameters->endpoint_url : "");
    return check_role(parameters->role_arn, failure) && check_session(parameters, failure) &&
           check_extras(parameters, failure);
}

/* The tag is a transitive one: a role that is assumed from this one on has it too, and cannot change it. */
static bool
put_parameters(struct buffer *body, const struct assume_role_parameters *parameters)
{
    return form_put(body, "Action", "AssumeRole") && form_put(body, "Version", "2011-06-15") &&
           form_put(body, "RoleArn", parameters->role_arn) &&
           form_put(body, "RoleSessionName", parameters->role_session_name) &&
           form_put(body, "SourceIdentity", parameters->source_identity) &&
           form_put_number(body, "DurationSeconds", parameters->duration_seconds) &&
           form_put(body, "Tags.member.1.Key", parameters->tag_key) &&
           form_put(body, "Tags.member.1.Value", parameters->tag_key != NULL ? parameters->tag_value : NULL) &&
           form_put(body, "TransitiveTagKeys.member.1", parameters->tag_key) &&
           form_put(body, "Policy", parameters->policy) && form_put(body, "ExternalId", parameters->external_id);
}

struct aws_call *
assume_role_start(struct aws_client *client, const struct assume_role_parameters *parameters,
                  const struct credentials *credentials, struct deadline deadline, aws_call_done *done, void *owner,
                  struct failure *failure)
{
    AUTO_BUFFER struct buffer body = BUFFER(BODY_LIMIT);
    if (!assume_role_check(parameters, failure))
        return NULL;
    if (!put_parameters(&body, parameters)) {
        failure_set(failure, "memory", "The request to STS could not be made: memory is short.");
        return NULL;
    }
    struct aws_request request = {
        .service = "sts",
        .endpoint_url = parameters->endpoint_url,
        .region = parameters->region,
        .content_type = FORM_CONTENT_TYPE,
        .accept = "application/json",
        .body = body.data,
        .body_length = body.length,
        .ca_bundle = parameters->ca_bundle,
        .proxy_url = parameters->proxy_url,
    };
    return aws_call_start(client, &request, credentials, deadline, done, owner, failure);
}

/* Seconds that AWS's clock is ahead of this host's, where that is too much to pass over. */
static int64_t
clock_correction(const struct http_answer *answer)
{
    int64_t offset;
    if (!aws_clock_offset(answer->date, &offset) || (offset >= -AWS_CLOCK_SKEW_S && offset <= AWS_CLOCK_SKEW_S))
        return 0;
    return offset;
}

static void
name_role(const char *role_arn, struct credentials *credentials)
{
    const char *slash = strrchr(role_arn, '/');
    snprintf(credentials->role, sizeof(credentials->role), "%s", slash != NULL ? slash + 1 : role_arn);
}

bool
assume_role_answer(const struct assume_role_parameters *parameters, const struct http_answer *answer,
                   struct credentials *credentials, struct failure *failure)
{
    *credentials = (struct credentials){0};
    if (answer->end != HTTP_ANSWERED || answer->status != 200)
        return sts_explain(parameters, answer, failure);
    int64_t correction = clock_correction(answer);
    if (!sts_read_credentials(&answer->body, (int64_t) time(NULL) + correction, credentials, failure))
        return false;
    credentials->expires_at -= correction;
    name_role(parameters->role_arn, credentials);
    return true;
}
