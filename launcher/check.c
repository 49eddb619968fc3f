/*
 * check.c: `check`: starts the helper's own check, with a small environment.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "subcommand.h"

static const char USAGE[] =
    "usage: sagemaker-studio check [USER] [--json] [--no-link] [--all-users] [--socket PATH]\n"
    "       sagemaker-studio check --config-only [--map FILE] [--json]\n"
    "       sagemaker-studio check --explain USER\n"
    "\n"
    "Looks for what is wrong with this computer and its way to SageMaker Studio, and says what to do.\n"
    "As root, to see everything.  Exits with 0 when all is well, 1 for warnings, 2 when something is wrong.\n"
    "\n"
    "  USER            try everything for this user, up to a link of five seconds that nobody uses\n"
    "  --json          for programs\n"
    "  --no-link       make no link: for monitoring\n"
    "  --all-users     for each user: who he is in Studio, and how to make the user profile if there is none\n"
    "  --socket PATH   the helper's socket (" RUN_FOLDER "/helper.sock)\n"
    "  --config-only   only read the configuration: needs neither root nor AWS\n"
    "  --map FILE      with --config-only: look at this file in place of users.map\n"
    "  --explain USER  which line of the map wins for this user, and why those above it do not\n";

/*
 * Kept as the caller has them: the helper prints for this person on this terminal, and in a container it learns from
 * its environment where its keys are, as the one that serves there does.
 */
static const char *const KEPT_VARIABLES[] = {"PATH",
                                             "LANG",
                                             "TERM",
                                             "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                             "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                             "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"};

#define KEPT_COUNT (sizeof(KEPT_VARIABLES) / sizeof(KEPT_VARIABLES[0]))

/* NULL-terminated; the caller frees it with free_environment. */
static char **
make_environment(void)
{
    char **environment = calloc(KEPT_COUNT + 1, sizeof(*environment));
    size_t count = 0;

    if (environment == NULL)
        return NULL;
    for (size_t i = 0; i < KEPT_COUNT; i++) {
        const char *value = getenv(KEPT_VARIABLES[i]);
        if (value != NULL && asprintf(&environment[count], "%s=%s", KEPT_VARIABLES[i], value) >= 0)
            count++;
    }
    environment[count] = NULL;
    return environment;
}

static void
free_environment(char **environment)
{
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++)
        free(environment[i]);
    free(environment);
}

/* HELPER_PATH check ARGUMENT ...; the caller frees the array alone. */
static char **
make_arguments(int argc, char **argv)
{
    static char program[] = HELPER_PATH;
    static char word[] = "check";
    char **arguments = calloc((size_t) argc + 2, sizeof(*arguments));

    if (arguments == NULL)
        return NULL;
    arguments[0] = program;
    arguments[1] = word;
    for (int i = 1; i < argc; i++)
        arguments[i + 1] = argv[i];
    return arguments;
}

/* Returns only when that fails, with errno. */
static void
become_helper(int argc, char **argv)
{
    char **environment = make_environment();
    char **arguments = make_arguments(argc, argv);
    int saved_errno;

    if (environment != NULL && arguments != NULL)
        (void) execve(HELPER_PATH, arguments, environment);
    saved_errno = errno;
    free_environment(environment);
    free(arguments);
    errno = saved_errno;
}

static bool
asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int
check_subcommand(int argc, char **argv)
{
    if (asks_for_help(argc, argv)) {
        fputs(USAGE, stdout);
        return LAUNCHER_OK;
    }
    become_helper(argc, argv);
    if (errno == ENOENT)
        fprintf(stderr, "%s: the helper %s is missing; install pam-sagemaker-studio again\n", argv[0], HELPER_PATH);
    else
        fprintf(stderr, "%s: the helper %s cannot be started: %m\n", argv[0], HELPER_PATH);
    return LAUNCHER_USAGE;
}
