/*
 * aws_request.c: see aws_request.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "aws_request.h"

#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "endpoint.h"
#include "sigv4.h"

#define ANSWER_LIMIT ((size_t) 256 * 1024)
#define HEADER_LIMIT ((size_t) 64 * 1024)
#define HOST_SIZE    264

static bool
is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool
is_header_text(const char *text)
{
    return text != NULL && ascii_is_visible_text(text, strlen(text));
}

static bool
check_credentials(const struct credentials *credentials, struct failure *failure)
{
    if (is_header_text(credentials->access_key_id) && is_header_text(credentials->secret_access_key) &&
        (credentials->session_token == NULL || is_header_text(credentials->session_token)))
        return true;
    return failure_set(failure, "expired-credentials",
                       "The credentials of this host are empty or hold blanks or control bytes; no request can be "
                       "signed with them. Check where they come from (aws sts get-caller-identity).");
}

static bool
sign(const struct aws_request *request, const struct credentials *credentials, time_t time, const char *host,
     struct sigv4_signature *signature, struct failure *failure)
{
    struct sigv4_request to_sign = {
        .method = "POST",
        .path = "/",
        .headers = {{"Content-Type", request->content_type}, {"Host", host}, {"X-Amz-Target", request->target}},
        .header_count = request->target != NULL ? 3 : 2,
        .body = request->body,
        .body_length = request->body_length,
        .normalize_path = true,
        .access_key_id = credentials->access_key_id,
        .secret_access_key = credentials->secret_access_key,
        .session_token = credentials->session_token,
        .region = request->region,
        .service = request->service,
        .time = time,
    };
    return sigv4_sign(&to_sign, signature, failure);
}

enum line { LINE_CONTENT_TYPE, LINE_HOST, LINE_DATE, LINE_AUTHORIZATION, LINE_TARGET, LINE_TOKEN, LINE_ACCEPT, LINES };

_Static_assert(LINES <= HTTP_HEADERS_MAX, "all headers fit a request");

/* What is made for one request. */
struct signed_request {
    struct sigv4_signature signature;
    struct buffer url;
    struct buffer lines[LINES];
};

static void
free_signed_request(struct signed_request *made)
{
    sigv4_free(&made->signature);
    buffer_free(&made->url);
    for (size_t i = 0; i < LINES; i++)
        buffer_free(&made->lines[i]);
}

static bool
put_line(struct buffer *line, const char *name, const char *value)
{
    return value == NULL || buffer_append_format(line, "%s: %s", name, value);
}

static bool
put_lines(struct signed_request *made, const struct aws_request *request, const char *host, const char *session_token)
{
    struct buffer *lines = made->lines;
    return buffer_append_format(&made->url, "%s/", request->endpoint_url) &&
           put_line(&lines[LINE_CONTENT_TYPE], "Content-Type", request->content_type) &&
           put_line(&lines[LINE_HOST], "Host", host) &&
           put_line(&lines[LINE_DATE], "X-Amz-Date", made->signature.amz_date) &&
           put_line(&lines[LINE_AUTHORIZATION], "Authorization", made->signature.authorization.data) &&
           put_line(&lines[LINE_TARGET], "X-Amz-Target", request->target) &&
           put_line(&lines[LINE_TOKEN], "X-Amz-Security-Token", session_token) &&
           put_line(&lines[LINE_ACCEPT], "Accept", request->accept);
}

/* The caller ends it with free_signed_request, also after a failure. */
static bool
make_signed_request(struct signed_request *made, const struct aws_request *request,
                    const struct credentials *credentials, time_t time, struct failure *failure)
{
    char host[HOST_SIZE];
    *made = (struct signed_request){.url = BUFFER(HEADER_LIMIT)};
    for (size_t i = 0; i < LINES; i++)
        made->lines[i] = BUFFER(HEADER_LIMIT);
    if (!endpoint_host(request->endpoint_url, host, sizeof(host)))
        return failure_set(failure, "config", "The endpoint of %s is \"%.200s\": expected https://HOST without a path.",
                           request->service, is_set(request->endpoint_url) ? request->endpoint_url : "");
    if (!check_credentials(credentials, failure) || !sign(request, credentials, time, host, &made->signature, failure))
        return false;
    return put_lines(made, request, host, credentials->session_token) ||
           failure_set(failure, "memory", "The request to %s could not be made: memory is short.", host);
}

static struct http_exchange *
start_exchange(struct http *http, const struct aws_request *request, const struct signed_request *made,
               struct deadline deadline, http_done *done, void *owner, struct failure *failure)
{
    size_t count = 0;
    struct http_request sent = {
        .method = "POST",
        .url = made->url.data,
        .body = request->body,
        .body_length = request->body_length,
        .ca_bundle = is_set(request->ca_bundle) ? request->ca_bundle : NULL,
        .proxy_url = is_set(request->proxy_url) ? request->proxy_url : NULL,
        .allow_http = endpoint_is_local_http(request->endpoint_url),
        .deadline = deadline,
        .body_limit = ANSWER_LIMIT,
    };
    for (size_t i = 0; i < LINES; i++) {
        if (made->lines[i].length > 0)
            sent.headers[count++] = made->lines[i].data;
    }
    return http_start(http, &sent, done, owner, failure);
}

struct http_exchange *
aws_request_send(struct http *http, const struct aws_request *request, const struct credentials *credentials,
                 time_t time, struct deadline deadline, http_done *done, void *owner, struct failure *failure)
{
    struct signed_request made;
    struct http_exchange *exchange = NULL;
    if (make_signed_request(&made, request, credentials, time, failure))
        exchange = start_exchange(http, request, &made, deadline, done, owner, failure);
    free_signed_request(&made);
    return exchange;
}
