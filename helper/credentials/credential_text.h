/*
 * credential_text.h: keys as somebody's answer or file has them in text, checked before they are believed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIAL_TEXT_H
#define CREDENTIAL_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "credentials.h"
#include "failure.h"

/* Any of them may be NULL: the answer has it not. */
struct credential_text {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token;
};

/* Both keys are there, of a sane length and fit for a header (printable ASCII without blanks), and so is the session
 * token unless it is NULL. */
bool credential_text_is_good(const struct credential_text *text);

/* Copies of these; expires_at is 0 and role "".  The caller ends them with credentials_wipe.  Code "memory". */
bool credential_text_copy(const struct credential_text *text, struct credentials *credentials, struct failure *failure);

/* ISO 8601 with date, time and zone: 2017-05-17T15:09:54Z, also with a fraction of a second, or with +09:00.  NULL is
 * allowed, and none. */
bool credential_expiration_read(const char *text, int64_t *expires_at);

#endif
