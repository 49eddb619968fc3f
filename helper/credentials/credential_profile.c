/*
 * credential_profile.c: see credential_profile.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential_process.h"
#include "credential_text.h"
#include "setting_value.h"

#define DURATION_MIN     900
#define DURATION_MAX     43200
#define DURATION_DEFAULT 3600
#define DURATION_CHAINED 3600 /* of a role that is assumed with a role's keys (STS API reference, AssumeRole) */

struct resolution {
    const struct aws_profile_file *profiles;
    const char *file;
    struct credential_plan *plan;
    const struct aws_profile *visited[CREDENTIAL_ROLES_MAX + 1];
    unsigned duration_lines[CREDENTIAL_ROLES_MAX]; /* beside the plan's roles */
    struct failure *failure;
};

/* Values */

/* The whole value, or NULL when the key is not there.  False: it is there, and of no use. */
static bool
get(const struct resolution *at, const struct aws_profile *profile, const char *key, struct aws_profile_value *value)
{
    *value = aws_profile_value(profile, key);
    if (value->continued)
        return aws_profile_failure(at->failure, at->file, value->line,
                                   "%s, which goes on in an indented line; expected its value in one line", key);
    if (value->text != NULL && value->text[0] == '\0')
        return aws_profile_failure(at->failure, at->file, value->line,
                                   "%s without a value; give it one, or take the line out", key);
    return true;
}

static bool
has(const struct aws_profile *profile, const char *key)
{
    return aws_profile_value(profile, key).text != NULL;
}

static bool
copy(const struct resolution *at, const char *text, char **target)
{
    if (asprintf(target, "%s", text) >= 0)
        return true;
    *target = NULL;
    return failure_set(at->failure, "memory", "There is no memory for the AWS profile.");
}

/* A copy of the value, if it is there and this check allows it. */
static bool
take(const struct resolution *at, const struct aws_profile *profile, const char *key, value_check *check, char **target)
{
    struct aws_profile_value value;
    if (!get(at, profile, key, &value))
        return false;
    if (value.text == NULL)
        return true;
    const char *expected = check(value.text);
    if (expected != NULL)
        return aws_profile_failure(at->failure, at->file, value.line, "a wrong %s, expected %s", key, expected);
    return copy(at, value.text, target);
}

/* RoleSessionName: [\w+=,.@-]{2,64} (STS API reference). */
static const char *
value_role_session_name(const char *value)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-";
    size_t length = strlen(value);
    return length >= 2 && length <= 64 && strspn(value, allowed) == length
               ? NULL
               : "2 to 64 letters, digits and characters of _+=,.@-";
}

static bool
take_duration(struct resolution *at, const struct aws_profile *profile, int *seconds)
{
    struct aws_profile_value value;
    if (!get(at, profile, "duration_seconds", &value))
        return false;
    *seconds = DURATION_DEFAULT;
    if (value.text == NULL)
        return true;
    size_t digits = strspn(value.text, "0123456789");
    long number = digits > 0 && digits <= 9 && value.text[digits] == '\0' ? strtol(value.text, NULL, 10) : -1;
    if (number < DURATION_MIN || number > DURATION_MAX)
        return aws_profile_failure(at->failure, at->file, value.line,
                                   "a wrong duration_seconds, expected a number from %d to %d", DURATION_MIN,
                                   DURATION_MAX);
    *seconds = (int) number;
    at->duration_lines[at->plan->role_count] = value.line;
    return true;
}

/* Keys */

static bool
has_keys(const struct aws_profile *profile)
{
    return has(profile, "aws_access_key_id") || has(profile, "aws_secret_access_key");
}

static bool
has_key_id_in(const struct aws_profile *profile, enum aws_profile_section section)
{
    return aws_profile_value_in(profile, section, "aws_access_key_id").text != NULL;
}

/* An empty session token is none: some programs write it so. */
static struct aws_profile_value
session_token_in(const struct aws_profile *profile, enum aws_profile_section section)
{
    static const char *const names[] = {"aws_security_token", "aws_session_token"}; /* botocore's order */
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct aws_profile_value value = aws_profile_value_in(profile, section, names[i]);
        if (value.text != NULL && (value.text[0] != '\0' || value.continued))
            return value;
    }
    return (struct aws_profile_value){.text = NULL};
}

static bool
is_quoted(const char *text)
{
    return text[0] == '"' || text[0] == '\'';
}

