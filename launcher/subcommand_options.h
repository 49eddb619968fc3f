/*
 * subcommand_options.h: the options of a subcommand that people run, as a table; --help and -h are in each by
 * themselves.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUBCOMMAND_OPTIONS_H
#define SUBCOMMAND_OPTIONS_H

#include <stdbool.h>

/* An option has either of the two: argument is set to the word after it (of argv), or given is set to true. */
struct subcommand_option {
    const char *name;
    const char **argument;
    bool *given;
};

#define SUBCOMMAND_OPTIONS_MAX 8

/*
 * The table ends with a NULL name.  True: go on.  False: leave with *exit_status, for the help was asked for and
 * printed to standard output, or the command line is wrong and the usage went to standard error.
 */
bool subcommand_options_parse(int argc, char **argv, const struct subcommand_option *options, const char *usage,
                              int *exit_status);

#endif
