/*
 * credentials.h: the host's own AWS credentials: fetched once for all who wait, kept until they near their expiry.
 *
 * Where they come from is credential_plan.h's business; how they are fetched is credential_fetch.h's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "deadline.h"
#include "failure.h"
#include "http.h"
#include "loop.h"

struct credentials {
    char *access_key_id;
    char *secret_access_key;
    char *session_token; /* NULL when the keys are long-lived */
    int64_t expires_at;  /* epoch seconds; 0: never */
    char role[128];      /* name of the instance's role, for the log; "" when unknown */
    uint64_t serial;     /* which fetch of a store they are of; 0: of none */
};

void credentials_wipe(struct credentials *credentials);

struct credential_store;
struct credential_call;

/*
 * credentials (or region) is NULL with the failure: a code of credential_plan.h or credential_fetch.h, or
 * "timeout" when the call's deadline came first; its message then says what the fetch waits for, or why its last try
 * failed.  Valid until the callback returns. Never called from inside the start function; once for each call that was
 * not cancelled, and the call is gone by then. A callback may start and cancel calls and reject the credentials, but
 * not free the store.
 */
typedef void credentials_done(void *owner, const struct credentials *credentials, const struct failure *failure);
typedef void region_done(void *owner, const char *region, const struct failure *failure);

struct aws_client;
struct settings;

/* For the sources of these settings (and, for roles that a profile names, the STS endpoint of [defaults]); what it
 * needs of them is copied.  also_owner: safe_open.h. */
struct credential_store *credential_store_create(struct loop *loop, struct http *http, struct aws_client *aws,
                                                 const struct settings *settings, uid_t also_owner,
                                                 struct failure *failure);
/* Would a store that is made for these settings be just like this one? */
bool credential_store_serves(const struct credential_store *store, const struct settings *settings);

/* Who is asked for keys, and for the region, as outage.h names it ("the instance metadata service"); NULL where nobody
 * is that could be out of order: a file.  A program can hang, and counts. */
const char *credential_store_peer(const struct credential_store *store);
const char *credential_store_region_peer(const struct credential_store *store);
/* Was that peer not there at all, as opposed to refusing?  (codes "imds-unreachable", "container-unreachable",
 * and the transport's to STS, where a profile names a role) */
bool credentials_source_was_silent(const struct failure *failure);

/* For people: where the keys come from, in force or to be tried: "the role studio-host of this instance", "profile
 * default of /etc/sagemaker-studio/credentials".  Valid until the loop runs again. */
const char *credential_store_description(const struct credential_store *store);
/* Calls still under way are dropped without their callback. */
void credential_store_free(struct credential_store *store);

/*
 * Kept and good for another CREDENTIALS_MANDATORY_SECONDS: at once (next turn of the loop), and with less than
 * CREDENTIALS_ADVISORY_SECONDS a refresh beside it.  Else: fetched, one fetch for all.  Where that fails, or takes
 * longer than CREDENTIALS_STALE_WAIT_MS, kept keys that have not expired yet are given all the same; for a minute after
 * a fetch that failed they are given at once, so that an outage near their end costs one caller its wait, not each.
 *
 * A file that keys come from is looked at in each call.  When it has changed, a fetch is due, and kept keys without an
 * expiry are not given any more.
 */
#define CREDENTIALS_MANDATORY_SECONDS 300
#define CREDENTIALS_ADVISORY_SECONDS  900
#define CREDENTIALS_STALE_WAIT_MS     1000
struct credential_call *credentials_get(struct credential_store *store, struct deadline deadline,
                                        credentials_done *done, void *owner, struct failure *failure);
struct credential_call *credential_region_get(struct credential_store *store, struct deadline deadline,
                                              region_done *done, void *owner, struct failure *failure);
void credential_call_cancel(struct credential_call *call);

/* AWS said that the keys of this serial are expired or unknown: unless there are newer ones, the next get fetches anew.
 * Keys without an expiry that come again then are not given for a moment: code "expired-credentials". */
void credentials_reject(struct credential_store *store, uint64_t serial);

/* Kept keys or region, without waiting; NULL when there are none that are good: rejected, expired.  Valid until the
 * loop runs again. */
const struct credentials *credentials_kept(const struct credential_store *store);
const char *credential_region_kept(const struct credential_store *store);

#endif
