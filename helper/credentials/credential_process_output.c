/*
 * credential_process_output.c: the document that a credential process prints.
 * Source: docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <string.h>

#include "credential_process_job.h"
#include "credential_text.h"
#include "json_text.h"

#define EXPECTED_DOCUMENT "expected {\"Version\": 1, \"AccessKeyId\": ..., \"SecretAccessKey\": ...}"

/* The only member of this name; NULL when there is none, or it is null. */
static bool
find_member(const cJSON *document, const char *name, const cJSON **found)
{
    const cJSON *member;
    size_t count = 0;
    *found = NULL;
    cJSON_ArrayForEach(member, document)
    {
        if (member->string == NULL || strcmp(member->string, name) != 0)
            continue;
        if (!cJSON_IsNull(member))
            *found = member;
        count++;
    }
    return count <= 1;
}

static bool
is_version_one(const cJSON *document)
{
    const cJSON *version;
    return find_member(document, "Version", &version) && version != NULL && cJSON_IsNumber(version) &&
           version->valuedouble == 1.0;
}

/* Its text, or NULL when there is none.  False: it is no text, or comes twice. */
static bool
find_text(const cJSON *document, const char *name, const char **text)
{
    const cJSON *member;
    bool good = find_member(document, name, &member) && (member == NULL || cJSON_IsString(member));
    *text = good && member != NULL ? member->valuestring : NULL;
    return good;
}

static bool
read_keys(const char *program, const cJSON *document, struct credentials *credentials, struct failure *failure)
{
    struct credential_text keys = {
        .access_key_id = json_string(document, "AccessKeyId"),
        .secret_access_key = json_string(document, "SecretAccessKey"),
    };
    const char *lacking = keys.access_key_id == NULL       ? "AccessKeyId"
                          : keys.secret_access_key == NULL ? "SecretAccessKey"
                                                           : NULL;
    if (lacking != NULL)
        return failure_set(failure, "credentials", "The credential_process %s printed no %s; " EXPECTED_DOCUMENT ".",
                           program, lacking);
    if (!find_text(document, "SessionToken", &keys.session_token) || !credential_text_is_good(&keys))
        return failure_set(failure, "credentials",
                           "The credential_process %s printed an AccessKeyId, a SecretAccessKey or a SessionToken that "
                           "is no key: expected texts of printable characters without blanks.",
                           program);
    return credential_text_copy(&keys, credentials, failure);
}

static bool
read_expiration(const char *program, const cJSON *document, time_t now, int64_t *expires_at, struct failure *failure)
{
    const char *text;
    *expires_at = 0;
    if (find_text(document, "Expiration", &text) && text == NULL)
        return true;
    if (!credential_expiration_read(text, expires_at))
        return failure_set(failure, "credentials",
                           "The credential_process %s printed an Expiration that is no time with a zone, expected one "
                           "like 2030-01-31T12:00:00Z.",
                           program);
    if (*expires_at <= now)
        return failure_set(failure, "credentials",
                           "The keys that the credential_process %s printed expired %" PRId64
                           " s ago by this host's clock. Check the clock (chronyc tracking), and what the program "
                           "keeps.",
                           program, (int64_t) now - *expires_at);
    return true;
}

bool
credential_process_read_output(const char *program, const struct buffer *output, time_t now,
                               struct credentials *credentials, struct failure *failure)
{
    int64_t expires_at;
    *credentials = (struct credentials){0};
    if (output->length == 0)
        return failure_set(failure, "credentials", "The credential_process %s printed nothing; " EXPECTED_DOCUMENT ".",
                           program);
    AUTO_JSON cJSON *document = json_object_parse(output->data, output->length);
    if (document == NULL)
        return failure_set(failure, "credentials",
                           "The credential_process %s printed no JSON object; " EXPECTED_DOCUMENT ".", program);
    if (!is_version_one(document))
        return failure_set(failure, "credentials",
                           "The credential_process %s printed no Version that is the number 1; " EXPECTED_DOCUMENT ".",
                           program);
    if (!read_expiration(program, document, now, &expires_at, failure) ||
        !read_keys(program, document, credentials, failure))
        return false;
    credentials->expires_at = expires_at;
    return true;
}
