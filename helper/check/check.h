/*
 * check.h: `sagemaker-studio-helper check`, which `sagemaker-studio check` starts: what is wrong, and what to do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

#include "service.h"

struct check_options {
    struct service_options service; /* where the configuration is, and whose files are trusted */
    const char *user;               /* who is asked about; NULL: nobody */
    bool json;
    bool no_link;
    bool all_users;
    const char *socket_path; /* the helper's */
    bool config_only;        /* --config-only: parse everything, ask nobody */
    const char
        *map_file;       /* --map FILE with --config-only: this instead of users.map (a candidate that Ansible holds) */
    const char *explain; /* --explain USER */
};

/* Returns the exit status: 0 good, 1 warning (not mapped), 2 wrong. */
int check_run(const struct check_options *options);

#endif
