/*
 * rule_match.h: does this rule speak of this account?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RULE_MATCH_H
#define RULE_MATCH_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "accounts.h"
#include "failure.h"
#include "profile_template.h"
#include "user_map.h"

/* The account whose rule is looked for.  Its groups are fetched when the first group rule is met, and once. */
struct rule_subject {
    const struct accounts *accounts;
    struct account account;
    gid_t *groups; /* freed by rule_subject_release */
    size_t group_count;
    bool groups_known;
    regmatch_t matches[TEMPLATE_GROUPS + 1]; /* of the last pattern that matched; [2] is {1} */
    const char *reason;                      /* why the last rule did not match, for `check --explain` */
};

enum rule_answer {
    RULE_MATCHES,
    RULE_DIFFERS,
    RULE_UNKNOWN, /* the failure says why; no rule further down may be tried */
};

enum rule_answer rule_match(struct rule_subject *subject, const struct rule *rule, struct failure *failure);

void rule_subject_release(struct rule_subject *subject);

#endif
