/*
 * nearest_names.h: what may somebody have meant who wrote a name that does not exist?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef NEAREST_NAMES_H
#define NEAREST_NAMES_H

#include <stddef.h>

#define NEAREST_NAMES_MAX       3
#define NEAREST_NAME_LENGTH_MAX 63 /* longer names, of which SageMaker has none, are near to nothing */

/*
 * Of these names the nearest ones to the wanted, best first, in order of their place where they are equally near; how
 * many they are.  Near are names that differ in case alone, names of which one begins with the other, and names that
 * take few changes: characters left out, added, changed, or swapped with the next one, one for each three characters
 * and at least two.  The pointers are those of names.
 */
size_t nearest_names(const char *wanted, char *const *names, size_t count, const char *nearest[NEAREST_NAMES_MAX]);

#endif
