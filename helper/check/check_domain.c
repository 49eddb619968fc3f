/*
 * check_domain.c: see check_domain.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_domain.h"

#include <stdio.h>
#include <string.h>

#include "check_description.h"
#include "check_region.h"

#define STEP "domain"

static void
say_absent(struct check_progress *progress, struct check_place *place, const struct failure *failure)
{
    const char *id = place->settings->domain_id;
    char nearest[256], advice[768], of_account[32] = "", region[64];
    struct failure unknown;

    place->domain_is_hopeless = true;
    check_describe_nearest(progress, place, LIST_DOMAINS, id, nearest, sizeof(nearest));
    if (place->account[0] != '\0' && !check_place_is_foreign(place))
        snprintf(of_account, sizeof(of_account), " of account %s", place->account);
    if (check_region_of_host(progress, region, sizeof(region), &unknown) && strcmp(region, place->region) != 0)
        snprintf(advice, sizeof(advice),
                 "%sThis host is in %s: if the domain is there too, set region = %s. Else compare with `aws sagemaker "
                 "list-domains --region %s`.",
                 nearest, region, region, place->region);
    else
        snprintf(advice, sizeof(advice), "%sCompare with `aws sagemaker list-domains --region %s`.", nearest,
                 place->region);
    check_report_say(progress->report, CHECK_CRITICAL, STEP, advice, "There is no domain %s in %s%s (%s).", id,
                     place->region, of_account, failure->message);
}

static void
say_identity_center(struct check_progress *progress, struct check_place *place,
                    const struct domain_description *description)
{
    char advice[512];

    place->domain_is_hopeless = true;
    snprintf(advice, sizeof(advice),
             "Open %s instead. Links need a domain whose AuthMode is IAM, which is chosen when a domain is created.",
             description->url[0] != '\0' ? description->url : "the domain's own address");
    check_report_say(progress->report, CHECK_CRITICAL, STEP, advice,
                     "Domain %s signs people in with IAM Identity Center (AuthMode %s): no links can be made for it.",
                     place->settings->domain_id, description->auth_mode);
}

static void
say_not_in_service(struct check_progress *progress, const struct check_place *place,
                   const struct domain_description *description)
{
    const char *reason = description->failure_reason;

    check_report_say(progress->report, check_status_serves(description->status) ? CHECK_WARNING : CHECK_CRITICAL, STEP,
                     "The SageMaker console shows what happened to the domain.",
                     "Domain %s is not in service: %s%s%s%s.", place->settings->domain_id, description->status,
                     reason[0] != '\0' ? " (\"" : "", reason, reason[0] != '\0' ? "\")" : "");
}

static void
say_good(struct check_progress *progress, const struct check_place *place, const struct domain_description *description)
{
    check_report_say(progress->report, CHECK_GOOD, STEP, NULL,
                     "Domain %s (%s) of account %s is in service; AuthMode %s, %s in %s.", place->settings->domain_id,
                     description->name, description->account, description->auth_mode,
                     description->network[0] != '\0' ? description->network : "network unknown",
                     description->vpc_id[0] != '\0' ? description->vpc_id : "no VPC of its own");
}

/* Where a link is to open the portal of Studio, there must be one. */
static void
check_portal(struct check_progress *progress, const struct check_place *place,
             const struct domain_description *description)
{
    const char *landing_uri = place->mapping != NULL ? place->mapping->landing_uri : place->settings->landing_uri;

    if (landing_uri != NULL && strncmp(landing_uri, "studio::", strlen("studio::")) == 0 &&
        strcmp(description->studio_web_portal, "DISABLED") == 0)
        check_report_say(progress->report, CHECK_WARNING, STEP,
                         "Use another landing_uri, or enable the portal in the domain's DefaultUserSettings.",
                         "Links are to open %s, but StudioWebPortal of domain %s is DISABLED.", landing_uri,
                         place->settings->domain_id);
}

/* The policy of a link's session names user profiles of the role's account. */
static void
check_account(struct check_progress *progress, const struct check_place *place,
              const struct domain_description *description)
{
    const char *account = place->settings->role_arn != NULL ? strstr(place->settings->role_arn, ":iam::") : NULL;

    if (account == NULL || description->account[0] == '\0' ||
        strncmp(account + strlen(":iam::"), description->account, strlen(description->account)) == 0)
        return;
    check_report_say(progress->report, CHECK_WARNING, STEP, "Use a role of the domain's own account.",
                     "Domain %s is of account %s, but role_arn is %s.", place->settings->domain_id,
                     description->account, place->settings->role_arn);
}

static void
judge(struct check_progress *progress, struct check_place *place, const struct domain_description *description)
{
    if (strcmp(description->auth_mode, "SSO") == 0)
        say_identity_center(progress, place, description);
    else if (strcmp(description->status, "InService") != 0)
        say_not_in_service(progress, place, description);
    else
        say_good(progress, place, description);
    check_portal(progress, place, description);
    check_account(progress, place, description);
}

static void
ask(struct check_call *call, struct check_place *place, const char *what)
{
    struct sagemaker_question question = check_place_question(place, DESCRIBE_DOMAIN);
    enum sagemaker_end end = SAGEMAKER_FAILED;
    struct domain_description description;
    struct failure failure;

    if (check_describe(call, place, &question, &failure))
        end = domain_description_read(&call->answer, &description, &failure);
    if (end == SAGEMAKER_TOLD)
        judge(call->progress, place, &description);
    else if (end == SAGEMAKER_ABSENT)
        say_absent(call->progress, place, &failure);
    else
        check_say_untold(call, place, STEP, what, question.operation, end, &failure);
}

void
check_domain(struct check_progress *progress, struct check_place *place)
{
    struct check_call call;
    char what[80];

    snprintf(what, sizeof(what), "domain %s", place->settings->domain_id);
    if (place->domain_is_hopeless)
        check_leave_out(progress, "%s (see above)", what);
    if (place->domain_is_hopeless || !check_can_describe(progress, place, what))
        return;
    check_call_begin(&call, progress);
    ask(&call, place, what);
    check_call_end(&call);
}
