/*
 * check_role.c: see check_role.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_role.h"

#include "assume_role.h"
#include "role_session.h"

#define POLICY_LIMIT 4096 /* more than AWS takes, which assume_role_check knows */

/* What every session of this role has in common. */
static struct assume_role_parameters
parameters_of(const struct check_place *place, const char *session_name)
{
    const struct domain_settings *settings = place->settings;

    return (struct assume_role_parameters){
        .endpoint_url = place->sts_endpoint_url,
        .region = place->region,
        .ca_bundle = settings->ca_bundle,
        .proxy_url = settings->proxy_url,
        .role_arn = settings->role_arn,
        .role_session_name = session_name,
        .source_identity = settings->source_identity ? session_name : NULL,
        .external_id = settings->external_id,
        .duration_seconds = settings->role_duration_seconds,
    };
}

static bool
assume(struct check_progress *progress, const struct check_place *place,
       const struct assume_role_parameters *parameters, struct credentials *keys, struct failure *failure)
{
    struct check_call call;
    bool assumed;

    check_call_begin(&call, progress);
    assumed = assume_role_check(parameters, failure) &&
              check_call_wait(&call,
                              assume_role_start(progress->service->aws, parameters, place->host_keys,
                                                check_question_deadline(progress), check_call_done, &call, failure),
                              failure) &&
              assume_role_answer(parameters, &call.answer, keys, failure);
    check_call_end(&call);
    return assumed;
}

/* As link_role.c does it. */
static bool
assume_for_link(struct check_progress *progress, struct check_place *place, struct failure *failure)
{
    const struct domain_settings *settings = place->settings;
    const char *profile = place->mapping->user_profile_name;
    AUTO_BUFFER struct buffer policy = BUFFER((size_t) POLICY_LIMIT);
    char session_name[ROLE_SESSION_NAME_SIZE];

    if (!role_session_name(place->mapping->user, session_name))
        return failure_set(failure, "memory", "There is no memory for the name of a role session.");
    if (settings->session_policy && !role_session_policy(settings->role_arn, place->region, settings->domain_id,
                                                         profile, settings->session_tags, &policy, failure))
        return false;

    struct assume_role_parameters parameters = parameters_of(place, session_name);

    parameters.policy = settings->session_policy ? policy.data : NULL;
    if (settings->session_tags) {
        parameters.tag_key = ROLE_SESSION_TAG_KEY;
        parameters.tag_value = profile;
    }
    return assume(progress, place, &parameters, &place->link_keys, failure);
}

static void
say_assumed(struct check_progress *progress, const struct check_place *place, const char *whom)
{
    const struct domain_settings *settings = place->settings;
    bool identity = settings->source_identity;
    bool tag = settings->session_tags && place->mapping != NULL;
    bool policy = settings->session_policy && place->mapping != NULL;

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
    struct assume_role_parameters parameters = parameters_of(place, CHECK_ROLE_SESSION);
    struct failure failure;
    bool assumed = assume(progress, place, &parameters, &place->describing_keys, &failure);

    if (place->mapping == NULL && assumed)
        say_assumed(progress, place, CHECK_ROLE_SESSION);
    else if (place->mapping == NULL)
        check_report_add(progress->report, CHECK_CRITICAL, "role", failure.message, NULL);
}

void
check_role(struct check_progress *progress, struct check_place *place)
{
    struct failure failure;

    if (place->settings->role_arn == NULL)
        return;
    if (place->mapping != NULL && assume_for_link(progress, place, &failure)) {
        say_assumed(progress, place, place->mapping->user);
    } else if (place->mapping != NULL) {
        place->link_is_hopeless = true;
        check_report_add(progress->report, CHECK_CRITICAL, "role", failure.message, NULL);
    }
    if (place->mapping == NULL || check_place_is_foreign(place))
        assume_for_describing(progress, place);
}
