/*
 * aws_error.h: errors of AWS's JSON protocols and of STS, classified by their code; the HTTP status counts only where
 * the body is not AWS's and there is no code.
 * Sources: smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization and
 * smithy.io/2.0/aws/protocols/aws-query-protocol.html#operation-error-serialization
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AWS_ERROR_H
#define AWS_ERROR_H

#include "failure.h"
#include "http.h"

struct aws_error {
    char code[80];     /* AWS's own: "AccessDeniedException"; "http-502" where the body is not AWS's */
    char message[512]; /* AWS's text, printable, on one line, cut; without what may be a token or a link; may be "" */
};

/* Read header and body: in an XML body STS's Error/Code; else header x-amzn-errortype, body __type, body code, body
 * Error.Code (STS in JSON); cut at ':', kept after '#'. */
void aws_error_read(const struct http_answer *answer, struct aws_error *error);

enum aws_error_kind {
    AWS_ERROR_DENIED,       /* "access-denied" */
    AWS_ERROR_EXPIRED_KEYS, /* "expired-credentials": expired, or not known (any more) */
    AWS_ERROR_CLOCK,        /* "clock" (signature expired, not yet current) */
    AWS_ERROR_SIGNATURE,    /* "bad-signature" */
    AWS_ERROR_NOT_FOUND,    /* "not-found" */
    AWS_ERROR_INVALID,      /* "invalid-request" */
    AWS_ERROR_THROTTLED,    /* "throttled" */
    AWS_ERROR_SERVICE,      /* "service-error" */
    AWS_ERROR_NOT_AWS,      /* "bad-answer": something in between answered */
    AWS_ERROR_OTHER,        /* "refused" */
};

enum aws_error_kind aws_error_kind(const struct aws_error *error, long status);
/* The word of the list above. */
const char *aws_error_word(enum aws_error_kind kind);

/*
 * What somebody else wrote, made fit for a message: printable, white space as single blanks, cut to size at a
 * character's boundary.  A run that is long enough to be a session token or a link (an echoed request, a debug page)
 * becomes "[...]".
 */
void aws_error_quote(const char *text, size_t length, char *quoted, size_t size);

#endif
