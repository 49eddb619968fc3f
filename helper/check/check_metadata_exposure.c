/*
 * check_metadata_exposure.c: judging whom the instance metadata service answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_metadata_exposure.h"

#define STEP   "imds-exposure"
#define TRY_IT "Try it as that user, with curl(1)."
#define GUARD  "Run: `systemctl enable --now sagemaker-studio-imds-guard.service`."

static void
judge(const struct metadata_probe *probe, struct check_report *report)
{
    unsigned uid = (unsigned) probe->uid;
    const char *endpoint = probe->endpoint;
    const char *role = probe->role[0] != '\0' ? probe->role : "(its name was not given)";

    switch (probe->reach) {
    case METADATA_UNKNOWN:
        check_report_say(report, CHECK_WARNING, STEP, TRY_IT,
                         "Whether uid %u can reach the metadata service at %s was not found out: %s.", uid, endpoint,
                         probe->trouble);
        break;
    case METADATA_BLOCKED:
        check_report_say(report, CHECK_GOOD, STEP, NULL, "Uid %u cannot reach the metadata service at %s: %s.", uid,
                         endpoint, probe->trouble);
        break;
    case METADATA_DENIES:
        check_report_say(report, CHECK_GOOD, STEP, NULL,
                         "Uid %u gets no token from the metadata service at %s: HTTP status %ld.", uid, endpoint,
                         probe->status);
        break;
    case METADATA_OPEN_WITHOUT_ROLE:
        check_report_say(report, CHECK_WARNING, STEP, GUARD,
                         "Any user of this host can ask the metadata service at %s (uid %u did). This instance has no "
                         "role, so there are no keys to get; with a role, anybody could make anybody's link.",
                         endpoint, uid);
        break;
    case METADATA_OPEN:
        check_report_say(
            report, CHECK_CRITICAL, STEP, GUARD,
            "Any user of this host can ask the metadata service at %s (uid %u did) for the keys of the role "
            "%s, and make anybody's link with them.",
            endpoint, uid, role);
        break;
    }
}

void
check_metadata_exposure(const struct metadata_probe *probes, size_t count, struct check_report *report)
{
    if (count == 0)
        check_report_add(report, CHECK_WARNING, STEP,
                         "Whether ordinary users can reach the metadata service was not looked at: only root "
                         "can try it as one of them.",
                         "Run it as root: `sudo sagemaker-studio check`.");
    for (size_t i = 0; i < count; i++)
        judge(&probes[i], report);
}
