/*
 * check_description.c: see check_description.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_description.h"

#include <stdio.h>
#include <string.h>

#include "nearest_names.h"

#define PAGES_FOR_NEAREST 10

bool
check_describe(struct check_call *call, const struct check_place *place, const struct sagemaker_question *question,
               struct failure *failure)
{
    struct check_progress *progress = call->progress;

    return check_call_wait(call,
                           sagemaker_ask(progress->service->aws, question, check_place_describing_keys(place),
                                         check_question_deadline(), check_call_done, call, failure),
                           failure);
}

bool
check_can_describe(struct check_progress *progress, const struct check_place *place, const char *what)
{
    if (check_is_out_of_time(progress, what))
        return false;
    if (check_place_describing_keys(place) != NULL)
        return true;
    if (place->host_keys == NULL)
        check_leave_out(progress, "%s (there are no keys)", what);
    else
        check_leave_out(progress, "%s (in the account of %s, which cannot be assumed as %s)", what,
                        place->settings->role_arn, "sagemaker-studio-check");
    return false;
}

/* arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION: policies belong to the role. */
static void
name_who_asks(const struct check_place *place, char *text, size_t size)
{
    static const char of_role[] = ":assumed-role/";
    const char *role = strstr(place->caller, of_role);

    if (check_place_is_foreign(place))
        snprintf(text, size, "%s", place->settings->role_arn);
    else if (role != NULL)
        snprintf(text, size, "the role %.*s", (int) strcspn(role + strlen(of_role), "/"), role + strlen(of_role));
    else
        snprintf(text, size, "%s", place->caller[0] != '\0' ? place->caller : "this host");
}

static void
say_denied(struct check_progress *progress, const struct check_place *place, const char *step, const char *what,
           const char *operation, const struct failure *failure)
{
    char who[2100], advice[2600];

    name_who_asks(place, who, sizeof(who));
    snprintf(advice, sizeof(advice), "Links do not need it. To have this checked, allow sagemaker:%s for %s.",
             operation, who);
    check_report_say(progress->report, CHECK_WARNING, step, advice,
                     "Not checked: %s, since the permission sagemaker:%s is missing (%s).", what, operation,
                     failure->message);
    check_leave_out(progress, "%s (needs sagemaker:%s)", what, operation);
}

static void
advise_on_tls(const struct check_place *place, char *advice, size_t size)
{
    const char *ca_bundle = place->settings->ca_bundle;

    if (ca_bundle != NULL)
        snprintf(advice, size, "ca_bundle is %s: it must be readable, and hold the authority of that certificate.",
                 ca_bundle);
    else
        snprintf(advice, size,
                 "The system's trust store does not vouch for it. Where TLS is inspected on the way, name "
                 "the file with that authority in ca_bundle.");
}

/* What to do beyond what http.h's own message says. */
static void
advise_on_transport(enum http_end end, const struct check_place *place, char *advice, size_t size)
{
    switch (end) {
    case HTTP_TLS_FAILED:
        advise_on_tls(place, advice, size);
        break;
    case HTTP_UNRESOLVED:
        snprintf(advice, size, "In a VPC without internet, add the VPC endpoint sagemaker.api with private DNS.");
        break;
    case HTTP_UNCONNECTED:
        snprintf(advice, size,
                 "The security group of the VPC endpoint sagemaker.api must admit port 443 from this host; "
                 "where there is none, a way out or a proxy_url is needed.");
        break;
    case HTTP_TIMED_OUT:
        snprintf(advice, size, "It is there, and slow; a firewall or a wrong MTU on the way may swallow packets.");
        break;
    case HTTP_ANSWERED:
    case HTTP_NO_SOCKET:
    case HTTP_CROWDED:
    case HTTP_BROKEN:
    default:
        snprintf(advice, size, "Check endpoint_url, proxy_url and what this name resolves to.");
        break;
    }
}

/* Nothing of SageMaker's was heard. */
static void
say_unreachable(struct check_progress *progress, struct check_place *place, const char *step, const char *what,
                const struct http_answer *answer)
{
    char advice[4400]; /* a path may be long */

    place->domain_is_hopeless = place->api_is_out_of_reach = true;
    advise_on_transport(answer->end, place, advice, sizeof(advice));
    check_report_say(progress->report, CHECK_CRITICAL, step, advice, "SageMaker could not be asked about %s: %s.", what,
                     answer->failure.message);
}

void
check_say_untold(const struct check_call *call, struct check_place *place, const char *step, const char *what,
                 enum sagemaker_operation operation, enum sagemaker_end end, const struct failure *failure)
{
    struct check_progress *progress = call->progress;
    const char *name = sagemaker_operation_name(operation);

    if (end == SAGEMAKER_DENIED) {
        say_denied(progress, place, step, what, name, failure);
    } else if (end == SAGEMAKER_THROTTLED) {
        check_report_say(progress->report, CHECK_WARNING, step, "Run the check again in a minute.",
                         "AWS limits the rate of calls, and did not tell of %s (%s).", what, failure->message);
        check_leave_out(progress, "%s (AWS limits the rate of calls)", what);
    } else if (call->done && call->answer.end != HTTP_ANSWERED) {
        say_unreachable(progress, place, step, what, &call->answer);
    } else {
        check_report_say(progress->report, CHECK_CRITICAL, step, NULL, "%s did not tell of %s (%s).", name, what,
                         failure->message);
    }
}

bool
check_status_serves(const char *status)
{
    /* A change, under way or failed, takes nothing from what was there before. */
    return strcmp(status, "Updating") == 0 || strcmp(status, "Update_Failed") == 0;
}

/* One page more.  names->next_token says whether there is another. */
static enum sagemaker_end
list_page(struct check_call *call, const struct check_place *place, enum sagemaker_operation operation,
          struct sagemaker_names *names, struct failure *failure)
{
    struct sagemaker_question question = check_place_question(place, operation);

    question.next_token = names->next_token;
    check_call_end(call); /* the page before */
    check_call_begin(call, call->progress);
    if (!check_describe(call, place, &question, failure))
        return SAGEMAKER_FAILED;
    return sagemaker_names_read(&call->answer, operation, names, failure);
}

enum sagemaker_end
check_list_names(struct check_call *call, const struct check_place *place, enum sagemaker_operation operation,
                 unsigned pages_max, struct sagemaker_names *names, struct failure *failure)
{
    enum sagemaker_end end = SAGEMAKER_TOLD;

    for (unsigned page = 0; page < pages_max && end == SAGEMAKER_TOLD; page++) {
        end = list_page(call, place, operation, names, failure);
        if (names->next_token == NULL)
            break;
    }
    return end;
}

void
check_describe_nearest(struct check_progress *progress, const struct check_place *place,
                       enum sagemaker_operation operation, const char *wanted, char *text, size_t size)
{
    const char *nearest[NEAREST_NAMES_MAX];
    struct sagemaker_names names = {0};
    struct failure failure;
    struct check_call call;
    size_t count;

    text[0] = '\0';
    check_call_begin(&call, progress);
    (void) check_list_names(&call, place, operation, PAGES_FOR_NEAREST, &names, &failure);
    check_call_end(&call);
    count = nearest_names(wanted, names.names, names.count, nearest);
    if (count == 1)
        snprintf(text, size, "The nearest name is %s. ", nearest[0]);
    else if (count == 2)
        snprintf(text, size, "The nearest names are %s and %s. ", nearest[0], nearest[1]);
    else if (count > 2)
        snprintf(text, size, "The nearest names are %s, %s and %s. ", nearest[0], nearest[1], nearest[2]);
    sagemaker_names_free(&names);
}
