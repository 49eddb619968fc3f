/*
 * arguments.h: what the words after pam_sagemaker_studio.so in a PAM service file (module_arguments.h) ask for.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <security/pam_modules.h>
#include <stdbool.h>
#include <stdint.h>

#include "module_arguments.h"
#include "session_file.h"

struct arguments {
    int64_t timeout_ms;                 /* for the whole of a login */
    const char *services;               /* the PAM services that are ours, separated by commas */
    bool login_link;                    /* false: prepare the session only, the first click makes the first link */
    bool export_url;                    /* put the link itself into the environment as well */
    bool message;                       /* tell the user */
    bool debug;                         /* log what is decided */
    const char *socket;                 /* the helper's */
    const char *helper;                 /* the program that is started where there is no socket */
    const char *launcher;               /* the program that writes into the session, as the user */
    const char *config_dir;             /* of the helper that we start; NULL: its own default */
    char run_folder[SESSION_PATH_SIZE]; /* the folder that the socket lies in */
};

/* Never fails: what is unknown or wrong is logged (LOG_ERR), and the default holds.  The strings stay those of argv. */
void arguments_parse(struct arguments *arguments, const pam_handle_t *pamh, int argc, const char **argv);

/* Is this PAM service one of the list? */
bool arguments_has_service(const struct arguments *arguments, const char *service);

#endif
