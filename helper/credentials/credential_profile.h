/*
 * credential_profile.h: what a profile of an AWS file comes to: keys or another base, and the roles to assume with it.
 *
 * As botocore, and with it the AWS CLI, has it: a role goes before keys, keys of [NAME] before a credential_process,
 * that before keys of [profile NAME]; in a profile that another one names as its source_profile, its own keys go before
 * its role.  A profile may name itself as its source, for its own keys.
 * Source: docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html; botocore/credentials.py
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIAL_PROFILE_H
#define CREDENTIAL_PROFILE_H

#include <stdbool.h>

#include "aws_profile_file.h"
#include "credential_plan.h"
#include "failure.h"

/* Fills base, keys, process, roles and region.  False with code "credentials"; what was filled by then is the caller's
 * to end with credential_plan_free.  file: its path, for messages. */
bool credential_profile_resolve(const struct aws_profile_file *profiles, const char *file, const char *name,
                                struct credential_plan *plan, struct failure *failure);

#endif
