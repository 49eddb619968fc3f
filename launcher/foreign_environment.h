/*
 * foreign_environment.h: is this root in the surroundings of somebody else, as after `sudo -E` or `su`?
 *
 * What root then made in that user's folders would be root's and in his way, symbolic links of his would lead root to
 * other places, and his PATH root to other programs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FOREIGN_ENVIRONMENT_H
#define FOREIGN_ENVIRONMENT_H

#include <stdbool.h>

#include "failure.h"

/* True, with the failure (code "not-eligible"), when a folder that the environment calls root's is another user's. */
bool environment_is_foreign(struct failure *failure);

#endif
