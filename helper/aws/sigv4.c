/*
 * sigv4.c: Signature Version 4, by header.  The steps and their names are those of
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "percent_encoding.h"

#define TEXT_LIMIT        ((size_t) 1024 * 1024)
#define DIGEST_SIZE       32
#define HEX_SIZE          65 /* of a digest, with its NUL */
#define HEADERS_OF_SIGNER 3  /* x-amz-date, x-amz-security-token, x-amz-content-sha256 */

static const char algorithm[] = "AWS4-HMAC-SHA256";
static const char white_space[] = " \t\r\n\f\v";
static const char hex_digits[] = "0123456789abcdef";

/* The headers to be signed, with their place in the request so that equal names keep their order. */
struct header_list {
    struct placed_header {
        struct sigv4_header header;
        size_t place;
    } at[SIGV4_HEADERS_MAX + HEADERS_OF_SIGNER];
    size_t count;
};

static char
lower(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char) (byte - 'A' + 'a');
    return byte;
}

static void
hex_of(const unsigned char digest[DIGEST_SIZE], char hex[HEX_SIZE])
{
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        hex[2 * i] = hex_digits[digest[i] >> 4];
        hex[2 * i + 1] = hex_digits[digest[i] & 15];
    }
    hex[HEX_SIZE - 1] = '\0';
}

static bool
sha256_hex(const void *data, size_t length, char hex[HEX_SIZE])
{
    unsigned char digest[DIGEST_SIZE];
    if (EVP_Digest(length > 0 ? data : "", length, digest, NULL, EVP_sha256(), NULL) != 1)
        return false;
    hex_of(digest, hex);
    return true;
}

static bool
hmac_sha256(const void *key, size_t key_length, const char *text, unsigned char digest[DIGEST_SIZE])
{
    unsigned char made[DIGEST_SIZE];
    unsigned int made_length = 0;
    bool done = key_length <= INT32_MAX && HMAC(EVP_sha256(), key, (int) key_length, (const unsigned char *) text,
                                                strlen(text), made, &made_length) != NULL;
    if (done)
        memcpy(digest, made, sizeof(made));
    explicit_bzero(made, sizeof(made));
    return done;
}

/* Path */

/* Take the last segment off again; what is before it always begins with a slash. */
static void
drop_segment(struct buffer *path)
{
    while (path->length > 0 && path->data[--path->length] != '/') {
    }
    if (path->data != NULL)
        buffer_terminate(path);
}

static bool
put_segment(struct buffer *path, const char *segment, size_t length)
{
    if (length == 0 || (length == 1 && segment[0] == '.'))
        return true;
    if (length == 2 && segment[0] == '.' && segment[1] == '.') {
        drop_segment(path);
        return true;
    }
    return buffer_append(path, "/", 1) && buffer_append(path, segment, length);
}

/* Without dot segments and empty segments; a slash at the end stays (RFC 3986 section 5.2.4, and botocore's
 * remove_dot_segments). */
static bool
normalize_path(struct buffer *path, const char *raw)
{
    size_t length = strlen(raw);
    for (size_t start = 0; start < length;) {
        size_t segment = strcspn(raw + start, "/");
        if (!put_segment(path, raw + start, segment))
            return false;
        start += segment + 1;
    }
    bool ends_with_slash = length > 0 && raw[length - 1] == '/';
    return (path->length > 0 && !ends_with_slash) || buffer_append(path, "/", 1);
}

static bool
put_canonical_path(struct buffer *out, const struct sigv4_request *request)
{
    if (!request->normalize_path)
        return percent_encode(out, request->path, strlen(request->path), "/");
    AUTO_BUFFER struct buffer path = BUFFER(TEXT_LIMIT);
    return normalize_path(&path, request->path) && percent_encode(out, path.data, path.length, "/");
}

/* Query */

