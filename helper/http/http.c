/*
 * http.c: the life of exchanges: looked up, transferred by libcurl's multi interface on the loop, handed over.
 *
 * The callback of an exchange comes by a timer of its own, in a turn of the loop in which libcurl is not at work, and
 * is the last thing done in it: it may start, cancel or free anything.  libcurl is only ever entered from the loop or
 * from http_start and http_cancel, never from its own callbacks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "curl_memory.h"
#include "http_exchange.h"

#define CONNECTIONS_MAX 32L

/* A folder with fewer hashes than this may hold only an administrator's own root; and reading so few from the bundle
 * takes no time worth saving. */
#define HASHED_ROOTS_MIN 16

struct http_socket {
    struct http *http;
    struct loop_source source;
    TAILQ_ENTRY(http_socket) link;
};

struct http {
    struct loop *loop;
    struct resolver *resolver;
    CURLM *multi;
    struct loop_timer timer; /* libcurl's */
    bool has_hashed_roots;
    bool has_closed; /* libcurl has closed or left a socket a moment ago */
    TAILQ_HEAD(http_sockets, http_socket) sockets;
    TAILQ_HEAD(http_exchanges, http_exchange) exchanges;
};

/*
 * Exchanges
 */

/* Take it out of everything that could still call it. */
static void
exchange_detach(struct http_exchange *exchange)
{
    struct http *http = exchange->http;

    loop_timer_stop(http->loop, &exchange->timer);
    if (exchange->look_up)
        resolver_cancel(exchange->look_up);
    exchange->look_up = NULL;
    if (exchange->stage == HTTP_TRANSFERRING)
        (void) curl_multi_remove_handle(http->multi, exchange->easy);
    exchange->stage = HTTP_ENDED;
}

/* Needs no http any more. */
static void
exchange_free(struct http_exchange *exchange)
{
    http_request_free(exchange);
    buffer_free(&exchange->answer.body);
    free(exchange);
}

static void
exchange_drop(struct http_exchange *exchange)
{
    exchange_detach(exchange);
    TAILQ_REMOVE(&exchange->http->exchanges, exchange, link);
    exchange_free(exchange);
}

static void
exchange_deliver(struct http_exchange *exchange)
{
    TAILQ_REMOVE(&exchange->http->exchanges, exchange, link);
    http_request_free(exchange);
    exchange->done(exchange->owner, &exchange->answer);
    exchange_free(exchange);
}

static void
exchange_ended(struct http_exchange *exchange)
{
    loop_timer_start(exchange->http->loop, &exchange->timer, deadline_in_ms(0));
}

static void
exchange_conclude(struct http_exchange *exchange, CURLcode result)
{
    struct http *http = exchange->http;
    const struct http_peer *peer = http_exchange_peer(exchange);

    exchange_detach(exchange);
    http_answer_conclude(exchange, result);
    if (exchange->answer.end == HTTP_UNCONNECTED && !peer->is_numeric)
        resolver_forget(http->resolver, peer->host);
    exchange_ended(exchange);
}

/* libcurl keeps the same time, but not for a transfer that waits for one of CONNECTIONS_MAX to become free. */
static void
exchange_timer_fired(void *owner)
{
    struct http_exchange *exchange = owner;

    if (exchange->stage == HTTP_ENDED)
        exchange_deliver(exchange);
    else
        exchange_conclude(exchange, CURLE_OPERATION_TIMEDOUT);
}

static bool follow_sockets(struct http_exchange *exchange);

static bool
exchange_transfer(struct http_exchange *exchange, const char *addresses, struct failure *failure)
{
    struct http *http = exchange->http;

    if (!http_request_complete(exchange, addresses) || !follow_sockets(exchange))
        return failure_set(failure, "memory", "there is no memory for a request to %s", exchange->server.host);
    if (curl_multi_add_handle(http->multi, exchange->easy) != CURLM_OK)
        return failure_set(failure, "network", "libcurl does not take a request to %s", exchange->server.host);
    exchange->stage = HTTP_TRANSFERRING;
    loop_timer_start(http->loop, &exchange->timer, exchange->deadline);
    return true;
}

static void
exchange_resolved(void *owner, const char *addresses, const struct failure *failure)
{
    struct http_exchange *exchange = owner;

    exchange->look_up = NULL;
    if (addresses && exchange_transfer(exchange, addresses, &exchange->answer.failure))
        return;
    exchange->stage = HTTP_ENDED;
    if (addresses)
        exchange->answer.end = HTTP_BROKEN; /* exchange_transfer has said why */
    else
        http_answer_unresolved(exchange, failure);
    exchange_ended(exchange);
}

