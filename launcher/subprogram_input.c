/*
 * subprogram_input.c: giving a program that the launcher starts (subprogram.h) something to read.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subprogram_input.h"

#include <unistd.h>

#include "subprogram.h"

/* Of all descriptors only the outputs can outlast subprogram_prepare, so one of them keeps the input meanwhile. */
void
subprogram_prepare_with_input(int input)
{
    (void) dup2(input, STDOUT_FILENO);
    (void) dup2(STDOUT_FILENO, STDERR_FILENO);
    subprogram_prepare(true);
    /* Standard input is now /dev/null; it and standard output change places. */
    (void) dup2(STDIN_FILENO, STDOUT_FILENO);
    (void) dup2(STDERR_FILENO, STDIN_FILENO);
    (void) dup2(STDOUT_FILENO, STDERR_FILENO);
}
