/*
 * Accepting connections.
 *
 * SPDX-License-Identifier: MIT
 */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "conversation.h"
#include "journal.h"

#define LISTENERS_MAX   8
#define IDLE_TIMEOUT    300
#define ACCEPT_AGAIN_MS 200
#define LISTEN_BACKLOG  1024

struct listener {
    struct server *server;
    struct loop_source source;
};

struct server {
    struct service *service;
    struct listener listeners[LISTENERS_MAX];
    int listener_count;
    bool accepting;
    bool idle_exit;
    bool one_conversation;
    struct loop_timer idle;
    struct loop_timer accept_again;
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

    if (server->idle_exit)
        loop_timer_start(server->service->loop, &server->idle, deadline_in_ms((int64_t) seconds * 1000));
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
    if (server->one_conversation)
        loop_stop(server->service->loop);
    accept_connections(server, true);
    if (server->conversation_count == 0)
        start_idle_timer(server);
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

static void
connection_came(void *owner, uint32_t events)
{
    const struct listener *listener = owner;
    int fd = accept4(listener->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct failure failure;
    uid_t peer;

    (void) events;
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            rest_from_accepting(listener->server);
        return;
    }
    if (!conversation_peer_of(fd, &peer, &failure) || user_has_too_many(listener->server, peer))
        close(fd);
    else if (!converse(listener->server, fd, peer, &failure))
        rest_from_accepting(listener->server);
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
    return server;
}

/* What of the server the loop holds on to must not outlive it. */
static bool
run_loop(struct server *server, struct failure *failure)
{
    bool good = loop_run(server->service->loop, failure);

    loop_timer_stop(server->service->loop, &server->idle);
    loop_timer_stop(server->service->loop, &server->accept_again);
    for (int i = 0; i < server->listener_count; i++)
        loop_forget(server->service->loop, &server->listeners[i].source);
    return good;
}

bool
server_run(struct service *service, const int *sockets, int count, bool idle_exit, struct failure *failure)
{
    AUTO_FREE struct server *server = server_create(service, failure);

    if (server == NULL)
        return false;
    server->idle_exit = idle_exit;
    if (!watch_listeners(server, sockets, count, failure))
        return false;
    worker_pool_warm(service->mappers[RATE_LOGIN]);
    worker_pool_warm(service->mappers[RATE_CLICK]);
    start_idle_timer(server);
    return run_loop(server, failure);
}

bool
server_run_one(struct service *service, int fd, struct failure *failure)
{
    AUTO_FREE struct server *server = server_create(service, failure);
    uid_t peer;

    if (server == NULL)
        return false;
    server->one_conversation = true;
    if (!conversation_peer_of(fd, &peer, failure)) {
        close(fd);
        return false;
    }
    return converse(server, fd, peer, failure) && run_loop(server, failure);
}

/* A socket that nobody listens on any more gives way; one that answers does not. */
static bool
remove_stale(const char *path, const struct sockaddr_un *address, struct failure *failure)
{
    AUTO_CLOSE int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat status;

    if (lstat(path, &status) != 0)
        return errno == ENOENT || failure_set(failure, "socket", "%s: %s", path, strerror(errno));
    if (!S_ISSOCK(status.st_mode))
        return failure_set(failure, "socket", "%s exists and is no socket", path);
    if (probe >= 0 && connect(probe, (const struct sockaddr *) address, sizeof(*address)) != 0 && errno == ECONNREFUSED)
        return unlink(path) == 0 || failure_set(failure, "socket", "%s: %s", path, strerror(errno));
    return failure_set(failure, "socket", "another helper listens on %s already", path);
}

/* As root make what tmpfiles.d would: the folder of the socket, and users/ in it for the session files. */
static bool
make_folders(const char *path, struct failure *failure)
{
    char folder[sizeof(((struct sockaddr_un *) NULL)->sun_path)];
    char users[sizeof(folder) + sizeof("/users")];
    const char *slash = strrchr(path, '/');

    if (slash == NULL || slash == path)
        return failure_set(failure, "socket", "%s: expected an absolute path in a folder of its own", path);
    snprintf(folder, sizeof(folder), "%.*s", (int) (slash - path), path);
    snprintf(users, sizeof(users), "%s/users", folder);
    if ((mkdir(folder, 0755) != 0 && errno != EEXIST) || (mkdir(users, 0711) != 0 && errno != EEXIST))
        return failure_set(failure, "socket", "%s cannot be made: %s", users, strerror(errno));
    return true;
}

static bool
give_socket(const char *path, const struct service_account *account, struct failure *failure)
{
    if (chmod(path, 0666) != 0 || (account != NULL && lchown(path, account->uid, account->gid) != 0))
        return failure_set(failure, "socket", "%s: %s", path, strerror(errno));
    return true;
}

int
server_listen(const char *path, const struct service_account *account, struct failure *failure)
{
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if ((size_t) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path)) {
        failure_set(failure, "socket", "%s is too long for a socket, at most %zu bytes are possible", path,
                    sizeof(address.sun_path) - 1);
        return -1;
    }
    if (account != NULL && !make_folders(path, failure))
        return -1;
    if (!remove_stale(path, &address, failure))
        return -1;
    if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0) {
        failure_set(failure, "socket", "cannot listen on %s: %s", path, strerror(errno));
        return -1;
    }
    return give_socket(path, account, failure) ? TAKE_FD(fd) : -1;
}
