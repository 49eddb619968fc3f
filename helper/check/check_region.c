/*
 * check_region.c: see check_region.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_region.h"

#include <stdio.h>

#include "credentials.h"

struct region_question {
    struct loop *loop;
    bool done;
    char region[64]; /* "": none, for the reason below */
    struct failure failure;
};

static void
region_came(void *owner, const char *region, const struct failure *failure)
{
    struct region_question *question = owner;

    if (region == NULL)
        question->failure = *failure;
    else if ((size_t) snprintf(question->region, sizeof(question->region), "%s", region) >= sizeof(question->region))
        question->region[0] = '\0';
    question->done = true;
    loop_stop(question->loop);
}

bool
check_region_of_host(struct check_progress *progress, char *region, size_t size, struct failure *failure)
{
    struct service *service = progress->service;
    struct region_question question = {.loop = service->loop};
    struct credential_call *call =
        credential_region_get(service->origins->store, check_question_deadline(), region_came, &question, failure);

    if (call == NULL)
        return false;
    if (!check_run_until(progress, &question.done, failure)) {
        credential_call_cancel(call);
        return false;
    }
    snprintf(region, size, "%s", question.region);
    if (region[0] == '\0')
        *failure = question.failure;
    return region[0] != '\0';
}

bool
check_region(struct check_progress *progress, const struct domain_settings *domain, char *region, size_t size)
{
    struct failure failure;

    if (domain->region != NULL) {
        snprintf(region, size, "%s", domain->region);
        check_report_say(progress->report, CHECK_GOOD, "region", NULL,
                         "Domain %s is asked about in %s, as the settings say.", domain->domain_id, region);
        return true;
    }
    if (check_region_of_host(progress, region, size, &failure)) {
        check_report_say(progress->report, CHECK_GOOD, "region", NULL,
                         "Domain %s is asked about in %s, the region of this host.", domain->domain_id, region);
        return true;
    }
    check_leave_out(progress, "domain %s (its region is not known)", domain->domain_id);
    check_report_say(progress->report, CHECK_CRITICAL, "region", NULL,
                     "It is not known in which region domain %s is. %s", domain->domain_id, failure.message);
    return false;
}
