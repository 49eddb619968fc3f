/*
 * presigned_url_error.h: why CreatePresignedDomainUrl brought no link, in words that an administrator can act on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PRESIGNED_URL_ERROR_H
#define PRESIGNED_URL_ERROR_H

#include <stdbool.h>

#include "failure.h"
#include "http.h"
#include "presigned_url.h"

/* For an exchange without an answer, and for an answer whose status is not 200.  Always false. */
bool presigned_url_explain(const struct presigned_url_parameters *parameters, const struct http_answer *answer,
                           struct failure *failure);

#endif
