/*
 * presigned_url_error.c: see presigned_url_error.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "presigned_url_error.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aws_error.h"
#include "endpoint.h"

/* What every explanation is made of. */
struct refusal {
    const struct presigned_url_parameters *parameters;
    char said[620]; /* CODE, or CODE: "AWS's text" */
    char peer[360]; /* HOST (ADDRESS, a public address) */
    char clock[96]; /* how far this host's clock is from AWS's */
};

static bool
is_private_ipv4(uint32_t bits)
{
    return bits >> 24 == 10 || bits >> 20 == (172U << 4 | 1) || bits >> 16 == (192U << 8 | 168) ||
           bits >> 22 == (100U << 2 | 1) || bits >> 24 == 127;
}

/* Private addresses are those of RFC 1918, RFC 6598 and RFC 4193, and this host itself; NULL when it is no address. */
static const char *
reach_of(const char *address)
{
    struct in_addr ipv4;
    struct in6_addr ipv6;
    bool private;
    if (inet_pton(AF_INET, address, &ipv4) == 1)
    private = is_private_ipv4(ntohl(ipv4.s_addr));
    else if (inet_pton(AF_INET6, address, &ipv6) == 1) private =
        (ipv6.s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LOOPBACK(&ipv6);
    else return NULL;
    return private ? "a private" : "a public";
}

static void
describe_peer(const char *endpoint_url, const char *address, char *peer, size_t size)
{
    char host[264];
    if (!endpoint_host(endpoint_url, host, sizeof(host)))
        snprintf(host, sizeof(host), "the SageMaker API");
    const char *reach = reach_of(address);
    if (reach != NULL)
        snprintf(peer, size, "%s (%.63s, %s address)", host, address, reach);
    else
        snprintf(peer, size, "%s", host);
}

/* Seconds by which this host's clock is ahead of the Date header (RFC 9110 section 5.6.7); false without a usable one.
 */
static bool
clock_difference(const char *date, int64_t *seconds)
{
    struct tm utc = {0};
    const char *end = strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    if (end == NULL || *end != '\0')
        return false;
    *seconds = (int64_t) time(NULL) - (int64_t) timegm(&utc);
    return true;
}

/* AWS accepts a difference of minutes (5 or 15, by service). */
#define CLOCKS_AGREE_S 60

static void
describe_clock(const char *date, char *text, size_t size)
{
    int64_t seconds;
    if (!clock_difference(date, &seconds))
        snprintf(text, size, "AWS's answer does not say by how much");
    else if (seconds > -CLOCKS_AGREE_S && seconds < CLOCKS_AGREE_S)
        snprintf(text, size, "now it agrees with AWS's, so that it was set meanwhile, or the request came late");
    else
        snprintf(text, size, "it is %" PRId64 " s %s AWS's clock", seconds < 0 ? -seconds : seconds,
                 seconds < 0 ? "behind" : "ahead of");
}

static void
describe_refusal(const struct presigned_url_parameters *parameters, const struct http_answer *answer,
                 const struct aws_error *error, struct refusal *refusal)
{
    refusal->parameters = parameters;
    if (error->message[0] != '\0')
        snprintf(refusal->said, sizeof(refusal->said), "%s: \"%s\"", error->code, error->message);
    else
        snprintf(refusal->said, sizeof(refusal->said), "%s", error->code);
    describe_peer(parameters->endpoint_url, answer->address, refusal->peer, sizeof(refusal->peer));
    describe_clock(answer->date, refusal->clock, sizeof(refusal->clock));
}

static bool
explain_denied(const char *code, const struct refusal *refusal, struct failure *failure)
{
    return failure_set(
        failure, code,
        "AWS denies it (%s). Allow sagemaker:CreatePresignedDomainUrl on this user profile for the caller. "
        "The call went to %s: if a policy asks for aws:SourceVpce or aws:SourceVpc, that must be the VPC "
        "endpoint's private address, and the policy must list the endpoints of both sagemaker.api and "
        "studio.",
        refusal->said, refusal->peer);
}

static bool
explain_keys(const char *code, const struct refusal *refusal, struct failure *failure)
{
    return failure_set(failure, code,
                       "AWS does not take this host's credentials (%s). They are fetched anew for the next link; if it "
                       "lasts, check the clock, and that the instance's role still exists.",
                       refusal->said);
}

static bool
explain_clock(const char *code, const struct refusal *refusal, struct failure *failure)
{
    return failure_set(
        failure, code,
        "AWS finds the clock of this host wrong: %s. Set it (chronyc tracking, timedatectl). AWS answered %s.",
        refusal->clock, refusal->said);
}

static bool
explain_signature(const char *code, const struct refusal *refusal, struct failure *failure)
{
    return failure_set(
        failure, code,
        "AWS does not accept the signature (%s). Either the secret key is damaged, or %s is not of region "
        "%s, or something changes the request on its way: check region, endpoint_url and proxy_url.",
        refusal->said, refusal->peer, refusal->parameters->region);
}

static bool
explain_not_found(const char *code, const struct refusal *refusal, struct failure *failure)
{
    const struct presigned_url_parameters *parameters = refusal->parameters;
    return failure_set(
        failure, code,
        "There is no user profile \"%s\" in domain %s, or no such domain in region %s of this account (%s). "
        "Profile names are usually all lower case; compare with `aws sagemaker list-user-profiles "
        "--domain-id-equals %s --region %s`.",
        parameters->user_profile_name, parameters->domain_id, parameters->region, refusal->said, parameters->domain_id,
        parameters->region);
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
explain_identity_center(const struct refusal *refusal, struct failure *failure)
{
    return failure_set(
        failure, "identity-center",
        "Domain %s signs people in with IAM Identity Center (SSO), it seems (%s). Links can be made only "
        "where the domain's AuthMode is IAM, which is chosen when a domain is created.",
        refusal->parameters->domain_id, refusal->said);
}

static bool
explain_invalid(const char *code, const struct refusal *refusal, struct failure *failure)
{
    if (is_about_identity_center(refusal->said))
        return explain_identity_center(refusal, failure);
    return failure_set(failure, code,
                       "AWS does not take the request for user profile \"%s\" in domain %s (%s). Check the domain's "
                       "settings. Links can be made only where the domain's AuthMode is IAM: with IAM Identity Center "
                       "(SSO) they are impossible.",
                       refusal->parameters->user_profile_name, refusal->parameters->domain_id, refusal->said);
}

static bool
explain_throttled(const char *code, const struct refusal *refusal, struct failure *failure)
{
    return failure_set(
        failure, code,
        "AWS limits the rate of calls (%s): many logins at once, or other programs of this account, use it "
        "up. Opening Studio from the icon in a minute makes a new link.",
        refusal->said);
}

static bool
explain_service(const char *code, const struct refusal *refusal, struct failure *failure)
{
    return failure_set(
        failure, code,
        "SageMaker at %s has a trouble of its own (%s). Try again later; see the AWS Health Dashboard if it "
        "lasts.",
        refusal->peer, refusal->said);
}

static bool
explain_not_aws(const char *code, const struct refusal *refusal, struct failure *failure)
{
    return failure_set(
        failure, code,
        "Something other than SageMaker answered at %s (%s). Check endpoint_url, proxy_url and what this "
        "name resolves to.",
        refusal->peer, refusal->said);
}

static bool
explain_other(const char *code, const struct refusal *refusal, struct failure *failure)
{
    return failure_set(failure, code,
                       "SageMaker at %s refuses the request (%s). Look the code up in the API reference of "
                       "CreatePresignedDomainUrl, or ask AWS with the request id.",
                       refusal->peer, refusal->said);
}

static bool
explain_error(const struct presigned_url_parameters *parameters, const struct http_answer *answer,
              struct failure *failure)
{
    static bool (*const explanations[])(const char *, const struct refusal *, struct failure *) = {
        [AWS_ERROR_DENIED] = explain_denied,       [AWS_ERROR_EXPIRED_KEYS] = explain_keys,
        [AWS_ERROR_CLOCK] = explain_clock,         [AWS_ERROR_SIGNATURE] = explain_signature,
        [AWS_ERROR_NOT_FOUND] = explain_not_found, [AWS_ERROR_INVALID] = explain_invalid,
        [AWS_ERROR_THROTTLED] = explain_throttled, [AWS_ERROR_SERVICE] = explain_service,
        [AWS_ERROR_NOT_AWS] = explain_not_aws,     [AWS_ERROR_OTHER] = explain_other,
    };
    struct aws_error error;
    struct refusal refusal;
    aws_error_read(answer, &error);
    describe_refusal(parameters, answer, &error, &refusal);
    enum aws_error_kind kind = aws_error_kind(&error, answer->status);
    return explanations[kind](aws_error_word(kind), &refusal, failure);
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
