/*
 * caller_identity.h: GetCallerIdentity of STS: whose keys are these?  It needs no permission and cannot be denied by a
 * policy of IAM, so it is the first question of `check`.
 * Source: docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CALLER_IDENTITY_H
#define CALLER_IDENTITY_H

#include <stdbool.h>

#include "aws_call.h"
#include "failure.h"
#include "http.h"

struct caller_identity {
    char arn[2049];
    char account[13];
};

/* endpoint_url from endpoint_sts; ca_bundle and proxy_url may be NULL. */
struct caller_identity_parameters {
    const char *endpoint_url;
    const char *region;
    const char *ca_bundle;
    const char *proxy_url;
};

struct aws_call *caller_identity_start(struct aws_client *client, const struct caller_identity_parameters *parameters,
                                       const struct credentials *credentials, struct deadline deadline,
                                       aws_call_done *done, void *owner, struct failure *failure);
/* Codes as those of assume_role_answer, but that a denial is "access-denied" here. */
bool caller_identity_answer(const struct caller_identity_parameters *parameters, const struct http_answer *answer,
                            struct caller_identity *identity, struct failure *failure);

#endif
