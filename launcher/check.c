/*
 * check.c: `check`: starts the helper's own check, with a small environment.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "subcommand.h"

/* Kept as the caller has them: the helper prints for this person on this terminal. */
static const char *const KEPT_VARIABLES[] = {"PATH", "LANG", "TERM"};

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

int
check_subcommand(int argc, char **argv)
{
    become_helper(argc, argv);
    if (errno == ENOENT)
        fprintf(stderr, "%s: the helper %s is missing; install pam-sagemaker-studio again\n", argv[0], HELPER_PATH);
    else
        fprintf(stderr, "%s: the helper %s cannot be started: %m\n", argv[0], HELPER_PATH);
    return LAUNCHER_USAGE;
}
