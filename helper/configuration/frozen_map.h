/*
 * frozen_map.h: a map that one process has read and others use.
 *
 * The memory is made before the process that reads is forked, so that it has the same address in both and in all that
 * are forked later, and the map in it may be full of ordinary pointers.  It is shared: nobody has a copy of it, a fork
 * does not grow with it, and what is never looked at costs nothing.  Once the map is in it, it is read-only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FROZEN_MAP_H
#define FROZEN_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "user_map.h"

struct frozen_map;

/* Address space for any map of so many bytes of text; pages are taken as they are filled.  NULL with the failure. */
struct frozen_map *frozen_map_prepare(size_t text_bytes, struct failure *failure);

/* In the process that reads: put a copy of a finished map there.  used is what frozen_map_open wants to know. */
bool frozen_map_fill(struct frozen_map *frozen, const struct user_map *map, size_t *used, struct failure *failure);

/* In the process that prepared it: the map, which owns all of this from now on (user_map_free).  NULL with the failure,
 * and then nothing has changed hands. */
struct user_map *frozen_map_open(struct frozen_map *frozen, size_t used, struct failure *failure);

void frozen_map_free(struct frozen_map *frozen);

#endif
