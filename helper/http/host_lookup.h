/*
 * host_lookup.h: one host name to its addresses, with getaddrinfo(3), which may block for as long as it likes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOST_LOOKUP_H
#define HOST_LOOKUP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define HOST_NAME_LIMIT    253 /* RFC 1035, section 2.3.4, as text */
#define HOST_ADDRESSES_MAX 16
#define HOST_ADDRESSES_LIMIT \
    ((size_t) HOST_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3)) /* bytes: each in brackets, and a comma */

/* Letters, digits, '-' and '.', not too long, beginning with a letter or digit. */
bool host_name_is_valid(const char *name);

/* Could this be a list of addresses as CURLOPT_RESOLVE takes it? */
bool host_addresses_are_valid(const char *addresses, size_t length);

/* A worker_job (worker_pool.h), with the answer that resolver_create_with asks for. */
size_t host_lookup_job(const void *context, const void *request, size_t length, void *answer);

#endif
