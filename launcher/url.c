/*
 * url.c: `url`: prints a link that works, or copies it: the one made at login while it is fresh and unused, else a new
 * one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>

#include "ask_helper.h"
#include "clipboard.h"
#include "foreign_environment.h"
#include "subcommand.h"
#include "subcommand_options.h"
#include "usable_link.h"
#include "user_notice.h"

static const char USAGE[] =
    "usage: sagemaker-studio url [--copy] [--socket PATH]\n"
    "\n"
    "Prints a link that opens SageMaker Studio as you.  Whoever has the link can use it, so keep it to yourself.\n"
    "It lives for a few minutes at most.\n"
    "\n"
    "  --copy         put the link on the clipboard instead of printing it\n"
    "  --socket PATH  the helper's socket (" HELPER_SOCKET ")\n";

struct url_options {
    const char *socket_path;
    bool copy;
};

static bool
print_link(const struct url_options *options, struct failure *failure)
{
    AUTO_USABLE_LINK struct usable_link link = USABLE_LINK_NONE;

    return usable_link_get(options->socket_path, NULL, &link, failure) && usable_link_print(&link, failure);
}

static void
tell_copied(int64_t seconds_left)
{
    char text[160];

    (void) snprintf(text, sizeof(text),
                    "The link to SageMaker Studio is on the clipboard. It is good for %" PRId64
                    " s, and opens Studio as you for whoever has it.",
                    seconds_left);
    notice_news(text);
}

/* The clipboard comes first, so that no link is used up where there is none. */
static bool
copy_link(const struct url_options *options, struct failure *failure)
{
    AUTO_CLIPBOARD struct clipboard clipboard = CLIPBOARD_NONE;
    AUTO_USABLE_LINK struct usable_link link = USABLE_LINK_NONE;
    struct progress progress;
    bool got;

    if (!clipboard_find(&clipboard, failure))
        return false;
    progress_begin(&progress, "Getting a link to SageMaker Studio...");
    got = usable_link_get(options->socket_path, NULL, &link, failure);
    progress_end(&progress);
    if (!got || !clipboard_copy(&clipboard, link.url, failure))
        return false;
    tell_copied(link.seconds_left);
    return true;
}

int
url_subcommand(int argc, char **argv)
{
    struct url_options options = {.socket_path = HELPER_SOCKET};
    const struct subcommand_option known[] = {
        {.name = "copy", .given = &options.copy},
        {.name = "socket", .argument = &options.socket_path},
        {.name = NULL},
    };
    struct failure failure;
    int exit_status;

    if (!subcommand_options_parse(argc, argv, known, USAGE, &exit_status))
        return exit_status;
    if (options.copy && environment_is_foreign(&failure)) {
        fprintf(stderr, "sagemaker-studio: %s\n", failure.message);
        return LAUNCHER_FAILED;
    }
    if (options.copy ? copy_link(&options, &failure) : print_link(&options, &failure))
        return LAUNCHER_OK;
    if (options.copy)
        notice_failure(failure.message);
    else
        fprintf(stderr, "sagemaker-studio: %s\n", failure.message);
    return LAUNCHER_FAILED;
}
