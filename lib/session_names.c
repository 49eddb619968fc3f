/*
 * session_names.c: the ID of a login, and the names that are made of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define ID_BYTES 16 /* 128 bits */

bool
session_id_make(char id[SESSION_ID_SIZE], struct failure *failure)
{
    static const char DIGITS[] = "0123456789abcdef";
    unsigned char random[ID_BYTES];
    ssize_t got;

    /* getrandom(2): up to 256 bytes come whole once the kernel's pool is ready; EINTR is for the wait before that. */
    do {
        got = getrandom(random, sizeof(random), 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t) sizeof(random))
        return failure_set(failure, "session", "the kernel gives no random bytes: %m");
    for (size_t i = 0; i < sizeof(random); i++) {
        id[2 * i] = DIGITS[random[i] >> 4];
        id[2 * i + 1] = DIGITS[random[i] & 0x0F];
    }
    id[SESSION_ID_SIZE - 1] = '\0';
    return true;
}

bool
session_id_is_valid(const char *id)
{
    return strspn(id, "0123456789abcdef") == SESSION_ID_SIZE - 1 && id[SESSION_ID_SIZE - 1] == '\0';
}

bool
session_name_make(char name[SESSION_NAME_SIZE], const char *prefix, const char *id, struct failure *failure)
{
    int length;

    if (!session_id_is_valid(id)) {
        errno = EINVAL;
        return failure_set(failure, "session", "a session's ID is %d lower-case hex digits", SESSION_ID_SIZE - 1);
    }
    length = snprintf(name, SESSION_NAME_SIZE, "%s%s", prefix, id);
    if (length < 0 || (size_t) length >= SESSION_NAME_SIZE) {
        errno = ENAMETOOLONG;
        return failure_set(failure, "session", "the session file's name is too long");
    }
    return true;
}

bool
session_path_split(const char *path, char folder[SESSION_PATH_SIZE], char id[SESSION_ID_SIZE])
{
    const char *slash = strrchr(path, '/');
    size_t prefix = strlen(SESSION_FRESH);

    if (path[0] != '/' || slash == path || (size_t) (slash - path) >= SESSION_PATH_SIZE)
        return false;
    if (strncmp(slash + 1, SESSION_FRESH, prefix) != 0 || !session_id_is_valid(slash + 1 + prefix))
        return false;
    memcpy(folder, path, (size_t) (slash - path));
    folder[slash - path] = '\0';
    memcpy(id, slash + 1 + prefix, SESSION_ID_SIZE);
    return true;
}
