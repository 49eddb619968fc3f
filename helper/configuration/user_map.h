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
#include <sys/types.h>

#include "failure.h"
#include "settings.h"

#define MAP_RULES_MAX    1000000
#define MAP_PATTERNS_MAX 1000 /* each is tried in turn, and takes some kilobytes */

enum rule_kind { RULE_USER, RULE_GROUP, RULE_PATTERN, RULE_UID_RANGE, RULE_EVERYONE };

struct rule {
    enum rule_kind kind;
    char *who;        /* name, group, pattern or range as meant (unquoted) */
    regex_t *pattern; /* RULE_PATTERN: ^(ERE)$, compiled at load, so that a bad one is an error with its line */
    uid_t uid_first, uid_last;
    char *domain;     /* NULL: `-`, no link for these */
    char *profile;    /* template, checked at load; NULL where domain is NULL */
    char *space_name; /* NULL: the domain's */
    char *landing_uri;
    bool lossy;
    unsigned file; /* index into user_map.files */
    unsigned line;
};

struct user_map {
    char **files; /* names for messages */
    size_t file_count;
    struct rule *rules;
    size_t count;
    size_t capacity;
    size_t pattern_count;
    size_t *by_name; /* indices of RULE_USER rules, sorted by name, then by index */
    size_t by_name_count;
    size_t *others; /* indices of all other rules, in order */
    size_t other_count;
};

/* The failures have code "config" and the form `file:line: what is wrong, what was expected`. */
struct user_map *user_map_create(void);
bool user_map_feed(struct user_map *map, const char *file, const char *text, size_t length, struct failure *failure);
/* Check that every domain named exists (or is a domain id) and build the indices. */
bool user_map_finish(struct user_map *map, const struct settings *settings, struct failure *failure);
void user_map_free(struct user_map *map);

/* The first rule for exactly this name; map->count when there is none. */
size_t user_map_named(const struct user_map *map, const char *name);

#endif
