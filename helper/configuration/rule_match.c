/*
 * rule_match.c: a rule's first column against an account.
 *
 * Names and patterns compare byte by byte: the helper never calls setlocale(3), so regcomp and regexec run in the C
 * locale.
 *
 * SPDX-License-Identifier: MIT
 */
#include "rule_match.h"

#include <stdlib.h>
#include <string.h>

static enum rule_answer
differs(struct rule_subject *subject, const char *reason)
{
    subject->reason = reason;
    return RULE_DIFFERS;
}

static bool
fetch_groups(struct rule_subject *subject, struct failure *failure)
{
    if (!subject->groups_known)
        subject->groups_known =
            subject->accounts->groups_of(&subject->account, &subject->groups, &subject->group_count, failure);
    return subject->groups_known;
}

/*
 * The account's groups are asked for also where the group does not exist: a group of a directory that is down may look
 * so (accounts.h), and the groups then tell of the outage.
 */
static enum rule_answer
match_group(struct rule_subject *subject, const struct rule *rule, struct failure *failure)
{
    gid_t gid = 0;
    enum account_answer answer = subject->accounts->group_by_name(rule->who, &gid, failure);
    if (answer == ACCOUNT_UNKNOWN || !fetch_groups(subject, failure))
        return RULE_UNKNOWN;
    if (answer == ACCOUNT_ABSENT)
        return differs(subject, "this host knows no such group");
    for (size_t i = 0; i < subject->group_count; i++) {
        if (subject->groups[i] == gid)
            return RULE_MATCHES;
    }
    return differs(subject, "not a member of this group");
}

static enum rule_answer
match_pattern(struct rule_subject *subject, const struct rule *rule, struct failure *failure)
{
    if (!rule->pattern->is_compiled && rule_pattern_compile(rule->pattern, rule->who) != 0) {
        failure_set(failure, "pattern", "no memory to compile the pattern /%s/, expected a simpler one", rule->who);
        return RULE_UNKNOWN;
    }
    int error = regexec(&rule->pattern->compiled, subject->account.name, TEMPLATE_GROUPS + 1, subject->matches, 0);
    if (error == 0)
        return RULE_MATCHES;
    if (error == REG_NOMATCH)
        return differs(subject, "the pattern does not match the whole name");
    failure_set(failure, "pattern", "no memory to match the pattern /%s/, expected a simpler one", rule->who);
    return RULE_UNKNOWN;
}

enum rule_answer
rule_match(struct rule_subject *subject, const struct rule *rule, struct failure *failure)
{
    const struct account *account = &subject->account;
    subject->reason = "";
    switch (rule->kind) {
    case RULE_USER:
        return strcmp(rule->who, account->name) == 0 ? RULE_MATCHES : differs(subject, "another name");
    case RULE_GROUP:
        return match_group(subject, rule, failure);
    case RULE_PATTERN:
        return match_pattern(subject, rule, failure);
    case RULE_UID_RANGE:
        return account->uid >= rule->uid_first && account->uid <= rule->uid_last
                   ? RULE_MATCHES
                   : differs(subject, "the uid lies outside the range");
    case RULE_EVERYONE:
        break;
    }
    return RULE_MATCHES;
}

void
rule_subject_release(struct rule_subject *subject)
{
    free(subject->groups);
    subject->groups = NULL;
}
