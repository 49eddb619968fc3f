/*
 * check_metadata_exposure.c: judging whom the instance metadata service answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_metadata_exposure.h"

#define STEP  "imds-exposure"
#define GUARD "run: systemctl enable --now sagemaker-studio-imds-guard.service"

static void
judge(const struct metadata_probe *probe, struct check_report *report)
{
    unsigned uid = (unsigned) probe->uid;
    const char *role = probe->role[0] != '\0' ? probe->role : "(its name was not given)";

    switch (probe->reach) {
    case METADATA_UNKNOWN:
        check_report_say(report, CHECK_WARNING, STEP, "look yourself: curl -X PUT, as that user",
                         "whether uid %u can reach the instance metadata service was not found out: %s", uid,
                         probe->trouble);
        break;
    case METADATA_BLOCKED:
        check_report_say(report, CHECK_GOOD, STEP, NULL, "uid %u cannot reach the instance metadata service: %s", uid,
                         probe->trouble);
        break;
    case METADATA_DENIES:
        check_report_say(report, CHECK_GOOD, STEP, NULL,
                         "uid %u gets no token from the instance metadata service: HTTP status %ld", uid,
                         probe->status);
        break;
    case METADATA_OPEN_WITHOUT_ROLE:
        check_report_say(report, CHECK_WARNING, STEP, GUARD,
                         "any user of this host can ask the instance metadata service (uid %u did); this instance has "
                         "no role, so there are no keys to get; with a role, anybody could make anybody's link",
                         uid);
        break;
    case METADATA_OPEN:
        check_report_say(report, CHECK_CRITICAL, STEP, GUARD,
                         "any user of this host can ask the instance metadata service (uid %u did) for the keys of the "
                         "role %s, and make anybody's link with them",
                         uid, role);
        break;
    }
}

void
check_metadata_exposure(const struct metadata_probe *probes, size_t count, struct check_report *report)
{
    if (count == 0)
        check_report_add(report, CHECK_WARNING, STEP,
                         "whether ordinary users can reach the instance metadata service was not looked at: only root "
                         "can try it as one of them",
                         "run it as root: sudo sagemaker-studio check");
    for (size_t i = 0; i < count; i++)
        judge(&probes[i], report);
}
