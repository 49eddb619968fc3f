/*
 * profile_template.h: the third column of the map: text with words in braces, which an account fills in.
 *
 * {user}       the account's name
 * {localpart}  the name without @REALM or DOMAIN\
 * {slug}       the local part in lower case, each run of characters other than a-z and 0-9 made one `-`
 * {uid}        the account's uid
 * {1}..{9}     what the groups of the rule's pattern matched
 *
 * A text with a word in it gives lower case; one without is taken as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PROFILE_TEMPLATE_H
#define PROFILE_TEMPLATE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TEMPLATE_GROUPS        10 /* {1}..{9} and the whole */
#define TEMPLATE_RESULT_LENGTH 1023

struct template_values {
    const char *user;
    uid_t uid;
    const regmatch_t *groups; /* TEMPLATE_GROUPS of them into user; [1] is {1}; NULL when the rule has no pattern */
};

struct template_result {
    char text[TEMPLATE_RESULT_LENGTH + 1];
    const char *lost_word; /* the first word that lost something, as "{slug}"; NULL when none did */
    bool folded;           /* upper-case letters of the account became lower case */
    bool cut;              /* the text was longer than fits here, and so than any profile name */
};

/* NULL when the template can be used with a pattern of so many groups, else what is wrong and what was expected. */
const char *profile_template_objection(const char *text, size_t groups);

/* The template must be one that was checked. */
void profile_template_fill(const char *text, const struct template_values *values, struct template_result *result);

#endif
