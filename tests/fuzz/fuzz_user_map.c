/*
 * Anything at all as users.map.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "user_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *settings = settings_finish(settings_begin(), NULL);
    struct user_map *map = user_map_create();
    struct failure failure = {0};

    if (!user_map_feed(map, "users.map", (const char *) data, size, &failure) ||
        !user_map_finish(map, settings, &failure))
        if (strcmp(failure.code, "config") != 0 || strncmp(failure.message, "users.map:", 10) != 0)
            abort();
    user_map_free(map);
    settings_free(settings);
    return 0;
}