/* All from one section: a key of one file with the token of another is no credential. */
static bool
take_keys(const struct resolution *at, const struct aws_profile *profile, enum aws_profile_section section)
{
    struct aws_profile_value id = aws_profile_value_in(profile, section, "aws_access_key_id");
    struct aws_profile_value secret = aws_profile_value_in(profile, section, "aws_secret_access_key");
    struct aws_profile_value token = session_token_in(profile, section);
    struct credential_text keys = {id.text, secret.text, token.text};
    if (secret.text == NULL)
        return aws_profile_failure(at->failure, at->file, id.line,
                                   "an aws_access_key_id, and no aws_secret_access_key with it in its section");
    if (id.continued || secret.continued || token.continued || !credential_text_is_good(&keys))
        return aws_profile_failure(at->failure, at->file, id.line,
                                   "aws_access_key_id, aws_secret_access_key or aws_session_token is no key: expected "
                                   "printable characters without blanks, each in one line (a comment needs a line of "
                                   "its own)");
    if (is_quoted(id.text) || is_quoted(secret.text))
        return aws_profile_failure(
            at->failure, at->file, id.line,
            "aws_access_key_id or aws_secret_access_key in quotes, which the AWS SDKs take for a "
            "part of it; expected it without them");
    at->plan->base = CREDENTIAL_BASE_KEYS;
    return credential_text_copy(&keys, &at->plan->keys, at->failure);
}

static bool
take_process(const struct resolution *at, const struct aws_profile *profile)
{
    at->plan->base = CREDENTIAL_BASE_PROCESS;
    return take(at, profile, "credential_process", credential_process_command_check, &at->plan->process);
}

/* Profiles */

static bool
refuse_kind(const struct resolution *at, const struct aws_profile *profile, const char *key, const char *why)
{
    struct aws_profile_value value = aws_profile_value(profile, key);
    return aws_profile_failure(at->failure, at->file, value.line, "%s, which is not supported here: %s", key, why);
}

static bool
refuse_sso(const struct resolution *at, const struct aws_profile *profile)
{
    static const char *const keys[] = {"sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "sso_region"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (has(profile, keys[i]))
            return refuse_kind(at, profile, keys[i],
                               "a person has to sign in for it in a browser, and again every few hours; expected keys, "
                               "a credential_process or a role_arn");
    }
    return true;
}

static bool
refuse_incomplete_role(const struct resolution *at, const struct aws_profile *profile)
{
    const char *key = has(profile, "source_profile") ? "source_profile" : "credential_source";
    struct aws_profile_value value = aws_profile_value(profile, key);
    if (value.text == NULL || has(profile, "role_arn"))
        return true;
    return aws_profile_failure(at->failure, at->file, value.line, "%s without a role_arn to assume with it", key);
}

/* Keys or a process; roles have been seen to. */
static bool
take_base(const struct resolution *at, const struct aws_profile *profile)
{
    if (!refuse_sso(at, profile) || !refuse_incomplete_role(at, profile))
        return false;
    if (has_key_id_in(profile, AWS_PROFILE_CREDENTIALS))
        return take_keys(at, profile, AWS_PROFILE_CREDENTIALS);
    if (has(profile, "credential_process"))
        return take_process(at, profile);
    if (has_key_id_in(profile, AWS_PROFILE_CONFIG))
        return take_keys(at, profile, AWS_PROFILE_CONFIG);
    return aws_profile_failure(at->failure, at->file, aws_profile_line(profile),
                               "the profile %s has no credentials: expected aws_access_key_id and "
                               "aws_secret_access_key, credential_process, or role_arn with source_profile or "
                               "credential_source",
                               aws_profile_name(profile));
}

static bool
take_credential_source(const struct resolution *at, const struct aws_profile_value *source)
{
    if (strcmp(source->text, "Ec2InstanceMetadata") == 0)
        at->plan->base = CREDENTIAL_BASE_IMDS;
    else if (strcmp(source->text, "EcsContainer") == 0)
        at->plan->base = CREDENTIAL_BASE_CONTAINER;
    else if (strcmp(source->text, "Environment") == 0)
        return aws_profile_failure(at->failure, at->file, source->line,
                                   "credential_source = Environment, which is not supported here: the helper takes no "
                                   "keys from its environment; expected Ec2InstanceMetadata, EcsContainer, or a "
                                   "source_profile in its place");
    else
        return aws_profile_failure(at->failure, at->file, source->line,
                                   "a wrong credential_source, expected Ec2InstanceMetadata or EcsContainer");
    return true;
}

