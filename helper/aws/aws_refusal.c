/*
 * aws_refusal.c: see aws_refusal.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "aws_refusal.h"

#include <inttypes.h>
#include <stdio.h>

#include "aws_clock.h"
#include "endpoint.h"
#include "network_address.h"

/* AWS accepts a difference of minutes (5 or 15, by service). */
#define CLOCKS_AGREE_S 60

static void
describe_peer(const char *endpoint_url, const char *address, char *peer, size_t size)
{
    char host[264];
    if (!endpoint_host(endpoint_url, host, sizeof(host)))
        snprintf(host, sizeof(host), "AWS");
    enum network_reach reach = network_address_reach(address);
    if (reach == NETWORK_NO_ADDRESS)
        snprintf(peer, size, "%s", host);
    else
        snprintf(peer, size, "%s (%.63s, a %s address)", host, address,
                 reach == NETWORK_PRIVATE ? "private" : "public");
}

static void
describe_clock(const char *date, char *text, size_t size)
{
    int64_t behind;
    if (!aws_clock_offset(date, &behind))
        snprintf(text, size, "AWS's answer does not say by how much");
    else if (behind > -CLOCKS_AGREE_S && behind < CLOCKS_AGREE_S)
        snprintf(text, size, "now it agrees with AWS's, so that it was set meanwhile, or the request came late");
    else
        snprintf(text, size, "it is %" PRId64 " s %s AWS's clock", behind < 0 ? -behind : behind,
                 behind < 0 ? "ahead of" : "behind");
}

void
aws_refusal_read(const char *endpoint_url, const struct http_answer *answer, struct aws_refusal *refusal)
{
    const struct aws_error *error = &refusal->error;
    aws_error_read(answer, &refusal->error);
    refusal->kind = aws_error_kind(error, answer->status);
    if (error->message[0] != '\0')
        snprintf(refusal->said, sizeof(refusal->said), "%s: \"%s\"", error->code, error->message);
    else
        snprintf(refusal->said, sizeof(refusal->said), "%s", error->code);
    describe_peer(endpoint_url, answer->address, refusal->peer, sizeof(refusal->peer));
    describe_clock(answer->date, refusal->clock, sizeof(refusal->clock));
}
