/*
 * Anything at all as studio.conf.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings_reader *reader = settings_begin();
    struct settings *settings;
    struct failure failure = {0};
    bool good = settings_feed(reader, "studio.conf", (const char *) data, size, &failure);

    settings = settings_finish(reader, &failure);
    if ((!good || settings == NULL) && strncmp(failure.code, "config", sizeof(failure.code)) != 0)
        abort();
    settings_free(settings);
    return 0;
}
