/*
 * caller_identity.c: see caller_identity.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "caller_identity.h"

#include "form_body.h"
#include "sts_answer.h"
#include "sts_error.h"

struct aws_call *
caller_identity_start(struct aws_client *client, const struct caller_identity_parameters *parameters,
                      const struct credentials *credentials, struct deadline deadline, aws_call_done *done, void *owner,
                      struct failure *failure)
{
    static const char body[] = "Action=GetCallerIdentity&Version=2011-06-15";
    struct aws_request request = {
        .service = "sts",
        .endpoint_url = parameters->endpoint_url,
        .region = parameters->region,
        .content_type = FORM_CONTENT_TYPE,
        .accept = "application/json",
        .body = body,
        .body_length = sizeof(body) - 1,
        .ca_bundle = parameters->ca_bundle,
        .proxy_url = parameters->proxy_url,
    };
    return aws_call_start(client, &request, credentials, deadline, done, owner, failure);
}

bool
caller_identity_answer(const struct caller_identity_parameters *parameters, const struct http_answer *answer,
                       struct caller_identity *identity, struct failure *failure)
{
    *identity = (struct caller_identity){0};
    if (answer->end == HTTP_ANSWERED && answer->status == 200)
        return sts_read_identity(&answer->body, identity, failure);
    struct assume_role_parameters asked = {.endpoint_url = parameters->endpoint_url, .region = parameters->region};
    return sts_explain(&asked, answer, failure);
}
