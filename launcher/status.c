/*
 * status.c: `status`: says who the user is in Studio and how the link made at login fares.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "ask_helper.h"
#include "session_search.h"
#include "studio_status.h"
#include "subcommand.h"
#include "subcommand_options.h"

#define ANSWER_WITHIN_MS 2000

static const char USAGE[] = "usage: sagemaker-studio status [--json] [--socket PATH]\n"
                            "\n"
                            "Says who you are in SageMaker Studio, by which rule, and which link the icon will use.\n"
                            "\n"
                            "  --json         for programs\n"
                            "  --socket PATH  the helper's socket (" HELPER_SOCKET ")\n";

struct status_options {
    const char *socket_path;
    bool json;
};

static void
find_out(const char *socket_path, struct studio_status *status)
{
    session_search(&status->session);
    status->told =
        ask_helper(socket_path, "whoami", deadline_in_ms(ANSWER_WITHIN_MS), &status->identity, &status->failure);
    if (!status->told)
        message_free(&status->identity);
}

static int
tell(const struct status_options *options, const struct studio_status *status)
{
    bool printed = options->json ? studio_status_print_json(stdout, status) : studio_status_print_text(stdout, status);

    if (!printed) {
        perror("sagemaker-studio: the status cannot be printed");
        return LAUNCHER_FAILED;
    }
    if (status->told)
        return LAUNCHER_OK;
    if (studio_status_is_known(status)) {
        fprintf(stderr, "sagemaker-studio: this is what was so at login. %s\n", status->failure.message);
        return LAUNCHER_OK;
    }
    fprintf(stderr, "sagemaker-studio: %s\n", status->failure.message);
    return LAUNCHER_FAILED;
}

int
status_subcommand(int argc, char **argv)
{
    struct status_options options = {.socket_path = HELPER_SOCKET};
    const struct subcommand_option known[] = {
        {.name = "json", .given = &options.json},
        {.name = "socket", .argument = &options.socket_path},
        {.name = NULL},
    };
    struct studio_status status = {.session = SESSION_FOUND_NONE, .identity = MESSAGE_EMPTY};
    int exit_status;

    if (!subcommand_options_parse(argc, argv, known, USAGE, &exit_status))
        return exit_status;
    find_out(options.socket_path, &status);
    exit_status = tell(&options, &status);
    session_found_free(&status.session);
    message_free(&status.identity);
    return exit_status;
}
