/*
 * check.h: `sagemaker-studio-helper check`, which `sagemaker-studio check` starts: what is wrong, and what to do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

struct check_options {
    const char *config_folder;
    bool own_files;   /* --config-dir was given: files of ours are trusted as root's are */
    bool config_only; /* --config-only: parse everything, ask nobody */
    const char
        *map_file;       /* --map FILE with --config-only: this instead of users.map (a candidate that Ansible holds) */
    const char *explain; /* --explain USER */
};

/* Returns the exit status: 0 good, 1 warning (not mapped), 2 wrong. */
int check_run(const struct check_options *options);

#endif
