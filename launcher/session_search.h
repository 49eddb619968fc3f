/*
 * session_search.h: finding the link that was made at this user's login.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_SEARCH_H
#define SESSION_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"
#include "session_file.h"

/* A link that lives shorter than this may expire while the browser starts. */
#define LEAST_SECONDS_LEFT 10

enum link_state {
    LINK_NONE,    /* no login made a link, or its files are gone */
    LINK_FRESH,   /* nobody has used it, and it lives long enough */
    LINK_USED,    /* somebody has claimed it */
    LINK_EXPIRED, /* nobody has used it in time */
};

struct session_found {
    enum link_state state;
    bool hinted; /* it is the one that the environment points at */
    int folder;  /* the folder that it lies in */
    char id[SESSION_ID_SIZE];
    struct message link;
    int64_t seconds_left;
};

#define SESSION_FOUND_NONE ((struct session_found){.folder = -1, .link = {.text = {.limit = MESSAGE_LIMIT}}})
#define AUTO_SESSION_FOUND __attribute__((cleanup(session_found_free)))

/*
 * Look at every session file in $SAGEMAKER_STUDIO_SESSION's folder, $XDG_RUNTIME_DIR/sagemaker-studio,
 * /run/user/UID/sagemaker-studio and RUN_FOLDER/users/UID, and take the best: a fresh one before any other, then the
 * one that the environment points at, then the newest.  Folders and files that are not ours alone are passed over.
 */
void session_search(struct session_found *best);

void session_found_free(struct session_found *found);

#endif
