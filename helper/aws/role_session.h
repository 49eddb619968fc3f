/*
 * role_session.h: what a role that is assumed for one user's link is told of him: a name for CloudTrail, and a policy
 * that leaves nothing but that one user profile.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROLE_SESSION_H
#define ROLE_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "failure.h"

#define ROLE_SESSION_NAME_SIZE 65
#define ROLE_SESSION_TAG_KEY   "SageMakerStudioUserProfileName"

/*
 * RoleSessionName and SourceIdentity of a Linux user: [\w+=,.@-]{2,64} (STS API reference).  A legal name is itself;
 * else legal characters are kept, all others become =XX (hex of each byte), that is cut to 51, and '-' and 12 hex
 * digits of the name's SHA-256 follow.  So it is done with one-letter names too, and with legal ones that end in '-'
 * and 12 hex digits: who may choose the name of his account cannot choose that which another's becomes.  False only
 * where there is no memory.
 */
bool role_session_name(const char *user, char name[ROLE_SESSION_NAME_SIZE]);

/*
 * The inline session policy: sagemaker:CreatePresignedDomainUrl on this one user profile (partition and account are the
 * role's); with_tags: CreatePresignedDomainUrlWithPrincipalTag also.  Code "config" for a role_arn that is none.
 */
bool role_session_policy(const char *role_arn, const char *region, const char *domain_id, const char *user_profile_name,
                         bool with_tags, struct buffer *policy, struct failure *failure);

#endif
