/*
 * status.c: `status`: says who the user is in Studio and how the link made at login fares.
 *
 * SPDX-License-Identifier: MIT
 */
#include <getopt.h>
#include <stdio.h>

#include "ask_helper.h"
#include "session_search.h"
#include "studio_status.h"
#include "subcommand.h"

#define ANSWER_WITHIN_MS 5000

static const char USAGE[] = "usage: sagemaker-studio status [--json] [--socket PATH]\n"
                            "\n"
                            "Says who you are in SageMaker Studio, and whether the link made at login still lives.\n"
                            "\n"
                            "  --json         for programs\n"
                            "  --socket PATH  the helper's socket (" HELPER_SOCKET ")\n";

struct status_options {
    const char *socket_path;
    bool json;
    bool help;
};

static bool
parse_options(int argc, char **argv, struct status_options *options)
{
    static const struct option OPTIONS[] = {
        {"json", no_argument, NULL, 'j'},
        {"socket", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
        if (option == 'j')
            options->json = true;
        else if (option == 's')
            options->socket_path = optarg;
        else if (option == 'h')
            options->help = true;
        else
            return false;
    }
    return optind == argc;
}

/* The session file knows; only without one is the helper asked. */
static void
find_out(const char *socket_path, struct studio_status *status)
{
    session_search(&status->session);
    status->known =
        status->session.state != LINK_NONE ||
        ask_helper(socket_path, "whoami", deadline_in_ms(ANSWER_WITHIN_MS), &status->identity, &status->failure);
}

static int
tell(const struct status_options *options, const struct studio_status *status)
{
    bool printed = options->json ? studio_status_print_json(stdout, status) : studio_status_print_text(stdout, status);

    if (!printed) {
        perror("sagemaker-studio: the status cannot be printed");
        return LAUNCHER_FAILED;
    }
    if (status->known)
        return LAUNCHER_OK;
    fprintf(stderr, "sagemaker-studio: who you are in Studio is not known: %s\n", status->failure.message);
    return LAUNCHER_FAILED;
}

int
status_subcommand(int argc, char **argv)
{
    struct status_options options = {.socket_path = HELPER_SOCKET};
    struct studio_status status = {.session = SESSION_FOUND_NONE, .identity = MESSAGE_EMPTY};
    int exit_status;

    if (!parse_options(argc, argv, &options)) {
        fputs(USAGE, stderr);
        return LAUNCHER_USAGE;
    }
    if (options.help) {
        fputs(USAGE, stdout);
        return LAUNCHER_OK;
    }
    find_out(options.socket_path, &status);
    exit_status = tell(&options, &status);
    session_found_free(&status.session);
    message_free(&status.identity);
    return exit_status;
}
