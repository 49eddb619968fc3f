/*
 * frozen_map.c: laying out a map in one piece of memory.
 *
 * First come struct user_map, its rules and its indices, then the strings.  The patterns, which regcomp(3) fills with
 * pointers to the heap, are not shared: each process has pages of its own for them, empty until it compiles one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "frozen_map.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drop_ins.h"

#define FILE_NAME_BYTES (NAME_MAX + sizeof "users.map.d/")
#define FILES_MAX       (DROP_INS_MAX + 1)
#define PATTERNS_BYTES  (MAP_PATTERNS_MAX * sizeof(struct rule_pattern))

/* A rule, and its places in the two indices: the table of names has four for each, or two in all. */
#define RULE_BYTES (sizeof(struct rule) + 4 * sizeof(struct named_rule) + sizeof(size_t))

struct frozen_map {
    char *memory;
    size_t size;
    struct rule_pattern *patterns; /* MAP_PATTERNS_MAX of them */
    struct user_map *map;          /* in the memory; NULL until it was opened */
};

/* Filling it, from the front. */
struct filling {
    struct frozen_map *frozen;
    size_t used;
    size_t pattern_count;
    bool overflow;
};

/* A string of the file is there without its NUL and with a blank or a newline behind it: the text is room for all. */
static size_t
room_for(size_t text_bytes)
{
    size_t rules = text_bytes / MAP_RULE_BYTES < MAP_RULES_MAX ? text_bytes / MAP_RULE_BYTES : MAP_RULES_MAX;
    return sizeof(struct user_map) + 2 * sizeof(struct named_rule) + FILES_MAX * (sizeof(char *) + FILE_NAME_BYTES) +
           rules * RULE_BYTES + text_bytes;
}

static size_t
in_pages(size_t bytes)
{
    size_t page = (size_t) sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

/* NULL when there is none. */
static void *
map_memory(size_t size, int flags)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

struct frozen_map *
frozen_map_prepare(size_t text_bytes, struct failure *failure)
{
    struct frozen_map *frozen = calloc(1, sizeof *frozen);
    if (frozen != NULL) {
        frozen->size = in_pages(room_for(text_bytes));
        frozen->memory = map_memory(frozen->size, MAP_SHARED);
        frozen->patterns = map_memory(PATTERNS_BYTES, MAP_PRIVATE);
        if (frozen->memory != NULL && frozen->patterns != NULL)
            return frozen;
    }
    failure_set(failure, "memory", "there is no memory for a map of %zu bytes", text_bytes);
    frozen_map_free(frozen);
    return NULL;
}

void
frozen_map_free(struct frozen_map *frozen)
{
    if (frozen == NULL)
        return;
    for (size_t i = 0; frozen->map != NULL && i < frozen->map->pattern_count; i++) {
        if (frozen->patterns[i].is_compiled)
            regfree(&frozen->patterns[i].compiled);
    }
    if (frozen->patterns != NULL)
        (void) munmap(frozen->patterns, PATTERNS_BYTES);
    if (frozen->memory != NULL)
        (void) munmap(frozen->memory, frozen->size);
    free(frozen);
}

/* So many bytes more; NULL when they do not fit. */
static void *
take(struct filling *filling, size_t size)
{
    if (filling->overflow || size > filling->frozen->size - filling->used) {
        filling->overflow = true;
        return NULL;
    }
    void *place = filling->frozen->memory + filling->used;
    filling->used += size;
    return place;
}

static void *
put(struct filling *filling, const void *data, size_t size)
{
    void *place = take(filling, size);
    if (place != NULL && size > 0)
        memcpy(place, data, size);
    return place;
}

/* A string, or NULL; one that the rule above has too is there already. */
static char *
put_text(struct filling *filling, const char *text, char *above)
{
    if (text == NULL || (above != NULL && strcmp(text, above) == 0))
        return text != NULL ? above : NULL;
    return put(filling, text, strlen(text) + 1);
}

static void
put_texts_of_rule(struct filling *filling, struct rule *rule, const struct rule *above)
{
    rule->who = put_text(filling, rule->who, NULL);
    rule->domain = put_text(filling, rule->domain, above->domain);
    rule->profile = put_text(filling, rule->profile, above->profile);
    rule->space_name = put_text(filling, rule->space_name, above->space_name);
    rule->landing_uri = put_text(filling, rule->landing_uri, above->landing_uri);
    if (rule->pattern == NULL)
        return;
    if (filling->pattern_count < MAP_PATTERNS_MAX)
        rule->pattern = &filling->frozen->patterns[filling->pattern_count++];
    else
        filling->overflow = true;
}

static void
put_texts(struct filling *filling, struct user_map *copy)
{
    static const struct rule nothing;
    for (size_t i = 0; i < copy->file_count && !filling->overflow; i++)
        copy->files[i] = put_text(filling, copy->files[i], NULL);
    for (size_t i = 0; i < copy->count && !filling->overflow; i++)
        put_texts_of_rule(filling, &copy->rules[i], i > 0 ? &copy->rules[i - 1] : &nothing);
}

bool
frozen_map_fill(struct frozen_map *frozen, const struct user_map *map, size_t *used, struct failure *failure)
{
    struct filling filling = {.frozen = frozen};
    struct user_map *copy = put(&filling, map, sizeof *map);
    if (copy != NULL) {
        copy->frozen = frozen;
        copy->files = put(&filling, map->files, map->file_count * sizeof *map->files);
        copy->rules = put(&filling, map->rules, map->count * sizeof *map->rules);
        copy->named = put(&filling, map->named, map->named_size * sizeof *map->named);
        copy->others = put(&filling, map->others, map->other_count * sizeof *map->others);
        copy->capacity = copy->count;
        if (!filling.overflow)
            put_texts(&filling, copy);
    }
    *used = filling.used;
    return !filling.overflow ||
           failure_set(failure, "config",
                       "the map is larger than its files were when there was a look at their size; did they change "
                       "while they were read?");
}

struct user_map *
frozen_map_open(struct frozen_map *frozen, size_t used, struct failure *failure)
{
    size_t kept = in_pages(used);
    if (used < sizeof(struct user_map) || kept > frozen->size) {
        failure_set(failure, "internal", "%zu bytes of %zu are said to hold a map", used, frozen->size);
        return NULL;
    }
    if (kept < frozen->size && munmap(frozen->memory + kept, frozen->size - kept) == 0)
        frozen->size = kept;
    if (mprotect(frozen->memory, kept, PROT_READ) != 0) {
        failure_set(failure, "memory", "the map cannot be protected from being written to: %s", strerror(errno));
        return NULL;
    }
    /* Aligned as memory from mmap(2) is. */
    frozen->map = (struct user_map *) (void *) frozen->memory;
    return frozen->map;
}
