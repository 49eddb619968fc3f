/*
 * sts_error.c: see sts_error.h.
 * Sources: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors;
 * docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sts_error.h"

#include <stdio.h>
#include <string.h>

#include "aws_refusal.h"

#define ROLE_CHAINING_MAX_S 3600

struct question {
    const struct assume_role_parameters *parameters;
    struct aws_refusal refusal;
};

static const char endpoint_denies[] = " The denial is that of the policy of the VPC endpoint for sts.";

/* Denied */

/* "User: CALLER is not authorized to perform: ACTION on resource: ROLE": the text up to the blank after the prefix. */
static bool
word_after(const char *message, const char *prefix, char *word, size_t size)
{
    const char *found = strstr(message, prefix);
    if (found == NULL)
        return false;
    found += strlen(prefix);
    size_t length = strcspn(found, " ");
    if (length == 0 || length >= size)
        return false;
    memcpy(word, found, length);
    word[length] = '\0';
    return true;
}

static bool
explain_identity_denied(const struct question *question, struct failure *failure)
{
    return failure_set(failure, "access-denied",
                       "STS does not say whose keys these are (%s). No policy of IAM can deny that; the policy of the "
                       "VPC endpoint com.amazonaws.%s.sts can: it must allow sts:GetCallerIdentity.",
                       question->refusal.said, question->parameters->region);
}

/* The setting that lets a link do without the action. */
static bool
explain_optional_denied(const struct question *question, const char *action, const char *caller, const char *setting,
                        struct failure *failure)
{
    const char *role = question->parameters->role_arn;
    return failure_set(
        failure, "role-denied",
        "AWS denies %s: the trust policy of %.256s and the policy of %s must both allow %s (or set %s = no "
        "in studio.conf).%s AWS answered %s.",
        action, role, caller, action, setting,
        strstr(question->refusal.error.message, "VPC endpoint policy") != NULL ? endpoint_denies : "",
        question->refusal.said);
}

static bool
explain_assume_denied(const struct question *question, const char *caller, struct failure *failure)
{
    const char *role = question->parameters->role_arn;
    const char *external_id = question->parameters->external_id;
    return failure_set(failure, "role-denied",
                       "AWS denies sts:AssumeRole: the trust policy of %.256s does not let %s assume it, or the policy "
                       "of the latter does "
                       "not allow sts:AssumeRole on that role (in another account, both must).%s%s AWS answered %s.",
                       role, caller,
                       external_id != NULL
                           ? " Or the trust policy asks for another external_id than the one that is configured; "
                             "AWS does not say which."
                           : "",
                       strstr(question->refusal.error.message, "VPC endpoint policy") != NULL ? endpoint_denies : "",
                       question->refusal.said);
}

static bool
explain_denied(const struct question *question, struct failure *failure)
{
    static const struct {
        const char *action;
        const char *setting;
    } optional[] = {{"sts:SetSourceIdentity", "source_identity"}, {"sts:TagSession", "session_tags"}};
    const char *message = question->refusal.error.message;
    char action[64];
    char caller[280];
    if (question->parameters->role_arn == NULL)
        return explain_identity_denied(question, failure);
    if (!word_after(message, "User: ", caller, sizeof(caller)))
        snprintf(caller, sizeof(caller), "the role of this host");
    if (!word_after(message, " is not authorized to perform: ", action, sizeof(action)))
        action[0] = '\0';
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        if (strcmp(action, optional[i].action) == 0)
            return explain_optional_denied(question, action, caller, optional[i].setting, failure);
    }
    return explain_assume_denied(question, caller, failure);
}

/* Other errors of STS */

static const char *
word_of(const struct question *question)
{
    return aws_error_word(question->refusal.kind);
}

static bool
explain_keys(const struct question *question, struct failure *failure)
{
    return failure_set(failure, word_of(question),
                       "STS does not take this host's credentials (%s). They are fetched anew for the next link; if it "
                       "lasts, check the clock, that the role or user of these keys still exists, and that region %s "
                       "is enabled in its account.",
                       question->refusal.said, question->parameters->region);
}

static bool
explain_clock(const struct question *question, struct failure *failure)
{
    return failure_set(
        failure, word_of(question),
        "AWS finds the clock of this host wrong: %s. Set it (chronyc tracking, timedatectl). STS answered %s.",
        question->refusal.clock, question->refusal.said);
}

static bool
explain_signature(const struct question *question, struct failure *failure)
{
    return failure_set(failure, word_of(question),
                       "STS does not accept the signature (%s). Either the secret key is damaged, or %s is not of "
                       "region %s, or something changes the request on its way: check region, sts_endpoint_url and "
                       "proxy_url.",
                       question->refusal.said, question->refusal.peer, question->parameters->region);
}

static bool
explain_duration(const struct question *question, struct failure *failure)
{
    return failure_set(
        failure, word_of(question),
        "STS does not give %d seconds (role_duration_seconds) with %s (%s). A role that is assumed with the keys "
        "of another role, as an instance's are, is limited to %d seconds; else the role's maximum "
        "session duration is the limit.",
        question->parameters->duration_seconds, question->parameters->role_arn, question->refusal.said,
        ROLE_CHAINING_MAX_S);
}

static bool
explain_too_large(const struct question *question, struct failure *failure)
{
    return failure_set(failure, word_of(question),
                       "Session policy and session tags together are too large for STS (%s). Set session_tags = no, or "
                       "session_policy = no with a role that may do no more than it must.",
                       question->refusal.said);
}

