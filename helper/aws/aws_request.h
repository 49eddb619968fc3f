/*
 * aws_request.h: one signed request to one of AWS's services, sent once: SageMaker's JSON protocol and STS's query
 * protocol are both a POST to "/".
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AWS_REQUEST_H
#define AWS_REQUEST_H

#include <stddef.h>
#include <time.h>

#include "credentials.h"
#include "deadline.h"
#include "failure.h"
#include "http.h"

/* Everything but keys and time; plain data whose texts belong to the caller. */
struct aws_request {
    const char *service;      /* signing name: "sagemaker" or "sts" */
    const char *endpoint_url; /* from endpoint.h */
    const char *region;       /* that the signature is scoped to */
    const char *content_type;
    const char *target; /* X-Amz-Target; NULL: none is sent */
    const char *accept; /* Accept, which is not signed; NULL: none is sent */
    const void *body;
    size_t body_length;
    const char *ca_bundle; /* NULL: the system's trust store */
    const char *proxy_url; /* NULL: none */
};

/*
 * Sign for this time and start the exchange (http.h: http_start).  The request is copied.  NULL with the failure:
 * codes of http_start, or "expired-credentials" for keys that cannot be sent in a header.
 */
struct http_exchange *aws_request_send(struct http *http, const struct aws_request *request,
                                       const struct credentials *credentials, time_t time, struct deadline deadline,
                                       http_done *done, void *owner, struct failure *failure);

#endif
