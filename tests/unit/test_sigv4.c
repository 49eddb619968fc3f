/*
 * test_sigv4.c: the signer against everybody else's: our vectors (tests/sigv4_vectors, made with botocore), the
 * official suite of awslabs/aws-c-auth and the project's vectors where they are ($SIGV4_SUITE, or ../shared/sigv4).
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "sigv4.h"

#define OUR_VECTORS_AT_LEAST 30

static char *
read_whole(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    size_t size = (size_t) 256 * 1024;
    char *text = calloc(1, size);
    assert_non_null(text);
    size_t length = fread(text, 1, size - 1, file);
    assert_true(length < size - 1);
    fclose(file);
    return text;
}

static char *
read_in(const char *folder, const char *name)
{
    char path[PATH_MAX];
    assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) < (int) sizeof(path));
    char *text = read_whole(path);
    if (text == NULL) {
        fail_msg("%s cannot be read", path);
        abort();
    }
    return text;
}

static time_t
time_of(const char *text, const char *format)
{
    struct tm utc = {0};
    const char *end = strptime(text, format, &utc);
    assert_non_null(end);
    assert_string_equal(end, "");
    return timegm(&utc);
}

static const char *
text_of(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(member) ? member->valuestring : NULL;
}

static const char *
required_text_of(const cJSON *object, const char *name)
{
    const char *text = text_of(object, name);
    if (text == NULL) {
        fail_msg("no %s", name);
        abort();
    }
    return text;
}

static bool
flag_of(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void
add_header(struct sigv4_request *request, const char *name, const char *value)
{
    assert_true(request->header_count < SIGV4_HEADERS_MAX);
    request->headers[request->header_count++] = (struct sigv4_header){name, value};
}

static void
expect_text(const char *name, const char *what, const char *got, const char *expected)
{
    if (strcmp(got, expected) != 0)
        fail_msg("%s, %s:\n%s\nexpected:\n%s", name, what, got, expected);
}

/* Our vectors and the project's */

static void
add_headers_of_vector(struct sigv4_request *request, const cJSON *vector)
{
    const cJSON *header;
    cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(vector, "headers"))
    {
        add_header(request, cJSON_GetArrayItem(header, 0)->valuestring, cJSON_GetArrayItem(header, 1)->valuestring);
    }
    cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(vector, "request_headers"))
    {
        add_header(request, header->string, header->valuestring);
    }
}

/* The project's vectors give a URL instead of path and host; all their paths are "/". */
static void
add_host_of_url(struct sigv4_request *request, const char *url, char *host, size_t size)
{
    assert_non_null(strstr(url, "://"));
    assert_true(snprintf(host, size, "%s", strstr(url, "://") + 3) < (int) size);
    char *slash = strchr(host, '/');
    assert_non_null(slash);
    assert_string_equal(slash, "/");
    *slash = '\0';
    request->path = "/";
    request->normalize_path = true;
    add_header(request, "Host", host);
}

static void
check_vector(const char *folder, const char *name)
{
    AUTO_FREE char *text = read_in(folder, name);
    cJSON *vector = cJSON_Parse(text);
    assert_non_null(vector);
    const char *body = required_text_of(vector, "body");
    struct sigv4_request request = {
        .method = text_of(vector, "method"),
        .path = text_of(vector, "path"),
        .query = text_of(vector, "query"),
        .body = body,
        .body_length = strlen(body),
        .normalize_path = flag_of(vector, "normalize"),
        .sign_body_header = flag_of(vector, "sign_body_header"),
        .omit_session_token = flag_of(vector, "omit_session_token"),
        .access_key_id = text_of(vector, "access_key_id"),
        .secret_access_key = text_of(vector, "secret_access_key"),
        .session_token = text_of(vector, "session_token"),
        .region = text_of(vector, "region"),
        .service = text_of(vector, "service"),
        .time = time_of(text_of(vector, "timestamp"), "%Y%m%dT%H%M%SZ"),
    };
    char host[256];
    if (text_of(vector, "url") != NULL)
        add_host_of_url(&request, text_of(vector, "url"), host, sizeof(host));
    add_headers_of_vector(&request, vector);
    struct sigv4_signature signature;
    struct failure failure;
    assert_true(sigv4_sign(&request, &signature, &failure));
    expect_text(name, "canonical request", signature.canonical_request.data, text_of(vector, "canonical_request"));
    expect_text(name, "string to sign", signature.string_to_sign.data, text_of(vector, "string_to_sign"));
    expect_text(name, "authorization", signature.authorization.data, text_of(vector, "authorization"));
    assert_string_equal(signature.amz_date, text_of(vector, "timestamp"));
    sigv4_free(&signature);
    cJSON_Delete(vector);
}

