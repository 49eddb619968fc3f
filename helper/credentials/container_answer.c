/*
 * container_answer.c: see container_answer.h.
 * Source: docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 *
 * SPDX-License-Identifier: MIT
 */
#include "container_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws_error.h"
#include "credential_text.h"
#include "json_text.h"

#define QUOTED_SIZE 300

bool
container_answer_credentials(const struct buffer *body, const char *endpoint, time_t now,
                             struct credentials *credentials, struct failure *failure)
{
    AUTO_JSON cJSON *document = json_object_parse(body->data, body->length);
    struct credential_text text = {
        .access_key_id = json_string(document, "AccessKeyId"),
        .secret_access_key = json_string(document, "SecretAccessKey"),
        .session_token = json_string(document, "Token"),
    };
    int64_t expires_at;
    if (document == NULL || text.session_token == NULL || !credential_text_is_good(&text) ||
        !credential_expiration_read(json_string(document, "Expiration"), &expires_at))
        return failure_set(failure, "credentials",
                           "What %s answered is no JSON object with a usable AccessKeyId, SecretAccessKey, Token and "
                           "Expiration. Check what listens there.",
                           endpoint);
    if (expires_at <= now)
        return failure_set(failure, "expired-credentials",
                           "The credentials that %s gives expired %" PRId64
                           " s ago by this host's clock. Check the clock (chronyc tracking); if it is right, restart "
                           "the task or pod.",
                           endpoint, (int64_t) now - expires_at);
    if (!credential_text_copy(&text, credentials, failure))
        return false;
    credentials->expires_at = expires_at;
    return true;
}

static const char *
advice_on(long status)
{
    switch (status) {
    case 400:
    case 404:
        return "It does not know this container. ECS: give the task definition a task role, and take the URI of this "
               "very task. EKS: make a Pod Identity association for this pod's service account.";
    case 401:
    case 403:
        return "It does not let this container in. EKS: the token in container_authorization_token_file must be this "
               "pod's, and its service account needs a Pod Identity association.";
    case 429:
    case 503:
        return "It limits the rate of requests: see which program asks it so often.";
    default:
        return status >= 500 ? "It has a trouble of its own; it usually passes." : "Check what listens there.";
    }
}

bool
container_answer_refusal(long status, const struct buffer *body, const char *endpoint, struct failure *failure)
{
    AUTO_JSON cJSON *document = json_object_parse(body->data, body->length);
    const char *message = json_string(document, "message");
    if (message == NULL)
        message = json_string(document, "Message");
    char quoted[QUOTED_SIZE] = "";
    if (message != NULL)
        aws_error_quote(message, strlen(message), quoted, sizeof(quoted));
    bool said = quoted[0] != '\0';
    return failure_set(failure, "credentials",
                       "%s answered a request for this container's credentials with status %ld%s%s%s. %s", endpoint,
                       status, said ? " (\"" : "", quoted, said ? "\")" : "", advice_on(status));
}
