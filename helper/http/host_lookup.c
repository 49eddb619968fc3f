/*
 * host_lookup.c: getaddrinfo(3), and the form in which its answer travels.
 *
 * SPDX-License-Identifier: MIT
 */
#include "host_lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"

#define REASON_SIZE 200

#define HOST_BYTES    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."
#define ADDRESS_BYTES "0123456789abcdefABCDEF.:[],"

bool
host_name_is_valid(const char *name)
{
    size_t length = strnlen(name, HOST_NAME_LIMIT + 1);

    return length > 0 && length <= HOST_NAME_LIMIT && name[0] != '-' && name[0] != '.' &&
           strspn(name, HOST_BYTES) == length;
}

bool
host_addresses_are_valid(const char *addresses, size_t length)
{
    if (length == 0 || length > HOST_ADDRESSES_LIMIT)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (addresses[i] == '\0' || !strchr(ADDRESS_BYTES, addresses[i]))
            return false;
    }
    return true;
}

/* "192.0.2.1" or "[2001:db8::1]".  False for what a program that only has the text could not connect to. */
static bool
write_address(const struct sockaddr *address, char *text, size_t size)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const void *) address;

        return inet_ntop(AF_INET, &four->sin_addr, text, (socklen_t) size) != NULL;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *) address;
        char numeric[INET6_ADDRSTRLEN];

        return six->sin6_scope_id == 0 && inet_ntop(AF_INET6, &six->sin6_addr, numeric, sizeof(numeric)) &&
               snprintf(text, size, "[%s]", numeric) < (int) size;
    }
    return false;
}

static int
look_up(const char *name, struct addrinfo **found)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    int result = getaddrinfo(name, NULL, &hints, found);

    /* AI_ADDRCONFIG counts no loopback address, so on a host or in a namespace that has nothing else it drops even
     * what /etc/hosts gives. */
    if (result == EAI_NONAME || result == EAI_ADDRFAMILY || result == EAI_NODATA) {
        hints.ai_flags = 0;
        result = getaddrinfo(name, NULL, &hints, found);
    }
    return result;
}

/* In the order that getaddrinfo gives (RFC 6724). */
static size_t
write_addresses(const struct addrinfo *found, char *text, size_t size)
{
    size_t length = 0;
    unsigned count = 0;

    for (const struct addrinfo *one = found; one && count < HOST_ADDRESSES_MAX; one = one->ai_next) {
        char address[INET6_ADDRSTRLEN + sizeof("[]")];
        int written;

        if (!write_address(one->ai_addr, address, sizeof(address)))
            continue;
        written = snprintf(text + length, size - length, "%s%s", count > 0 ? "," : "", address);
        if (written < 0 || (size_t) written >= size - length)
            break;
        length += (size_t) written;
        count++;
    }
    return length;
}

static size_t
write_reason(const char *reason, char *answer)
{
    int length = snprintf(answer, REASON_SIZE, "-%s", reason);

    return length < REASON_SIZE ? (size_t) length : REASON_SIZE - 1;
}

size_t
host_lookup_job(const void *context, const void *request, size_t length, void *answer)
{
    struct addrinfo *found = NULL;
    char *text = answer;
    size_t written;
    int result;

    (void) context;
    (void) length; /* a NUL follows the request */
    result = look_up(request, &found);
    if (result != 0)
        return write_reason(result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result), text);
    text[0] = '+';
    written = write_addresses(found, text + 1, HOST_ADDRESSES_LIMIT);
    freeaddrinfo(found);
    return written > 0 ? 1 + written : write_reason("the name has no address of a kind that can be used", text);
}
