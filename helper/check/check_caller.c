/*
 * check_caller.c: see check_caller.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_caller.h"

#include <stdio.h>
#include <string.h>

#include "caller_identity.h"

/* Links of the host's own permissions need no STS. */
static void
say_unreachable(struct check_progress *progress, const struct check_place *place, const struct failure *failure)
{
    if (place->settings->role_arn != NULL)
        check_report_add(progress->report, CHECK_CRITICAL, "caller", failure->message,
                         "Without STS the role of role_arn cannot be assumed, and no link be made.");
    else
        check_report_add(progress->report, CHECK_WARNING, "caller", failure->message,
                         "Links do not need STS here, since no role_arn is set: it is only that this check cannot tell "
                         "who this host is to AWS.");
}

static void
ask(struct check_progress *progress, struct check_place *place, struct check_call *call)
{
    struct caller_identity_parameters parameters = {
        .endpoint_url = place->sts_endpoint_url,
        .region = place->region,
        .ca_bundle = place->settings->ca_bundle,
        .proxy_url = place->settings->proxy_url,
    };
    struct caller_identity identity;
    struct failure failure;

    bool asked = check_call_wait(call,
                                 caller_identity_start(progress->service->aws, &parameters, place->host_keys,
                                                       check_question_deadline(), check_call_done, call, &failure),
                                 &failure);

    if (asked && caller_identity_answer(&parameters, &call->answer, &identity, &failure)) {
        memcpy(place->caller, identity.arn, sizeof(place->caller));
        memcpy(place->account, identity.account, sizeof(place->account));
        check_report_say(progress->report, CHECK_GOOD, "caller", NULL, "To AWS this host is %s.", identity.arn);
    } else if (asked && call->answer.end != HTTP_ANSWERED) {
        say_unreachable(progress, place, &failure);
    } else {
        check_report_add(progress->report, CHECK_CRITICAL, "caller", failure.message, NULL);
    }
}

void
check_caller(struct check_progress *progress, struct check_place *place)
{
    struct check_call call;

    check_call_begin(&call, progress);
    ask(progress, place, &call);
    check_call_end(&call);
}
