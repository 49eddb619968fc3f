/*
 * imds_answer.h: what the instance metadata service sends, checked and taken apart.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMDS_ANSWER_H
#define IMDS_ANSWER_H

#include <stdbool.h>
#include <time.h>

#include "buffer.h"
#include "credentials.h"
#include "failure.h"

#define IMDS_ROLE_SIZE   65
#define IMDS_REGION_SIZE 33

/* A session token: printable ASCII without blanks, so that it can stand in a header.  Heap; the caller ends it with
 * secret_free.  NULL with code "imds-bad-answer". */
char *imds_read_token(const struct buffer *body, struct failure *failure);

/* The role's name: the first line.  Codes "imds-no-role" when it is empty, "imds-bad-answer". */
bool imds_read_role(const struct buffer *body, char role[IMDS_ROLE_SIZE], struct failure *failure);

/* Code "imds-bad-answer". */
bool imds_read_region(const struct buffer *body, char region[IMDS_REGION_SIZE], struct failure *failure);

/*
 * The document of a role's credentials.  On success the caller owns what the credentials hold; role is left "".  Codes
 * "imds-refused" when the document says so itself, "expired-credentials", "imds-bad-answer".
 */
bool imds_read_credentials(const struct buffer *body, time_t now, struct credentials *credentials,
                           struct failure *failure);

#endif
