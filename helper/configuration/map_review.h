/*
 * map_review.h: rules that are well formed and yet cannot be meant: those that can never win.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MAP_REVIEW_H
#define MAP_REVIEW_H

#include "check_report.h"
#include "user_map.h"

/* Warnings of the step "map": a line for each, at most 20, and how many more there are. */
void map_review(const struct user_map *map, struct check_report *report);

#endif
