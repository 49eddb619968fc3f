/*
 * assume_role.h: AssumeRole of STS: keys for one role, from other keys.
 * Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ASSUME_ROLE_H
#define ASSUME_ROLE_H

#include <stdbool.h>

#include "aws_call.h"
#include "credentials.h"
#include "deadline.h"
#include "failure.h"
#include "http.h"

/* Texts belong to the caller.  What may be NULL is then not sent. */
struct assume_role_parameters {
    const char *endpoint_url; /* from endpoint_sts */
    const char *region;
    const char *ca_bundle; /* may be NULL */
    const char *proxy_url; /* may be NULL */
    const char *role_arn;
    const char *role_session_name; /* from role_session.h */
    const char *source_identity;   /* may be NULL */
    const char *external_id;       /* may be NULL */
    const char *policy;            /* inline session policy, JSON, at most 2048 bytes; may be NULL */
    const char *tag_key;           /* one session tag; may be NULL */
    const char *tag_value;
    int duration_seconds; /* 900..43200 */
};

/* Against the limits of the API model, before anything is sent.  Code "config". */
bool assume_role_check(const struct assume_role_parameters *parameters, struct failure *failure);

struct aws_call *assume_role_start(struct aws_client *client, const struct assume_role_parameters *parameters,
                                   const struct credentials *credentials, struct deadline deadline, aws_call_done *done,
                                   void *owner, struct failure *failure);

/*
 * Read the answer, JSON or XML: true with the keys (the caller ends them with credentials_wipe; `role` is the name of
 * the role, expires_at from the answer), or false with a failure that says what happened and what to do.  Codes: those
 * of aws_error.h but for "access-denied", which is "role-denied" here and names the action that the role's trust policy
 * or the caller's own policy lacks (sts:AssumeRole, sts:SetSourceIdentity, sts:TagSession); "bad-answer", "memory", and
 * the transport's (http.h).
 */
bool assume_role_answer(const struct assume_role_parameters *parameters, const struct http_answer *answer,
                        struct credentials *credentials, struct failure *failure);

#endif
