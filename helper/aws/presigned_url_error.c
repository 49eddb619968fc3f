/*
 * presigned_url_error.c: see presigned_url_error.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "presigned_url_error.h"

#include <ctype.h>
#include <string.h>

#include "aws_error.h"
#include "aws_refusal.h"

struct refused_request {
    const struct presigned_url_parameters *parameters;
    struct aws_refusal refusal;
};

static bool
explain_denied_role(const char *code, const struct refused_request *request, struct failure *failure)
{
    return failure_set(
        failure, code,
        "AWS denies it to the role %.200s, which was assumed for this link (%s). Allow "
        "sagemaker:CreatePresignedDomainUrl on this user profile in that role's policy. The call went to "
        "%s: if a policy asks for aws:SourceVpce or aws:SourceVpc, that must be the VPC endpoint's private "
        "address, and the policy must list the endpoints of both sagemaker.api and studio.",
        request->parameters->role_arn, request->refusal.said, request->refusal.peer);
}

static bool
explain_denied(const char *code, const struct refused_request *request, struct failure *failure)
{
    if (request->parameters->role_arn != NULL)
        return explain_denied_role(code, request, failure);
    return failure_set(
        failure, code,
        "AWS denies it (%s). Allow sagemaker:CreatePresignedDomainUrl on this user profile for the caller. "
        "The call went to %s: if a policy asks for aws:SourceVpce or aws:SourceVpc, that must be the VPC "
        "endpoint's private address, and the policy must list the endpoints of both sagemaker.api and "
        "studio.",
        request->refusal.said, request->refusal.peer);
}

static bool
explain_keys(const char *code, const struct refused_request *request, struct failure *failure)
{
    if (request->parameters->role_arn != NULL)
        return failure_set(
            failure, code,
            "AWS does not take the keys that STS has just given for the role %.200s (%s). If it lasts, check "
            "the clock, and that sts_endpoint_url and endpoint_url are of the same partition.",
            request->parameters->role_arn, request->refusal.said);
    return failure_set(failure, code,
                       "AWS does not take this host's credentials (%s). They are fetched anew for the next link; if it "
                       "lasts, check the clock, and that the role or user of these keys still exists.",
                       request->refusal.said);
}

static bool
explain_clock(const char *code, const struct refused_request *request, struct failure *failure)
{
    return failure_set(
        failure, code,
        "AWS finds the clock of this host wrong: %s. Set it (chronyc tracking, timedatectl). AWS answered %s.",
        request->refusal.clock, request->refusal.said);
}

static bool
explain_signature(const char *code, const struct refused_request *request, struct failure *failure)
{
    return failure_set(
        failure, code,
        "AWS does not accept the signature (%s). Either the secret key is damaged, or %s is not of region "
        "%s, or something changes the request on its way: check region, endpoint_url and proxy_url.",
        request->refusal.said, request->refusal.peer, request->parameters->region);
}

static bool
explain_not_found(const char *code, const struct refused_request *request, struct failure *failure)
{
    const struct presigned_url_parameters *parameters = request->parameters;
    return failure_set(
        failure, code,
        "There is no user profile \"%s\" in domain %s, or no such domain in region %s of this account (%s). "
        "Profile names are usually all lower case; compare with `aws sagemaker list-user-profiles "
        "--domain-id-equals %s --region %s`.",
        parameters->user_profile_name, parameters->domain_id, parameters->region, request->refusal.said,
        parameters->domain_id, parameters->region);
}

static bool
is_name_byte(char byte)
{
    return isalnum((unsigned char) byte) || byte == '-' || byte == '_';
}

/* As a word of its own: somebody's name may hold it. */
static bool
names_sso(const char *said)
{
    static const char sso[] = "SSO";

    for (const char *at = strstr(said, sso); at != NULL; at = strstr(at + 1, sso)) {
        if (!is_name_byte(at[strlen(sso)]) && (at == said || !is_name_byte(at[-1])))
            return true;
    }
    return false;
}

/*
 * The page of CreatePresignedDomainUrl says that AuthMode must be IAM, and not what it answers where it is SSO.  So
 * what counts is that the answer speaks of that at all: no other complaint about a request does.
 */
static bool
is_about_identity_center(const char *said)
{
    static const char *const WORDS[] = {"Single Sign-On", "Identity Center", "AuthMode", "auth mode",
                                        "authentication mode"};

    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (strcasestr(said, WORDS[i]) != NULL)
            return true;
    }
    return names_sso(said);
}

