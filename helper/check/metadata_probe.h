/*
 * metadata_probe.h: can this user of the host reach the instance metadata service?  It is tried out, in a process that
 * has become him.  The keys are never asked for: only a token, and the name of the role.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef METADATA_PROBE_H
#define METADATA_PROBE_H

#include <sys/types.h>

enum metadata_reach {
    METADATA_UNKNOWN, /* it could not be found out */
    METADATA_BLOCKED, /* no connection: refused, unreachable, or swallowed */
    METADATA_DENIES,  /* it answers, and gives no token */
    METADATA_OPEN_WITHOUT_ROLE,
    METADATA_OPEN,
};

struct metadata_probe {
    uid_t uid; /* who tried */
    enum metadata_reach reach;
    char endpoint[300]; /* where; "": it was not tried */
    long status;        /* METADATA_DENIES: the HTTP status */
    char role[128];     /* METADATA_OPEN: the instance's role; "" when it is not known */
    char trouble[128];  /* METADATA_UNKNOWN, METADATA_BLOCKED: why */
};

/*
 * endpoint: as ec2_metadata_service_endpoint has it; one that is not http:// and a literal address cannot be tried.
 * Takes at most METADATA_PROBE_MS.  As root the process becomes this uid, with no group but nobody's; else uid must be
 * our own.
 */
#define METADATA_PROBE_MS 2000
void metadata_probe_run(const char *endpoint, uid_t uid, struct metadata_probe *probe);

/* The same service at its address of the other family, which a firewall may have forgotten; NULL: there is none. */
const char *metadata_probe_other_family(const char *endpoint);

#endif
