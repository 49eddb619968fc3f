/*
 * foreign_environment.c: is this root in the surroundings of somebody else?
 *
 * SPDX-License-Identifier: MIT
 */
#include "foreign_environment.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool
environment_is_foreign(struct failure *failure)
{
    static const char *const FOLDERS[] = {"HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"};

    if (geteuid() != 0)
        return false;
    for (size_t i = 0; i < sizeof(FOLDERS) / sizeof(FOLDERS[0]); i++) {
        const char *path = getenv(FOLDERS[i]);
        struct stat status;
        if (path == NULL || stat(path, &status) != 0 || status.st_uid == 0)
            continue;
        (void) failure_set(failure, "not-eligible",
                           "this runs as root, but %s is a folder of another user's; run it as that user", FOLDERS[i]);
        return true;
    }
    return false;
}
