/*
 * issue_command.h: `sagemaker-studio-helper issue`: a link for a person at a terminal, by the same path as all others.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ISSUE_COMMAND_H
#define ISSUE_COMMAND_H

#include "service.h"

/* argv[0] is the word `issue`.  Prints the link alone on standard output.  Returns the exit status: 0, 1, or 2 for
 * usage. */
int issue_command(int argc, char **argv, const struct service_options *options);

#endif
