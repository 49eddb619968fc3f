/*
 * network_probe.c: see network_probe.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "network_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "cleanup.h"

struct probe {
    struct loop *loop;
    int fd;
    enum network_probe_end end;
    int error;
    bool done;
};

/* Length of what was filled in; 0 when it is no address. */
static socklen_t
fill_address(const char *address, unsigned short port, struct sockaddr_storage *filled)
{
    struct sockaddr_in *ipv4 = (void *) filled;
    struct sockaddr_in6 *ipv6 = (void *) filled;
    char bare[INET6_ADDRSTRLEN] = "";
    size_t length = strcspn(address, "]");

    memset(filled, 0, sizeof(*filled));
    if (inet_pton(AF_INET, address, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        return sizeof(*ipv4);
    }
    if (address[0] == '[') {
        address++;
        length--;
    }
    if (length >= sizeof(bare))
        return 0;
    memcpy(bare, address, length);
    if (inet_pton(AF_INET6, bare, &ipv6->sin6_addr) != 1)
        return 0;
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    return sizeof(*ipv6);
}

static void
finish(struct probe *probe, enum network_probe_end end, int error)
{
    probe->end = end;
    probe->error = error;
    probe->done = true;
    loop_stop(probe->loop);
}

static void
answered(void *owner, uint32_t events)
{
    struct probe *probe = owner;
    int error = 0;
    socklen_t size = sizeof(error);

    (void) events;
    if (probe->done)
        return;
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    finish(probe, error == 0 ? NETWORK_PROBE_OPEN : NETWORK_PROBE_CLOSED, error);
}

static void
deadline_came(void *owner)
{
    struct probe *probe = owner;

    if (!probe->done)
        finish(probe, NETWORK_PROBE_SILENT, ETIMEDOUT);
}

static void
wait_for_answer(struct probe *probe, struct deadline deadline)
{
    struct loop_source source = {.fd = probe->fd, .ready = answered, .owner = probe};
    struct loop_timer timer = {.fire = deadline_came, .owner = probe};
    struct failure failure;

    if (!loop_watch(probe->loop, &source, EPOLLOUT, &failure)) {
        probe->error = errno;
        return;
    }
    loop_timer_start(probe->loop, &timer, deadline);
    while (!probe->done && loop_run(probe->loop, &failure))
        continue;
    loop_timer_stop(probe->loop, &timer);
    loop_forget(probe->loop, &source);
}

enum network_probe_end
network_probe(struct loop *loop, const char *address, unsigned short port, struct deadline deadline)
{
    struct probe probe = {.loop = loop, .fd = -1, .end = NETWORK_PROBE_CLOSED, .error = EINVAL};
    struct sockaddr_storage to;
    socklen_t size = fill_address(address, port, &to);
    AUTO_CLOSE int fd = -1;

    errno = EINVAL;
    fd = size > 0 ? socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;

    if (fd >= 0 && connect(fd, (struct sockaddr *) &to, size) == 0)
        return NETWORK_PROBE_OPEN;
    if (fd < 0 || errno != EINPROGRESS)
        return NETWORK_PROBE_CLOSED;
    probe.fd = fd;
    wait_for_answer(&probe, deadline);
    errno = probe.error;
    return probe.end;
}
