/*
 * check_users.c: judging what the map makes of people.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "buffer.h"
#include "cleanup.h"

#define SHOWN_MAX   20 /* sentences of a kind */
#define NAMED_MAX   10 /* users in one sentence */
#define NAMES_LIMIT 8192

/* ---- two people, one profile ------------------------------------------------------------------------------------- */

/* Where a mapping leads; two sections may name the same domain. */
struct target {
    const char *domain_id;
    const struct mapping *mapping;
};

static struct target
target_of(const struct settings *settings, const struct mapping *mapping)
{
    const struct domain_settings *domain = settings_domain(settings, mapping->domain);

    return (struct target){.domain_id = domain != NULL ? domain->domain_id : mapping->domain, .mapping = mapping};
}

/* The names of user profiles are not case sensitive (DescribeUserProfile, in the API reference). */
static int
compare_profiles(const struct target *one, const struct target *other)
{
    int order = strcmp(one->domain_id, other->domain_id);

    return order != 0 ? order : strcasecmp(one->mapping->user_profile_name, other->mapping->user_profile_name);
}

static int
compare_targets(const void *one, const void *other)
{
    const struct target *first = one;
    const struct target *second = other;
    int order = compare_profiles(first, second);

    if (order != 0)
        return order;
    return first->mapping->uid < second->mapping->uid ? -1 : first->mapping->uid > second->mapping->uid;
}

/* The rule of this name, "users.map:12", when it names one profile, the same for all, in plain letters. */
static bool
names_one_profile(const struct user_map *map, const char *name)
{
    char shown[sizeof(((struct mapping *) NULL)->rule)];

    for (size_t i = 0; i < map->count; i++) {
        const struct rule *rule = &map->rules[i];

        snprintf(shown, sizeof(shown), "%s:%u", map->files[rule->file], rule->line);
        if (strcmp(shown, name) == 0)
            return rule->profile != NULL && strchr(rule->profile, '{') == NULL;
    }
    return false;
}

/* Did somebody write down that all of these share it? */
static bool
is_meant(const struct user_map *map, const struct target *targets, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(targets[i].mapping->rule, targets[0].mapping->rule) != 0)
            return false;
    return names_one_profile(map, targets[0].mapping->rule);
}

static void
report_collision(const struct user_map *map, const struct target *targets, size_t count, struct check_report *report)
{
    AUTO_BUFFER struct buffer names = BUFFER(NAMES_LIMIT);
    bool meant = is_meant(map, targets, count);

    for (size_t i = 0; i < count && i < NAMED_MAX; i++)
        (void) buffer_append_format(&names, "%s%s (%s)", i > 0 ? ", " : "", targets[i].mapping->user,
                                    targets[i].mapping->rule);
    if (count > NAMED_MAX)
        (void) buffer_append_format(&names, " and %zu more", count - NAMED_MAX);
    check_report_say(report, meant ? CHECK_WARNING : CHECK_CRITICAL, "map",
                     meant ? "If that is not meant, give each of them a profile of his own: write {user} there."
                           : "Give each of them a profile of his own, by name if need be.",
                     "%zu users are one user profile, '%s' of domain %s, and have each other's files: %s.", count,
                     targets[0].mapping->user_profile_name, targets[0].mapping->domain,
                     names.data != NULL ? names.data : "");
}

static void
report_collisions(const struct user_map *map, const struct target *targets, size_t count, struct check_report *report)
{
    size_t found = 0;

    for (size_t first = 0, next; first < count; first = next) {
        for (next = first + 1; next < count && compare_profiles(&targets[first], &targets[next]) == 0; next++)
            ;
        if (next - first > 1 && found++ < SHOWN_MAX)
            report_collision(map, &targets[first], next - first, report);
    }
    if (found > SHOWN_MAX)
        check_report_say(report, CHECK_CRITICAL, "map", NULL, "Another %zu user profiles are of several users each.",
                         found - SHOWN_MAX);
}

static void
check_collisions(const struct configuration *configuration, const struct user_survey *survey,
                 struct check_report *report)
{
    AUTO_FREE struct target *targets = calloc(survey->count + 1, sizeof(*targets));
    size_t count = 0;

    for (size_t i = 0; targets != NULL && i < survey->count; i++)
        if (survey->mappings[i].kind == MAPPING_PROFILE)
            targets[count++] = target_of(configuration->settings, &survey->mappings[i]);
    if (targets == NULL) {
        check_report_add(report, CHECK_WARNING, "map",
                         "There is not enough memory to look for users who share a profile.", NULL);
        return;
    }
    qsort(targets, count, sizeof(*targets), compare_targets);
    report_collisions(configuration->map, targets, count, report);
}

/* ---- people whom no profile could be found for ------------------------------------------------------------------- */

static void
check_failures(const struct user_survey *survey, struct check_report *report)
{
    size_t found = 0;

    for (size_t i = 0; i < survey->count; i++) {
        const struct mapping *mapping = &survey->mappings[i];

        if (mapping->kind == MAPPING_FAILED && found++ < SHOWN_MAX)
            check_report_say(report, CHECK_WARNING, "map", NULL, "%s (uid %u) gets no link: %s.",
                             mapping->user[0] != '\0' ? mapping->user : "An account", (unsigned) mapping->uid,
                             mapping->failure.message);
    }
    if (found > SHOWN_MAX)
        check_report_say(report, CHECK_WARNING, "map", NULL, "Another %zu users get no link.", found - SHOWN_MAX);
}