static bool
exchange_begin(struct http_exchange *exchange, struct failure *failure)
{
    struct http *http = exchange->http;
    const struct http_peer *peer = http_exchange_peer(exchange);
    const char *addresses = NULL;

    if (!peer->is_numeric) {
        addresses = resolver_known(http->resolver, peer->host);
        if (!addresses) {
            exchange->look_up =
                resolver_start(http->resolver, peer->host, exchange->deadline, exchange_resolved, exchange, failure);
            return exchange->look_up != NULL;
        }
    }
    return exchange_transfer(exchange, addresses, failure);
}

struct http_exchange *
http_start(struct http *http, const struct http_request *request, http_done *done, void *owner, struct failure *failure)
{
    struct http_exchange *exchange = calloc(1, sizeof(*exchange));

    if (exchange)
        exchange->easy = curl_easy_init();
    if (!exchange || !exchange->easy) {
        failure_set(failure, "memory", "there is no memory for a request");
        free(exchange);
        return NULL;
    }
    exchange->http = http;
    exchange->timer = (struct loop_timer){.fire = exchange_timer_fired, .owner = exchange};
    exchange->done = done;
    exchange->owner = owner;
    exchange->answer.body = BUFFER(request->body_limit);
    TAILQ_INSERT_TAIL(&http->exchanges, exchange, link);
    if (!http_request_prepare(exchange, request, http->has_hashed_roots, failure) ||
        !exchange_begin(exchange, failure)) {
        exchange_drop(exchange);
        return NULL;
    }
    return exchange;
}

void
http_cancel(struct http_exchange *exchange)
{
    exchange_drop(exchange);
}

/*
 * libcurl on the loop
 */

static struct http_exchange *
exchange_of(CURL *easy)
{
    struct http_exchange *exchange = NULL;

    /* libcurl has handles of its own, which have none. */
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &exchange) == CURLE_OK ? exchange : NULL;
}

static void
collect(struct http *http)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        struct http_exchange *exchange = exchange_of(message->easy_handle);
        CURLcode result = message->data.result;

        if (message->msg == CURLMSG_DONE && exchange)
            exchange_conclude(exchange, result); /* the message is gone with this */
    }
}

/*
 * When a connection is refused, libcurl (7.88.1, lib/connect.c) prepares the next address but only begins with it at
 * its next timer, which is half of the time for connecting away, since there is no socket that could have an event.  To
 * end a pause is the one thing that makes it go on with a transfer at once (curl_easy_pause(3)).
 */
static void
try_next_addresses(struct http *http)
{
    struct http_exchange *exchange;

    if (!http->has_closed)
        return;
    for (exchange = TAILQ_FIRST(&http->exchanges); exchange; exchange = TAILQ_NEXT(exchange, link)) {
        if (exchange->stage == HTTP_TRANSFERRING && exchange->connecting) {
            (void) curl_easy_pause(exchange->easy, CURLPAUSE_ALL);
            (void) curl_easy_pause(exchange->easy, CURLPAUSE_CONT);
        }
    }
    http->has_closed = false;
}

static void
act(struct http *http, curl_socket_t fd, int events)
{
    int running = 0;

    (void) curl_multi_socket_action(http->multi, fd, events, &running);
    collect(http);
    try_next_addresses(http);
}

static void
timer_fired(void *owner)
{
    act(owner, CURL_SOCKET_TIMEOUT, 0);
}

/* The socket's own structure may be gone when libcurl returns. */
static void
socket_ready(void *owner, uint32_t events)
{
    const struct http_socket *socket = owner;
    int action = 0;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
        action |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        action |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        action |= CURL_CSELECT_ERR;
    act(socket->http, socket->source.fd, action);
}

static int
on_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct http *http = owner;

    (void) multi;
    if (timeout_ms < 0)
        loop_timer_stop(http->loop, &http->timer);
    else
        loop_timer_start(http->loop, &http->timer, deadline_in_ms(timeout_ms));
    return 0;
}

static uint32_t
wanted_events(int what)
{
    uint32_t events = 0;

    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= EPOLLOUT;
    return events;
}

static void
socket_free(struct http_socket *socket)
{
    loop_forget(socket->http->loop, &socket->source);
    TAILQ_REMOVE(&socket->http->sockets, socket, link);
    free(socket);
}

static int
socket_new(struct http *http, curl_socket_t fd, uint32_t events)
{
    struct http_socket *socket = calloc(1, sizeof(*socket));

    if (!socket)
        return -1;
    socket->http = http;
    socket->source = (struct loop_source){.fd = fd, .ready = socket_ready, .owner = socket};
    TAILQ_INSERT_TAIL(&http->sockets, socket, link);
    if (!loop_watch(http->loop, &socket->source, events, NULL) ||
        curl_multi_assign(http->multi, fd, socket) != CURLM_OK) {
        socket_free(socket);
        return -1;
    }
    return 0;
}

