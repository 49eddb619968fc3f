/*
 * Anything at all as STS's answer.  The first byte chooses the HTTP status, and what was asked.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "assume_role.h"
#include "caller_identity.h"
#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct assume_role_parameters role = {
    .endpoint_url = "https://sts.eu-west-1.amazonaws.com",
    .region = "eu-west-1",
    .role_arn = "arn:aws:iam::123456789012:role/StudioLogin",
    .role_session_name = "alice",
    .duration_seconds = 3600,
};
static const struct caller_identity_parameters caller = {
    .endpoint_url = "https://sts.eu-west-1.amazonaws.com",
    .region = "eu-west-1",
};

static bool
fits_a_header(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= 0x20 || *text > 0x7e)
            return false;
    }
    return true;
}

static void
check_failure(const struct failure *failure)
{
    if (failure->code[0] == '\0' || failure->message[0] == '\0' ||
        !text_is_printable(failure->message, strlen(failure->message)))
        abort();
}

static void
assume(const struct http_answer *answer)
{
    struct credentials keys;
    struct failure failure = {0};
    if (!assume_role_answer(&role, answer, &keys, &failure)) {
        check_failure(&failure);
        if (keys.access_key_id != NULL || keys.secret_access_key != NULL || keys.session_token != NULL)
            abort();
        return;
    }
    if (answer->status != 200 || keys.expires_at <= 0 || !fits_a_header(keys.access_key_id) ||
        !fits_a_header(keys.secret_access_key) || !fits_a_header(keys.session_token))
        abort();
    credentials_wipe(&keys);
}

static void
identify(const struct http_answer *answer)
{
    struct caller_identity identity;
    struct failure failure = {0};
    if (!caller_identity_answer(&caller, answer, &identity, &failure))
        check_failure(&failure);
    else if (!fits_a_header(identity.arn) || strlen(identity.account) != 12)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 200, 400, 403, 500, 302};
    struct http_answer answer = {.end = HTTP_ANSWERED, .body = BUFFER(262144)};
    if (size == 0)
        return 0;
    answer.status = statuses[data[0] / 2 % (sizeof(statuses) / sizeof(statuses[0]))];
    if (buffer_append(&answer.body, data + 1, size - 1))
        (data[0] % 2 == 0 ? assume : identify)(&answer);
    buffer_free(&answer.body);
    return 0;
}
