/*
 * Accepting connections.
 *
 * SPDX-License-Identifier: MIT
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "conversation.h"
#include "stop_signal.h"

#define LISTENERS_MAX   8
#define IDLE_TIMEOUT    300
#define ACCEPT_AGAIN_MS 200

struct listener {
    struct server *server;
    struct loop_source source;
};

struct server {
    struct service *service;
    enum server_sockets sockets;
    struct listener listeners[LISTENERS_MAX];
    int listener_count;
    bool accepting;
    bool ends_with_the_last; /* conversation: it is the only one, or the helper was told to stop */
    bool draining;           /* our own sockets refuse by now; whoever waits in them is still served */
    struct stop_signal stop_signal;
    struct loop_timer idle;
    struct loop_timer accept_again;
    struct loop_timer patience; /* with what is under way, once the helper was told to stop */
    struct conversation *conversations[SERVER_CONVERSATIONS];
    size_t conversation_count;
};

/* Stop or go on taking connections; what waits in the backlog is not lost. */
static void
accept_connections(struct server *server, bool wanted)
{
    if (server->accepting == wanted)
        return;
    for (int i = 0; i < server->listener_count; i++)
        loop_change(server->service->loop, &server->listeners[i].source, wanted ? EPOLLIN : 0, NULL);
    server->accepting = wanted;
}

static void
accept_again(void *owner)
{
    struct server *server = owner;

    accept_connections(server, server->conversation_count < SERVER_CONVERSATIONS);
}

static void
idle_too_long(void *owner)
{
    const struct server *server = owner;

    loop_stop(server->service->loop);
}

static void
start_idle_timer(struct server *server)
{
    const struct shared_configuration *current = server->service->current;
    int seconds = current != NULL ? current->configuration->settings->helper.idle_timeout : IDLE_TIMEOUT;

    if (server->sockets == SERVER_SOCKETS_INHERITED)
        loop_timer_start(server->service->loop, &server->idle, deadline_in_ms((int64_t) seconds * 1000));
}

static bool accept_one(const struct listener *listener);

/* As many as there is room for; each that ends makes room for another. */
static void
accept_who_waits(struct server *server)
{
    for (int i = 0; i < server->listener_count; i++)
        while (server->conversation_count < SERVER_CONVERSATIONS && accept_one(&server->listeners[i]))
            ;
    loop_timer_stop(server->service->loop, &server->accept_again); /* nobody is left, or not to be had now */
}

static void
conversation_has_ended(void *owner, struct conversation *conversation)
{
    struct server *server = owner;

    for (size_t i = 0; i < server->conversation_count; i++)
        if (server->conversations[i] == conversation) {
            server->conversations[i] = server->conversations[--server->conversation_count];
            break;
        }
    if (server->draining)
        accept_who_waits(server);
    if (!server->ends_with_the_last) {
        accept_connections(server, true);
        if (server->conversation_count == 0)
            start_idle_timer(server);
    } else if (server->conversation_count == 0) {
        loop_stop(server->service->loop);
    }
}

/* What a user may have of us: so many conversations at a time, so many connections a minute, and not root's share. */
static bool
user_has_too_many(struct server *server, uid_t peer)
{
    unsigned count = 0;

    if (peer == 0)
        return false;
    for (size_t i = 0; i < server->conversation_count; i++)
        if (conversation_peer(server->conversations[i]) == peer)
            count++;
    return count >= SERVER_CONVERSATIONS_PER_USER ||
           server->conversation_count >= SERVER_CONVERSATIONS - SERVER_CONVERSATIONS_OF_ROOT ||
           !rate_take(&server->service->rates, peer, RATE_CONNECTION, SERVER_CONNECTIONS_PER_MINUTE, monotonic_ms());
}

static bool
converse(struct server *server, int fd, uid_t peer, struct failure *failure)
{
    struct conversation *conversation =
        conversation_start(server->service, fd, peer, conversation_has_ended, server, failure);

    if (conversation == NULL)
        return false;
    loop_timer_stop(server->service->loop, &server->idle);
    server->conversations[server->conversation_count++] = conversation;
    if (server->conversation_count == SERVER_CONVERSATIONS)
        accept_connections(server, false);
    return true;
}

/* Out of descriptors or memory: leave the backlog alone for a moment, or the loop would spin on it. */
static void
rest_from_accepting(struct server *server)
{
    accept_connections(server, false);
    loop_timer_start(server->service->loop, &server->accept_again, deadline_in_ms(ACCEPT_AGAIN_MS));
}

/* False when there is nobody to accept, or no means to. */
static bool
accept_one(const struct listener *listener)
{
    int fd = accept4(listener->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct failure failure;
    uid_t peer;

    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            rest_from_accepting(listener->server);
        return false;
    }
    if (!conversation_peer_of(fd, &peer, &failure) || user_has_too_many(listener->server, peer))
        close(fd);
    else if (!converse(listener->server, fd, peer, &failure))
        rest_from_accepting(listener->server);
    return true;
}

