/*
 * mapping.c: account → rule → user profile.
 *
 * SPDX-License-Identifier: MIT
 */
#include "mapping.h"

#include <stdio.h>
#include <string.h>

#include "profile_template.h"
#include "rule_match.h"

static void
copy(char *member, size_t size, const char *text)
{
    size_t length = text != NULL ? strnlen(text, size - 1) : 0;
    if (length > 0)
        memcpy(member, text, length);
    member[length] = '\0';
}

bool
mapping_subject(const struct accounts *accounts, uid_t uid, struct rule_subject *subject, struct mapping *mapping)
{
    memset(mapping, 0, sizeof *mapping);
    mapping->uid = uid;
    *subject = (struct rule_subject){.accounts = accounts};
    enum account_answer answer = accounts->by_uid(uid, &subject->account, &mapping->failure);
    if (answer == ACCOUNT_ABSENT)
        failure_set(&mapping->failure, "account", "uid %u has no account on this host", uid);
    if (answer != ACCOUNT_FOUND) {
        mapping->kind = MAPPING_FAILED;
        return false;
    }
    copy(mapping->user, sizeof mapping->user, subject->account.name);
    struct account back;
    answer = accounts->by_name(subject->account.name, &back, &mapping->failure);
    if (answer == ACCOUNT_FOUND && back.uid == uid && subject->account.uid == uid)
        return true;
    if (answer != ACCOUNT_UNKNOWN)
        failure_set(&mapping->failure, "account",
                    "uid %u has the name '%s', and that name does not have this uid; expected one account for both",
                    uid, subject->account.name);
    mapping->kind = MAPPING_FAILED;
    return false;
}

/*
 * Templates give lower case.  Where names differ by case alone, two people could become one: is there another account
 * of the lower-case name?
 */
static bool
check_folding(const struct rule_subject *subject, struct mapping *mapping)
{
    char folded[sizeof subject->account.name];
    copy(folded, sizeof folded, subject->account.name);
    for (char *at = folded; *at != '\0'; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char) (*at - 'A' + 'a');
    }
    struct account other;
    enum account_answer answer = subject->accounts->by_name(folded, &other, &mapping->failure);
    if (answer == ACCOUNT_ABSENT || (answer == ACCOUNT_FOUND && other.uid == subject->account.uid))
        return true;
    if (answer == ACCOUNT_FOUND)
        failure_set(&mapping->failure, "lossy",
                    "%s: the users '%s' and '%s' differ by case alone and would become one user profile; map them by "
                    "name, or write lossy=yes",
                    mapping->rule, subject->account.name, folded);
    mapping->kind = MAPPING_FAILED;
    return false;
}

static bool
check_loss(const struct rule *rule, const struct rule_subject *subject, const struct template_result *result,
           struct mapping *mapping)
{
    if (rule->lossy)
        return true;
    if (result->lost_word == NULL)
        return !result->folded || check_folding(subject, mapping);
    failure_set(&mapping->failure, "lossy",
                "%s: user '%s' would become '%.100s', and %s lost something of the name, so that two people could "
                "become one; map this user by name, or write lossy=yes",
                mapping->rule, subject->account.name, result->text, result->lost_word);
    mapping->kind = MAPPING_FAILED;
    return false;
}

static bool
fill_profile(const struct rule *rule, const struct rule_subject *subject, struct mapping *mapping)
{
    /* matches[1] is the group that compile() put around the expression, so {1} is matches[2]. */
    const struct template_values values = {
        .user = subject->account.name,
        .uid = subject->account.uid,
        .groups = rule->kind == RULE_PATTERN ? &subject->matches[1] : NULL,
    };
    struct template_result result;
    profile_template_fill(rule->profile, &values, &result);
    if (!check_loss(rule, subject, &result, mapping))
        return false;
    if (!result.cut && user_profile_name_is_valid(result.text)) {
        copy(mapping->user_profile_name, sizeof mapping->user_profile_name, result.text);
        return true;
    }
    failure_set(
        &mapping->failure, "profile-name",
        "%s: user '%s' would become '%.100s', which is no user profile name; expected letters, digits and inner "
        "'-', at most 63 characters",
        mapping->rule, subject->account.name, result.text);
    mapping->kind = MAPPING_FAILED;
    return false;
}

/* What the rule says of space and landing URI; else what its domain says.  Each excludes the other. */
static void
fill_target(const struct configuration *configuration, const struct rule *rule, struct mapping *mapping)
{
    const struct domain_settings *domain = settings_domain(configuration->settings, rule->domain);
    if (domain == NULL)
        domain = &configuration->settings->defaults;
    bool own = rule->space_name != NULL || rule->landing_uri != NULL;
    copy(mapping->domain, sizeof mapping->domain, rule->domain);
    copy(mapping->space_name, sizeof mapping->space_name, own ? rule->space_name : domain->space_name);
    copy(mapping->landing_uri, sizeof mapping->landing_uri, own ? rule->landing_uri : domain->landing_uri);
}

void
mapping_apply(const struct configuration *configuration, const struct rule *rule, const struct rule_subject *subject,
              struct mapping *mapping)
{
    snprintf(mapping->rule, sizeof mapping->rule, "%s:%u", configuration->map->files[rule->file], rule->line);
    if (rule->domain == NULL) {
        mapping->kind = MAPPING_REFUSED;
        return;
    }
    if (!fill_profile(rule, subject, mapping))
        return;
    fill_target(configuration, rule, mapping);
    mapping->kind = MAPPING_PROFILE;
}

/* The first rule that matches; NULL when none does (MAPPING_NOBODY) or none may be looked for any more
 * (MAPPING_FAILED). */
static const struct rule *
find_rule(const struct user_map *map, struct rule_subject *subject, struct mapping *mapping)
{
    size_t named = user_map_named(map, subject->account.name);
    mapping->kind = MAPPING_NOBODY;
    for (size_t i = 0; i < map->other_count && map->others[i] < named; i++) {
        const struct rule *rule = &map->rules[map->others[i]];
        switch (rule_match(subject, rule, &mapping->failure)) {
        case RULE_MATCHES:
            return rule;
        case RULE_UNKNOWN:
            snprintf(mapping->rule, sizeof mapping->rule, "%s:%u", map->files[rule->file], rule->line);
            mapping->kind = MAPPING_FAILED;
            return NULL;
        case RULE_DIFFERS:
            break;
        }
    }
    return named < map->count ? &map->rules[named] : NULL;
}

void
mapping_find_among(const struct configuration *configuration, const struct accounts *accounts, uid_t uid,
                   struct mapping *mapping)
{
    struct rule_subject subject;
    if (!mapping_subject(accounts, uid, &subject, mapping))
        return;
    const struct rule *rule = find_rule(configuration->map, &subject, mapping);
    if (rule != NULL)
        mapping_apply(configuration, rule, &subject, mapping);
    rule_subject_release(&subject);
}

void
mapping_find(const struct configuration *configuration, uid_t uid, struct mapping *mapping)
{
    mapping_find_among(configuration, accounts_of_this_host(), uid, mapping);
}