static int
check_vectors_in(const char *folder)
{
    int checked = 0;
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const char *extension = strrchr(entry->d_name, '.');
        if (extension == NULL || strcmp(extension, ".json") != 0)
            continue;
        check_vector(folder, entry->d_name);
        checked++;
    }
    closedir(entries);
    return checked;
}

static void
our_vectors_are_signed_as_botocore_signs_them(void **state)
{
    (void) state;
    const char *folder = getenv("SIGV4_VECTORS");
    int checked = check_vectors_in(folder != NULL ? folder : "tests/sigv4_vectors");
    assert_true(checked >= OUR_VECTORS_AT_LEAST);
    print_message("  %d vectors of our own\n", checked);
}

static const char *
shared_folder(void)
{
    const char *folder = getenv("SIGV4_SUITE");
    return folder != NULL ? folder : "../shared/sigv4";
}

static void
the_projects_requests_are_signed_as_botocore_signs_them(void **state)
{
    (void) state;
    char folder[PATH_MAX];
    snprintf(folder, sizeof(folder), "%s/project-vectors", shared_folder());
    int checked = check_vectors_in(folder);
    if (checked == 0)
        print_message("  skipped: no vectors in %s\n", folder);
    else
        print_message("  %d vectors of the project\n", checked);
}

/* The official suite */

/* Splits text into lines, ending each with a NUL; the rest after the first empty line is the body. */
static char *
next_line(char **text)
{
    char *line = *text;
    char *end = strchr(line, '\n');
    *text = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        *end = '\0';
    return line;
}

/* "METHOD PATH HTTP/1.1", where the path may hold blanks. */
static void
read_request_line(char *line, struct sigv4_request *request)
{
    char *path = strchr(line, ' ');
    char *version = strrchr(line, ' ');
    if (path == NULL || version == path) {
        fail_msg("no request line: %s", line);
        abort();
    }
    *path++ = '\0';
    *version = '\0';
    request->method = line;
    request->path = path;
    char *question = strchr(path, '?');
    if (question != NULL) {
        *question = '\0';
        request->query = question + 1;
    }
}

/* "Name:value"; a line that begins with a blank continues the value before it. */
static void
read_header(char *line, struct sigv4_request *request)
{
    if (line[0] == ' ' || line[0] == '\t') {
        line[-1] = '\n'; /* was the end of the line before */
        return;
    }
    char *colon = strchr(line, ':');
    if (colon == NULL) {
        fail_msg("no header: %s", line);
        abort();
    }
    *colon = '\0';
    add_header(request, line, colon + 1);
}

static void
read_request(char *text, struct sigv4_request *request)
{
    read_request_line(next_line(&text), request);
    while (*text != '\0') {
        char *line = next_line(&text);
        if (line[0] == '\0')
            break;
        read_header(line, request);
    }
    request->body = text;
    request->body_length = strlen(text);
}

static void
read_context(const cJSON *context, struct sigv4_request *request)
{
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(context, "credentials");
    request->access_key_id = text_of(keys, "access_key_id");
    request->secret_access_key = text_of(keys, "secret_access_key");
    request->session_token = text_of(keys, "token");
    request->region = text_of(context, "region");
    request->service = text_of(context, "service");
    request->normalize_path = flag_of(context, "normalize");
    request->sign_body_header = flag_of(context, "sign_body");
    request->omit_session_token = flag_of(context, "omit_session_token");
    request->time = time_of(text_of(context, "timestamp"), "%Y-%m-%dT%H:%M:%SZ");
}

static void
expect_file(const char *folder, const char *name, const char *got)
{
    AUTO_FREE char *expected = read_in(folder, name);
    expect_text(folder, name, got, expected);
}

/* The suite gives the header as a part of the signed request. */
static void
expect_authorization(const char *folder, const char *authorization)
{
    AUTO_FREE char *signed_request = read_in(folder, "header-signed-request.txt");
    const char *expected = strstr(signed_request, "Authorization:");
    assert_non_null(expected);
    expected += strlen("Authorization:");
    expected += strspn(expected, " ");
    size_t length = strcspn(expected, "\n");
    assert_int_equal(strlen(authorization), length);
    assert_memory_equal(authorization, expected, length);
}

