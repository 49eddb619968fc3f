/*
 * domain_role.c: see domain_role.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "domain_role.h"

#define POLICY_LIMIT 4096 /* more than AWS takes, which assume_role_check knows */

static void
fill_parameters(struct domain_role *role, const struct domain_role_place *place, const char *user_profile_name)
{
    const struct domain_settings *domain = place->domain;
    bool has_tag = domain->session_tags && user_profile_name != NULL;

    role->parameters = (struct assume_role_parameters){
        .endpoint_url = place->sts_endpoint_url,
        .region = place->region,
        .ca_bundle = domain->ca_bundle,
        .proxy_url = domain->proxy_url,
        .role_arn = domain->role_arn,
        .role_session_name = role->session_name,
        .source_identity = domain->source_identity ? role->session_name : NULL,
        .external_id = domain->external_id,
        .policy = role->policy.data,
        .tag_key = has_tag ? ROLE_SESSION_TAG_KEY : NULL,
        .tag_value = has_tag ? user_profile_name : NULL,
        .duration_seconds = domain->role_duration_seconds,
    };
}

bool
domain_role_prepare(struct domain_role *role, const struct domain_role_place *place, const char *person,
                    const char *user_profile_name, struct failure *failure)
{
    const struct domain_settings *domain = place->domain;

    *role = (struct domain_role){.policy = BUFFER((size_t) POLICY_LIMIT)};
    if (!role_session_name(person, role->session_name))
        return failure_set(failure, "memory", "There is no memory for the name of a role session.");
    if (domain->session_policy && user_profile_name != NULL &&
        !role_session_policy(domain->role_arn, place->region, domain->domain_id, user_profile_name,
                             domain->session_tags, &role->policy, failure))
        return false;
    fill_parameters(role, place, user_profile_name);
    return assume_role_check(&role->parameters, failure);
}

void
domain_role_free(struct domain_role *role)
{
    buffer_free(&role->policy);
}