/* One byte of a query, percent-decoded; returns how many bytes of text it took. */
static size_t
decode_byte(const char *text, size_t length, char *byte)
{
    int high = length >= 3 && text[0] == '%' ? ascii_hex_value(text[1]) : -1;
    int low = high >= 0 ? ascii_hex_value(text[2]) : -1;
    if (low < 0) {
        *byte = text[0];
        return 1;
    }
    *byte = (char) (unsigned char) (high * 16 + low);
    return 3;
}

/* Decode and encode again, so that every spelling of the same bytes becomes the canonical one. */
static bool
put_query_text(struct buffer *out, const char *text, size_t length)
{
    while (length > 0) {
        char byte;
        size_t taken = decode_byte(text, length, &byte);
        if (!percent_encode(out, &byte, 1, ""))
            return false;
        text += taken;
        length -= taken;
    }
    return true;
}

static bool
put_parameter(struct buffer *out, const char *text, size_t length)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals != NULL ? (size_t) (equals - text) : length;
    return put_query_text(out, text, name_length) && buffer_append(out, "=", 1) &&
           (equals == NULL || put_query_text(out, equals + 1, length - name_length - 1));
}

/* By name, then by value.  In a canonical parameter '=' stands only between the two, so it counts as the lowest byte.
 */
static int
compare_parameters(const void *one, const void *other)
{
    const char *a = ((const struct buffer *) one)->data;
    const char *b = ((const struct buffer *) other)->data;
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    int byte_a = *a == '=' ? 1 : (unsigned char) *a;
    int byte_b = *b == '=' ? 1 : (unsigned char) *b;
    return byte_a - byte_b;
}

static bool
put_parameters(struct buffer *out, struct buffer *parameters, size_t count)
{
    if (count > 1)
        qsort(parameters, count, sizeof(parameters[0]), compare_parameters);
    for (size_t i = 0; i < count; i++) {
        if ((i > 0 && !buffer_append(out, "&", 1)) || !buffer_append(out, parameters[i].data, parameters[i].length))
            return false;
    }
    return true;
}

static size_t
count_parameters(const char *query)
{
    size_t count = 1;
    for (const char *at = query; *at != '\0'; at++)
        count += *at == '&';
    return count;
}

static bool
put_canonical_query(struct buffer *out, const char *query)
{
    if (query == NULL || query[0] == '\0')
        return true;
    struct buffer *parameters = calloc(count_parameters(query), sizeof(struct buffer));
    if (parameters == NULL)
        return false;
    size_t count = 0;
    bool done = true;
    for (const char *at = query; done && *at != '\0';) {
        size_t length = strcspn(at, "&");
        if (length > 0) {
            parameters[count] = BUFFER(TEXT_LIMIT);
            done = put_parameter(&parameters[count++], at, length);
        }
        at += length + (at[length] == '&');
    }
    done = done && put_parameters(out, parameters, count);
    for (size_t i = 0; i < count; i++)
        buffer_free(&parameters[i]);
    free(parameters);
    return done;
}

/* Headers */

static bool
add_header(struct header_list *list, const char *name, const char *value)
{
    if (list->count == sizeof(list->at) / sizeof(list->at[0]))
        return false;
    list->at[list->count] = (struct placed_header){.header = {name, value}, .place = list->count};
    list->count++;
    return true;
}

static int
compare_names(const char *one, const char *other)
{
    while (*one != '\0' && lower(*one) == lower(*other)) {
        one++;
        other++;
    }
    return (unsigned char) lower(*one) - (unsigned char) lower(*other);
}

static int
compare_headers(const void *one, const void *other)
{
    const struct placed_header *a = one;
    const struct placed_header *b = other;
    int by_name = compare_names(a->header.name, b->header.name);
    return by_name != 0 ? by_name : (a->place > b->place) - (a->place < b->place);
}

