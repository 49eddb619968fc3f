/*
 * denial.c: see denial.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "denial.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *words;
    enum denial_policy policy;
} policies[] = {
    {"identity-based policy", DENIAL_IDENTITY},         {"session policy", DENIAL_SESSION},
    {"permissions boundary", DENIAL_BOUNDARY},          {"VPC endpoint policy", DENIAL_VPC_ENDPOINT},
    {"service control policy", DENIAL_SERVICE_CONTROL}, {"resource control policy", DENIAL_RESOURCE_CONTROL},
    {"resource-based policy", DENIAL_RESOURCE},
};

static enum denial_policy
policy_named_in(const char *text)
{
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        if (strstr(text, policies[i].words) != NULL)
            return policies[i].policy;
    }
    return DENIAL_UNSAID;
}

struct denial
denial_read(const char *message)
{
    const char *deny = strstr(message, "with an explicit deny in a");
    const char *missing = strstr(message, "because no ");

    if (deny != NULL)
        return (struct denial){.policy = policy_named_in(deny), .is_explicit = true};
    if (missing != NULL)
        return (struct denial){.policy = policy_named_in(missing)};
    return (struct denial){.policy = DENIAL_UNSAID};
}

static const char *
advice_on_identity_deny(bool went_private)
{
    if (went_private)
        return "A Deny statement of the caller's own policies matches. The call came by a private address, so if its "
               "condition is on aws:SourceVpce or aws:SourceVpc, it does not list the VPC endpoint that was used: list "
               "the ids of both endpoints, sagemaker.api and studio.";
    return "A Deny statement of the caller's own policies matches. The call came by a public address, so a condition "
           "on aws:SourceVpce or aws:SourceVpc cannot be met: turn private DNS on for the sagemaker.api endpoint.";
}

static const char *
advice_on_missing_allow(bool went_private)
{
    if (went_private)
        return "Allow sagemaker:CreatePresignedDomainUrl on this user profile in a policy of the caller. If one allows "
               "it on the condition of aws:SourceVpce, that must list the ids of both endpoints, sagemaker.api and "
               "studio.";
    return "Allow sagemaker:CreatePresignedDomainUrl on this user profile in a policy of the caller. If one allows it "
           "on the condition of aws:SourceVpce, the call must come by the VPC endpoint: turn private DNS on for the "
           "sagemaker.api endpoint.";
}

const char *
denial_advice(const struct denial *denial, bool went_private)
{
    switch (denial->policy) {
    case DENIAL_SESSION:
        return "The role was assumed with a session policy that does not allow it: the one of this host's own keys, or "
               "that for the user's link (session_policy), if role_arn, region or domain_id is of another account or "
               "region than the domain.";
    case DENIAL_BOUNDARY:
        return "The permissions boundary of the role leaves it out: allow sagemaker:CreatePresignedDomainUrl there "
               "too.";
    case DENIAL_VPC_ENDPOINT:
        return "The policy of the VPC endpoint sagemaker.api leaves it out: allow sagemaker:CreatePresignedDomainUrl "
               "on this domain's user profiles there, for this caller.";
    case DENIAL_SERVICE_CONTROL:
        return "A service control policy of the organization denies it, often where a call does not come from a known "
               "network: ask who administers the organization.";
    case DENIAL_RESOURCE_CONTROL:
        return "A resource control policy of the organization denies it: ask who administers the organization.";
    case DENIAL_IDENTITY:
        return denial->is_explicit ? advice_on_identity_deny(went_private) : advice_on_missing_allow(went_private);
    case DENIAL_RESOURCE:
    case DENIAL_UNSAID:
    default:
        return advice_on_missing_allow(went_private);
    }
}
