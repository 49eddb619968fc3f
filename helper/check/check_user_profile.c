/*
 * check_user_profile.c: see check_user_profile.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_user_profile.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check_description.h"
#include "cleanup.h"

#define STEP "profile"

#define PAGES_OF_ALL 200 /* more than SAGEMAKER_NAMES_MAX fills */

/* The command that makes it. */
static void
write_command(const struct check_place *place, const char *profile, char *command, size_t size)
{
    snprintf(command, size, "aws sagemaker create-user-profile --domain-id %s --user-profile-name %s --region %s",
             place->settings->domain_id, profile, place->region);
}

static void
say_missing(struct check_progress *progress, const struct check_place *place, const struct mapping *mapping,
            const char *nearest)
{
    char command[320], advice[768];

    write_command(place, mapping->user_profile_name, command, sizeof(command));
    snprintf(advice, sizeof(advice), "%sCorrect the map, or make the profile: `%s`.", nearest, command);
    check_report_say(progress->report, CHECK_CRITICAL, STEP, advice,
                     "There is no user profile \"%s\" in domain %s, where %s sends %s.", mapping->user_profile_name,
                     place->settings->domain_id, mapping->rule, mapping->user);
}

static void
say_other_case(struct check_progress *progress, const struct mapping *mapping, const char *name)
{
    char advice[256];

    snprintf(advice, sizeof(advice), "Write it as AWS does: %s. DescribeUserProfile takes either, a link may not.",
             name);
    check_report_say(progress->report, CHECK_WARNING, STEP, advice,
                     "AWS calls the user profile of %s \"%s\", the map (%s) \"%s\".", mapping->user, name,
                     mapping->rule, mapping->user_profile_name);
}

/*
 * One user's
 */

static void
judge(struct check_progress *progress, const struct check_place *place,
      const struct user_profile_description *description)
{
    const struct mapping *mapping = place->mapping;
    const char *reason = description->failure_reason;

    if (description->single_sign_on_user[0] != '\0')
        check_report_say(progress->report, CHECK_WARNING, STEP,
                         "Profiles with SingleSignOnUserValue are for domains with IAM Identity Center.",
                         "User profile \"%s\" belongs to the single sign-on user %s.", mapping->user_profile_name,
                         description->single_sign_on_user);
    if (strcmp(description->status, "InService") != 0)
        check_report_say(progress->report, check_status_serves(description->status) ? CHECK_WARNING : CHECK_CRITICAL,
                         STEP, "The SageMaker console shows what happened to the user profile.",
                         "User profile \"%s\" in domain %s is not in service: %s%s%s%s.", mapping->user_profile_name,
                         place->settings->domain_id, description->status, reason[0] != '\0' ? " (\"" : "", reason,
                         reason[0] != '\0' ? "\")" : "");
    else if (strcmp(description->name, mapping->user_profile_name) != 0)
        say_other_case(progress, mapping, description->name);
    else
        check_report_say(progress->report, CHECK_GOOD, STEP, NULL,
                         "User profile \"%s\" in domain %s is in service: %s is sent there by %s.",
                         mapping->user_profile_name, place->settings->domain_id, mapping->user, mapping->rule);
}

static void
ask(struct check_call *call, struct check_place *place, const char *what)
{
    struct sagemaker_question question = check_place_question(place, DESCRIBE_USER_PROFILE);
    enum sagemaker_end end = SAGEMAKER_FAILED;
    struct user_profile_description description;
    struct failure failure;
    char nearest[256];

    question.user_profile_name = place->mapping->user_profile_name;
    if (check_describe(call, place, &question, &failure))
        end = user_profile_description_read(&call->answer, &description, &failure);
    if (end == SAGEMAKER_TOLD) {
        judge(call->progress, place, &description);
    } else if (end == SAGEMAKER_ABSENT) {
        place->link_is_hopeless = true;
        check_describe_nearest(call->progress, place, LIST_USER_PROFILES, question.user_profile_name, nearest,
                               sizeof(nearest));
        say_missing(call->progress, place, place->mapping, nearest);
    } else {
        check_say_untold(call, place, STEP, what, question.operation, end, &failure);
    }
}

