/*
 * aws_call.h: one call of an AWS API, with the retries and the correction of the clock that AWS's own SDKs have in
 * their standard mode, all within the call's deadline.
 *
 * Tried again, AWS_CALL_ATTEMPTS in all, each attempt signed anew: throttling codes, HTTP 500, 502, 503, 504, and
 * connections that failed; after a pause of random(0, 1) * 2^(attempt - 1) seconds, if that and the attempt still fit
 * the deadline.  Retries draw on a quota that all calls to a service share, so that a storm of calls against an API
 * that throttles does not become a storm of retries (retry_policy.h).
 *
 * When AWS finds the signature's time wrong, and its Date header differs from this host's clock by more than
 * AWS_CLOCK_SKEW_S, the request is signed once more for AWS's time at once; the difference is kept for later calls, and
 * one line in the log says so.
 *
 * What the call does not do is renew keys: "expired-credentials" is the owner's to handle.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AWS_CALL_H
#define AWS_CALL_H

#include <stdint.h>
#include <time.h>

#include "aws_request.h"
#include "credentials.h"
#include "deadline.h"
#include "failure.h"
#include "http.h"
#include "loop.h"

#define AWS_CALL_ATTEMPTS 3
#define AWS_CLOCK_SKEW_S  240

/* What calls share: the quota of retries, a token bucket for each service, and the clock's difference to AWS's. */
struct aws_client;

struct aws_client *aws_client_create(struct loop *loop, struct http *http, struct failure *failure);
/* Calls still under way are dropped without their callback. */
void aws_client_free(struct aws_client *client);
/* Seconds to add to this host's clock to have AWS's; 0 until a call found it wrong. */
int64_t aws_client_clock_offset(const struct aws_client *client);

struct aws_call;

/*
 * The last attempt's answer, whatever it is (http.h), and when that attempt was sent, by this host's clock.  Where no
 * answer came, the failure's message tells of the attempts before, too, and the status is that of one which was
 * answered, or 0.  An attempt that could not even be sent is HTTP_NO_SOCKET.  Once for each call that was not
 * cancelled, never from inside aws_call_start; the call is gone by then.
 */
typedef void aws_call_done(void *owner, struct http_answer *answer, time_t sent_at);

/* Request and credentials are copied.  NULL with the failure of aws_request_send. */
struct aws_call *aws_call_start(struct aws_client *client, const struct aws_request *request,
                                const struct credentials *credentials, struct deadline deadline, aws_call_done *done,
                                void *owner, struct failure *failure);
void aws_call_cancel(struct aws_call *call);
/* What the call has met so far, for whoever gives up waiting: "", or "AWS throttles (ThrottlingException)". */
const char *aws_call_trouble(const struct aws_call *call);

#endif
