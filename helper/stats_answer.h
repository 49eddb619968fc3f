/*
 * stats_answer.h: the helper's statistics and its state, in the words of the conversation (message.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STATS_ANSWER_H
#define STATS_ANSWER_H

#include <stdbool.h>

#include "buffer.h"
#include "service.h"

/* sagemaker-studio-helper(8) lists the keys.  The buffer is emptied first.  False when it does not fit. */
bool stats_answer_compose(struct buffer *out, const struct service *service);

#endif
