/*
 * aws_refusal.h: what every explanation of an AWS error is made of.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AWS_REFUSAL_H
#define AWS_REFUSAL_H

#include "aws_error.h"
#include "http.h"

struct aws_refusal {
    struct aws_error error;
    enum aws_error_kind kind;
    char said[620]; /* CODE, or CODE: "AWS's text" */
    char peer[360]; /* HOST (ADDRESS, a public address) */
    char clock[96]; /* how far this host's clock is from AWS's: "it is 90 s ahead of AWS's clock" */
};

/* Of an exchange that was answered (http.h). */
void aws_refusal_read(const char *endpoint_url, const struct http_answer *answer, struct aws_refusal *refusal);

#endif
