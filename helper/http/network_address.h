/*
 * network_address.h: does an address lie within the networks of the host's owner, as that of a VPC endpoint does, or is
 * it one of the internet's?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NETWORK_ADDRESS_H
#define NETWORK_ADDRESS_H

#include <stdbool.h>

enum network_reach {
    NETWORK_NO_ADDRESS,
    NETWORK_PRIVATE, /* RFC 1918, RFC 6598, RFC 4193, link-local, and this host itself */
    NETWORK_PUBLIC,
};

/* Of a numeric IPv4 or IPv6 address, the latter with or without brackets. */
enum network_reach network_address_reach(const char *address);

#endif
