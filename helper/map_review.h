/*
 * map_review.h: rules that are well formed and yet cannot be meant: those that can never win.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MAP_REVIEW_H
#define MAP_REVIEW_H

#include <stddef.h>
#include <stdio.h>

#include "user_map.h"

/* Print a line for each, at most 20, and how many more there are.  Returns how many there are in all. */
size_t map_review(const struct user_map *map, FILE *out);

#endif
