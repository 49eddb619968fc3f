/*
 * network_address.c: see network_address.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "network_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool
is_private_ipv4(uint32_t bits)
{
    return bits >> 24 == 10 || bits >> 20 == (172U << 4 | 1) || bits >> 16 == (192U << 8 | 168) ||
           bits >> 22 == (100U << 2 | 1) || bits >> 16 == (169U << 8 | 254) || bits >> 24 == 127;
}

static bool
is_private_ipv6(const struct in6_addr *address)
{
    uint32_t ipv4;

    if (IN6_IS_ADDR_V4MAPPED(address)) {
        memcpy(&ipv4, &address->s6_addr[12], sizeof(ipv4));
        return is_private_ipv4(ntohl(ipv4));
    }
    return (address->s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_LOOPBACK(address);
}

/* "[2001:db8::1]" without its brackets; anything else as it is.  False when it is too long for an address. */
static bool
without_brackets(const char *address, char bare[INET6_ADDRSTRLEN])
{
    size_t length = strnlen(address, INET6_ADDRSTRLEN + 2);

    if (length > 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    if (length >= INET6_ADDRSTRLEN)
        return false;
    memcpy(bare, address, length);
    bare[length] = '\0';
    return true;
}

enum network_reach
network_address_reach(const char *address)
{
    char bare[INET6_ADDRSTRLEN];
    struct in6_addr ipv6;
    struct in_addr ipv4;

    if (!without_brackets(address, bare))
        return NETWORK_NO_ADDRESS;
    if (inet_pton(AF_INET, bare, &ipv4) == 1)
        return is_private_ipv4(ntohl(ipv4.s_addr)) ? NETWORK_PRIVATE : NETWORK_PUBLIC;
    if (inet_pton(AF_INET6, bare, &ipv6) == 1)
        return is_private_ipv6(&ipv6) ? NETWORK_PRIVATE : NETWORK_PUBLIC;
    return NETWORK_NO_ADDRESS;
}
