/*
 * url.c: `url`: prints a link that works: the one made at login while it is fresh and unused, else a new one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "ask_helper.h"
#include "descriptor.h"
#include "session_search.h"
#include "studio_link.h"
#include "subcommand.h"

#define NEW_LINK_WITHIN_MS 15000

/* Another `url` may be faster each time; after so many a new link is the shorter way. */
#define CLAIMS_MAX 16

static const char USAGE[] =
    "usage: sagemaker-studio url [--socket PATH]\n"
    "\n"
    "Prints a link that opens SageMaker Studio as you.  Whoever has the link can use it, so keep it to yourself.\n"
    "It lives for a few minutes at most.\n"
    "\n"
    "  --socket PATH  the helper's socket (" HELPER_SOCKET ")\n";

static bool
print_link(const char *url, struct failure *failure)
{
    AUTO_BUFFER struct buffer line = BUFFER(STUDIO_LINK_MAX + 1);

    if (!buffer_append_format(&line, "%s\n", url))
        return failure_set(failure, "output", "there is not enough memory to print the link");
    if (!descriptor_write_all(STDOUT_FILENO, line.data, line.length))
        return failure_set(failure, "output", "the link cannot be printed: %m");
    return true;
}

/* Takes the login's link.  False when there is none that is fresh, harmless, and ours to take. */
static bool
claim_login_link(struct session_found *found)
{
    for (int tries = 0; tries < CLAIMS_MAX; tries++) {
        session_search(found);
        if (found->state != LINK_FRESH || !studio_link_is_harmless(message_get(&found->link, "url")))
            return false;
        if (session_file_claim(found->folder, found->id, NULL))
            return true;
    }
    return false;
}

static bool
print_new_link(const char *socket_path, struct failure *failure)
{
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;

    if (!ask_helper(socket_path, "issue", deadline_in_ms(NEW_LINK_WITHIN_MS), &answer, failure))
        return false;
    if (!studio_link_is_harmless(message_get(&answer, "url")))
        return failure_set(failure, "bad-answer", "the helper's answer holds no link that may be shown; its log helps");
    return print_link(message_get(&answer, "url"), failure);
}

static bool
print_some_link(const char *socket_path, struct failure *failure)
{
    AUTO_SESSION_FOUND struct session_found found = SESSION_FOUND_NONE;

    if (claim_login_link(&found))
        return print_link(message_get(&found.link, "url"), failure);
    return print_new_link(socket_path, failure);
}

int
url_subcommand(int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"socket", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *socket_path = HELPER_SOCKET;
    struct failure failure;
    int option;

    while ((option = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
        if (option == 'h') {
            fputs(USAGE, stdout);
            return LAUNCHER_OK;
        }
        if (option != 's')
            return LAUNCHER_USAGE;
        socket_path = optarg;
    }
    if (optind != argc) {
        fputs(USAGE, stderr);
        return LAUNCHER_USAGE;
    }
    if (print_some_link(socket_path, &failure))
        return LAUNCHER_OK;
    fprintf(stderr, "sagemaker-studio: no Studio link: %s\n", failure.message);
    return LAUNCHER_FAILED;
}
