/*
 * mapping_explain.c: the way from account to user profile, told step by step.
 *
 * It walks the same steps as mapping_find, so that what it says is what a login gets.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "eligible_uid.h"
#include "mapping.h"
#include "rule_match.h"

#define WHOLE_MAP_RULES 50 /* a map of at most so many rules is shown rule by rule */

enum { EXPLAINED_MAPPED = 0, EXPLAINED_NOT_MAPPED = 1, EXPLAINED_WRONG = 2 };

static int
wrong(FILE *out, const struct failure *failure)
{
    fprintf(out, "✗ %s: %s\n", failure->code, failure->message);
    return EXPLAINED_WRONG;
}

/* The first column as the map would have it. */
static void
print_who(FILE *out, const struct rule *rule)
{
    switch (rule->kind) {
    case RULE_GROUP:
        fprintf(out, "@%s", rule->who);
        break;
    case RULE_PATTERN:
        fprintf(out, "/%s/", rule->who);
        break;
    case RULE_USER:
    case RULE_UID_RANGE:
    case RULE_EVERYONE:
        fprintf(out, "%s", rule->who);
        break;
    }
}

static void
print_rule(FILE *out, const struct user_map *map, const struct rule *rule, const char *mark, const char *verdict)
{
    fprintf(out, "%s %s:%u  ", mark, map->files[rule->file], rule->line);
    print_who(out, rule);
    fprintf(out, "  %s %s: %s\n", rule->domain != NULL ? rule->domain : "-", rule->profile != NULL ? rule->profile : "",
            verdict);
}

/* Walk the rules from the top.  Returns the place of the winner; map->count when there is none, or when the answer is
 * unknown: the mapping is then FAILED. */
static size_t
walk_rules(const struct user_map *map, struct rule_subject *subject, struct mapping *mapping, FILE *out)
{
    bool whole = map->count <= WHOLE_MAP_RULES;
    size_t passed = 0;
    size_t at = 0;
    for (; at < map->count; at++) {
        const struct rule *rule = &map->rules[at];
        enum rule_answer answer = rule_match(subject, rule, &mapping->failure);
        if (answer == RULE_MATCHES)
            break;
        if (answer == RULE_UNKNOWN) {
            mapping->kind = MAPPING_FAILED;
            print_rule(out, map, rule, "✗", "cannot be told, so nothing further down is looked at");
            return map->count;
        }
        if (whole || rule->kind != RULE_USER)
            print_rule(out, map, rule, " ", subject->reason);
        else
            passed++;
    }
    if (passed > 0)
        fprintf(out, "  (and %zu rules for other names)\n", passed);
    return at;
}

static const char *
or_default(const char *text, const char *preset)
{
    return text != NULL && text[0] != '\0' ? text : preset;
}

static void
print_domain(FILE *out, const struct configuration *configuration, const struct mapping *mapping)
{
    const struct domain_settings *domain = settings_domain(configuration->settings, mapping->domain);
    bool named = domain != NULL;
    if (!named)
        domain = &configuration->settings->defaults;
    fprintf(out, "domain        %s%s\n", mapping->domain, named ? "" : " (an id: the settings of [defaults] hold)");
    if (named)
        fprintf(out, "  domain_id = %s\n", domain->domain_id);
    fprintf(out, "  region = %s\n", or_default(domain->region, "(the instance's own)"));
    fprintf(out, "  expires_in_seconds = %d\n", domain->expires_in_seconds);
    fprintf(out, "  session_expiration_duration_in_seconds = %d\n", domain->session_expiration_duration_in_seconds);
    fprintf(out, "  landing_uri = %s\n", or_default(mapping->landing_uri, "(the domain's own)"));
    fprintf(out, "  space_name = %s\n", or_default(mapping->space_name, "(none)"));
    fprintf(out, "  endpoint_url = %s\n", or_default(domain->endpoint_url, "(follows from the region)"));
    fprintf(out, "  use_fips_endpoint = %s, use_dualstack_endpoint = %s\n", domain->use_fips_endpoint ? "yes" : "no",
            domain->use_dualstack_endpoint ? "yes" : "no");
    fprintf(out, "  proxy_url = %s\n", or_default(domain->proxy_url, "(none)"));
    fprintf(out, "  ca_bundle = %s\n", or_default(domain->ca_bundle, "(the system's)"));
}

static int
print_outcome(FILE *out, const struct configuration *configuration, const struct mapping *mapping)
{
    switch (mapping->kind) {
    case MAPPING_PROFILE:
        print_domain(out, configuration, mapping);
        fprintf(out, "user profile  %s\n", mapping->user_profile_name);
        return EXPLAINED_MAPPED;
    case MAPPING_NOBODY:
        fprintf(out, "! no rule matches: no link for this user\n");
        return EXPLAINED_NOT_MAPPED;
    case MAPPING_REFUSED:
        fprintf(out, "! the rule says `-`: no link for this user\n");
        return EXPLAINED_NOT_MAPPED;
    case MAPPING_FAILED:
        break;
    }
    return wrong(out, &mapping->failure);
}

static void
print_account(FILE *out, const struct account *account, const char *asked)
{
    fprintf(out, "account       %s (uid %u)", account->name, account->uid);
    if (strcmp(account->name, asked) != 0)
        fprintf(out, ", asked for as '%s'; rules see the account's own name", asked);
    fprintf(out, "\nrules\n");
}

static int
explain_subject(const struct configuration *configuration, struct rule_subject *subject, struct mapping *mapping,
                FILE *out)
{
    mapping->kind = MAPPING_NOBODY;
    const struct user_map *map = configuration->map;
    size_t at = walk_rules(map, subject, mapping, out);
    if (at < map->count) {
        const struct rule *winner = &map->rules[at];
        print_rule(out, map, winner, "→", "matches, and wins");
        mapping_apply(configuration, winner, subject, mapping);
    }
    return print_outcome(out, configuration, mapping);
}

/* The helper refuses these before it reads the map (eligible_uid.h). */
static bool
warn_of_uid(uid_t uid, FILE *out)
{
    uid_t minimum = uid_min_of(LOGIN_DEFS);
    if (uid_is_eligible(uid, minimum))
        return false;
    fprintf(out,
            "! uid %u is not a person's (below UID_MIN of %s, which is %u, or a reserved one): no link, whatever the "
            "map says\n",
            uid, LOGIN_DEFS, minimum);
    return true;
}

int
mapping_explain_among(const struct configuration *configuration, const struct accounts *accounts, const char *user,
                      FILE *out)
{
    struct account account;
    struct failure failure = {0};
    enum account_answer answer = accounts->by_name(user, &account, &failure);
    if (answer == ACCOUNT_ABSENT)
        failure_set(&failure, "account", "this host has no account '%s'", user);
    if (answer != ACCOUNT_FOUND)
        return wrong(out, &failure);
    struct rule_subject subject;
    struct mapping mapping;
    if (!mapping_subject(accounts, account.uid, &subject, &mapping))
        return wrong(out, &mapping.failure);
    print_account(out, &subject.account, user);
    int status = explain_subject(configuration, &subject, &mapping, out);
    rule_subject_release(&subject);
    if (warn_of_uid(account.uid, out) && status == EXPLAINED_MAPPED)
        status = EXPLAINED_NOT_MAPPED;
    return status;
}

int
mapping_explain(const struct configuration *configuration, const char *user, FILE *out)
{
    return mapping_explain_among(configuration, accounts_of_this_host(), user, out);
}
