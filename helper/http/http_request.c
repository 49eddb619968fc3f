/*
 * http_request.c: what every request demands of libcurl, and what this one adds.
 *
 * libcurl 7.76 is the oldest one built against.  The environment: PROXY and NOPROXY are always set, which makes libcurl
 * ignore http_proxy and its like (CURLOPT_PROXY(3)); .netrc is off; SSLKEYLOGFILE and CURL_SSL_BACKEND, which some
 * builds honour, and OPENSSL_CONF cannot be switched off here, so the helper clears its environment when it starts.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "http_exchange.h"

#define USER_AGENT "pam-sagemaker-studio/" VERSION

const struct http_peer *
http_exchange_peer(const struct http_exchange *exchange)
{
    return exchange->proxy.host[0] ? &exchange->proxy : &exchange->server;
}

/*
 * Where to
 */

static bool
host_is_numeric(const char *host)
{
    struct in_addr four;

    return host[0] == '[' || inet_pton(AF_INET, host, &four) == 1;
}

static bool
peer_fill(struct http_peer *peer, const char *scheme, const char *host, const char *port)
{
    int host_length = snprintf(peer->host, sizeof(peer->host), "%s", host);
    int port_length = snprintf(peer->port, sizeof(peer->port), "%s", port);

    peer->is_tls = strcmp(scheme, "https") == 0;
    peer->is_numeric = host_is_numeric(host);
    return host_length > 0 && host_length < (int) sizeof(peer->host) && port_length > 0 &&
           port_length < (int) sizeof(peer->port) && (peer->is_numeric || host_name_is_valid(host)) &&
           (peer->is_tls || strcmp(scheme, "http") == 0);
}

/* By libcurl's own parser, so that what is looked up is what libcurl will connect to. */
static bool
peer_parse(struct http_peer *peer, const char *url)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL;
    char *host = NULL;
    char *port = NULL;
    bool good = false;

    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
        good = peer_fill(peer, scheme, host, port);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parsed);
    return good;
}

/* The messages do not show the URL: a query or a password may be in it. */
static bool
find_peers(struct http_exchange *exchange, const struct http_request *request, struct failure *failure)
{
    if (!peer_parse(&exchange->server, request->url))
        return failure_set(failure, "config", "a request's URL is not an http:// or https:// URL with a valid host");
    if (!exchange->server.is_tls && !request->allow_http)
        return failure_set(failure, "config", "a request to %s would go unencrypted: an https:// URL was expected",
                           exchange->server.host);
    if (request->proxy_url && !peer_parse(&exchange->proxy, request->proxy_url))
        return failure_set(failure, "config", "proxy_url is not an http:// or https:// URL with a valid host");
    return true;
}

/*
 * Headers and body
 */

static bool
header_is_good(const char *header)
{
    const char *colon = strchr(header, ':');

    if (!colon || colon == header || colon[1 + strspn(colon + 1, " ")] == '\0')
        return false;
    for (const unsigned char *byte = (const unsigned char *) header; *byte; byte++) {
        if (*byte < 0x20 || *byte > 0x7e)
            return false;
    }
    return true;
}

static bool
header_append(struct http_exchange *exchange, const char *header)
{
    struct curl_slist *longer = curl_slist_append(exchange->headers, header);

    if (longer)
        exchange->headers = longer;
    return longer != NULL;
}

static bool
has_header(const struct http_request *request, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i]; i++) {
        if (strncasecmp(request->headers[i], name, length) == 0)
            return true;
    }
    return false;
}

static bool
copy_headers(struct http_exchange *exchange, const struct http_request *request, struct failure *failure)
{
    /* A name without value takes libcurl's own header away. */
    static const char *const unwanted[] = {"Expect:", "Accept:", "Content-Type:"};

    for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i]; i++) {
        if (!header_is_good(request->headers[i]))
            return failure_set(failure, "config", "header %zu of a request is not a printable \"Name: value\"", i + 1);
        if (!header_append(exchange, request->headers[i]))
            return failure_set(failure, "memory", "there is no memory for a request");
    }
    for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
        if (!has_header(request, unwanted[i]) && !header_append(exchange, unwanted[i]))
            return failure_set(failure, "memory", "there is no memory for a request");
    }
    return true;
}

/* PUT is a POST by another name: with CURLOPT_UPLOAD libcurl would want to read the body by a callback. */
static bool
set_method(struct http_exchange *exchange, const struct http_request *request)
{
    CURL *easy = exchange->easy;

    if (strcmp(request->method, "GET") == 0)
        return !request->body && curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    if (strcmp(request->method, "POST") != 0 && strcmp(request->method, "PUT") != 0)
        return false;
    exchange->body.limit = request->body ? request->body_length : 0;
    return buffer_append(&exchange->body, request->body, exchange->body.limit) &&
           curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body.data) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) exchange->body.length) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
}

/*
 * Options
 */

static bool
set_protocols(CURL *easy, bool allow_http)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, allow_http ? "http,https" : "https") == CURLE_OK;
#else
    long allowed = allow_http ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS;

    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, allowed) == CURLE_OK;
#endif
}

