/*
 * resolver.h: host names to addresses, in worker processes, with one look-up for any number that wait for the same
 * name.
 *
 * A host has one look-up at most under way, so a name whose servers do not answer holds up no other name.  A look-up
 * outlives those who wait for it (RESOLVER_LOOK_UP_MS at most), so that a slow answer still serves the next one.
 * An answer is kept for RESOLVER_FRESH_MS; after that it is still given at once while a new look-up runs beside it,
 * until RESOLVER_STALE_MS.  resolver_forget drops a name whose addresses did not connect.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <stdbool.h>

#include "deadline.h"
#include "failure.h"
#include "loop.h"
#include "worker_pool.h"

#define RESOLVER_FRESH_MS   60000
#define RESOLVER_STALE_MS   3600000
#define RESOLVER_LOOK_UP_MS 10000
#define RESOLVER_AGAIN_MS   5000 /* after a failed look-up, stale addresses are given without a new one for so long */

struct resolver;
struct resolver_call;

/* addresses: numeric, comma-separated, IPv6 in brackets, as CURLOPT_RESOLVE takes them; NULL with the failure (code
 * "dns" or "timeout"). Never called from inside resolver_start. */
typedef void resolver_done(void *owner, const char *addresses, const struct failure *failure);

struct resolver *resolver_create(struct loop *loop, struct failure *failure);
void resolver_free(struct resolver *resolver);

/*
 * With another look-up than getaddrinfo(3).  The job gets the host name and answers '+' and the addresses in the form
 * above, or '-' and the reason, a text for people.
 */
struct resolver *resolver_create_with(struct loop *loop, worker_job *look_up, struct failure *failure);

/* In the workers of somebody else's pool, which outlives the resolver. */
struct resolver *resolver_create_beside(struct loop *loop, struct worker_pool *pool, struct failure *failure);

/* Known already and not too old?  Then the addresses, valid until the loop runs again; else NULL, and resolver_start is
 * the way. */
const char *resolver_known(struct resolver *resolver, const char *host);

struct resolver_call *resolver_start(struct resolver *resolver, const char *host, struct deadline deadline,
                                     resolver_done *done, void *owner, struct failure *failure);
void resolver_cancel(struct resolver_call *call);
void resolver_forget(struct resolver *resolver, const char *host);

#endif
