/*
 * check_role.c: see check_role.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_role.h"

#include "assume_role.h"
#include "domain_role.h"

/* As link_role.c does it for a link of this user profile; NULL: for none. */
static bool
assume(struct check_progress *progress, const struct check_place *place, const char *person,
       const char *user_profile_name, struct credentials *keys, struct failure *failure)
{
    struct domain_role_place domain = {
        .domain = place->settings, .region = place->region, .sts_endpoint_url = place->sts_endpoint_url};
    struct domain_role role;
    struct check_call call;
    bool assumed;

    check_call_begin(&call, progress);
    assumed = domain_role_prepare(&role, &domain, person, user_profile_name, failure) &&
              check_call_wait(&call,
                              assume_role_start(progress->service->aws, &role.parameters, place->host_keys,
                                                check_question_deadline(), check_call_done, &call, failure),
                              failure) &&
              assume_role_answer(&role.parameters, &call.answer, keys, failure);
    check_call_end(&call);
    domain_role_free(&role);
    return assumed;
}

/* A session in the user's name is for a link. */
static bool
is_for_link(const struct check_place *place)
{
    return place->mapping != NULL && !place->no_link;
}

static bool
assume_for_link(struct check_progress *progress, struct check_place *place, struct failure *failure)
{
    return assume(progress, place, place->mapping->user, place->mapping->user_profile_name, &place->link_keys, failure);
}

static void
say_assumed(struct check_progress *progress, const struct check_place *place, const char *whom)
{
    const struct domain_settings *settings = place->settings;
    bool identity = settings->source_identity;
    bool tag = settings->session_tags && is_for_link(place);
    bool policy = settings->session_policy && is_for_link(place);

    check_report_say(progress->report, CHECK_GOOD, "role", NULL, "%s can be assumed for %s (%s%s%s%s%s).",
                     settings->role_arn, whom, identity ? "source identity" : "", identity && tag ? ", " : "",
                     tag ? "session tag" : "", (identity || tag) && policy ? ", " : "",
                     policy              ? "session policy"
                     : (identity || tag) ? ""
                                         : "nothing but a session name");
}

/* A user's link has been spoken of already. */
static void
assume_for_describing(struct check_progress *progress, struct check_place *place)
{
    struct failure failure;
    bool assumed = assume(progress, place, CHECK_ROLE_SESSION, NULL, &place->describing_keys, &failure);

    if (is_for_link(place))
        return;
    if (assumed)
        say_assumed(progress, place, CHECK_ROLE_SESSION);
    else
        check_report_add(progress->report, CHECK_CRITICAL, "role", failure.message, NULL);
}

void
check_role(struct check_progress *progress, struct check_place *place)
{
    struct failure failure;

    if (place->settings->role_arn == NULL)
        return;
    if (is_for_link(place) && assume_for_link(progress, place, &failure)) {
        say_assumed(progress, place, place->mapping->user);
    } else if (is_for_link(place)) {
        place->link_is_hopeless = true;
        check_report_add(progress->report, CHECK_CRITICAL, "role", failure.message, NULL);
    }
    if (!is_for_link(place) || check_place_is_foreign(place))
        assume_for_describing(progress, place);
}
