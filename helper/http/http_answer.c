/*
 * http_answer.c: what came back: headers, body, and how it ended, in words for an administrator.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "http_exchange.h"

#define HEADERS_MAX      128
#define HEADER_BYTES_MAX 32768

/*
 * Headers and body
 */

/* Copy the value of the header if it is the one named and has not come before. */
static void
keep_header(const char *line, size_t length, const char *name, char *value, size_t size)
{
    size_t name_length = strlen(name);
    size_t kept = 0;

    if (value[0] || length <= name_length || strncasecmp(line, name, name_length) != 0 || line[name_length] != ':')
        return;
    line += name_length + 1;
    length -= name_length + 1;
    while (length > 0 && (line[0] == ' ' || line[0] == '\t')) {
        line++;
        length--;
    }
    while (length > 0 && strchr(" \t\r\n", line[length - 1]))
        length--;
    for (; kept < length && kept + 1 < size; kept++)
        value[kept] = (char) (line[kept] >= 0x20 && line[kept] <= 0x7e ? line[kept] : '?');
    value[kept] = '\0';
}

static size_t
on_header(char *line, size_t one, size_t count, void *owner)
{
    struct http_exchange *exchange = owner;
    struct http_answer *answer = &exchange->answer;
    size_t length = one * count;

    exchange->header_count++;
    exchange->header_bytes += length;
    if (exchange->header_count > HEADERS_MAX || exchange->header_bytes > HEADER_BYTES_MAX) {
        exchange->refusal = "the answer has too many or too long headers";
        return 0;
    }
    keep_header(line, length, "x-amzn-requestid", answer->request_id, sizeof(answer->request_id));
    keep_header(line, length, "x-amz-request-id", answer->request_id, sizeof(answer->request_id));
    keep_header(line, length, "x-amzn-errortype", answer->error_type, sizeof(answer->error_type));
    keep_header(line, length, "date", answer->date, sizeof(answer->date));
    return length;
}

static size_t
on_body(char *data, size_t one, size_t count, void *owner)
{
    struct http_exchange *exchange = owner;
    struct buffer *body = &exchange->answer.body;
    size_t length = one * count;

    if (buffer_append(body, data, length))
        return length;
    exchange->refusal = length > body->limit - body->length ? "the answer is larger than any that was expected"
                                                            : "there is no memory for the answer";
    return 0;
}

bool
http_answer_receive(struct http_exchange *exchange)
{
    CURL *easy = exchange->easy;

    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t) exchange->answer.body.limit) == CURLE_OK;
}

/*
 * The end
 */

void
http_answer_note_connection(struct http_exchange *exchange, int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    char *address = exchange->answer.address;

    if (exchange->connected || getpeername(fd, (struct sockaddr *) &peer, &size) != 0)
        return;
    exchange->connected = true;
    if (getnameinfo((const struct sockaddr *) &peer, size, address, sizeof(exchange->answer.address), NULL, 0,
                    NI_NUMERICHOST) != 0)
        address[0] = '\0';
}

/*
 * How far the transfer came.  libcurl sets its connect time only when TLS is done as well (7.87 and later), and none
 * for a connection that was used before; but a request that went out went out on a connection.
 */
struct progress {
    bool connected;
    bool tls_done;
    bool answer_begun;
};

static struct progress
progress_of(const struct http_exchange *exchange)
{
    curl_off_t connect_time = 0;
    curl_off_t tls_time = 0;
    long request_size = 0;

    (void) curl_easy_getinfo(exchange->easy, CURLINFO_CONNECT_TIME_T, &connect_time);
    (void) curl_easy_getinfo(exchange->easy, CURLINFO_APPCONNECT_TIME_T, &tls_time);
    (void) curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &request_size);
    return (struct progress){
        .connected = exchange->connected || connect_time > 0 || request_size > 0,
        .tls_done = tls_time > 0 || request_size > 0,
        .answer_begun = exchange->header_count > 0,
    };
}

static enum http_end
end_of(const struct http_exchange *exchange, CURLcode result, const struct progress *progress)
{
    bool has_proxy = exchange->proxy.host[0] != '\0';

    switch (result) {
    case CURLE_OK:
        return HTTP_ANSWERED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return HTTP_UNRESOLVED;
    case CURLE_COULDNT_CONNECT: /* newer versions also mean a proxy that was connected and refuses to go on */
        if (exchange->no_socket)
            return HTTP_NO_SOCKET;
        return has_proxy && progress->connected ? HTTP_BROKEN : HTTP_UNCONNECTED;
    case CURLE_OPERATION_TIMEDOUT:
        if (!progress->connected && !exchange->socket_asked_for)
            return HTTP_CROWDED;
        return progress->connected ? HTTP_TIMED_OUT : HTTP_UNCONNECTED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_USE_SSL_FAILED:
        return HTTP_TLS_FAILED;
    default:
        return HTTP_BROKEN;
    }
}

