/*
 * metadata_probe.c: asking the instance metadata service for a token, as somebody else.
 *
 * With plain sockets, in a process that does nothing else: what becomes an ordinary user carries as little of the
 * helper along as can be.  Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
 *
 * SPDX-License-Identifier: MIT
 */
#include "metadata_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "deadline.h"
#include "descriptor.h"
#include "endpoint.h"
#include "privileges.h"

#define NOBODY_GID   ((gid_t) 65534)
#define ANSWER_LIMIT ((size_t) 16384)
#define TOKEN_MAX    1024
#define HTTP_PORT    "80"

/* ---- where ------------------------------------------------------------------------------------------------------- */

struct metadata_address {
    char host[256]; /* as the Host header has it */
    struct sockaddr_storage address;
    socklen_t length;
};

/* "127.0.0.1:8080", "169.254.169.254", "[fd00:ec2::254]": into its two parts. */
static void
split_host(char *host, const char **name, const char **port)
{
    char *end = host[0] == '[' ? strchr(host, ']') : NULL;
    char *colon = strrchr(end != NULL ? end : host, ':');

    *port = HTTP_PORT;
    if (colon != NULL) {
        *colon = '\0';
        *port = colon + 1;
    }
    if (end != NULL)
        *end = '\0';
    *name = end != NULL ? host + 1 : host;
}

