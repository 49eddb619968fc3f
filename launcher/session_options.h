/*
 * session_options.h: the options that session-write and session-clear share.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_OPTIONS_H
#define SESSION_OPTIONS_H

#include <stdbool.h>

struct session_options {
    const char *folder;
    const char *id;
};

/* --folder PATH and --session ID, both needed, and nothing else.  False when that is wrong; stderr then says so. */
bool session_options_parse(int argc, char **argv, struct session_options *options);

#endif
