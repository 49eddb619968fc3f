/*
 * session_options.c: the options that session-write and session-clear share.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

#include "session_file.h"

static bool
read_options(int argc, char **argv, struct session_options *options)
{
    static const struct option OPTIONS[] = {
        {"folder", required_argument, NULL, 'f'},
        {"session", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (option == 'f')
            options->folder = optarg;
        else if (option == 's')
            options->id = optarg;
        else
            return false;
    }
    return optind == argc && options->folder != NULL && options->id != NULL;
}

bool
session_options_parse(int argc, char **argv, struct session_options *options)
{
    *options = (struct session_options){0};
    if (!read_options(argc, argv, options)) {
        fprintf(stderr, "usage: %s --folder PATH --session ID\nThe PAM module runs this; it is not for people.\n",
                argv[0]);
        return false;
    }
    if (!session_id_is_valid(options->id)) {
        fprintf(stderr, "%s: the ID must be %d lower-case hex digits\n", argv[0], SESSION_ID_SIZE - 1);
        return false;
    }
    return true;
}
