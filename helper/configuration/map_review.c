/*
 * map_review.c: finding rules that another one above them always beats, and maps without any.
 *
 * SPDX-License-Identifier: MIT
 */
#include "map_review.h"

#include <string.h>

#define SHOWN_MAX 20

struct review {
    const struct user_map *map;
    struct check_report *report;
    size_t found;
};

static void
tell(struct review *review, const struct rule *rule, const struct rule *above, const char *why)
{
    if (review->found++ < SHOWN_MAX)
        check_report_say(review->report, CHECK_WARNING, "map", "Move it up, or take it out.",
                         "The rule of %s:%u can never win: %s:%u above it %s.", review->map->files[rule->file],
                         rule->line, review->map->files[above->file], above->line, why);
}

/* Everything below the first `*`. */
static size_t
review_everyone(struct review *review)
{
    const struct user_map *map = review->map;
    for (size_t i = 0; i < map->other_count; i++) {
        size_t all = map->others[i];
        if (map->rules[all].kind != RULE_EVERYONE)
            continue;
        for (size_t below = all + 1; below < map->count; below++)
            tell(review, &map->rules[below], &map->rules[all], "matches everyone");
        return all;
    }
    return map->count;
}

/* Names that come twice, above that `*`. */
static void
review_names(struct review *review, size_t end)
{
    const struct user_map *map = review->map;
    for (size_t i = 0; i < end; i++) {
        const struct rule *rule = &map->rules[i];
        size_t first = rule->kind == RULE_USER ? user_map_named(map, rule->who) : i;
        if (first != i)
            tell(review, rule, &map->rules[first], "has the same name");
    }
}

void
map_review(const struct user_map *map, struct check_report *report)
{
    struct review review = {.map = map, .report = report};
    size_t end = review_everyone(&review);

    review_names(&review, end);
    if (map->count == 0)
        check_report_add(report, CHECK_WARNING, "map", "The map has no rules: nobody gets a link.",
                         "Add one to users.map, see sagemaker-studio.map(5).");
    if (review.found > SHOWN_MAX)
        check_report_say(report, CHECK_WARNING, "map", NULL, "There are %zu more such rules.",
                         review.found - SHOWN_MAX);
}
