/*
 * role_session.c: see role_session.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "role_session.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "json_text.h"
#include "partition.h"
#include "settings.h"

#define LEGAL_MIN       2
#define LEGAL_MAX       (ROLE_SESSION_NAME_SIZE - 1)
#define KEPT_MAX        51
#define HASH_BYTES      6
#define HASH_DIGITS     ((size_t) 2 * HASH_BYTES)
#define POLICY_MAX      2048
#define ARN_SIZE        512
#define PARTITION_SIZE  32
#define PARTITION_BYTES "abcdefghijklmnopqrstuvwxyz0123456789-"
#define ACCOUNT_DIGITS  12

/* The name */

static bool
is_legal_byte(char byte)
{
    return ascii_is_alphanumeric(byte) || (byte != '\0' && strchr("_+=,.@-", byte) != NULL);
}

/* As every name does that is made of another one below. */
static bool
ends_in_hash(const char *name, size_t length)
{
    if (length < 1 + HASH_DIGITS || name[length - HASH_DIGITS - 1] != '-')
        return false;
    return strspn(name + length - HASH_DIGITS, "0123456789abcdef") == HASH_DIGITS;
}

/* ':' is not legal, so that no legal name begins with the "aws:" that AWS keeps for itself. */
static bool
is_legal_name(const char *name)
{
    size_t length = strnlen(name, LEGAL_MAX + 1);
    if (length < LEGAL_MIN || length > LEGAL_MAX || ends_in_hash(name, length))
        return false;
    for (; *name != '\0'; name++) {
        if (!is_legal_byte(*name))
            return false;
    }
    return true;
}

/* At most KEPT_MAX bytes of it; how many. */
static size_t
put_legal(const char *user, char name[KEPT_MAX + 1])
{
    size_t used = 0;
    for (; *user != '\0' && used < KEPT_MAX; user++) {
        char escaped[4] = {*user, '\0'};
        if (!is_legal_byte(*user))
            snprintf(escaped, sizeof(escaped), "=%02X", (unsigned int) (unsigned char) *user);
        for (size_t i = 0; escaped[i] != '\0' && used < KEPT_MAX; i++)
            name[used++] = escaped[i];
    }
    name[used] = '\0';
    return used;
}

bool
role_session_name(const char *user, char name[ROLE_SESSION_NAME_SIZE])
{
    if (is_legal_name(user)) {
        memcpy(name, user, strlen(user) + 1);
        return true;
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(user, strlen(user), digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    size_t used = put_legal(user, name);
    name[used++] = '-';
    for (size_t i = 0; i < HASH_BYTES; i++, used += 2)
        snprintf(name + used, ROLE_SESSION_NAME_SIZE - used, "%02x", (unsigned int) digest[i]);
    return true;
}

/* The policy */

/* arn:PARTITION:iam::ACCOUNT:role/NAME */
static bool
take_partition_and_account(const char *role_arn, char partition[PARTITION_SIZE], char account[ACCOUNT_DIGITS + 1])
{
    if (role_arn == NULL || strncmp(role_arn, "arn:", 4) != 0)
        return false;
    const char *at = role_arn + 4;
    size_t length = strspn(at, PARTITION_BYTES);
    if (length == 0 || length >= PARTITION_SIZE || strncmp(at + length, ":iam::", 6) != 0)
        return false;
    const char *digits = at + length + 6;
    if (strspn(digits, "0123456789") != ACCOUNT_DIGITS || strncmp(digits + ACCOUNT_DIGITS, ":role/", 6) != 0)
        return false;
    memcpy(partition, at, length);
    partition[length] = '\0';
    memcpy(account, digits, ACCOUNT_DIGITS);
    account[ACCOUNT_DIGITS] = '\0';
    return true;
}

static char
lower(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char) (byte - 'A' + 'a');
    return byte;
}

static bool
add_text(cJSON *array, const char *text)
{
    cJSON *item = cJSON_CreateString(text);
    if (item != NULL && cJSON_AddItemToArray(array, item))
        return true;
    cJSON_Delete(item);
    return false;
}

/* Names of profiles have no case (API reference of DescribeUserProfile: "not case sensitive") and are stored in lower
 * case, but the ARNs of a policy have: the one profile may be spoken of in either way. */
static bool
add_resources(cJSON *statement, const char *arn, size_t name_at)
{
    cJSON *resources = cJSON_AddArrayToObject(statement, "Resource");
    char lowered[ARN_SIZE];
    snprintf(lowered, sizeof(lowered), "%s", arn);
    for (char *byte = lowered + name_at; *byte != '\0'; byte++)
        *byte = lower(*byte);
    return resources != NULL && add_text(resources, lowered) && (strcmp(lowered, arn) == 0 || add_text(resources, arn));
}

static bool
add_actions(cJSON *statement, bool with_tags)
{
    cJSON *actions = cJSON_AddArrayToObject(statement, "Action");
    return actions != NULL && add_text(actions, "sagemaker:CreatePresignedDomainUrl") &&
           (!with_tags || add_text(actions, "sagemaker:CreatePresignedDomainUrlWithPrincipalTag"));
}

/* NULL where there is no memory. */
static char *
print_policy(const char *arn, size_t name_at, bool with_tags)
{
    AUTO_JSON cJSON *policy = json_object_create();
    if (policy == NULL || cJSON_AddStringToObject(policy, "Version", "2012-10-17") == NULL)
        return NULL;
    cJSON *statements = cJSON_AddArrayToObject(policy, "Statement");
    cJSON *statement = cJSON_CreateObject();
    if (statements == NULL || statement == NULL || !cJSON_AddItemToArray(statements, statement)) {
        cJSON_Delete(statement);
        return NULL;
    }
    bool done = cJSON_AddStringToObject(statement, "Effect", "Allow") != NULL && add_actions(statement, with_tags) &&
                add_resources(statement, arn, name_at);
    return done ? cJSON_PrintUnformatted(policy) : NULL;
}

bool
role_session_policy(const char *role_arn, const char *region, const char *domain_id, const char *user_profile_name,
                    bool with_tags, struct buffer *policy, struct failure *failure)
{
    char partition[PARTITION_SIZE];
    char account[ACCOUNT_DIGITS + 1];
    char arn[ARN_SIZE];
    if (!take_partition_and_account(role_arn, partition, account))
        return failure_set(failure, "config", "role_arn is \"%.200s\": expected arn:PARTITION:iam::ACCOUNT:role/NAME.",
                           role_arn != NULL ? role_arn : "");
    /* A policy is a pattern: '*' or '?' in a name would open more than one profile. */
    if (!region_is_valid(region) || !domain_id_is_valid(domain_id) || !user_profile_name_is_valid(user_profile_name))
        return failure_set(failure, "config",
                           "No session policy can be made for region \"%.64s\", domain \"%.80s\" and user profile "
                           "\"%.80s\": expected valid names.",
                           region, domain_id, user_profile_name);
    int length = snprintf(arn, sizeof(arn), "arn:%s:sagemaker:%s:%s:user-profile/%s/%s", partition, region, account,
                          domain_id, user_profile_name);
    char *printed = print_policy(arn, (size_t) length - strlen(user_profile_name), with_tags);
    bool done = printed != NULL && strlen(printed) <= POLICY_MAX && buffer_append_text(policy, printed);
    cJSON_free(printed);
    return done || failure_set(failure, "memory", "There is no memory for the session policy.");
}