static void
check_case(const char *folder)
{
    AUTO_FREE char *request_text = read_in(folder, "request.txt");
    AUTO_FREE char *context_text = read_in(folder, "context.json");
    cJSON *context = cJSON_Parse(context_text);
    assert_non_null(context);
    struct sigv4_request request = {0};
    read_request(request_text, &request);
    read_context(context, &request);
    struct sigv4_signature signature;
    struct failure failure;
    assert_true(sigv4_sign(&request, &signature, &failure));
    expect_file(folder, "header-canonical-request.txt", signature.canonical_request.data);
    expect_file(folder, "header-string-to-sign.txt", signature.string_to_sign.data);
    expect_file(folder, "header-signature.txt", signature.signature);
    expect_authorization(folder, signature.authorization.data);
    sigv4_free(&signature);
    cJSON_Delete(context);
}

static void
every_case_of_the_official_suite_passes(void **state)
{
    (void) state;
    char suite[PATH_MAX];
    snprintf(suite, sizeof(suite), "%s/aws-suite/v4", shared_folder());
    DIR *entries = opendir(suite);
    if (entries == NULL) {
        print_message("  skipped: no suite in %s\n", suite);
        return;
    }
    int checked = 0;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        char folder[PATH_MAX];
        assert_true(snprintf(folder, sizeof(folder), "%s/%s", suite, entry->d_name) < (int) sizeof(folder));
        check_case(folder);
        checked++;
    }
    closedir(entries);
    assert_int_equal(checked, 38);
    print_message("  %d of 38 official cases\n", checked);
}

/* What cannot be signed */

static struct sigv4_request
small_request(void)
{
    return (struct sigv4_request){.method = "GET",
                                  .path = "/",
                                  .headers = {{"Host", "example.amazonaws.com"}},
                                  .header_count = 1,
                                  .access_key_id = "AKIDEXAMPLE",
                                  .secret_access_key = "secret",
                                  .region = "us-east-1",
                                  .service = "service"};
}

static void
refused(const struct sigv4_request *request, const char *code)
{
    struct sigv4_signature signature;
    struct failure failure;
    assert_false(sigv4_sign(request, &signature, &failure));
    assert_string_equal(failure.code, code);
    sigv4_free(&signature);
}

static void
a_request_without_keys_is_refused(void **state)
{
    (void) state;
    struct sigv4_request request = small_request();
    request.secret_access_key = NULL;
    refused(&request, "internal");
}

static void
a_relative_path_is_refused(void **state)
{
    (void) state;
    struct sigv4_request request = small_request();
    request.path = "one";
    refused(&request, "internal");
}

static void
more_headers_than_fit_are_refused(void **state)
{
    (void) state;
    struct sigv4_request request = small_request();
    request.header_count = SIGV4_HEADERS_MAX + 1;
    refused(&request, "internal");
}

static void
a_clock_beyond_four_digit_years_is_refused(void **state)
{
    (void) state;
    struct sigv4_request request = small_request();
    request.time = INT64_C(253402300800); /* 10000-01-01 */
    refused(&request, "clock");
    request.time = -1;
    refused(&request, "clock");
}

static void
as_many_headers_as_fit_are_signed(void **state)
{
    (void) state;
    struct sigv4_request request = small_request();
    for (request.header_count = 1; request.header_count < SIGV4_HEADERS_MAX; request.header_count++)
        request.headers[request.header_count] = (struct sigv4_header){"X-Many", "value"};
    request.session_token = "token";
    request.sign_body_header = true;
    struct sigv4_signature signature;
    struct failure failure;
    assert_true(sigv4_sign(&request, &signature, &failure));
    assert_non_null(strstr(signature.authorization.data,
                           "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-many,"));
    sigv4_free(&signature);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_vectors_are_signed_as_botocore_signs_them),
        cmocka_unit_test(the_projects_requests_are_signed_as_botocore_signs_them),
        cmocka_unit_test(every_case_of_the_official_suite_passes),
        cmocka_unit_test(a_request_without_keys_is_refused),
        cmocka_unit_test(a_relative_path_is_refused),
        cmocka_unit_test(more_headers_than_fit_are_refused),
        cmocka_unit_test(a_clock_beyond_four_digit_years_is_refused),
        cmocka_unit_test(as_many_headers_as_fit_are_signed),
    };
    return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