/*
 * libcurl (7.88.1, lib/cf-socket.c) closes the socket of an attempt to connect that it gives up without a word.  Where
 * it makes the next attempt in the same moment, that gets the same descriptor, and libcurl, which only looks for
 * changes of descriptors and events, does not call on_socket.  So it is here that the new socket comes to be watched in
 * place of the old one.
 */
static curl_socket_t
on_open_socket(void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_exchange *exchange = owner;
    struct http *http = exchange->http;
    struct http_socket *socket_before;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    exchange->connecting = true;
    exchange->socket_asked_for = true;
    exchange->no_socket = fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS);
    (void) purpose; /* CURLSOCKTYPE_IPCXN; there is no other but for active FTP */
    for (socket_before = TAILQ_FIRST(&http->sockets); socket_before && socket_before->source.fd != fd;
         socket_before = TAILQ_NEXT(socket_before, link))
        ;
    if (fd < 0 || !socket_before)
        return fd;
    loop_forget(http->loop, &socket_before->source);
    if (!loop_watch(http->loop, &socket_before->source, socket_before->source.events, NULL)) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

/* A refusal may be there so soon that on_socket never hears of the socket. */
static int
on_close_socket(void *owner, curl_socket_t fd)
{
    struct http *http = owner;

    http->has_closed = true;
    return close(fd);
}

static bool
follow_sockets(struct http_exchange *exchange)
{
    CURL *easy = exchange->easy;

    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, exchange->http) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket) == CURLE_OK;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *known)
{
    struct http *http = owner;
    struct http_socket *socket = known;
    struct http_exchange *exchange = exchange_of(easy);

    if (exchange && (what == CURL_POLL_IN || what == CURL_POLL_INOUT)) {
        exchange->connecting = false;
        http_answer_note_connection(exchange, fd);
    }
    if (what == CURL_POLL_REMOVE) {
        if (socket)
            socket_free(socket);
        http->has_closed = true;
        return 0;
    }
    if (!socket)
        return socket_new(http, fd, wanted_events(what));
    return loop_change(http->loop, &socket->source, wanted_events(what), NULL) ? 0 : -1;
}

/*
 * http
 */

static bool
is_hash_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && strcmp(name + 8, ".0") == 0;
}

static bool
roots_are_hashed(void)
{
    DIR *folder = opendir(HTTP_ROOTS_FOLDER);
    const struct dirent *entry;
    unsigned count = 0;

    if (!folder)
        return false;
    while (count < HASHED_ROOTS_MIN && (entry = readdir(folder)))
        count += is_hash_name(entry->d_name);
    closedir(folder);
    return count >= HASHED_ROOTS_MIN;
}

static bool
multi_create(struct http *http)
{
    CURLM *multi = curl_multi_init();

    http->multi = multi;
    return multi && curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long) CURLPIPE_NOTHING) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX) == CURLM_OK &&
           curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX) == CURLM_OK;
}

struct http *
http_create_with(struct loop *loop, struct resolver *resolver, struct failure *failure)
{
    struct http *http = calloc(1, sizeof(*http));

    if (!http || !curl_memory_init()) {
        failure_set(failure, "memory", "libcurl cannot be set up: there is no memory");
        free(http);
        resolver_free(resolver);
        return NULL;
    }
    http->loop = loop;
    http->resolver = resolver;
    http->timer = (struct loop_timer){.fire = timer_fired, .owner = http};
    http->has_hashed_roots = roots_are_hashed();
    TAILQ_INIT(&http->sockets);
    TAILQ_INIT(&http->exchanges);
    if (!multi_create(http)) {
        failure_set(failure, "network", "libcurl %s refuses an option that the helper needs",
                    curl_version_info(CURLVERSION_NOW)->version);
        http_free(http);
        return NULL;
    }
    return http;
}

struct http *
http_create(struct loop *loop, struct failure *failure)
{
    struct resolver *resolver = resolver_create(loop, failure);

    return resolver ? http_create_with(loop, resolver, failure) : NULL;
}

void
http_free(struct http *http)
{
    struct http_exchange *exchange, *next_exchange;
    struct http_socket *socket, *next_socket;

    if (!http)
        return;
    for (exchange = TAILQ_FIRST(&http->exchanges); exchange; exchange = next_exchange) {
        next_exchange = TAILQ_NEXT(exchange, link);
        exchange_drop(exchange);
    }
    (void) curl_multi_cleanup(http->multi); /* closes the kept connections, with on_socket and on_timer */
    for (socket = TAILQ_FIRST(&http->sockets); socket; socket = next_socket) {
        next_socket = TAILQ_NEXT(socket, link);
        socket_free(socket);
    }
    loop_timer_stop(http->loop, &http->timer);
    resolver_free(http->resolver);
    free(http);
    curl_global_cleanup();
}
