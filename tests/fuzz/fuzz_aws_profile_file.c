/*
 * Anything at all as a file of AWS profiles, and as the profile that is asked for.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws_profile_file.h"
#include "credential_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"default", "x"};
    struct failure failure = {0};
    struct aws_profile_file *profiles = aws_profile_file_parse("credentials", (const char *) data, size, &failure);

    if (profiles == NULL && strcmp(failure.code, "credentials") != 0)
        abort();
    for (size_t i = 0; profiles != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        struct credential_plan plan = {0};
        bool good = credential_profile_resolve(profiles, "credentials", names[i], &plan, &failure);

        if (!good && strcmp(failure.code, "credentials") != 0)
            abort();
        if (good && plan.base == CREDENTIAL_BASE_KEYS && plan.keys.secret_access_key == NULL)
            abort();
        credential_plan_free(&plan);
    }
    aws_profile_file_free(profiles);
    return 0;
}