/* ---- how far the survey came ------------------------------------------------------------------------------------- */

static void
check_survey(const struct user_survey *survey, struct check_report *report)
{
    static const char *const nss = "Look at the services that nsswitch.conf names for passwd and group.";

    switch (survey->end) {
    case USER_SURVEY_WHOLE:
        break;
    case USER_SURVEY_LATE:
        check_report_say(
            report, CHECK_WARNING, "map", nss,
            "The list of this host's users did not come to its end in time: only the first %zu were looked "
            "at.",
            survey->count);
        break;
    case USER_SURVEY_MANY:
        check_report_say(report, CHECK_WARNING, "map", NULL,
                         "This host lists more than %d users: only the first of them were looked at.", USER_SURVEY_MAX);
        break;
    case USER_SURVEY_BROKEN:
        check_report_say(report, CHECK_WARNING, "map", nss,
                         "The list of this host's users broke off: only the first %zu were looked at.", survey->count);
        break;
    }
}

static size_t
count_of(const struct user_survey *survey, enum mapping_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < survey->count; i++)
        count += survey->mappings[i].kind == kind;
    return count;
}

void
check_users(const struct configuration *configuration, const struct user_survey *survey, struct check_report *report)
{
    size_t mapped = count_of(survey, MAPPING_PROFILE);

    check_survey(survey, report);
    check_collisions(configuration, survey, report);
    check_failures(survey, report);
    if (survey->count > 0 && mapped == 0)
        check_report_say(report, CHECK_WARNING, "map", "See why: `sagemaker-studio check --explain USER`.",
                         "None of the %zu users whom this host lists is mapped.", survey->count);
    else
        check_report_say(
            report, CHECK_GOOD, "map", NULL,
            "Users whom this host lists: %zu, mapped: %zu, excluded by a rule: %zu, without a rule: %zu (a "
            "directory may have more: most list nobody).",
            survey->count, mapped, count_of(survey, MAPPING_REFUSED), count_of(survey, MAPPING_NOBODY));
}

/* ---- one user ---------------------------------------------------------------------------------------------------- */

void
check_user(const struct mapping *mapping, struct check_report *report)
{
    switch (mapping->kind) {
    case MAPPING_PROFILE:
        check_report_say(report, CHECK_GOOD, "user", NULL, "%s is user profile '%s' of domain %s, by %s.",
                         mapping->user, mapping->user_profile_name, mapping->domain, mapping->rule);
        break;
    case MAPPING_NOBODY:
        check_report_say(report, CHECK_WARNING, "user", "Add a rule for him to users.map, see sagemaker-studio.map(5).",
                         "%s is nobody in Studio: no rule is for him.", mapping->user);
        break;
    case MAPPING_REFUSED:
        check_report_say(report, CHECK_WARNING, "user", "If he is to have links, put a rule for him above that one.",
                         "%s is nobody in Studio: %s says so.", mapping->user, mapping->rule);
        break;
    case MAPPING_FAILED:
        check_report_say(report, CHECK_CRITICAL, "user", NULL, "This user gets no link: %s.", mapping->failure.message);
        break;
    }
}

/* ---- all users, as a list ---------------------------------------------------------------------------------------- */

static const char *
word_for(enum mapping_kind kind)
{
    static const char *const words[] = {[MAPPING_PROFILE] = "mapped",
                                        [MAPPING_NOBODY] = "no-rule",
                                        [MAPPING_REFUSED] = "excluded",
                                        [MAPPING_FAILED] = "failed"};

    return words[kind];
}

static void
add_text(cJSON *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void) cJSON_AddStringToObject(object, name, text);
}

static cJSON *
user_in_json(const struct settings *settings, const struct mapping *mapping)
{
    cJSON *user = cJSON_CreateObject();

    (void) cJSON_AddStringToObject(user, "user", mapping->user);
    (void) cJSON_AddNumberToObject(user, "uid", mapping->uid);
    (void) cJSON_AddStringToObject(user, "mapping", word_for(mapping->kind));
    add_text(user, "rule", mapping->rule);
    if (mapping->kind == MAPPING_PROFILE) {
        add_text(user, "domain", mapping->domain);
        add_text(user, "domain_id", target_of(settings, mapping).domain_id);
        add_text(user, "user_profile_name", mapping->user_profile_name);
    }
    if (mapping->kind == MAPPING_FAILED)
        add_text(user, "message", mapping->failure.message);
    return user;
}

static void
attach_users(const struct configuration *configuration, const struct user_survey *survey, struct check_report *report)
{
    cJSON *users = cJSON_CreateArray();
    char *text = NULL;

    for (size_t i = 0; i < survey->count; i++)
        (void) cJSON_AddItemToArray(users, user_in_json(configuration->settings, &survey->mappings[i]));
    text = cJSON_PrintUnformatted(users);
    check_report_attach(report, "users", text != NULL ? text : "null");
    cJSON_free(text);
    cJSON_Delete(users);
}

void
check_users_list(const struct configuration *configuration, const struct user_survey *survey,
                 struct check_report *report)
{
    for (size_t i = 0; i < survey->count; i++)
        if (survey->mappings[i].kind == MAPPING_PROFILE)
            check_user(&survey->mappings[i], report);
    attach_users(configuration, survey, report);
}
