/*
 * helper_client.c: one connection to the helper and one conversation on it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "helper_client.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"
#include "service_account.h"

/* How long to wait before a full backlog is tried again: short at first, for a login storm passes quickly. */
#define FIRST_PAUSE_MS   1
#define LONGEST_PAUSE_MS 20

#define RECEIVE_AT_ONCE 4096

static bool
make_address(const char *path, struct sockaddr_un *address, struct failure *failure)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) >= sizeof(address->sun_path))
        return failure_set(failure, "helper-socket",
                           "the path of the helper's socket must be absolute and shorter than %zu bytes",
                           sizeof(address->sun_path));
    memcpy(address->sun_path, path, strlen(path) + 1);
    return true;
}

static void
pause_for_ms(int64_t milliseconds, struct deadline deadline)
{
    int64_t left = deadline_left_ms(deadline);

    (void) poll(NULL, 0, (int) (milliseconds < left ? milliseconds : left));
}

/*
 * connect(2) on AF_UNIX never waits when the socket is non-blocking: EAGAIN says that the backlog is full.  Returns 0
 * or an errno, EAGAIN when the deadline passed.
 */
static int
connect_by(int fd, const struct sockaddr_un *address, struct deadline deadline)
{
    for (int64_t pause = FIRST_PAUSE_MS;; pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS) {
        if (connect(fd, (const struct sockaddr *) address, sizeof(*address)) == 0)
            return 0;
        if (errno != EAGAIN && errno != EINTR)
            return errno;
        if (deadline_passed(deadline))
            return EAGAIN;
        pause_for_ms(pause, deadline);
    }
}

static bool
is_service_account(uid_t uid)
{
    struct service_account account;

    return service_account_find(&account, NULL) && account.uid == uid;
}

/* What a refused connection means depends on whose socket it is (helper_client.h). */
static enum helper_reach
judge_refusal(const char *path, struct failure *failure)
{
    struct stat status = {0};

    if (lstat(path, &status) != 0 && errno == ENOENT) {
        failure_set(failure, "helper-absent", "there is no helper at %s", path);
        return HELPER_ABSENT;
    }
    bool roots = status.st_uid == 0;
    bool stale = !roots && (status.st_uid == geteuid() || is_service_account(status.st_uid));
    if (S_ISSOCK(status.st_mode) && stale) {
        failure_set(failure, "helper-absent", "nobody listens at %s any more", path);
        return HELPER_ABSENT;
    }
    failure_set(failure, "helper-down", "nobody listens at %s, although a service should; start the helper again",
                path);
    return HELPER_UNREACHABLE;
}

static enum helper_reach
judge_error(int error, const char *path, struct failure *failure)
{
    if (error == ECONNREFUSED)
        return judge_refusal(path, failure);
    if (error == ENOENT || error == ENOTDIR) {
        failure_set(failure, "helper-absent", "there is no helper at %s", path);
        return HELPER_ABSENT;
    }
    if (error == EAGAIN) {
        failure_set(failure, "timeout", "the helper at %s is too busy to take the call; try again in a moment", path);
        return HELPER_UNREACHABLE;
    }
    errno = error;
    failure_set(failure, "helper-socket", "the helper's socket %s cannot be reached: %m", path);
    return HELPER_UNREACHABLE;
}

/*
 * Who called listen(2)?  unix(7): SO_PEERCRED of a connected socket says it.  With socket activation that is systemd,
 * hence root.
 */
static bool
check_server(int fd, const char *path, struct failure *failure)
{
    struct ucred server = {0};
    socklen_t size = sizeof(server);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &size) != 0)
        return failure_set(failure, "helper-socket", "it is not known who listens at %s: %m", path);
    if (server.uid == 0 || server.uid == geteuid() || is_service_account(server.uid))
        return true;
    return failure_set(failure, "helper-untrusted", "uid %u listens at %s; it must be root or %s",
                       (unsigned) server.uid, path, SERVICE_ACCOUNT);
}

enum helper_reach
helper_connect(const char *path, struct deadline deadline, int *fd, struct failure *failure)
{
    AUTO_CLOSE int connected = -1;
    struct sockaddr_un address;
    int error;

    *fd = -1;
    if (!make_address(path, &address, failure))
        return HELPER_UNREACHABLE;
    connected = descriptor_lift(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (connected < 0) {
        failure_set(failure, "helper-socket", "a socket cannot be made: %m");
        return HELPER_UNREACHABLE;
    }
    error = connect_by(connected, &address, deadline);
    if (error != 0)
        return judge_error(error, path, failure);
    if (!check_server(connected, path, failure))
        return HELPER_UNREACHABLE;
    *fd = TAKE_FD(connected);
    return HELPER_CONNECTED;
}

static bool
gone(struct failure *failure)
{
    return failure_set(failure, "helper-gone", "the helper ended the conversation without an answer; its log says why");
}

static bool
wait_for(int fd, short events, struct deadline deadline, struct failure *failure)
{
    switch (deadline_poll(fd, events, deadline)) {
    case 1:
        return true;
    case 0:
        return failure_set(failure, "timeout", "the helper did not answer in time");
    default:
        return failure_set(failure, "helper-gone", "the helper cannot be heard: %m");
    }
}

/*
 * A helper that answers before it has read everything (too many connections, say) may have closed its side already.
 * Its answer can still be received then, so a broken pipe ends the sending and is no failure.
 */
static bool
send_request(int fd, const struct buffer *request, struct deadline deadline, struct failure *failure)
{
    size_t sent = 0;

    while (sent < request->length) {
        if (!wait_for(fd, POLLOUT, deadline, failure))
            return false;
        ssize_t now = send(fd, request->data + sent, request->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (now >= 0)
            sent += (size_t) now;
        else if (errno == EPIPE || errno == ECONNRESET)
            return true;
        else if (errno != EAGAIN && errno != EINTR)
            return failure_set(failure, "helper-gone", "the request cannot be sent to the helper: %m");
    }
    return true;
}

/* recv(2) without control data: descriptors that somebody sends along are thrown away by the kernel. */
static bool
receive_some(int fd, struct buffer *received, struct failure *failure)
{
    size_t room = received->limit - received->length;

    if (room == 0)
        return failure_set(failure, "protocol", "the helper's answer is longer than %d bytes", MESSAGE_LIMIT);
    if (room > RECEIVE_AT_ONCE)
        room = RECEIVE_AT_ONCE;
    if (!buffer_reserve(received, room))
        return failure_set(failure, "protocol", "there is not enough memory for the helper's answer");
    ssize_t now = recv(fd, received->data + received->length, room, MSG_DONTWAIT);
    if (now == 0 || (now < 0 && errno == ECONNRESET))
        return gone(failure);
    if (now < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (now < 0)
        return failure_set(failure, "helper-gone", "the helper's answer cannot be received: %m");
    received->length += (size_t) now;
    buffer_terminate(received);
    return true;
}

bool
helper_ask(int fd, const struct buffer *request, struct deadline deadline, struct message *answer,
           struct failure *failure)
{
    AUTO_BUFFER struct buffer received = BUFFER(MESSAGE_LIMIT);

    if (!send_request(fd, request, deadline, failure))
        return false;
    while (received.data == NULL || message_length(received.data, received.length) == 0) {
        if (!wait_for(fd, POLLIN, deadline, failure) || !receive_some(fd, &received, failure))
            return false;
    }
    return message_parse(answer, received.data, received.length, failure);
}
