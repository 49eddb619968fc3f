/*
 * One presigned URL by a plain C program on libcurl and cJSON: what the resident helper has to beat.  It trusts one
 * authority, not the host's 146; it keeps one connection to the metadata service; libcurl signs the request.
 *
 * SPDX-License-Identifier: MIT
 */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_TO_ANSWER 30L

struct answer {
    size_t length;
    char text[32768];
};

static const char *
setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || value[0] == '\0')
        errx(2, "%s is not set", name);
    return value;
}

static void *
there_is(void *memory)
{
    if (memory == NULL)
        errx(1, "no memory");
    return memory;
}

__attribute__((format(printf, 1, 2))) static char *
text_of(const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        errx(1, "no memory");
    va_end(arguments);
    return text;
}

/* CURLOPT_WRITEFUNCTION: anything but size as result ends the transfer. */
static size_t
keep(char *data, size_t one, size_t size, void *place)
{
    struct answer *answer = place;
    (void) one;
    if (size >= sizeof answer->text - answer->length)
        return 0;
    memcpy(answer->text + answer->length, data, size);
    answer->length += size;
    answer->text[answer->length] = '\0';
    return size;
}

static CURL *
new_handle(struct answer *answer)
{
    CURL *handle = there_is(curl_easy_init());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, SECONDS_TO_ANSWER);
    return handle;
}

static void
perform(CURL *handle, const char *url, const struct curl_slist *headers, struct answer *answer)
{
    long status = 0;

    answer->length = 0;
    answer->text[0] = '\0';
    curl_easy_setopt(handle, CURLOPT_URL, url);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    const CURLcode result = curl_easy_perform(handle);
    if (result != CURLE_OK)
        errx(1, "%s: %s", url, curl_easy_strerror(result));
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        errx(1, "%s: status %ld", url, status);
}

static const char *
text_in(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    if (text == NULL)
        errx(1, "the answer has no %s", name);
    return text;
}

static cJSON *
parsed(const struct answer *answer)
{
    cJSON *object = cJSON_ParseWithLength(answer->text, answer->length);
    if (object == NULL)
        errx(1, "the answer is no JSON");
    return object;
}

/* IMDSv2: a token, the role's name, the role's keys. */
static cJSON *
instance_keys(const char *imds)
{
    struct answer answer;
    CURL *handle = new_handle(&answer);
    struct curl_slist *ask_token = there_is(curl_slist_append(NULL, "X-aws-ec2-metadata-token-ttl-seconds: 300"));
    char *token_url = text_of("%s/latest/api/token", imds);
    char *roles_url = text_of("%s/latest/meta-data/iam/security-credentials/", imds);

    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PUT");
    perform(handle, token_url, ask_token, &answer);
    char *token = text_of("X-aws-ec2-metadata-token: %s", answer.text);
    struct curl_slist *show_token = there_is(curl_slist_append(NULL, token));

    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, NULL);
    perform(handle, roles_url, show_token, &answer);
    char *keys_url = text_of("%s%s", roles_url, answer.text);
    perform(handle, keys_url, show_token, &answer);
    cJSON *keys = parsed(&answer);

    curl_easy_cleanup(handle);
    curl_slist_free_all(ask_token);
    curl_slist_free_all(show_token);
    free(token_url);
    free(roles_url);
    free(keys_url);
    free(token);
    return keys;
}

static char *
request_body(void)
{
    cJSON *request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "DomainId", setting("BENCH_DOMAIN_ID"));
    cJSON_AddStringToObject(request, "UserProfileName", setting("PAM_USER"));
    char *body = there_is(cJSON_PrintUnformatted(request));
    cJSON_Delete(request);
    return body;
}

static void
print_presigned_url(const cJSON *keys)
{
    struct answer answer;
    CURL *handle = new_handle(&answer);
    char *scope = text_of("aws:amz:%s:sagemaker", setting("AWS_REGION"));
    char *token = text_of("X-Amz-Security-Token: %s", text_in(keys, "Token"));
    struct curl_slist *headers = there_is(curl_slist_append(NULL, "Content-Type: application/x-amz-json-1.1"));
    headers = there_is(curl_slist_append(headers, "X-Amz-Target: SageMaker.CreatePresignedDomainUrl"));
    headers = there_is(curl_slist_append(headers, token));
    char *body = request_body();

    curl_easy_setopt(handle, CURLOPT_CAINFO, setting("AWS_CA_BUNDLE"));
    curl_easy_setopt(handle, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, scope);
    curl_easy_setopt(handle, CURLOPT_USERNAME, text_in(keys, "AccessKeyId"));
    curl_easy_setopt(handle, CURLOPT_PASSWORD, text_in(keys, "SecretAccessKey"));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body);
    perform(handle, setting("BENCH_ENDPOINT_URL"), headers, &answer);
    cJSON *link = parsed(&answer);
    puts(text_in(link, "AuthorizedUrl"));

    cJSON_Delete(link);
    curl_easy_cleanup(handle);
    curl_slist_free_all(headers);
    free(body);
    free(token);
    free(scope);
}

int
main(void)
{
    /* Given, not guessed: the real metadata service must never be asked by a bench. */
    const char *imds = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT");

    curl_global_init(CURL_GLOBAL_DEFAULT);
    cJSON *keys = instance_keys(imds);
    print_presigned_url(keys);
    cJSON_Delete(keys);
    curl_global_cleanup();
    return 0;
}
