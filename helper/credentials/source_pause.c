/*
 * source_pause.c: see source_pause.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "source_pause.h"

#include <sys/random.h>
#include <sys/types.h>

int64_t
source_pause_ms(int64_t least_ms, int attempt)
{
    int64_t least = least_ms << (attempt - 2);
    uint16_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t) sizeof(random))
        random = 0;
    return least + random % (least + 1);
}