static bool
set_http(CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, NULL) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT) == CURLE_OK;
}

static bool
set_connection(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
    if (curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK)
        return false;
#endif
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           /* Instead of 16 and 64 KiB for each that waits: a link is two KiB, and what is longer comes in pieces. */
           curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 4096L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;
}

static bool
set_tls(CURL *easy)
{
    long at_least_1_2 = (long) CURL_SSLVERSION_TLSv1_2;

    return curl_easy_setopt(easy, CURLOPT_SSLVERSION, at_least_1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 1L) == CURLE_OK;
}

/* Loading the whole bundle costs some 30 ms, the folder of hashes next to nothing; but libcurl loads its built-in
 * bundle beside the folder unless CAINFO is NULL. */
static bool
set_roots(CURL *easy, CURLoption file, CURLoption folder, const char *ca_bundle, bool has_hashed_roots)
{
    if (!ca_bundle && !has_hashed_roots)
        return true; /* what libcurl was built with */
    return curl_easy_setopt(easy, file, ca_bundle) == CURLE_OK &&
           curl_easy_setopt(easy, folder, ca_bundle ? NULL : HTTP_ROOTS_FOLDER) == CURLE_OK;
}

static bool
set_proxy_tls(CURL *easy, const char *ca_bundle, bool has_hashed_roots)
{
    long at_least_1_2 = (long) CURL_SSLVERSION_TLSv1_2;

    return curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, at_least_1_2) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           set_roots(easy, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH, ca_bundle, has_hashed_roots);
}

/* CURLHEADER_SEPARATE: the proxy does not see the headers that are for AWS.  PROXYPORT: without it a URL that names no
 * port means libcurl's 1080. */
static bool
set_proxy(struct http_exchange *exchange, const struct http_request *request, bool has_hashed_roots)
{
    CURL *easy = exchange->easy;
    const struct http_peer *proxy = &exchange->proxy;

    if (!request->proxy_url)
        return curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK;
    return curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy_url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXYPORT, strtol(proxy->port, NULL, 10)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOPROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long) CURLHEADER_SEPARATE) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
           (!proxy->is_tls || set_proxy_tls(easy, request->ca_bundle, has_hashed_roots));
}

bool
http_request_prepare(struct http_exchange *exchange, const struct http_request *request, bool has_hashed_roots,
                     struct failure *failure)
{
    CURL *easy = exchange->easy;

    exchange->deadline = request->deadline;
    exchange->connect_timeout_ms = request->connect_timeout_ms;
    if (!find_peers(exchange, request, failure) || !copy_headers(exchange, request, failure))
        return false;
    if (!set_method(exchange, request))
        return failure_set(failure, "config", "a request is not a GET without, or a POST or PUT with or without, body");
    if (curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers) != CURLE_OK ||
        !set_protocols(easy, request->allow_http) || !set_http(easy) || !set_connection(easy) || !set_tls(easy) ||
        !set_roots(easy, CURLOPT_CAINFO, CURLOPT_CAPATH, request->ca_bundle, has_hashed_roots) ||
        !set_proxy(exchange, request, has_hashed_roots) || !http_answer_receive(exchange))
        return failure_set(failure, "network", "libcurl %s refuses an option that every request needs",
                           curl_version_info(CURLVERSION_NOW)->version);
    return true;
}

/* At least one millisecond: to libcurl, 0 means no limit. */
static bool
set_timeouts(const struct http_exchange *exchange)
{
    int64_t whole = deadline_left_ms(exchange->deadline);
    int64_t connecting = exchange->connect_timeout_ms;

    if (whole < 1)
        whole = 1;
    if (whole > INT32_MAX)
        whole = INT32_MAX;
    if (connecting <= 0 || connecting > whole)
        connecting = whole;
    return curl_easy_setopt(exchange->easy, CURLOPT_TIMEOUT_MS, (long) whole) == CURLE_OK &&
           curl_easy_setopt(exchange->easy, CURLOPT_CONNECTTIMEOUT_MS, (long) connecting) == CURLE_OK;
}

bool
http_request_complete(struct http_exchange *exchange, const char *addresses)
{
    const struct http_peer *peer = http_exchange_peer(exchange);
    char *entry AUTO_FREE = NULL;

    if (addresses) {
        if (asprintf(&entry, "%s:%s:%s", peer->host, peer->port, addresses) < 0) {
            entry = NULL;
            return false;
        }
        exchange->resolve = curl_slist_append(NULL, entry);
        if (!exchange->resolve || curl_easy_setopt(exchange->easy, CURLOPT_RESOLVE, exchange->resolve) != CURLE_OK)
            return false;
    }
    return set_timeouts(exchange);
}

void
http_request_free(struct http_exchange *exchange)
{
    curl_easy_cleanup(exchange->easy);
    exchange->easy = NULL;
    /* curl_memory.c wipes as well, but only if nobody has set up libcurl before us. */
    for (struct curl_slist *header = exchange->headers; header; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
    curl_slist_free_all(exchange->resolve);
    exchange->resolve = NULL;
    buffer_free(&exchange->body);
}
