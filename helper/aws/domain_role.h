/*
 * domain_role.h: AssumeRole as the settings of a domain ask for it: for one person's link, or for nobody's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DOMAIN_ROLE_H
#define DOMAIN_ROLE_H

#include <stdbool.h>

#include "assume_role.h"
#include "buffer.h"
#include "failure.h"
#include "role_session.h"
#include "settings.h"

struct domain_role {
    char session_name[ROLE_SESSION_NAME_SIZE];
    struct buffer policy;
    struct assume_role_parameters parameters; /* points at the above, and at what it was made of */
};

/* Where the domain is asked about. */
struct domain_role_place {
    const struct domain_settings *domain; /* with a role_arn */
    const char *region;
    const char *sts_endpoint_url; /* from endpoint_sts */
};

/*
 * The session bears the person's name.  With a session policy and a session tag, where the settings have them, for this
 * user profile alone; NULL: without either.  Ready for assume_role_start, or false: code "config" or "memory".  The
 * caller ends it with domain_role_free, also after a failure.
 */
bool domain_role_prepare(struct domain_role *role, const struct domain_role_place *place, const char *person,
                         const char *user_profile_name, struct failure *failure);
void domain_role_free(struct domain_role *role);

#endif
