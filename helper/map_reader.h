/*
 * map_reader.h: reading a large configuration in a process of its own, while the helper serves.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MAP_READER_H
#define MAP_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "configuration.h"
#include "failure.h"
#include "loop.h"
#include "user_map.h"

/* A million rules are read in a few seconds; a reading that takes longer than this hangs. */
#define MAP_READING_MAX_MS 20000

struct map_reader;

struct map_verdict {
    bool lost;                      /* the process crashed, was killed or hung: the failure says so, code "worker" */
    enum configuration_state state; /* unless lost */
    struct user_map *map;           /* when loaded; whoever is given the verdict frees it */
    struct failure failure;         /* as configuration_load_from's */
};

/* Once for each reading that was not cancelled, never from inside map_reader_start. */
typedef void map_reader_done(void *owner, struct map_verdict *verdict);

/* What source points to must outlive the reader. */
struct map_reader *map_reader_create(struct loop *loop, const struct configuration_source *source,
                                     map_reader_done *done, void *owner, struct failure *failure);
void map_reader_free(struct map_reader *reader);

/* Read settings and map, whose files have so many bytes together.  False when memory is short.  None may be under way.
 */
bool map_reader_start(struct map_reader *reader, size_t map_bytes, struct failure *failure);

/* End what is under way, if anything is: nobody hears of it. */
void map_reader_cancel(struct map_reader *reader);

bool map_reader_is_reading(const struct map_reader *reader);

#endif