void
check_user_profile(struct check_progress *progress, struct check_place *place)
{
    struct check_call call;
    char what[160];

    snprintf(what, sizeof(what), "user profile \"%s\"", place->mapping->user_profile_name);
    if (!check_can_describe(progress, place, what))
        return;
    check_call_begin(&call, progress);
    ask(&call, place, what);
    check_call_end(&call);
}

/*
 * Everybody's
 */

static int
compare_names(const void *one, const void *other)
{
    return strcasecmp(*(const char *const *) one, *(const char *const *) other);
}

static bool
is_of_place(const struct mapping *mapping, const struct check_place *place)
{
    const char *name = place->settings->name != NULL ? place->settings->name : place->settings->domain_id;

    return mapping->kind == MAPPING_PROFILE && strcmp(mapping->domain, name) == 0;
}

/* Returns how many lack. */
static size_t
compare_with_list(struct check_progress *progress, const struct check_place *place, const struct mapping *mappings,
                  size_t count, const struct sagemaker_names *names, size_t *users)
{
    size_t missing = 0;

    *users = 0;
    for (size_t i = 0; i < count; i++) {
        const char *wanted = mappings[i].user_profile_name;
        char *const *found;

        if (!is_of_place(&mappings[i], place))
            continue;
        ++*users;
        found = names->count > 0 ? bsearch(&wanted, names->names, names->count, sizeof(*names->names), compare_names)
                                 : NULL;
        if (found != NULL && strcmp(*found, wanted) != 0)
            say_other_case(progress, &mappings[i], *found);
        if (found != NULL)
            continue;
        missing++;
        say_missing(progress, place, &mappings[i], "");
    }
    return missing;
}

static void
judge_all(struct check_progress *progress, const struct check_place *place, const struct mapping *mappings,
          size_t count, struct sagemaker_names *names)
{
    size_t users, missing;

    if (names->next_token != NULL) {
        check_leave_out(progress, "all user profiles of domain %s (there are more than %d)", place->settings->domain_id,
                        SAGEMAKER_NAMES_MAX);
        return;
    }
    if (names->count > 0)
        qsort(names->names, names->count, sizeof(*names->names), compare_names);
    missing = compare_with_list(progress, place, mappings, count, names, &users);
    if (missing == 0)
        check_report_say(progress->report, CHECK_GOOD, STEP, NULL,
                         "All users who are mapped to domain %s have their user profile: %zu of %zu.",
                         place->settings->domain_id, users, users);
    else
        check_report_say(progress->report, CHECK_CRITICAL, STEP, NULL,
                         "Users who are mapped to domain %s and have no user profile there: %zu of %zu.",
                         place->settings->domain_id, missing, users);
}

void
check_user_profiles(struct check_progress *progress, struct check_place *place, const struct mapping *mappings,
                    size_t count)
{
    struct sagemaker_names names = {0};
    struct failure failure;
    struct check_call call; /* of the last page */
    enum sagemaker_end end;
    char what[120];

    snprintf(what, sizeof(what), "the user profiles of all who are mapped to domain %s", place->settings->domain_id);
    if (!check_can_describe(progress, place, what))
        return;
    check_call_begin(&call, progress);
    end = check_list_names(&call, place, LIST_USER_PROFILES, PAGES_OF_ALL, &names, &failure);
    if (end == SAGEMAKER_TOLD)
        judge_all(progress, place, mappings, count, &names);
    else if (end != SAGEMAKER_ABSENT) /* that the domain does not exist has been said */
        check_say_untold(&call, place, STEP, what, LIST_USER_PROFILES, end, &failure);
    check_call_end(&call);
    sagemaker_names_free(&names);
}
