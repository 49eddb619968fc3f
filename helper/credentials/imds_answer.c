/*
 * imds_answer.c: see imds_answer.h.
 * Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
 *
 * SPDX-License-Identifier: MIT
 */
#include "imds_answer.h"

#include <inttypes.h>
#include <string.h>

#include "ascii.h"
#include "aws_error.h"
#include "credential_text.h"
#include "endpoint.h"
#include "json_text.h"

#define TOKEN_LENGTH_MAX   4096
#define WHAT_ELSE_IS_THERE "Check ec2_metadata_service_endpoint, and what listens there."

static const char bad_answer[] = "imds-bad-answer";

/* Without the line break that some stand-ins of the service end their answers with. */
static size_t
length_of_first_line(const struct buffer *body)
{
    size_t length = 0;
    while (length < body->length && body->data[length] != '\n' && body->data[length] != '\r')
        length++;
    return length;
}

/* Is there nothing but line breaks after the first line? */
static bool
is_single_line(const struct buffer *body)
{
    for (size_t i = length_of_first_line(body); i < body->length; i++) {
        if (body->data[i] != '\n' && body->data[i] != '\r')
            return false;
    }
    return true;
}

char *
imds_read_token(const struct buffer *body, struct failure *failure)
{
    if (body->length <= TOKEN_LENGTH_MAX && ascii_is_visible_text(body->data, body->length)) {
        char *token = strndup(body->data, body->length);
        if (token == NULL)
            failure_set(failure, "memory", "There is no memory for the metadata service's session token.");
        return token;
    }
    failure_set(failure, bad_answer,
                "The metadata service's session token is not 1 to %d printable characters. " WHAT_ELSE_IS_THERE,
                TOKEN_LENGTH_MAX);
    return NULL;
}

static bool
is_role_name(const char *text, size_t length)
{
    if (length == 0 || length >= IMDS_ROLE_SIZE)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!ascii_is_alphanumeric(text[i]) && (text[i] == '\0' || strchr("+=,.@_-", text[i]) == NULL))
            return false;
    }
    return true;
}

bool
imds_read_role(const struct buffer *body, char role[IMDS_ROLE_SIZE], struct failure *failure)
{
    size_t length = length_of_first_line(body);
    if (body->length == 0)
        return failure_set(
            failure, "imds-no-role",
            "The metadata service names no role: this instance has no instance profile. Attach a role to it "
            "(EC2 console: Security, Modify IAM role).");
    if (!is_role_name(body->data, length))
        return failure_set(
            failure, bad_answer,
            "The metadata service's answer is no role name (1 to 64 letters, digits and +=,.@_-). " WHAT_ELSE_IS_THERE);
    memcpy(role, body->data, length);
    role[length] = '\0';
    return true;
}

bool
imds_read_region(const struct buffer *body, char region[IMDS_REGION_SIZE], struct failure *failure)
{
    size_t length = length_of_first_line(body);
    if (length > 0 && length < IMDS_REGION_SIZE && is_single_line(body) && memchr(body->data, '\0', length) == NULL) {
        memcpy(region, body->data, length);
        region[length] = '\0';
        if (region_is_valid(region))
            return true;
    }
    return failure_set(failure, bad_answer, "The metadata service's answer is no region. " WHAT_ELSE_IS_THERE);
}

static bool
check_code(const cJSON *document, struct failure *failure)
{
    const char *code = json_string(document, "Code");
    if (code != NULL && strcmp(code, "Success") == 0)
        return true;
    const char *message = json_string(document, "Message");
    char quoted_code[80];
    char quoted_message[400];
    code = code != NULL ? code : "no Code";
    message = message != NULL ? message : "";
    aws_error_quote(code, strlen(code), quoted_code, sizeof(quoted_code));
    aws_error_quote(message, strlen(message), quoted_message, sizeof(quoted_message));
    return failure_set(
        failure, "imds-refused",
        "The metadata service has no credentials for the instance's role (%s: \"%s\"). Check that the role "
        "exists and that its trust policy lets ec2.amazonaws.com assume it.",
        quoted_code, quoted_message);
}

static bool
check_expiration(int64_t expires_at, time_t now, struct failure *failure)
{
    if (expires_at > now)
        return true;
    return failure_set(failure, "expired-credentials",
                       "The credentials that the metadata service gives expired %" PRId64
                       " s ago by this host's clock. Check "
                       "the clock (chronyc tracking); if it is right, stop and start the instance, or attach its role "
                       "again.",
                       (int64_t) now - expires_at);
}

bool
imds_read_credentials(const struct buffer *body, time_t now, struct credentials *credentials, struct failure *failure)
{
    int64_t expires_at;
    AUTO_JSON cJSON *document = json_object_parse(body->data, body->length);
    if (document == NULL)
        return failure_set(failure, bad_answer,
                           "The metadata service's credentials are no JSON object. " WHAT_ELSE_IS_THERE);
    if (!check_code(document, failure))
        return false;
    struct credential_text text = {
        .access_key_id = json_string(document, "AccessKeyId"),
        .secret_access_key = json_string(document, "SecretAccessKey"),
        .session_token = json_string(document, "Token"),
    };
    if (text.session_token == NULL || !credential_text_is_good(&text) ||
        !credential_expiration_read(json_string(document, "Expiration"), &expires_at))
        return failure_set(failure, bad_answer,
                           "The metadata service's credentials lack a usable AccessKeyId, SecretAccessKey, Token or "
                           "Expiration. " WHAT_ELSE_IS_THERE);
    if (!check_expiration(expires_at, now, failure) || !credential_text_copy(&text, credentials, failure))
        return false;
    credentials->expires_at = expires_at;
    return true;
}