static bool
add_role(struct resolution *at, const struct aws_profile *profile)
{
    struct credential_plan *plan = at->plan;
    if (plan->role_count == CREDENTIAL_ROLES_MAX)
        return aws_profile_failure(at->failure, at->file, aws_profile_line(profile),
                                   "one role more to assume before those of other profiles, expected at most %d",
                                   CREDENTIAL_ROLES_MAX);
    if (has(profile, "mfa_serial"))
        return refuse_kind(at, profile, "mfa_serial", "nobody is there to type the code of a device");
    struct credential_role *role = &plan->roles[plan->role_count];
    at->visited[plan->role_count] = profile;
    bool good = take(at, profile, "role_arn", value_role_arn, &role->role_arn) &&
                take(at, profile, "role_session_name", value_role_session_name, &role->role_session_name) &&
                take(at, profile, "external_id", value_external_id, &role->external_id) &&
                take_duration(at, profile, &role->duration_seconds);
    plan->role_count++; /* what was taken is freed with it */
    return good;
}

static bool
was_visited(const struct resolution *at, const struct aws_profile *profile)
{
    for (size_t i = 0; i < at->plan->role_count; i++) {
        if (at->visited[i] == profile)
            return true;
    }
    return false;
}

/* The profile that this one names as its source; NULL with the failure. */
static const struct aws_profile *
find_source_profile(const struct resolution *at, const struct aws_profile *profile,
                    const struct aws_profile_value *name)
{
    const struct aws_profile *source = aws_profile_find(at->profiles, name->text);
    if (source == NULL) {
        aws_profile_failure(at->failure, at->file, name->line,
                            "source_profile names a profile that is not in this file");
        return NULL;
    }
    if (was_visited(at, source) && (source != profile || !has_keys(source))) {
        aws_profile_failure(at->failure, at->file, name->line,
                            "source_profile goes in a circle: the profile %s comes again before any keys",
                            aws_profile_name(source));
        return NULL;
    }
    return source;
}

/* What the role of this profile is assumed with: the next profile, or NULL when the plan has its base (true), or there
 * is none (false). */
static bool
find_source(const struct resolution *at, const struct aws_profile *profile, const struct aws_profile **next)
{
    struct aws_profile_value name, source;
    *next = NULL;
    if (!get(at, profile, "source_profile", &name) || !get(at, profile, "credential_source", &source))
        return false;
    if (name.text != NULL && source.text != NULL)
        return aws_profile_failure(at->failure, at->file, source.line,
                                   "both a source_profile and a credential_source, expected one of them");
    if (source.text != NULL)
        return take_credential_source(at, &source);
    if (name.text == NULL)
        return aws_profile_failure(at->failure, at->file, aws_profile_value(profile, "role_arn").line,
                                   "a role_arn, and no source_profile or credential_source to assume it with");
    *next = find_source_profile(at, profile, &name);
    return *next != NULL;
}

/* Roles are collected from the last to be assumed to the first. */
static bool
follow(struct resolution *at, const struct aws_profile *profile)
{
    for (bool first = true; profile != NULL; first = false) {
        if (has(profile, "web_identity_token_file"))
            return refuse_kind(at, profile, "web_identity_token_file",
                               "expected keys, a credential_process, or a role_arn with a source_profile");
        if (!has(profile, "role_arn") || (!first && has_keys(profile)))
            return take_base(at, profile);
        if (!add_role(at, profile) || !find_source(at, profile, &profile))
            return false;
    }
    return true;
}

static bool
check_durations(const struct resolution *at)
{
    const struct credential_plan *plan = at->plan;
    bool from_role = plan->base == CREDENTIAL_BASE_IMDS || plan->base == CREDENTIAL_BASE_CONTAINER;
    for (size_t i = plan->role_count; i-- > 0; from_role = true) {
        if (from_role && plan->roles[i].duration_seconds > DURATION_CHAINED)
            return aws_profile_failure(at->failure, at->file, at->duration_lines[i],
                                       "a wrong duration_seconds, expected at most %d for a role that is assumed with "
                                       "the keys of another role",
                                       DURATION_CHAINED);
    }
    return true;
}

static void
reverse_roles(struct credential_plan *plan)
{
    for (size_t i = 0; i < plan->role_count / 2; i++) {
        struct credential_role *other = &plan->roles[plan->role_count - 1 - i];
        struct credential_role role = plan->roles[i];
        plan->roles[i] = *other;
        *other = role;
    }
}

bool
credential_profile_resolve(const struct aws_profile_file *profiles, const char *file, const char *name,
                           struct credential_plan *plan, struct failure *failure)
{
    struct resolution at = {.profiles = profiles, .file = file, .plan = plan, .failure = failure};
    const struct aws_profile *profile = aws_profile_find(profiles, name);
    char names[400];
    if (profile == NULL) {
        aws_profile_names(profiles, names, sizeof(names));
        return failure_set(failure, "credentials",
                           "%s has no profile %s; its profiles: %s. Set profile in studio.conf, or add it.", file, name,
                           names);
    }
    if (!take(&at, profile, "region", value_region, &plan->region) || !follow(&at, profile) || !check_durations(&at))
        return false;
    reverse_roles(plan);
    return true;
}