/* No name server is asked. */
static bool
find_address(const char *endpoint, struct metadata_address *where)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[sizeof(where->host)];
    const char *name;
    const char *port;

    if (strncmp(endpoint, "http://", strlen("http://")) != 0 ||
        !endpoint_host(endpoint, where->host, sizeof(where->host)))
        return false;
    memcpy(host, where->host, sizeof(host));
    split_host(host, &name, &port);
    if (getaddrinfo(name, port, &hints, &found) != 0)
        return false;
    where->length = found->ai_addrlen;
    memcpy(&where->address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

/* ---- one request ------------------------------------------------------------------------------------------------- */

static int
connect_by(const struct metadata_address *where, struct deadline deadline)
{
    AUTO_CLOSE int fd =
        descriptor_lift(socket(where->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    int error = 0;
    socklen_t size = sizeof(error);

    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *) &where->address, where->length) == 0)
        return TAKE_FD(fd);
    if (errno != EINPROGRESS)
        return -1;
    if (deadline_poll(fd, POLLOUT, deadline) != 1) {
        errno = ETIMEDOUT;
        return -1;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return -1;
    errno = error;
    return error == 0 ? TAKE_FD(fd) : -1;
}

/* What comes until the connection or the time ends: whoever does not hang up has answered all the same. */
static void
receive_all(int fd, struct deadline deadline, struct buffer *answer)
{
    while (deadline_poll(fd, POLLIN, deadline) == 1 && buffer_reserve(answer, 1024)) {
        ssize_t now = recv(fd, answer->data + answer->length, 1024, 0);

        if (now == 0 || (now < 0 && errno != EAGAIN && errno != EINTR))
            return;
        answer->length += now > 0 ? (size_t) now : 0;
        buffer_terminate(answer);
    }
}

/* The status; NOT_HTTP when what came is none, or nothing did; NO_CONNECTION with errno. */
#define NOT_HTTP      0
#define NO_CONNECTION (-1)

static long
ask(const struct metadata_address *where, const struct buffer *request, struct deadline deadline, struct buffer *answer)
{
    AUTO_CLOSE int fd = connect_by(where, deadline);
    const char *status;

    if (fd < 0)
        return NO_CONNECTION;
    /* So short a request fits the socket's buffer at once. */
    if (send(fd, request->data, request->length, MSG_NOSIGNAL) == (ssize_t) request->length)
        receive_all(fd, deadline, answer);
    if (answer->length == 0 || strncmp(answer->data, "HTTP/1.", strlen("HTTP/1.")) != 0)
        return NOT_HTTP;
    status = strchr(answer->data, ' ');
    return status != NULL ? strtol(status, NULL, 10) : NOT_HTTP;
}

/* The body, cut at its first line end; "" where there is none. */
static const char *
first_line_of_body(struct buffer *answer)
{
    char *body = answer->data != NULL ? strstr(answer->data, "\r\n\r\n") : NULL;

    if (body == NULL)
        return "";
    body += strlen("\r\n\r\n");
    body[strcspn(body, "\r\n")] = '\0';
    return body;
}

/* ---- the process ------------------------------------------------------------------------------------------------- */

static long
ask_for_token(const struct metadata_address *where, struct deadline deadline, struct buffer *answer)
{
    AUTO_BUFFER struct buffer request = BUFFER(ANSWER_LIMIT);

    if (!buffer_append_format(
            &request,
            "PUT /latest/api/token HTTP/1.1\r\nHost: %s\r\n"
            "X-aws-ec2-metadata-token-ttl-seconds: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            where->host)) {
        errno = ENOMEM;
        return NO_CONNECTION;
    }
    return ask(where, &request, deadline, answer);
}

static bool
is_token(const char *text)
{
    return text[0] != '\0' && strlen(text) <= TOKEN_MAX &&
           text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_")] == '\0';
}

#define ROLE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-" /* IAM's */

/* The status of asking for the name of the role; token "": as version 1 of the service, which wants none. */
static long
ask_for_role(const struct metadata_address *where, const char *token, struct deadline deadline,
             struct metadata_probe *probe)
{
    AUTO_BUFFER struct buffer request = BUFFER(ANSWER_LIMIT);
    AUTO_BUFFER struct buffer answer = BUFFER(ANSWER_LIMIT);
    long status = NO_CONNECTION;
    const char *role;

    if (buffer_append_format(&request, "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\nHost: %s\r\n",
                             where->host) &&
        (token[0] == '\0' || buffer_append_format(&request, "X-aws-ec2-metadata-token: %s\r\n", token)) &&
        buffer_append_text(&request, "Connection: close\r\n\r\n"))
        status = ask(where, &request, deadline, &answer);
    if (status != 200)
        return status;
    role = first_line_of_body(&answer);
    if (role[0] != '\0' && role[strspn(role, ROLE_CHARACTERS)] == '\0')
        snprintf(probe->role, sizeof(probe->role), "%s", role);
    return status;
}

/* What keeps connections away is no lack of our own. */
static bool
is_kept_away(int error)
{
    return error == ECONNREFUSED || error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH ||
           error == EPERM || error == EACCES;
}

/* Version 2 gives a token, and with that in hand, whatever else is not answered, it is open.  Version 1 asks for none.
 */
static void
find_out(const struct metadata_address *where, struct deadline deadline, struct metadata_probe *probe)
{
    AUTO_BUFFER struct buffer answer = BUFFER(ANSWER_LIMIT);
    long status = ask_for_token(where, deadline_earlier(deadline, deadline_in_ms(METADATA_PROBE_MS / 2)), &answer);
    const char *token = status == 200 ? first_line_of_body(&answer) : "";

    if (status == NO_CONNECTION) {
        probe->reach = is_kept_away(errno) ? METADATA_BLOCKED : METADATA_UNKNOWN;
        snprintf(probe->trouble, sizeof(probe->trouble), "%s", strerror(errno));
    } else if (is_token(token)) {
        probe->reach = ask_for_role(where, token, deadline, probe) == 404 ? METADATA_OPEN_WITHOUT_ROLE : METADATA_OPEN;
    } else if (ask_for_role(where, "", deadline, probe) == 200 && probe->role[0] != '\0') {
        probe->reach = METADATA_OPEN;
    } else if (status == NOT_HTTP) {
        snprintf(probe->trouble, sizeof(probe->trouble), "it takes connections, but does not answer in HTTP");
    } else {
        probe->reach = METADATA_DENIES;
        probe->status = status;
    }
}

/* As nobody may have to: this process gives up all that it could still be of use for to that user. */
static bool
become(uid_t uid)
{
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(NOBODY_GID, NOBODY_GID, NOBODY_GID) != 0 ||
                           setresuid(uid, uid, uid) != 0))
        return false;
    process_keep_secrets(); /* that user could trace us otherwise */
    return geteuid() == uid && getuid() == uid && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

static void
work(int pipe, const struct metadata_address *where, struct deadline deadline, struct metadata_probe *probe)
{
    if (become(probe->uid))
        find_out(where, deadline, probe);
    else
        snprintf(probe->trouble, sizeof(probe->trouble), "the process could not become that user");
    _exit(descriptor_write_all(pipe, (const char *) probe, sizeof(*probe)) ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- the caller -------------------------------------------------------------------------------------------------- */

/* What a process of that user's says is believed as far as it goes: its size, its uid, and texts that end. */
static bool
receive(int pipe, struct deadline deadline, struct metadata_probe *probe)
{
    struct metadata_probe received;
    uid_t uid = probe->uid;

    /* One write of less than PIPE_BUF bytes comes as a whole (pipe(7)). */
    if (deadline_poll(pipe, POLLIN, deadline) != 1 || read(pipe, &received, sizeof(received)) != sizeof(received) ||
        received.uid != uid || received.reach > METADATA_OPEN)
        return false;
    received.role[sizeof(received.role) - 1] = '\0';
    received.trouble[sizeof(received.trouble) - 1] = '\0';
    memcpy(received.endpoint, probe->endpoint, sizeof(received.endpoint));
    *probe = received;
    return true;
}

void
metadata_probe_run(const char *endpoint, uid_t uid, struct metadata_probe *probe)
{
    struct deadline deadline = deadline_in_ms(METADATA_PROBE_MS);
    struct metadata_address where = {.length = 0};
    int ends[2];
    pid_t pid;

    *probe = (struct metadata_probe){.uid = uid, .reach = METADATA_UNKNOWN};
    snprintf(probe->endpoint, sizeof(probe->endpoint), "%s", endpoint);
    snprintf(probe->trouble, sizeof(probe->trouble), "the process for it could not be started, or was ended");
    if (!find_address(endpoint, &where)) {
        snprintf(probe->trouble, sizeof(probe->trouble), "that is not http:// and an address");
        return;
    }
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        work(ends[1], &where, deadline, &(struct metadata_probe){.uid = uid, .reach = METADATA_UNKNOWN});
    }
    close(ends[1]);
    if (pid > 0) {
        /* It ends by the deadline itself, and then tells. */
        (void) receive(ends[0], deadline_in_ms(deadline_left_ms(deadline) + METADATA_PROBE_MS / 2), probe);
        (void) kill(pid, SIGKILL);
        (void) waitpid(pid, NULL, WNOHANG);
    }
    close(ends[0]);
}

const char *
metadata_probe_other_family(const char *endpoint)
{
    static const char ipv4[] = "http://169.254.169.254";
    static const char ipv6[] = "http://[fd00:ec2::254]";
    struct metadata_address where = {.length = 0};

    if (!find_address(endpoint, &where))
        return NULL;
    if (strcmp(where.host, ipv4 + strlen("http://")) == 0)
        return ipv6;
    return strcmp(where.host, ipv6 + strlen("http://")) == 0 ? ipv4 : NULL;
}
