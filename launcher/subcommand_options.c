/*
 * subcommand_options.c: the options of a subcommand that people run.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subcommand_options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

#include "subcommand.h"

/* getopt_long(3) gives back the option's place in the table, which is no letter's code. */
static void
list_names(const struct subcommand_option *options, struct option names[SUBCOMMAND_OPTIONS_MAX + 2])
{
    int count = 0;

    for (; count < SUBCOMMAND_OPTIONS_MAX && options[count].name != NULL; count++) {
        int argument = options[count].argument != NULL ? required_argument : no_argument;
        names[count] = (struct option){options[count].name, argument, NULL, count};
    }
    names[count] = (struct option){"help", no_argument, NULL, 'h'};
    names[count + 1] = (struct option){NULL, 0, NULL, 0};
}

static bool
leave(FILE *out, const char *usage, int status, int *exit_status)
{
    fputs(usage, out);
    *exit_status = status;
    return false;
}

bool
subcommand_options_parse(int argc, char **argv, const struct subcommand_option *options, const char *usage,
                         int *exit_status)
{
    struct option names[SUBCOMMAND_OPTIONS_MAX + 2];
    int option;

    list_names(options, names);
    while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        if (option == 'h')
            return leave(stdout, usage, LAUNCHER_OK, exit_status);
        if (option == '?')
            return leave(stderr, usage, LAUNCHER_USAGE, exit_status);
        if (options[option].argument != NULL)
            *options[option].argument = optarg;
        else
            *options[option].given = true;
    }
    return optind == argc || leave(stderr, usage, LAUNCHER_USAGE, exit_status);
}
