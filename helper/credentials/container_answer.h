/*
 * container_answer.h: what an endpoint for container credentials sends, checked and taken apart.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CONTAINER_ANSWER_H
#define CONTAINER_ANSWER_H

#include <stdbool.h>
#include <time.h>

#include "buffer.h"
#include "credentials.h"
#include "failure.h"

/*
 * The document of status 200: AccessKeyId, SecretAccessKey, Token, Expiration.  On success the caller owns what the
 * credentials hold.  endpoint is for messages.  Codes "credentials", "expired-credentials", "memory".
 */
bool container_answer_credentials(const struct buffer *body, const char *endpoint, time_t now,
                                  struct credentials *credentials, struct failure *failure);

/* What it means that the endpoint answered with another status.  Code "credentials".  Returns false. */
bool container_answer_refusal(long status, const struct buffer *body, const char *endpoint, struct failure *failure);

#endif
