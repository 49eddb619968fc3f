/*
 * stats.c: `stats`: asks the helper, as root, what it has done since it started and how it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <time.h>

#include "ask_helper.h"
#include "helper_stats.h"
#include "subcommand.h"
#include "subcommand_options.h"

#define ANSWER_WITHIN_MS 5000

static const char USAGE[] =
    "usage: sagemaker-studio stats [--json] [--socket PATH]\n"
    "\n"
    "Says what the helper of this computer has done since it started, and how it is (for root).\n"
    "\n"
    "  --json         for programs\n"
    "  --socket PATH  the helper's socket (" HELPER_SOCKET ")\n";

struct stats_options {
    const char *socket_path;
    bool json;
};

static int
tell(const struct stats_options *options)
{
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    struct failure failure;
    bool printed;

    if (!ask_helper(options->socket_path, "stats", deadline_in_ms(ANSWER_WITHIN_MS), &answer, &failure)) {
        fprintf(stderr, "sagemaker-studio: %s\n", failure.message);
        return LAUNCHER_FAILED;
    }
    printed = options->json ? helper_stats_print_json(stdout, &answer)
                            : helper_stats_print_text(stdout, &answer, (int64_t) time(NULL));
    if (printed)
        return LAUNCHER_OK;
    perror("sagemaker-studio: the statistics cannot be printed");
    return LAUNCHER_FAILED;
}

int
stats_subcommand(int argc, char **argv)
{
    struct stats_options options = {.socket_path = HELPER_SOCKET};
    const struct subcommand_option known[] = {
        {.name = "json", .given = &options.json},
        {.name = "socket", .argument = &options.socket_path},
        {.name = NULL},
    };
    int exit_status;

    if (!subcommand_options_parse(argc, argv, known, USAGE, &exit_status))
        return exit_status;
    return tell(&options);
}
