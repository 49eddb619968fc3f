/*
 * presigned_url.h: CreatePresignedDomainUrl: make the request, read the answer.
 * Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedDomainUrl.html
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PRESIGNED_URL_H
#define PRESIGNED_URL_H

#include <stdbool.h>

#include "aws_call.h"
#include "credentials.h"
#include "deadline.h"
#include "failure.h"
#include "http.h"

struct presigned_url_parameters {
    const char *endpoint_url; /* from endpoint_sagemaker */
    const char *region;
    const char *domain_id;
    const char *user_profile_name;
    const char *space_name; /* NULL or "": not sent */
    const char *landing_uri;
    int expires_in_seconds;                     /* 5..300 */
    int session_expiration_duration_in_seconds; /* 1800..43200 */
    const char *ca_bundle;
    const char *proxy_url;
    char *const *studio_url_suffixes;
    const char *role_arn; /* that was assumed for this link; NULL: the host's own permissions are used */
};

struct domain_settings;

/* What a domain's settings say of its links.  Whose link it is, and what it opens, is the caller's to add. */
struct presigned_url_parameters presigned_url_parameters_of(const struct domain_settings *domain,
                                                            const char *endpoint_url, const char *region);

/* The parameters against ranges and patterns of the API model, before anything is sent.  Code "config". */
bool presigned_url_check(const struct presigned_url_parameters *parameters, struct failure *failure);

/* Check, then ask; with the retries of aws_call.h.  NULL with the failure, code "config" or those of aws_call_start. */
struct aws_call *presigned_url_start(struct aws_client *client, const struct presigned_url_parameters *parameters,
                                     const struct credentials *credentials, struct deadline deadline,
                                     aws_call_done *done, void *owner, struct failure *failure);

/*
 * Read the answer: true with the link (heap; the caller ends it with secret_free), or false with a failure whose code
 * is one of aws_error.h's words, "bad-answer", "memory", or that of the transport's failure (http.h), and whose message
 * says what happened and what to do.  An answer counts only with status 200 and exactly one AuthorizedUrl that passes
 * studio_url_check.
 */
bool presigned_url_answer(const struct presigned_url_parameters *parameters, const struct http_answer *answer,
                          char **url, struct failure *failure);

#endif