static void
connection_came(void *owner, uint32_t events)
{
    (void) events;
    (void) accept_one(owner);
}

static bool
watch_listeners(struct server *server, const int *sockets, int count, struct failure *failure)
{
    if (count > LISTENERS_MAX)
        return failure_set(failure, "socket", "%d sockets to listen on, at most %d are expected", count, LISTENERS_MAX);
    for (int i = 0; i < count; i++) {
        struct listener *listener = &server->listeners[i];

        listener->server = server;
        listener->source = (struct loop_source){.fd = sockets[i], .ready = connection_came, .owner = listener};
        if (!loop_watch(server->service->loop, &listener->source, EPOLLIN, failure))
            return false;
        server->listener_count++;
    }
    server->accepting = true;
    return true;
}

static void
forget_listeners(struct server *server)
{
    for (int i = 0; i < server->listener_count; i++)
        loop_forget(server->service->loop, &server->listeners[i].source);
    loop_timer_stop(server->service->loop, &server->accept_again);
    loop_timer_stop(server->service->loop, &server->idle);
}

/*
 * Nobody connects to our own socket from now on, and whoever waits in its backlog is served: it has no other helper to
 * wait for.  (A Unix socket that is shut down refuses connections, and still gives out those that came before.)
 */
static void
stop_listening(struct server *server)
{
    forget_listeners(server);
    if (server->sockets != SERVER_SOCKETS_OWN)
        return;
    for (int i = 0; i < server->listener_count; i++)
        (void) shutdown(server->listeners[i].source.fd, SHUT_RD);
    server->draining = true;
    accept_who_waits(server);
}

/* The last one's place is taken by one that has been looked at already. */
static void
end_conversations(struct server *server, bool only_silent)
{
    for (size_t i = server->conversation_count; i > 0; i--)
        if (!only_silent || !conversation_has_asked(server->conversations[i - 1]))
            conversation_stop(server->conversations[i - 1]);
}

static void
end_all(void *owner)
{
    struct server *server = owner;

    server->draining = false;
    end_conversations(server, false);
}

/* Whoever has not asked yet had the time to, and may be somebody who never will. */
static void
end_silent(void *owner)
{
    struct server *server = owner;
    int whole = server->sockets == SERVER_SOCKETS_OWN ? SERVER_STOP_OWN_MS : SERVER_STOP_MS;

    end_conversations(server, true);
    server->patience.fire = end_all;
    loop_timer_start(server->service->loop, &server->patience, deadline_in_ms(whole - SERVER_STOP_SILENT_MS));
}

/* Let what is under way come to its end; whoever asks a second time will not wait for that. */
static void
told_to_stop(void *owner)
{
    struct server *server = owner;

    if (server->ends_with_the_last) {
        end_all(server);
        return;
    }
    server->ends_with_the_last = true;
    stop_listening(server);
    if (server->conversation_count == 0)
        loop_stop(server->service->loop);
    else
        loop_timer_start(server->service->loop, &server->patience, deadline_in_ms(SERVER_STOP_SILENT_MS));
}

static struct server *
server_create(struct service *service, struct failure *failure)
{
    struct server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        failure_set(failure, "memory", "out of memory");
        return NULL;
    }
    server->service = service;
    server->idle = (struct loop_timer){.fire = idle_too_long, .owner = server};
    server->accept_again = (struct loop_timer){.fire = accept_again, .owner = server};
    server->patience = (struct loop_timer){.fire = end_silent, .owner = server};
    return server;
}

/* What of the server the loop holds on to must not outlive it. */
static bool
run_loop(struct server *server, struct failure *failure)
{
    bool good = loop_run(server->service->loop, failure);

    forget_listeners(server);
    loop_timer_stop(server->service->loop, &server->patience);
    return good;
}

bool
server_run(struct service *service, const int *sockets, int count, enum server_sockets kind, struct failure *failure)
{
    AUTO_FREE struct server *server = server_create(service, failure);
    bool good;

    if (server == NULL)
        return false;
    server->sockets = kind;
    if (!stop_signal_watch(&server->stop_signal, service->loop, told_to_stop, server, failure))
        return false;
    good = watch_listeners(server, sockets, count, failure);
    if (good) {
        if (!service_is_reading(service)) { /* else these would have to go again with what they inherited */
            worker_pool_warm(service->mappers[RATE_LOGIN]);
            worker_pool_warm(service->mappers[RATE_CLICK]);
        }
        start_idle_timer(server);
        good = run_loop(server, failure);
    }
    stop_signal_forget(&server->stop_signal);
    return good;
}

bool
server_run_one(struct service *service, int fd, struct failure *failure)
{
    AUTO_FREE struct server *server = server_create(service, failure);
    uid_t peer;

    if (server == NULL)
        return false;
    server->ends_with_the_last = true;
    if (!conversation_peer_of(fd, &peer, failure)) {
        close(fd);
        return false;
    }
    return converse(server, fd, peer, failure) && run_loop(server, failure);
}
