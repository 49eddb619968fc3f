/*
 * session_clear.c: `session-clear`, which the module runs as the user at logout: removes what session-write made for
 * this login and, with the last login, what `open` has left.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>

#include "cleanup.h"
#include "failure.h"
#include "open_lock.h"
#include "page_file.h"
#include "session_exit.h"
#include "session_file.h"
#include "session_options.h"
#include "subcommand.h"

/* A folder that is gone already (logind removes /run/user/UID with the last session) holds nothing to remove. */
static int
clear_session(const struct session_options *options, struct failure *failure)
{
    AUTO_CLOSE int folder = session_folder_open(options->folder, false, failure);

    if (folder < 0)
        return errno == ENOENT ? SESSION_EXIT_OK : SESSION_EXIT_FOLDER;
    if (!session_file_remove(folder, options->id, failure))
        return SESSION_EXIT_WRITE;
    if (!session_file_any(folder)) {
        page_file_remove_all(folder);
        open_lock_remove(folder);
    }
    return SESSION_EXIT_OK;
}

int
session_clear_subcommand(int argc, char **argv)
{
    struct session_options options;
    struct failure failure;
    int status;

    if (!session_options_parse(argc, argv, &options))
        return SESSION_EXIT_USAGE;
    status = clear_session(&options, &failure);
    if (status != SESSION_EXIT_OK)
        fprintf(stderr, "%s: %s\n", argv[0], failure.message);
    return status;
}
