/*
 * denial.h: which of an account's policies denied a call, as AWS's own text tells, and what to do about it.
 * Source: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html ("with an explicit deny in a ...
 * policy", "because no ... policy allows the ... action")
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DENIAL_H
#define DENIAL_H

#include <stdbool.h>

enum denial_policy {
    DENIAL_UNSAID, /* older answers, and those of some actions, name no policy */
    DENIAL_IDENTITY,
    DENIAL_SESSION,
    DENIAL_BOUNDARY,
    DENIAL_VPC_ENDPOINT,
    DENIAL_SERVICE_CONTROL,
    DENIAL_RESOURCE_CONTROL,
    DENIAL_RESOURCE,
};

struct denial {
    enum denial_policy policy;
    bool is_explicit; /* a statement with Deny, as opposed to no statement that allows */
};

/* message: AWS's text, or ours that quotes it. */
struct denial denial_read(const char *message);

/*
 * What to do, for CreatePresignedDomainUrl.  went_private: the call went to a private address, that of a VPC endpoint,
 * so that conditions on aws:SourceVpce could be met.  The text is constant.
 */
const char *denial_advice(const struct denial *denial, bool went_private);

#endif
