/*
 * check_link.c: see check_link.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_link.h"

#include <stdio.h>
#include <string.h>

#include "aws_refusal.h"
#include "check_network.h"
#include "denial.h"
#include "presigned_url.h"

#define STEP            "link"
#define SECONDS_OF_LINK 5 /* the API's least */

static struct presigned_url_parameters
parameters_of(const struct check_place *place)
{
    struct presigned_url_parameters parameters =
        presigned_url_parameters_of(place->settings, place->endpoint_url, place->region);

    parameters.user_profile_name = place->mapping->user_profile_name;
    parameters.space_name = place->mapping->space_name;
    parameters.landing_uri = place->mapping->landing_uri;
    parameters.expires_in_seconds = SECONDS_OF_LINK;
    return parameters;
}

/* presigned_url_answer has seen to it that the link is https://HOST/auth... */
static void
take_host(const char *url, char *host, size_t size)
{
    const char *start = strstr(url, "://");

    start = start != NULL ? start + strlen("://") : "";
    snprintf(host, size, "%.*s", (int) strcspn(start, "/"), start);
}

static void
say_made(struct check_progress *progress, const struct check_place *place, const char *host)
{
    check_report_say(progress->report, CHECK_GOOD, STEP, NULL,
                     "A link to %s for %s was made, for user profile \"%s\", and thrown away unused.", host,
                     place->mapping->user, place->mapping->user_profile_name);
}

static void
say_denied(struct check_progress *progress, const struct check_place *place, const struct http_answer *answer)
{
    struct aws_refusal refusal;
    struct denial denial;

    aws_refusal_read(place->endpoint_url, answer, &refusal);
    denial = denial_read(refusal.error.message);
    check_report_say(progress->report, CHECK_CRITICAL, STEP,
                     denial_advice(&denial, network_address_reach(answer->address) == NETWORK_PRIVATE),
                     "No link could be made: AWS denies it (%s). The call went to %s.", refusal.said, refusal.peer);
}

static void
say_failed(struct check_progress *progress, const struct check_place *place, const struct http_answer *answer,
           const struct failure *failure)
{
    enum check_level level = strcmp(failure->code, "throttled") == 0 ? CHECK_WARNING : CHECK_CRITICAL;

    if (strcmp(failure->code, "access-denied") == 0)
        say_denied(progress, place, answer);
    else
        check_report_say(progress->report, level, STEP, NULL, "No link could be made. %s", failure->message);
}

static void
judge(struct check_progress *progress, struct check_place *place, const struct presigned_url_parameters *parameters,
      const struct http_answer *answer)
{
    char host[264], *url;
    struct failure failure;

    if (!presigned_url_answer(parameters, answer, &url, &failure)) {
        say_failed(progress, place, answer, &failure);
        return;
    }
    take_host(url, host, sizeof(host));
    secret_free(&url);
    say_made(progress, place, host);
    check_studio_host(progress, place, host);
    check_leave_out(progress, "whether policies let a browser on this host use a link (if it shows 403 \"Auth token "
                              "containing insufficient permissions\", aws:SourceVpce lacks the studio endpoint)");
}

static const struct credentials *
keys_of(const struct check_place *place)
{
    if (place->settings->role_arn == NULL)
        return place->host_keys;
    return place->link_keys.access_key_id != NULL ? &place->link_keys : NULL;
}

void
check_link(struct check_progress *progress, struct check_place *place)
{
    struct presigned_url_parameters parameters = parameters_of(place);
    const struct credentials *keys = keys_of(place);
    struct check_call call;
    struct failure failure;

    if (check_is_out_of_time(progress, "a link"))
        return;
    if (place->domain_is_hopeless || place->link_is_hopeless || keys == NULL) {
        check_leave_out(progress, "a link (it cannot be made, as said above)");
        return;
    }
    check_call_begin(&call, progress);
    if (check_call_wait(&call,
                        presigned_url_start(progress->service->aws, &parameters, keys, check_question_deadline(),
                                            check_call_done, &call, &failure),
                        &failure))
        judge(progress, place, &parameters, &call.answer);
    else
        check_report_say(progress->report, CHECK_CRITICAL, STEP, NULL, "No link could be made. %s", failure.message);
    check_call_end(&call);
}
