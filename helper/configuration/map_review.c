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

/* Names that come twice, above that `*`; equal names are neighbours in by_name, the first rule first. */
static void
review_names(struct review *review, size_t end)
{
    const struct user_map *map = review->map;
    size_t first = 0;
    for (size_t i = 1; i < map->by_name_count; i++) {
        const struct rule *rule = &map->rules[map->by_name[i]];
        const struct rule *above = &map->rules[map->by_name[first]];
        if (strcmp(rule->who, above->who) != 0)
            first = i;
        else if (map->by_name[i] < end)
            tell(review, rule, above, "has the same name");
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
