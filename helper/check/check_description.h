/*
 * check_description.h: how check_domain.h and check_user_profile.h ask SageMaker, and what they say when they are told
 * nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_DESCRIPTION_H
#define CHECK_DESCRIPTION_H

#include <stdbool.h>

#include "check_place.h"
#include "check_progress.h"
#include "failure.h"
#include "sagemaker_description.h"

/*
 * Ask, and wait for the answer, which check_call_end ends.  False where there is none at all, not even one of
 * check_call_done's; the failure says why.
 */
bool check_describe(struct check_call *call, const struct check_place *place, const struct sagemaker_question *question,
                    struct failure *failure);

/* Are there keys to ask with?  Where there are none, `what` is left out. */
bool check_can_describe(struct check_progress *progress, const struct check_place *place, const char *what);

/*
 * What was asked about (a step's word, and what it is in a sentence) was not told, and not because it does not exist.
 * Where SageMaker was not reached at all, the domain is hopeless from then on.
 */
void check_say_untold(const struct check_call *call, struct check_place *place, const char *step, const char *what,
                      enum sagemaker_operation operation, enum sagemaker_end end, const struct failure *failure);

/* Of a domain or user profile that is not in service: does it serve all the same? */
bool check_status_serves(const char *status);

/*
 * All names of a list, pages_max pages of 100 at most; the call holds the last page's answer then.  The end is that of
 * the first page that was not told, and names holds what came before it.
 */
enum sagemaker_end check_list_names(struct check_call *call, const struct check_place *place,
                                    enum sagemaker_operation operation, unsigned pages_max,
                                    struct sagemaker_names *names, struct failure *failure);

/* "The nearest names are a, b and c. " or "" where nothing is near or no list may be seen. */
void check_describe_nearest(struct check_progress *progress, const struct check_place *place,
                            enum sagemaker_operation operation, const char *wanted, char *text, size_t size);

#endif