static bool
list_headers(struct header_list *list, const struct sigv4_request *request, const struct sigv4_signature *signature)
{
    *list = (struct header_list){0};
    for (size_t i = 0; i < request->header_count; i++) {
        if (!add_header(list, request->headers[i].name, request->headers[i].value))
            return false;
    }
    bool with_token = request->session_token != NULL && !request->omit_session_token;
    if (!add_header(list, "x-amz-date", signature->amz_date) ||
        (with_token && !add_header(list, "x-amz-security-token", request->session_token)) ||
        (request->sign_body_header && !add_header(list, "x-amz-content-sha256", signature->content_sha256)))
        return false;
    qsort(list->at, list->count, sizeof(list->at[0]), compare_headers);
    return true;
}

static bool
put_lower_case(struct buffer *out, const char *name)
{
    for (; *name != '\0'; name++) {
        char byte = lower(*name);
        if (!buffer_append(out, &byte, 1))
            return false;
    }
    return true;
}

/* Without white space around it, and one space for any run of it inside, line breaks included. */
static bool
put_header_value(struct buffer *out, const char *value)
{
    value += strspn(value, white_space);
    while (*value != '\0') {
        size_t word = strcspn(value, white_space);
        size_t gap = strspn(value + word, white_space);
        bool last = value[word + gap] == '\0';
        if (!buffer_append(out, value, word) || (!last && !buffer_append(out, " ", 1)))
            return false;
        value += word + gap;
    }
    return true;
}

static bool
same_name_as_before(const struct placed_header *first, const struct placed_header *at)
{
    return at != first && compare_names(at[0].header.name, at[-1].header.name) == 0;
}

/* The values of headers of one name are joined by commas in the order of the request. */
static bool
put_canonical_headers(struct buffer *out, const struct header_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct sigv4_header *header = &list->at[i].header;
        bool repeated = same_name_as_before(list->at, &list->at[i]);
        bool begun = repeated ? buffer_append(out, ",", 1)
                              : (i == 0 || buffer_append(out, "\n", 1)) && put_lower_case(out, header->name) &&
                                    buffer_append(out, ":", 1);
        if (!begun || !put_header_value(out, header->value))
            return false;
    }
    return buffer_append(out, "\n", 1);
}

static bool
put_signed_headers(struct buffer *out, const struct header_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (same_name_as_before(list->at, &list->at[i]))
            continue;
        if ((i > 0 && !buffer_append(out, ";", 1)) || !put_lower_case(out, list->at[i].header.name))
            return false;
    }
    return true;
}

/* The four steps */

static bool
put_canonical_request(struct buffer *out, const struct sigv4_request *request, const struct header_list *headers,
                      const char *signed_headers, const char *content_sha256)
{
    return buffer_append_format(out, "%s\n", request->method) && put_canonical_path(out, request) &&
           buffer_append(out, "\n", 1) && put_canonical_query(out, request->query) && buffer_append(out, "\n", 1) &&
           put_canonical_headers(out, headers) && buffer_append_format(out, "\n%s\n%s", signed_headers, content_sha256);
}

static bool
put_scope(struct buffer *out, const struct sigv4_request *request, const struct sigv4_signature *signature)
{
    return buffer_append_format(out, "%.8s/%s/%s/aws4_request", signature->amz_date, request->region, request->service);
}

static bool
put_string_to_sign(const struct sigv4_request *request, struct sigv4_signature *signature)
{
    char digest[HEX_SIZE];
    struct buffer *out = &signature->string_to_sign;
    return sha256_hex(signature->canonical_request.data, signature->canonical_request.length, digest) &&
           buffer_append_format(out, "%s\n%s\n", algorithm, signature->amz_date) &&
           put_scope(out, request, signature) && buffer_append_format(out, "\n%s", digest);
}

static bool
derive_signing_key(const struct sigv4_request *request, const char *date, unsigned char key[DIGEST_SIZE])
{
    AUTO_BUFFER struct buffer secret = BUFFER(TEXT_LIMIT);
    return buffer_append_text(&secret, "AWS4") && buffer_append_text(&secret, request->secret_access_key) &&
           hmac_sha256(secret.data, secret.length, date, key) && hmac_sha256(key, DIGEST_SIZE, request->region, key) &&
           hmac_sha256(key, DIGEST_SIZE, request->service, key) && hmac_sha256(key, DIGEST_SIZE, "aws4_request", key);
}

