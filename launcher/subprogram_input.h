/*
 * subprogram_input.h: giving a program that the launcher starts (subprogram.h) something to read.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUBPROGRAM_INPUT_H
#define SUBPROGRAM_INPUT_H

/* subprogram_prepare(false) with this descriptor, which is above 2, as standard input. */
void subprogram_prepare_with_input(int input);

#endif
