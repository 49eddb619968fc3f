/*
 * sts_error.h: why STS gave no answer that counts, and what to do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STS_ERROR_H
#define STS_ERROR_H

#include <stdbool.h>

#include "assume_role.h"
#include "failure.h"
#include "http.h"

/*
 * Always false, with the failure of assume_role_answer.  A role_arn of NULL is GetCallerIdentity; a denial of that has
 * the code "access-denied".
 */
bool sts_explain(const struct assume_role_parameters *parameters, const struct http_answer *answer,
                 struct failure *failure);

#endif
