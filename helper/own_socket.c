/*
 * Making the socket of --listen.
 *
 * SPDX-License-Identifier: MIT
 */
#include "own_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

#define LISTEN_BACKLOG 1024

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
own_socket_listen(const char *path, const struct service_account *account, struct failure *failure)
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
