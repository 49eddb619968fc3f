/*
 * imds.h: the EC2 instance metadata service, version 2 only: token, role, credentials, region.  Never version 1.
 * Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef IMDS_H
#define IMDS_H

#include "credentials.h"
#include "http.h"

struct imds;
struct imds_fetch;

typedef void imds_credentials_done(void *owner, struct credentials *credentials, const struct failure *failure);
typedef void imds_region_done(void *owner, const char *region, const struct failure *failure);

/* endpoint: http:// of a loopback or link-local address, or https://, without a path; copied.  Code "config". */
struct imds *imds_create(struct loop *loop, struct http *http, const char *endpoint, struct failure *failure);
/* Whoever has a fetch under way cancels it first. */
void imds_free(struct imds *imds);

/*
 * Three requests on one connection (one less while the token lives), each tried up to three times within the deadline.
 * The callback takes the credentials over, comes exactly once unless the fetch is cancelled, and never from inside the
 * start function; the fetch is gone by then.  Codes, each with a message that says what to do:
 *   "imds-unreachable"     nothing answers there (firewall, hop limit, not on EC2)
 *   "imds-forbidden"       403: switched off, or not for us
 *   "imds-no-role"         the instance has no role
 *   "imds-refused"         another status, or Code is not "Success" (with AWS's Message)
 *   "imds-throttled"       429 or 503 after the last try
 *   "imds-bad-answer"      what came is not what the service sends
 *   "expired-credentials"  the keys had expired when they came
 *   "timeout"              the deadline came first
 */
struct imds_fetch *imds_credentials(struct imds *imds, struct deadline deadline, imds_credentials_done *done,
                                    void *owner, struct failure *failure);
struct imds_fetch *imds_region(struct imds *imds, struct deadline deadline, imds_region_done *done, void *owner,
                               struct failure *failure);
void imds_cancel(struct imds_fetch *fetch);

/* Why there is no answer yet: what the last try met, or what is being waited for.  For those who cannot wait longer. */
void imds_explain_wait(const struct imds_fetch *fetch, struct failure *failure);

#endif
