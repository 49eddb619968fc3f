/*
 * http_exchange.h: one exchange, as the three parts of http see it: http.c (its life), http_request.c (what is sent)
 * and http_answer.c (what came back).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "host_lookup.h"
#include "http.h"
#include "resolver.h"

/* Where a connection goes to. */
struct http_peer {
    char host[HOST_NAME_LIMIT + 3]; /* IPv6 literals in brackets */
    char port[6];
    bool is_tls;
    bool is_numeric; /* the host is an address, there is nothing to look up */
};

enum http_stage { HTTP_RESOLVING, HTTP_TRANSFERRING, HTTP_ENDED };

struct http_exchange {
    struct http *http;
    enum http_stage stage;
    struct loop_timer timer; /* transferring: the deadline; ended: the callback */
    struct resolver_call *look_up;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *resolve;
    struct buffer body; /* of the request */
    struct http_peer server;
    struct http_peer proxy; /* host "" when there is none */
    struct deadline deadline;
    int64_t connect_timeout_ms;
    bool connecting;       /* libcurl has opened a socket, and not yet waited for input from it */
    bool socket_asked_for; /* false also where a kept connection was taken */
    bool connected;
    bool no_socket; /* there was none to be had */
    size_t header_count;
    size_t header_bytes;
    const char *refusal; /* why a callback of ours ended the transfer; NULL when none did */
    char error[CURL_ERROR_SIZE];
    http_done *done;
    void *owner;
    struct http_answer answer;
    TAILQ_ENTRY(http_exchange) link;
};

/* The proxy, or the server when there is none. */
const struct http_peer *http_exchange_peer(const struct http_exchange *exchange);

/* Put the request into exchange->easy.  has_hashed_roots: HTTP_ROOTS_FOLDER can be used.  Code "config" or "memory". */
#define HTTP_ROOTS_FOLDER "/etc/ssl/certs"
bool http_request_prepare(struct http_exchange *exchange, const struct http_request *request, bool has_hashed_roots,
                          struct failure *failure);
/* What only is known when the transfer begins: the addresses (NULL: the host is numeric) and the time left. */
bool http_request_complete(struct http_exchange *exchange, const char *addresses);
/* Wipe and free what prepare and complete made. */
void http_request_free(struct http_exchange *exchange);

/* Let exchange->easy write into exchange->answer. */
bool http_answer_receive(struct http_exchange *exchange);
/* libcurl waits for input from this socket.  If the kernel calls it connected, so it is, and answer->address is known.
 */
void http_answer_note_connection(struct http_exchange *exchange, int fd);
/* The transfer is over: end, status and, unless HTTP_ANSWERED, failure. */
void http_answer_conclude(struct http_exchange *exchange, CURLcode result);
/* There was no transfer. */
void http_answer_unresolved(struct http_exchange *exchange, const struct failure *failure);

#endif
