/*
 * network_probe.h: does anybody take a TCP connection at this address?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NETWORK_PROBE_H
#define NETWORK_PROBE_H

#include <stdbool.h>

#include "deadline.h"
#include "loop.h"

enum network_probe_end {
    NETWORK_PROBE_OPEN,
    NETWORK_PROBE_CLOSED, /* somebody said no: errno says how */
    NETWORK_PROBE_SILENT, /* nobody said anything by the deadline */
};

/* Runs the loop until it is known.  address: numeric, IPv6 with or without brackets.  errno is set unless open. */
enum network_probe_end network_probe(struct loop *loop, const char *address, unsigned short port,
                                     struct deadline deadline);

#endif