static bool
explain_policy(const struct question *question, struct failure *failure)
{
    return failure_set(failure, word_of(question),
                       "STS does not take the session policy for %s (%s). Check role_arn, region and domain_id, of "
                       "which it is made; session_policy = no leaves it out.",
                       question->parameters->role_arn, question->refusal.said);
}

static bool
explain_invalid(const struct question *question, struct failure *failure)
{
    const struct aws_error *error = &question->refusal.error;
    if (question->parameters->role_arn != NULL && strcasestr(error->message, "DurationSeconds") != NULL)
        return explain_duration(question, failure);
    if (strcmp(error->code, "PackedPolicyTooLarge") == 0)
        return explain_too_large(question, failure);
    if (question->parameters->role_arn != NULL && strcmp(error->code, "MalformedPolicyDocument") == 0)
        return explain_policy(question, failure);
    return failure_set(failure, word_of(question),
                       "STS does not take the request (%s). Check role_arn, external_id and role_duration_seconds.",
                       question->refusal.said);
}

static bool
explain_throttled(const struct question *question, struct failure *failure)
{
    return failure_set(failure, word_of(question),
                       "STS limits the rate of calls (%s): many logins at once, or other programs of this account, use "
                       "it up. Opening Studio from the icon in a minute makes a new link.",
                       question->refusal.said);
}

static bool
explain_service(const struct question *question, struct failure *failure)
{
    return failure_set(failure, word_of(question),
                       "STS at %s has a trouble of its own (%s). Try again later; see the AWS Health Dashboard if it "
                       "lasts.",
                       question->refusal.peer, question->refusal.said);
}

static bool
explain_not_aws(const struct question *question, struct failure *failure)
{
    return failure_set(failure, word_of(question),
                       "Something other than STS answered at %s (%s). Check sts_endpoint_url, proxy_url and what this "
                       "name resolves to.",
                       question->refusal.peer, question->refusal.said);
}

static bool
explain_other(const struct question *question, struct failure *failure)
{
    if (strcmp(question->refusal.error.code, "RegionDisabledException") == 0)
        return failure_set(failure, word_of(question),
                           "STS is not activated in region %s for the account of these keys (%s). Activate it: IAM "
                           "console, Account settings, Security Token Service; an opt-in region must be enabled "
                           "first.",
                           question->parameters->region, question->refusal.said);
    return failure_set(failure, word_of(question),
                       "STS at %s refuses the request (%s). Look the code up in the API reference of AWS STS, or ask "
                       "AWS with the request id.",
                       question->refusal.peer, question->refusal.said);
}

static bool
explain_error(const struct assume_role_parameters *parameters, const struct http_answer *answer,
              struct failure *failure)
{
    static bool (*const explanations[])(const struct question *, struct failure *) = {
        [AWS_ERROR_DENIED] = explain_denied,       [AWS_ERROR_EXPIRED_KEYS] = explain_keys,
        [AWS_ERROR_CLOCK] = explain_clock,         [AWS_ERROR_SIGNATURE] = explain_signature,
        [AWS_ERROR_NOT_FOUND] = explain_other,     [AWS_ERROR_INVALID] = explain_invalid,
        [AWS_ERROR_THROTTLED] = explain_throttled, [AWS_ERROR_SERVICE] = explain_service,
        [AWS_ERROR_NOT_AWS] = explain_not_aws,     [AWS_ERROR_OTHER] = explain_other,
    };
    struct question question = {.parameters = parameters};
    aws_refusal_read(parameters->endpoint_url, answer, &question.refusal);
    return explanations[question.refusal.kind](&question, failure);
}

/* Transport */

/* What to do beyond what http.h's own message says. */
static bool
explain_transport(const struct assume_role_parameters *parameters, const struct http_answer *answer,
                  struct failure *failure)
{
    const char *code = answer->failure.code;
    const char *said = answer->failure.message;
    const char *region = parameters->region;
    switch (answer->end) {
    case HTTP_UNRESOLVED:
        return failure_set(failure, code,
                           "STS could not be asked: %s. In a VPC without internet a role needs the VPC endpoint "
                           "com.amazonaws.%s.sts with private DNS.",
                           said, region);
    case HTTP_UNCONNECTED:
        return failure_set(failure, code,
                           "STS could not be asked: %s. The VPC endpoint com.amazonaws.%s.sts is missing, or does not "
                           "admit port 443 from this host; or a proxy_url is needed.",
                           said, region);
    case HTTP_TIMED_OUT:
        return failure_set(failure, code,
                           "STS could not be asked: %s. It is there, and slow; a firewall or a wrong MTU on the way "
                           "may swallow packets.",
                           said);
    case HTTP_NO_SOCKET:
        return failure_set(failure, code,
                           "STS could not be asked: %s. Too many files are open, in the helper (LimitNOFILE) or on the "
                           "whole host.",
                           said);
    case HTTP_CROWDED:
        return failure_set(failure, code,
                           "STS could not be asked: %s. Opening Studio from the icon in a minute makes a new link.",
                           said);
    case HTTP_TLS_FAILED:
        return failure_set(failure, code,
                           "STS could not be asked: %s. No role is assumed where its keys cannot be kept secret.",
                           said);
    case HTTP_BROKEN:
    case HTTP_ANSWERED:
    default:
        return failure_set(
            failure, code,
            "STS could not be asked: %s. Check sts_endpoint_url, proxy_url and what this name resolves to.", said);
    }
}

bool
sts_explain(const struct assume_role_parameters *parameters, const struct http_answer *answer, struct failure *failure)
{
    if (answer->end == HTTP_ANSWERED)
        return explain_error(parameters, answer, failure);
    return explain_transport(parameters, answer, failure);
}
