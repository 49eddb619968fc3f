/*
 * user_map.h: /etc/sagemaker-studio/users.map and users.map.d, parsed.  sagemaker-studio.map(5) is the page for people.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USER_MAP_H
#define USER_MAP_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "settings.h"

#define MAP_RULES_MAX    1000000
#define MAP_PATTERNS_MAX 1000 /* each is tried in turn, and takes some kilobytes */
#define MAP_RULE_BYTES   4    /* in the file, at least: "a -" and its newline */

enum rule_kind { RULE_USER, RULE_GROUP, RULE_PATTERN, RULE_UID_RANGE, RULE_EVERYONE };

/* ^(ERE)$: compiled when the map is read, so that a bad one is an error with its line; that of a frozen map
 * (frozen_map.h) once more where it is first matched. */
struct rule_pattern {
    regex_t compiled;
    bool is_compiled;
};

struct rule {
    enum rule_kind kind;
    char *who;                    /* name, group, pattern or range as meant (unquoted) */
    struct rule_pattern *pattern; /* RULE_PATTERN */
    uid_t uid_first, uid_last;
    char *domain;     /* NULL: `-`, no link for these */
    char *profile;    /* template, checked at load; NULL where domain is NULL */
    char *space_name; /* NULL: the domain's */
    char *landing_uri;
    bool lossy;
    unsigned file; /* index into user_map.files */
    unsigned line;
};

/* The hash is there so that a look-up touches no rule but the one that it is for. */
struct named_rule {
    uint32_t hash;
    uint32_t place; /* index of the rule, plus 1; 0: nothing is here */
};

struct user_map {
    char **files; /* names for messages */
    size_t file_count;
    struct rule *rules;
    size_t count;
    size_t capacity;
    size_t pattern_count;
    struct named_rule *named; /* a hash table of the first rule for each name, half empty at least */
    size_t named_size;        /* a power of two */
    size_t *others;           /* indices of all rules that are not RULE_USER, in order */
    size_t other_count;
    struct frozen_map *frozen; /* all of this lies in it; NULL: it lies on the heap */
};

/* The failures have code "config" and the form `file:line: what is wrong, what was expected`. */
struct user_map *user_map_create(void);
bool user_map_feed(struct user_map *map, const char *file, const char *text, size_t length, struct failure *failure);
/* Check that every domain named exists (or is a domain id) and build the indices. */
bool user_map_finish(struct user_map *map, const struct settings *settings, struct failure *failure);
void user_map_free(struct user_map *map);

/* Returns 0, else regcomp(3)'s error. */
int rule_pattern_compile(struct rule_pattern *pattern, const char *expression);

/* The first rule for exactly this name; map->count when there is none. */
size_t user_map_named(const struct user_map *map, const char *name);

#endif
