/*
 * pattern_limits.h: which extended regular expressions a map may hold, so that matching one takes a bounded time.
 *
 * Refused are back-references (they make matching exponential), bounds inside bounds (they multiply what is compiled:
 * glibc writes a{9} as nine copies of a), and repetitions of something that may be empty (measured with glibc 2.36:
 * `(a*)*` thirty times in a row did not compile within 5 s, `(a*){1,255}` took 8 s and 680 MB; with these refused the
 * worst that was found took 10 ms to compile and 75 ms to match).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PATTERN_LIMITS_H
#define PATTERN_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_LENGTH_LIMIT 512
#define PATTERN_COPIES_LIMIT 512 /* characters and brackets, when every bound is written out */

/* NULL when the expression may be compiled, else what is wrong with it and what was expected. */
const char *pattern_objection(const char *expression);

#endif
