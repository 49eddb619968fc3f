/*
 * container_credentials.h: keys of an ECS task's role, of EKS Pod Identity, or of any program that speaks the same
 * protocol: one GET that is answered with a JSON document.
 * Source: docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CONTAINER_CREDENTIALS_H
#define CONTAINER_CREDENTIALS_H

#include "credentials.h"
#include "http.h"
#include "settings.h"

#define CONTAINER_TOKEN_FILE_MAX 65536

struct container_credentials;
struct container_fetch;

/* The settings are copied.  ca_bundle: for a URI of https; NULL: the system's trust store. */
struct container_credentials *container_credentials_create(struct loop *loop, struct http *http,
                                                           const struct credentials_settings *settings,
                                                           const char *ca_bundle, struct failure *failure);
/* Whoever has a fetch under way cancels it first. */
void container_credentials_free(struct container_credentials *container);

/*
 * Tried up to three times within the deadline.  The token file is read for each try: Kubernetes replaces it.  The
 * callback takes the credentials over, comes exactly once unless the fetch is cancelled, and never from inside the
 * start function; the fetch is gone by then.  Codes, each with a message that says what to do: "container-unreachable"
 * nothing answers there "credentials"            no URI is set, the token file cannot be used, or the endpoint refuses
 * or sends what is none "expired-credentials"    the keys had expired when they came "timeout"                the
 * deadline came first
 */
typedef void container_credentials_done(void *owner, struct credentials *credentials, const struct failure *failure);
struct container_fetch *container_credentials_start(struct container_credentials *container, struct deadline deadline,
                                                    container_credentials_done *done, void *owner,
                                                    struct failure *failure);
void container_credentials_cancel(struct container_fetch *fetch);

/* Why there is no answer yet, for those who cannot wait longer. */
void container_credentials_explain_wait(const struct container_fetch *fetch, struct failure *failure);

#endif
