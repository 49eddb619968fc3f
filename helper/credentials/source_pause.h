/*
 * source_pause.h: how long to leave a source of keys alone that did not answer well, before it is asked again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SOURCE_PAUSE_H
#define SOURCE_PAUSE_H

#include <stdint.h>

/* Milliseconds before the attempt of this number (2 is the first that has one): least_ms, doubled each time, and up to
 * as much again by chance, so that the hosts of a fleet that failed together do not ask together. */
int64_t source_pause_ms(int64_t least_ms, int attempt);

#endif
