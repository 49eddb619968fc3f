/*
 * http.h: HTTP requests on libcurl's multi interface, for the loop.
 *
 * Every request: TLS verified, TLS 1.2 at least, HTTP/1.1, no redirects, no proxy but a configured one, no
 * environment, no signals, bodies capped, Expect: off.  Host names are resolved in a worker process (resolver.h) and
 * handed to libcurl with CURLOPT_RESOLVE, so that libcurl never waits for a name server.  Connections are kept for the
 * next request.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "deadline.h"
#include "failure.h"
#include "loop.h"

struct http;
struct http_exchange;

#define HTTP_HEADERS_MAX 16

struct http_request {
    const char *method;                    /* "GET", "POST", "PUT" */
    const char *url;                       /* http:// or https://, already checked */
    const char *headers[HTTP_HEADERS_MAX]; /* "Name: value"; NULL ends */
    const void *body;                      /* NULL: none */
    size_t body_length;
    const char *ca_bundle;      /* file that overrides the system's trust store; NULL: the system's */
    const char *proxy_url;      /* NULL: none */
    bool allow_http;            /* http:// is allowed (metadata service, loopback); default https only */
    int64_t connect_timeout_ms; /* 0: only the deadline counts */
    struct deadline deadline;
    size_t body_limit; /* of the answer; more is a transport failure */
};

/* How far the exchange came. */
enum http_end {
    HTTP_ANSWERED,    /* status and body are there, whatever the status */
    HTTP_UNRESOLVED,  /* no address for the host name, or the resolver did not answer */
    HTTP_NO_SOCKET,   /* this host had none left: nothing was found out about the peer */
    HTTP_CROWDED,     /* all connections to the peer were busy until the end: nothing was found out about it, too */
    HTTP_UNCONNECTED, /* TCP: refused, unreachable, timed out */
    HTTP_TLS_FAILED,  /* handshake or certificate */
    HTTP_BROKEN,      /* connected, then: closed, truncated, too large, not HTTP */
    HTTP_TIMED_OUT,   /* connected, and no whole answer by the deadline */
};

struct http_answer {
    enum http_end end;
    long status;
    struct buffer body;     /* empty unless HTTP_ANSWERED; wiped by http after the callback */
    char request_id[80];    /* x-amzn-RequestId or x-amz-request-id; printable, "" when absent */
    char error_type[128];   /* x-amzn-errortype */
    char date[64];          /* Date */
    char address[64];       /* the peer's address, "" when never connected */
    struct failure failure; /* unless HTTP_ANSWERED; code "network", "dns", "tls", "timeout" or "resources"; names host
                               and phase */
};

/* Once for each exchange that was not cancelled, never from inside http_start.  The exchange is gone by then: it cannot
 * be cancelled any more. */
typedef void http_done(void *owner, struct http_answer *answer);

struct http *http_create(struct loop *loop, struct failure *failure);
struct resolver;
/* With this resolver, which is freed with it, also when it cannot be made. */
struct http *http_create_with(struct loop *loop, struct resolver *resolver, struct failure *failure);
/* Exchanges still under way are dropped without their callback. */
void http_free(struct http *http);

/* The request is copied.  NULL with the failure when it cannot even be started: code "config" for a URL, header, method
 * or proxy_url that will not do, else "memory", "dns" or "network". */
struct http_exchange *http_start(struct http *http, const struct http_request *request, http_done *done, void *owner,
                                 struct failure *failure);
void http_cancel(struct http_exchange *exchange);

#endif