/* libcurl's own words, unless they quote a URL. */
static const char *
reason_of(const struct http_exchange *exchange, CURLcode result)
{
    long system_error = 0;

    if (exchange->refusal)
        return exchange->refusal;
    if (result == CURLE_FILESIZE_EXCEEDED)
        return "the answer is larger than any that was expected";
    if (result == CURLE_COULDNT_CONNECT &&
        curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &system_error) == CURLE_OK && system_error != 0 &&
        system_error != EINPROGRESS)
        return strerror((int) system_error);
    if (exchange->error[0] && !strstr(exchange->error, "://"))
        return exchange->error;
    return curl_easy_strerror(result);
}

static void
name_peer(const struct http_exchange *exchange, char *name, size_t size)
{
    const struct http_peer *server = &exchange->server;
    const char *address = exchange->answer.address;
    int length;

    if (exchange->proxy.host[0])
        length = snprintf(name, size, "%s by way of the proxy %s port %s", server->host, exchange->proxy.host,
                          exchange->proxy.port);
    else
        length = snprintf(name, size, "%s port %s", server->host, server->port);
    if (length > 0 && (size_t) length < size && address[0] && !http_exchange_peer(exchange)->is_numeric)
        (void) snprintf(name + length, size - (size_t) length, " (%s)", address);
}

static void
describe_timeout(struct http_exchange *exchange, const struct progress *progress, const char *peer)
{
    const char *phase = "there was no answer";

    if (exchange->answer.end == HTTP_CROWDED) {
        failure_set(&exchange->answer.failure, "timeout",
                    "the time ran out before a connection to %s was free: too many requests at once, or slow answers",
                    peer);
        return;
    }
    if (!progress->connected) {
        failure_set(&exchange->answer.failure, "timeout",
                    "no connection to %s in time; check routes, firewalls, security groups and endpoints", peer);
        return;
    }
    if (http_exchange_peer(exchange)->is_tls && !progress->tls_done)
        phase = "the TLS handshake did not come to its end";
    else if (progress->answer_begun)
        phase = "the answer did not come to its end";
    failure_set(&exchange->answer.failure, "timeout", "%s was connected, but %s in time", peer, phase);
}

static void
describe(struct http_exchange *exchange, CURLcode result, const struct progress *progress)
{
    struct failure *failure = &exchange->answer.failure;
    const char *reason = reason_of(exchange, result);
    char peer[2 * sizeof(exchange->server.host) + 64];

    name_peer(exchange, peer, sizeof(peer));
    if (result == CURLE_OPERATION_TIMEDOUT)
        describe_timeout(exchange, progress, peer);
    else if (exchange->answer.end == HTTP_UNRESOLVED)
        failure_set(failure, "dns", "no address for %s: %s", peer, reason);
    else if (exchange->answer.end == HTTP_NO_SOCKET)
        failure_set(failure, "resources", "this host has no socket left to reach %s by; try again in a moment", peer);
    else if (exchange->answer.end == HTTP_UNCONNECTED)
        failure_set(failure, "network",
                    "cannot connect to %s: %s; check routes, firewalls, security groups and endpoints", peer, reason);
    else if (exchange->answer.end == HTTP_TLS_FAILED)
        failure_set(failure, "tls",
                    "no trusted TLS connection to %s: %s; check this host's clock, and ca_bundle if a private CA or an "
                    "inspecting proxy is in between",
                    peer, reason);
    else
        failure_set(failure, "network", "the exchange with %s broke off: %s", peer, reason);
}

static void
keep_address(struct http_exchange *exchange)
{
    char *address = NULL;

    if (exchange->answer.address[0])
        return;
    if (curl_easy_getinfo(exchange->easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address)
        (void) snprintf(exchange->answer.address, sizeof(exchange->answer.address), "%s", address);
}

void
http_answer_conclude(struct http_exchange *exchange, CURLcode result)
{
    struct http_answer *answer = &exchange->answer;
    struct progress progress = progress_of(exchange);

    (void) curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &answer->status);
    if (result == CURLE_OK && answer->status < 200)
        result = CURLE_WEIRD_SERVER_REPLY;
    answer->end = end_of(exchange, result, &progress);
    if (progress.connected || answer->end == HTTP_TLS_FAILED) /* which may come before libcurl ever waits for input */
        keep_address(exchange);
    if (answer->end == HTTP_ANSWERED)
        return;
    buffer_free(&answer->body);
    describe(exchange, result, &progress);
}

void
http_answer_unresolved(struct http_exchange *exchange, const struct failure *failure)
{
    const char *code = strcmp(failure->code, "timeout") == 0 ? "timeout" : "dns";

    exchange->answer.end = HTTP_UNRESOLVED;
    failure_set(&exchange->answer.failure, code, "%s", failure->message);
}
