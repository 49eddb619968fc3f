/*
 * open.c: `open`: what a click on the icon does: opens Studio in the user's browser, by way of a page that only the
 * user can read.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>

#include "ask_helper.h"
#include "cleanup.h"
#include "failure_advice.h"
#include "foreign_environment.h"
#include "open_lock.h"
#include "page_file.h"
#include "page_folder.h"
#include "page_keeper.h"
#include "subcommand.h"
#include "subcommand_options.h"
#include "subprogram.h"
#include "usable_link.h"
#include "user_browser.h"
#include "user_notice.h"

/* Which browser and whom to ask is good to know, but not worth waiting for. */
#define IDENTITY_WITHIN_MS 2000

static const char USAGE[] =
    "usage: sagemaker-studio open [--landing-uri URI] [--socket PATH]\n"
    "\n"
    "Opens SageMaker Studio in your web browser.  Without a display it prints a link that does so.\n"
    "\n"
    "  --landing-uri URI  the page of Studio to begin with, one of those that the administrator allows\n"
    "  --socket PATH      the helper's socket (" HELPER_SOCKET ")\n";

struct open_options {
    const char *socket_path;
    const char *landing_uri; /* NULL: the usual place */
};

/* A failure of this computer's own, put into words that the helper's failures have already. */
static bool
advise(struct failure *failure, const struct message *identity)
{
    return failure_advise(failure, message_get(identity, "contact"), NULL);
}

/* ---- without a display ------------------------------------------------------------------------------------------ */

static bool
print_link(const struct usable_link *link, struct failure *failure)
{
    if (!usable_link_print(link, failure))
        return false;
    fprintf(stderr,
            "There is no display here.  Open this link in a browser: it lives for another %" PRId64
            " s, and opens Studio for whoever has it.\n",
            link->seconds_left);
    return true;
}

static bool
show_link(const struct open_options *options, struct failure *failure)
{
    AUTO_USABLE_LINK struct usable_link link = USABLE_LINK_NONE;

    return usable_link_get(options->socket_path, options->landing_uri, &link, failure) && print_link(&link, failure);
}

/* ---- with a browser --------------------------------------------------------------------------------------------- */

/* Everything that a page needs, before a link is spent on it; pages that are over go. */
static bool
prepare(const struct message *identity, const struct page_folder *own, struct user_browser *browser,
        struct page_folder *folder, struct failure *failure)
{
    if (!user_browser_find(message_get(identity, "browser"), browser, failure) ||
        !page_folder_open_for(browser, folder, failure))
        return advise(failure, identity);
    page_file_sweep(own->fd);
    page_file_sweep(folder->fd);
    return true;
}

/* The link is wiped from memory before anything else goes on. */
static bool
write_page(const struct open_options *options, const struct message *identity, struct kept_page *page,
           struct failure *failure)
{
    AUTO_USABLE_LINK struct usable_link link = USABLE_LINK_NONE;

    if (!usable_link_get(options->socket_path, options->landing_uri, &link, failure))
        return false;
    page->seconds_left = link.seconds_left;
    return page_file_write(page->folder->fd, link.url, page->name, failure) || advise(failure, identity);
}

static bool
start_browser(const struct message *identity, struct kept_page *page, struct failure *failure)
{
    const char *contact = message_get(identity, "contact");

    page->contact = contact != NULL ? contact : "";
    return page_keeper_start(page, failure) || advise(failure, identity);
}

static bool
open_in_browser(const struct open_options *options, const struct page_folder *own, int lock, struct failure *failure)
{
    AUTO_MESSAGE struct message identity = MESSAGE_EMPTY;
    AUTO_USER_BROWSER struct user_browser browser = USER_BROWSER_NONE;
    AUTO_PAGE_FOLDER struct page_folder folder = PAGE_FOLDER_NONE;
    struct kept_page page = {.folder = &folder, .lock = lock, .browser = &browser};
    struct failure unknown; /* who the user is; without it everything still works */
    struct progress progress;
    bool written;

    progress_begin(&progress, "Opening Amazon SageMaker Studio");
    (void) ask_helper(options->socket_path, "whoami", deadline_in_ms(IDENTITY_WITHIN_MS), &identity, &unknown);
    written = prepare(&identity, own, &browser, &folder, failure) && write_page(options, &identity, &page, failure);
    progress_end(&progress);
    return written && start_browser(&identity, &page, failure);
}

/* The lock is given back before anything is said: a dialog may stay for long, and the next click must not wait. */
static bool
open_one_at_a_time(const struct open_options *options, struct failure *failure)
{
    AUTO_PAGE_FOLDER struct page_folder own = PAGE_FOLDER_NONE;
    AUTO_CLOSE int lock = -1;

    if (!page_folder_open(&own, failure))
        return failure_advise(failure, NULL, NULL);
    switch (open_lock_take(own.fd, &lock, failure)) {
    case OPEN_LOCK_TAKEN:
        return open_in_browser(options, &own, lock, failure);
    case OPEN_LOCK_BUSY:
        notice_news("SageMaker Studio is being opened already; give your browser a moment.");
        return true;
    case OPEN_LOCK_FAILED:
    default:
        return failure_advise(failure, NULL, NULL);
    }
}

int
open_subcommand(int argc, char **argv)
{
    struct open_options options = {.socket_path = HELPER_SOCKET};
    const struct subcommand_option known[] = {
        {.name = "landing-uri", .argument = &options.landing_uri},
        {.name = "socket", .argument = &options.socket_path},
        {.name = NULL},
    };
    struct failure failure;
    int exit_status;
    bool opened;

    subprogram_drop_descriptors(); /* the page's keeper would keep them open for minutes */
    if (!subcommand_options_parse(argc, argv, known, USAGE, &exit_status))
        return exit_status;
    if (environment_is_foreign(&failure)) {
        fprintf(stderr, "sagemaker-studio: %s\n", failure.message);
        return LAUNCHER_FAILED;
    }
    opened = display_is_there() ? open_one_at_a_time(&options, &failure) : show_link(&options, &failure);
    if (opened)
        return LAUNCHER_OK;
    notice_failure(failure.message);
    return LAUNCHER_FAILED;
}
