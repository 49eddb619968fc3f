/*
 * scripted_server.h: an HTTP server on loopback that misbehaves as the path of the request says.
 *
 * It is a process of its own with one more for each connection, so that it may block as it likes.  What it saw is in
 * memory that it shares with the test.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SCRIPTED_SERVER_H
#define SCRIPTED_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SERVER_REQUEST_SIZE 65536

struct server_seen {
    unsigned connections;
    unsigned requests;
    char last_request[SERVER_REQUEST_SIZE]; /* head and body */
};

struct scripted_server {
    pid_t pid;
    int port;
    struct server_seen *seen;
};

static inline int
listen_on_loopback(int backlog, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *) &address, size) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, (struct sockaddr *) &address, &size) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return fd;
}

static inline bool
say_bytes(int fd, const void *data, size_t length)
{
    return send(fd, data, length, MSG_NOSIGNAL) == (ssize_t) length;
}

static inline bool
say_text(int fd, const char *text)
{
    return say_bytes(fd, text, strlen(text));
}

static inline void
say_whole_answer(int fd, const char *status, const char *headers, const char *body)
{
    char text[4096];

    (void) snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(body),
                    body);
    say_text(fd, text);
}

static inline void
hang(int fd)
{
    char byte;

    while (recv(fd, &byte, 1, 0) > 0)
        ;
}

static inline void
say_fifty_megabytes(int fd, bool with_length)
{
    static char block[65536];

    say_text(fd, with_length ? "HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n");
    for (unsigned i = 0; i < 800; i++) {
        if (!say_bytes(fd, block, sizeof(block)))
            return;
    }
}

static inline void
say_many_headers(int fd)
{
    say_text(fd, "HTTP/1.1 200 OK\r\n");
    for (unsigned i = 0; i < 1000; i++) {
        if (!say_text(fd, "X-Header: value\r\n"))
            return;
    }
    say_text(fd, "Content-Length: 0\r\n\r\n");
}

static inline void
say_long_header(int fd)
{
    say_text(fd, "HTTP/1.1 200 OK\r\nX-Header: ");
    for (unsigned i = 0; i < 5000; i++) {
        if (!say_text(fd, "0123456789"))
            return;
    }
    say_text(fd, "\r\nContent-Length: 0\r\n\r\n");
}

/* Answers that end the connection.  False when the path is none of them. */
static inline bool
answer_badly(int fd, const char *path)
{
    if (strcmp(path, "/close") == 0)
        return true;
    if (strcmp(path, "/hang") == 0)
        hang(fd);
    else if (strcmp(path, "/garbage") == 0)
        say_text(fd, "SSH-2.0-OpenSSH_9.2p1\r\nthis is not HTTP\r\n\r\n");
    else if (strcmp(path, "/truncated") == 0)
        say_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    else if (strcmp(path, "/truncated-chunk") == 0)
        say_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nonly this");
    else if (strcmp(path, "/half-headers") == 0)
        say_text(fd, "HTTP/1.1 200 OK\r\nContent-"), hang(fd);
    else if (strcmp(path, "/half-body") == 0)
        say_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"), hang(fd);
    else if (strcmp(path, "/big") == 0)
        say_fifty_megabytes(fd, false);
    else if (strcmp(path, "/big-declared") == 0)
        say_fifty_megabytes(fd, true);
    else if (strcmp(path, "/many-headers") == 0)
        say_many_headers(fd);
    else if (strcmp(path, "/long-header") == 0)
        say_long_header(fd);
    else if (strcmp(path, "/switch") == 0)
        say_text(fd, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    else
        return false;
    return true;
}

/* False when the connection is to be closed. */
static inline bool
answer_request(int fd, const char *method, const char *path, unsigned number)
{
    char status[32];

    if (strcmp(method, "CONNECT") == 0) {
        say_whole_answer(fd, "403 Forbidden", "", "no tunnels here");
        return false;
    }
    if (answer_badly(fd, path) || (strcmp(path, "/only-once") == 0 && number > 1))
        return false;
    if (strncmp(path, "/status/", 8) == 0) {
        (void) snprintf(status, sizeof(status), "%.3s Some Words", path + 8);
        say_whole_answer(fd, status, "", "body of it");
    } else if (strcmp(path, "/redirect") == 0) {
        say_whole_answer(fd, "302 Found", "Location: /ok\r\n", "");
    } else if (strcmp(path, "/continue") == 0) {
        say_text(fd, "HTTP/1.1 100 Continue\r\n\r\n");
        say_whole_answer(fd, "200 OK", "", "after all");
    } else if (strcmp(path, "/aws") == 0) {
        say_whole_answer(fd, "400 Bad Request",
                         "x-amzn-RequestId:  1234-abcd \r\nX-Amzn-ErrorType: ValidationException:http://x/\r\n"
                         "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nx-amzn-requestid: second\r\n",
                         "{}");
    } else if (strcmp(path, "/strange-headers") == 0) {
        say_whole_answer(fd, "200 OK", "x-amz-request-id: a\x01\x1b[31mb\xc3\xa9\r\nx-amzn-errortype:\r\n", "");
    } else {
        say_whole_answer(fd, "200 OK", "", "hello");
    }
    return strcmp(path, "/closing") != 0;
}

/* Head and body into the shared memory; false at the end of the connection. */
static inline bool
read_request(int fd, char *text)
{
    size_t length = 0;
    size_t wanted = 0;

    while (wanted == 0 || length < wanted) {
        ssize_t got = recv(fd, text + length, SERVER_REQUEST_SIZE - 1 - length, 0);
        const char *end, *declared;

        if (got <= 0)
            return false;
        length += (size_t) got;
        text[length] = '\0';
        end = strstr(text, "\r\n\r\n");
        if (!end || wanted > 0)
            continue;
        declared = strstr(text, "Content-Length: ");
        wanted = (size_t) (end - text) + 4 + (declared ? strtoul(declared + 16, NULL, 10) : 0);
    }
    return true;
}

static inline void
serve_connection(int fd, struct server_seen *seen)
{
    static char text[SERVER_REQUEST_SIZE];
    unsigned number = 0;
    char method[16];
    char path[512];

    while (read_request(fd, text)) {
        number++;
        memcpy(seen->last_request, text, strlen(text) + 1);
        __atomic_add_fetch(&seen->requests, 1, __ATOMIC_SEQ_CST);
        if (sscanf(text, "%15s %511s", method, path) != 2 || !answer_request(fd, method, path, number))
            return;
    }
}

static inline void
serve_as_tls_imitator(int fd, struct server_seen *seen)
{
    (void) seen;
    say_text(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    shutdown(fd, SHUT_WR);
    hang(fd);
}

static inline struct scripted_server
scripted_server_start(void (*serve)(int fd, struct server_seen *seen))
{
    struct scripted_server server;
    int listener = listen_on_loopback(128, &server.port);

    server.seen = mmap(NULL, sizeof(*server.seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server.seen == MAP_FAILED)
        abort();
    server.pid = fork();
    if (server.pid != 0) {
        close(listener);
        return server;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            continue;
        __atomic_add_fetch(&server.seen->connections, 1, __ATOMIC_SEQ_CST);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(fd, server.seen);
            _exit(0);
        }
        close(fd);
    }
}

static inline void
scripted_server_stop(const struct scripted_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    munmap(server->seen, sizeof(*server->seen));
}

#endif
