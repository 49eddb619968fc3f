/*
 * sts_answer.c: see sts_answer.h.  JSON and XML have the same structure, so that one path finds a field in both.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sts_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "credential_text.h"
#include "json_text.h"
#include "xml_text.h"

#define FIELD_LIMIT      ((size_t) 64 * 1024)
#define STEP_SIZE        64
#define WHO_ELSE_ANSWERS "Something other than STS answers there; check sts_endpoint_url and proxy_url."

#define ASSUMED  "AssumeRoleResponse/AssumeRoleResult/Credentials/"
#define IDENTITY "GetCallerIdentityResponse/GetCallerIdentityResult/"

/* Seconds after 1970 that a double holds exactly and a clock may show: up to the year 9999. */
#define EPOCH_MAX 253402300799.0

static const char bad_answer[] = "bad-answer";

/* One of the two is there. */
struct sts_document {
    cJSON *json;
    const struct buffer *xml;
};

#define AUTO_DOCUMENT __attribute__((cleanup(close_document)))

static void
close_document(struct sts_document *document)
{
    json_free(&document->json);
}

static bool
open_document(const struct buffer *body, struct sts_document *document)
{
    *document = (struct sts_document){0};
    if (xml_is_likely(body->data, body->length))
        document->xml = body;
    else
        document->json = json_object_parse(body->data, body->length);
    return document->xml != NULL || document->json != NULL;
}

/* NULL when a step of the path is not there, or there more than once. */
static const cJSON *
find_member(const cJSON *object, const char *path)
{
    while (object != NULL) {
        char step[STEP_SIZE];
        size_t length = strcspn(path, "/");
        if (length >= sizeof(step) || !cJSON_IsObject(object))
            return NULL;
        memcpy(step, path, length);
        step[length] = '\0';
        object = json_member(object, step);
        if (path[length] == '\0')
            return object;
        path += length + 1;
    }
    return NULL;
}

/* The value's text; NULL when the field is not there exactly once, or is no text. */
static const char *
read_field(const struct sts_document *document, const char *path, struct buffer *value)
{
    if (document->xml != NULL)
        return xml_element_text(document->xml->data, document->xml->length, path, value) ? value->data : NULL;
    const cJSON *member = find_member(document->json, path);
    if (member == NULL || !cJSON_IsString(member) || !buffer_append_text(value, member->valuestring))
        return NULL;
    return value->data;
}

/* A number of seconds after 1970 in JSON; ISO 8601 in XML, and in JSON of others than AWS. */
static bool
read_expiration(const struct sts_document *document, int64_t *expires_at)
{
    static const char path[] = ASSUMED "Expiration";
    const cJSON *number = find_member(document->json, path);
    if (number != NULL && cJSON_IsNumber(number)) {
        if (!(number->valuedouble >= 1 && number->valuedouble <= EPOCH_MAX))
            return false;
        *expires_at = (int64_t) number->valuedouble;
        return true;
    }
    AUTO_BUFFER struct buffer text = BUFFER(FIELD_LIMIT);
    return credential_expiration_read(read_field(document, path, &text), expires_at);
}

bool
sts_read_credentials(const struct buffer *body, int64_t now, struct credentials *credentials, struct failure *failure)
{
    AUTO_DOCUMENT struct sts_document document;
    if (!open_document(body, &document))
        return failure_set(failure, bad_answer, "The answer to AssumeRole is neither JSON nor XML. " WHO_ELSE_ANSWERS);
    AUTO_BUFFER struct buffer access_key_id = BUFFER(FIELD_LIMIT);
    AUTO_BUFFER struct buffer secret_access_key = BUFFER(FIELD_LIMIT);
    AUTO_BUFFER struct buffer session_token = BUFFER(FIELD_LIMIT);
    struct credential_text text = {
        .access_key_id = read_field(&document, ASSUMED "AccessKeyId", &access_key_id),
        .secret_access_key = read_field(&document, ASSUMED "SecretAccessKey", &secret_access_key),
        .session_token = read_field(&document, ASSUMED "SessionToken", &session_token),
    };
    int64_t expires_at;
    if (text.session_token == NULL || !credential_text_is_good(&text) || !read_expiration(&document, &expires_at))
        return failure_set(failure, bad_answer,
                           "The answer to AssumeRole lacks a usable AccessKeyId, SecretAccessKey, SessionToken or "
                           "Expiration, or has one of them twice. " WHO_ELSE_ANSWERS);
    if (expires_at <= now)
        return failure_set(failure, "expired-credentials",
                           "The keys in the answer to AssumeRole expired %" PRId64
                           " s ago. Check the clock (chronyc tracking). " WHO_ELSE_ANSWERS,
                           now - expires_at);
    if (!credential_text_copy(&text, credentials, failure))
        return false;
    credentials->expires_at = expires_at;
    return true;
}

static bool
is_account(const char *text)
{
    return text != NULL && strspn(text, "0123456789") == 12 && text[12] == '\0';
}

/* arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, of characters that an ARN may have in IAM and STS. */
static bool
is_arn(const char *text, size_t size)
{
    size_t length = text != NULL ? strnlen(text, size) : 0;
    return length > 4 && length < size && strncmp(text, "arn:", 4) == 0 && ascii_is_visible_text(text, length);
}

bool
sts_read_identity(const struct buffer *body, struct caller_identity *identity, struct failure *failure)
{
    *identity = (struct caller_identity){0};
    AUTO_DOCUMENT struct sts_document document;
    if (!open_document(body, &document))
        return failure_set(failure, bad_answer,
                           "The answer to GetCallerIdentity is neither JSON nor XML. " WHO_ELSE_ANSWERS);
    AUTO_BUFFER struct buffer arn_text = BUFFER(FIELD_LIMIT);
    AUTO_BUFFER struct buffer account_text = BUFFER(FIELD_LIMIT);
    const char *arn = read_field(&document, IDENTITY "Arn", &arn_text);
    const char *account = read_field(&document, IDENTITY "Account", &account_text);
    if (!is_arn(arn, sizeof(identity->arn)) || !is_account(account))
        return failure_set(failure, bad_answer,
                           "The answer to GetCallerIdentity lacks a usable Arn or Account, or has one of them "
                           "twice. " WHO_ELSE_ANSWERS);
    snprintf(identity->arn, sizeof(identity->arn), "%s", arn);
    snprintf(identity->account, sizeof(identity->account), "%s", account);
    return true;
}
