/*
 * sts_answer.h: what STS answers, checked and taken apart: JSON (which it gives to those who ask with Accept) or XML
 * (which is what it speaks, and what things that stand in for it know alone).
 * Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Examples
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STS_ANSWER_H
#define STS_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"
#include "caller_identity.h"
#include "credentials.h"
#include "failure.h"

/*
 * The keys in the answer to AssumeRole; now and expires_at are by AWS's clock, role is left "".  On success the caller
 * owns what the credentials hold.  Codes "bad-answer", "expired-credentials", "memory".
 */
bool sts_read_credentials(const struct buffer *body, int64_t now, struct credentials *credentials,
                          struct failure *failure);

/* The answer to GetCallerIdentity.  Code "bad-answer". */
bool sts_read_identity(const struct buffer *body, struct caller_identity *identity, struct failure *failure);

#endif
