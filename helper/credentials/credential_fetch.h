/*
 * credential_fetch.h: carrying out a plan (credential_plan.h): keys from its base, then one AssumeRole after the other.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIAL_FETCH_H
#define CREDENTIAL_FETCH_H

#include "aws_call.h"
#include "credential_plan.h"
#include "credential_settings.h"
#include "credentials.h"
#include "http.h"
#include "imds.h"
#include "loop.h"

/* The clients of all the sources; what costs something is made when it is first needed. */
struct credential_sources;

/* The settings stay the caller's and must outlive the sources.  aws may be NULL where no plan has roles;
 * also_owner: safe_open.h. */
struct credential_sources *credential_sources_create(struct loop *loop, struct http *http, struct aws_client *aws,
                                                     const struct credential_settings *settings, uid_t also_owner,
                                                     struct failure *failure);
/* Whoever has a fetch under way cancels it first. */
void credential_sources_free(struct credential_sources *sources);
/* For the region alone. */
struct imds *credential_sources_imds(const struct credential_sources *sources);

/* Each step of a fetch may take this long: three tries of IMDS at each of three requests, with a margin. */
#define CREDENTIAL_STEP_TIMEOUT_MS 10000

/*
 * The plan must stay until the callback.  That comes exactly once unless the fetch is cancelled, never from inside the
 * start function, and may take the credentials over; the fetch is gone by then.  Codes: those of imds.h,
 * container_credentials.h, credential_process.h and assume_role.h; for a role, those of http.h.
 */
struct credential_fetch;
typedef void credential_fetch_done(void *owner, struct credentials *credentials, const struct failure *failure);
struct credential_fetch *credential_fetch_start(struct credential_sources *sources, const struct credential_plan *plan,
                                                credential_fetch_done *done, void *owner, struct failure *failure);
void credential_fetch_cancel(struct credential_fetch *fetch);

/* Why there is no answer yet, for those who cannot wait longer. */
void credential_fetch_explain_wait(const struct credential_fetch *fetch, struct failure *failure);

#endif
