/*
 * sigv4.h: AWS Signature Version 4 for requests that are signed by header.
 * Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; proved against the
 * official vectors of awslabs/aws-c-auth and against botocore.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGV4_H
#define SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "buffer.h"
#include "failure.h"

#define SIGV4_HEADERS_MAX 24

struct sigv4_header {
    const char *name;
    const char *value;
};

struct sigv4_request {
    const char *method;
    const char *path;  /* absolute, as sent: encoded once more, so a % becomes %25; may hold raw UTF-8 */
    const char *query; /* without '?', NULL for none */
    struct sigv4_header
        headers[SIGV4_HEADERS_MAX]; /* all are signed; host among them; x-amz-date and x-amz-security-token are added */
    size_t header_count;
    const void *body;
    size_t body_length;
    bool normalize_path;     /* remove dot segments and doubled slashes (every service but S3) */
    bool sign_body_header;   /* add x-amz-content-sha256 */
    bool omit_session_token; /* add the token after signing */
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL for long-lived keys */
    const char *region;
    const char *service;
    time_t time;
};

/* Everything is heap text of the caller's, freed (and wiped) by sigv4_free. */
struct sigv4_signature {
    struct buffer canonical_request;
    struct buffer string_to_sign;
    char signature[65];
    char amz_date[17]; /* value for X-Amz-Date */
    char content_sha256[65];
    struct buffer authorization; /* value for Authorization */
};

bool sigv4_sign(const struct sigv4_request *request, struct sigv4_signature *signature, struct failure *failure);
void sigv4_free(struct sigv4_signature *signature);

#endif