static bool
compute_signature(const struct sigv4_request *request, struct sigv4_signature *signature)
{
    char date[9];
    memcpy(date, signature->amz_date, 8);
    date[8] = '\0';
    unsigned char key[DIGEST_SIZE] = {0};
    bool done =
        derive_signing_key(request, date, key) && hmac_sha256(key, DIGEST_SIZE, signature->string_to_sign.data, key);
    if (done)
        hex_of(key, signature->signature);
    explicit_bzero(key, sizeof(key));
    return done;
}

static bool
put_authorization(const struct sigv4_request *request, struct sigv4_signature *signature, const char *signed_headers)
{
    struct buffer *out = &signature->authorization;
    return buffer_append_format(out, "%s Credential=%s/", algorithm, request->access_key_id) &&
           put_scope(out, request, signature) &&
           buffer_append_format(out, ", SignedHeaders=%s, Signature=%s", signed_headers, signature->signature);
}

static bool
format_time(time_t time, char amz_date[17])
{
    struct tm utc;
    return gmtime_r(&time, &utc) != NULL && utc.tm_year >= 70 && utc.tm_year < 8100 &&
           strftime(amz_date, 17, "%Y%m%dT%H%M%SZ", &utc) == 16;
}

static bool
sign(const struct sigv4_request *request, struct sigv4_signature *signature)
{
    struct header_list headers;
    AUTO_BUFFER struct buffer signed_headers = BUFFER(TEXT_LIMIT);
    return sha256_hex(request->body, request->body_length, signature->content_sha256) &&
           list_headers(&headers, request, signature) && put_signed_headers(&signed_headers, &headers) &&
           put_canonical_request(&signature->canonical_request, request, &headers, signed_headers.data,
                                 signature->content_sha256) &&
           put_string_to_sign(request, signature) && compute_signature(request, signature) &&
           put_authorization(request, signature, signed_headers.data);
}

static bool
is_complete(const struct sigv4_request *request)
{
    for (size_t i = 0; i < request->header_count && i < SIGV4_HEADERS_MAX; i++) {
        if (request->headers[i].name == NULL || request->headers[i].value == NULL)
            return false;
    }
    return request->method != NULL && request->path != NULL && request->path[0] == '/' &&
           request->access_key_id != NULL && request->secret_access_key != NULL && request->region != NULL &&
           request->service != NULL && request->header_count <= SIGV4_HEADERS_MAX &&
           (request->body != NULL || request->body_length == 0);
}

bool
sigv4_sign(const struct sigv4_request *request, struct sigv4_signature *signature, struct failure *failure)
{
    *signature = (struct sigv4_signature){.canonical_request = BUFFER(TEXT_LIMIT),
                                          .string_to_sign = BUFFER(TEXT_LIMIT),
                                          .authorization = BUFFER(TEXT_LIMIT)};
    if (!is_complete(request))
        return failure_set(failure, "internal", "The request to be signed is incomplete. Please report this.");
    if (!format_time(request->time, signature->amz_date))
        return failure_set(failure, "clock",
                           "The clock of this host says a year outside 1970..9999; no request can be signed with "
                           "it. Set the clock (chronyc tracking).");
    if (!sign(request, signature)) {
        sigv4_free(signature);
        return failure_set(failure, "memory",
                           "The request could not be signed: memory is short, or libcrypto has no SHA-256.");
    }
    return true;
}

void
sigv4_free(struct sigv4_signature *signature)
{
    buffer_free(&signature->canonical_request);
    buffer_free(&signature->string_to_sign);
    buffer_free(&signature->authorization);
    explicit_bzero(signature->signature, sizeof(signature->signature));
}
