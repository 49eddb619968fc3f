/*
 * credential_plan.c: see credential_plan.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_profile_file.h"
#include "buffer.h"
#include "command_line.h"
#include "credential_file.h"
#include "credential_process.h"
#include "credential_profile.h"

/* What is cut off at the end does no harm in a text for people. */
static void
describe(struct credential_plan *plan, const char *what, const char *which)
{
    (void) snprintf(plan->description, sizeof(plan->description), "%s%s", what, which);
}

static bool
plan_imds(struct credential_plan *plan)
{
    plan->base = CREDENTIAL_BASE_IMDS;
    describe(plan, "the instance metadata service", "");
    return true;
}

static bool
plan_container(struct credential_plan *plan)
{
    plan->base = CREDENTIAL_BASE_CONTAINER;
    describe(plan, "the container credentials endpoint", "");
    return true;
}

static bool
plan_process(const struct credentials_settings *settings, struct credential_plan *plan, struct failure *failure)
{
    const char *command = settings->credential_process;
    AUTO_COMMAND_LINE struct command_line line = {.count = 0};
    if (command == NULL)
        return failure_set(failure, "credentials",
                           "source is process, and credential_process is not set in studio.conf. Set it, or another "
                           "source.");
    const char *expected = credential_process_command_check(command);
    if (expected != NULL || command_line_split(command, &line) != NULL)
        return failure_set(failure, "credentials", "credential_process in studio.conf is no command line: expected %s.",
                           expected != NULL ? expected : "less");
    plan->base = CREDENTIAL_BASE_PROCESS;
    describe(plan, "the program ", line.words[0]);
    plan->process = strdup(command);
    return plan->process != NULL || failure_set(failure, "memory", "There is no memory for credential_process.");
}

/* absent: there is no such file. */
static bool
plan_file(const struct credentials_settings *settings, uid_t also_owner, struct credential_plan *plan, bool *absent,
          struct failure *failure)
{
    const char *path = settings->shared_credentials_file;
    const char *profile = settings->profile;
    struct aws_profile_file *profiles = credential_file_read(path, also_owner, &plan->file, absent, failure);
    if (profiles == NULL)
        return false;
    (void) snprintf(plan->description, sizeof(plan->description), "profile %.100s of %s", profile, path);
    bool good = credential_profile_resolve(profiles, path, profile, plan, failure);
    aws_profile_file_free(profiles);
    return good;
}

static bool
has_container_uri(const struct credentials_settings *settings)
{
    return settings->container_credentials_relative_uri != NULL || settings->container_credentials_full_uri != NULL;
}

static bool
plan_auto(const struct credentials_settings *settings, uid_t also_owner, struct credential_plan *plan,
          struct failure *failure)
{
    bool absent = false;
    struct failure reason;
    if (settings->credential_process != NULL)
        return plan_process(settings, plan, failure);
    if (plan_file(settings, also_owner, plan, &absent, &reason))
        return true;
    if (!absent)
        return failure_set(failure, reason.code, "%s", reason.message);
    return has_container_uri(settings) ? plan_container(plan) : plan_imds(plan);
}

static bool
make(const struct credentials_settings *settings, uid_t also_owner, struct credential_plan *plan,
     struct failure *failure)
{
    bool absent;
    switch (settings->source) {
    case CREDENTIALS_IMDS:
        return plan_imds(plan);
    case CREDENTIALS_CONTAINER:
        return plan_container(plan);
    case CREDENTIALS_FILE:
        return plan_file(settings, also_owner, plan, &absent, failure);
    case CREDENTIALS_PROCESS:
        return plan_process(settings, plan, failure);
    case CREDENTIALS_AUTO:
        break;
    }
    return plan_auto(settings, also_owner, plan, failure);
}

bool
credential_plan_make(const struct credentials_settings *settings, uid_t also_owner, struct credential_plan *plan,
                     struct failure *failure)
{
    *plan = (struct credential_plan){0};
    if (make(settings, also_owner, plan, failure))
        return true;
    credential_plan_free(plan);
    return false;
}

bool
credential_plan_is_current(const struct credential_plan *plan, const struct credentials_settings *settings)
{
    bool from_file = settings->source == CREDENTIALS_FILE ||
                     (settings->source == CREDENTIALS_AUTO && settings->credential_process == NULL);
    return !from_file || credential_file_is_unchanged(settings->shared_credentials_file, &plan->file);
}

void
credential_plan_free(struct credential_plan *plan)
{
    credentials_wipe(&plan->keys);
    secret_free(&plan->process);
    for (size_t i = 0; i < plan->role_count; i++) {
        free(plan->roles[i].role_arn);
        free(plan->roles[i].role_session_name);
        secret_free(&plan->roles[i].external_id);
    }
    free(plan->region);
    *plan = (struct credential_plan){0};
}
