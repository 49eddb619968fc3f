/*
 * Anything at all as SageMaker's answer.  The first byte chooses the HTTP status.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "presigned_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct presigned_url_parameters parameters = {
    .endpoint_url = "https://api.sagemaker.eu-west-1.amazonaws.com",
    .region = "eu-west-1",
    .domain_id = "d-abcdefghij12",
    .user_profile_name = "alice",
    .expires_in_seconds = 300,
    .session_expiration_duration_in_seconds = 43200,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 403, 500, 503, 302};
    struct http_answer answer = {.end = HTTP_ANSWERED, .body = BUFFER(262144)};
    struct failure failure = {0};
    char *url = NULL;

    if (size == 0)
        return 0;
    answer.status = statuses[data[0] % (sizeof(statuses) / sizeof(statuses[0]))];
    if (buffer_append(&answer.body, data + 1, size - 1)) {
        bool good = presigned_url_answer(&parameters, &answer, &url, &failure);

        if (good != (url != NULL) || (good && strncmp(url, "https://", 8) != 0) ||
            (good && strpbrk(url, " \"'<>\\\r\n") != NULL) || (!good && failure.code[0] == '\0'))
            abort();
    }
    secret_free(&url);
    buffer_free(&answer.body);
    return 0;
}