static bool
explain_identity_center(const struct refused_request *request, struct failure *failure)
{
    return failure_set(
        failure, "identity-center",
        "Domain %s signs people in with IAM Identity Center (SSO), it seems (%s). Links can be made only "
        "where the domain's AuthMode is IAM, which is chosen when a domain is created.",
        request->parameters->domain_id, request->refusal.said);
}

static bool
explain_invalid(const char *code, const struct refused_request *request, struct failure *failure)
{
    if (is_about_identity_center(request->refusal.said))
        return explain_identity_center(request, failure);
    return failure_set(failure, code,
                       "AWS does not take the request for user profile \"%s\" in domain %s (%s). Check the domain's "
                       "settings. Links can be made only where the domain's AuthMode is IAM: with IAM Identity Center "
                       "(SSO) they are impossible.",
                       request->parameters->user_profile_name, request->parameters->domain_id, request->refusal.said);
}

static bool
explain_throttled(const char *code, const struct refused_request *request, struct failure *failure)
{
    return failure_set(
        failure, code,
        "AWS limits the rate of calls (%s): many logins at once, or other programs of this account, use it "
        "up. Opening Studio from the icon in a minute makes a new link.",
        request->refusal.said);
}

static bool
explain_service(const char *code, const struct refused_request *request, struct failure *failure)
{
    return failure_set(
        failure, code,
        "SageMaker at %s has a trouble of its own (%s). Try again later; see the AWS Health Dashboard if it "
        "lasts.",
        request->refusal.peer, request->refusal.said);
}

static bool
explain_not_aws(const char *code, const struct refused_request *request, struct failure *failure)
{
    return failure_set(
        failure, code,
        "Something other than SageMaker answered at %s (%s). Check endpoint_url, proxy_url and what this "
        "name resolves to.",
        request->refusal.peer, request->refusal.said);
}

static bool
explain_other(const char *code, const struct refused_request *request, struct failure *failure)
{
    return failure_set(failure, code,
                       "SageMaker at %s refuses the request (%s). Look the code up in the API reference of "
                       "CreatePresignedDomainUrl, or ask AWS with the request id.",
                       request->refusal.peer, request->refusal.said);
}

static bool
explain_error(const struct presigned_url_parameters *parameters, const struct http_answer *answer,
              struct failure *failure)
{
    static bool (*const explanations[])(const char *, const struct refused_request *, struct failure *) = {
        [AWS_ERROR_DENIED] = explain_denied,       [AWS_ERROR_EXPIRED_KEYS] = explain_keys,
        [AWS_ERROR_CLOCK] = explain_clock,         [AWS_ERROR_SIGNATURE] = explain_signature,
        [AWS_ERROR_NOT_FOUND] = explain_not_found, [AWS_ERROR_INVALID] = explain_invalid,
        [AWS_ERROR_THROTTLED] = explain_throttled, [AWS_ERROR_SERVICE] = explain_service,
        [AWS_ERROR_NOT_AWS] = explain_not_aws,     [AWS_ERROR_OTHER] = explain_other,
    };
    struct refused_request request = {.parameters = parameters};
    aws_refusal_read(parameters->endpoint_url, answer, &request.refusal);
    return explanations[request.refusal.kind](aws_error_word(request.refusal.kind), &request, failure);
}

/* What to do beyond what http.h's own message says. */
static const char *
advice_on(enum http_end end)
{
    switch (end) {
    case HTTP_UNRESOLVED:
        return "In a VPC without internet the interface endpoint sagemaker.api needs private DNS.";
    case HTTP_TIMED_OUT:
        return "It is there, and slow; a firewall or a wrong MTU on the way may swallow packets.";
    case HTTP_NO_SOCKET:
        return "Too many files are open, in the helper (LimitNOFILE) or on the whole host.";
    case HTTP_CROWDED:
        return "Opening Studio from the icon in a minute makes a new link.";
    case HTTP_UNCONNECTED:
        return "The interface endpoint sagemaker.api must admit port 443 from this host, or a proxy_url is needed.";
    case HTTP_TLS_FAILED:
        return "No link is asked for where it cannot be kept secret.";
    case HTTP_BROKEN:
    case HTTP_ANSWERED:
    default:
        return "Check endpoint_url, proxy_url and what this name resolves to.";
    }
}

bool
presigned_url_explain(const struct presigned_url_parameters *parameters, const struct http_answer *answer,
                      struct failure *failure)
{
    if (answer->end == HTTP_ANSWERED)
        return explain_error(parameters, answer, failure);
    return failure_set(failure, answer->failure.code, "SageMaker could not be asked: %s. %s", answer->failure.message,
                       advice_on(answer->end));
}
