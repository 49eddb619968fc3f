/*
 * main.c: sagemaker-studio, the user's side of the Studio link: finds the subcommand and hands over to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "subcommand.h"
#include "subprogram.h"

struct subcommand {
    const char *name;
    const char *summary; /* NULL: not for people, so not in the help */
    subcommand_run *run;
};

static const struct subcommand SUBCOMMANDS[] = {
    {"open", "open SageMaker Studio in your browser", open_subcommand},
    {"url", "print a link that opens SageMaker Studio as you, or copy it", url_subcommand},
    {"status", "say who you are in Studio, by which rule, and which link the icon will use", status_subcommand},
    {"autostart", "what your desktop runs as it starts: places the icon, or restores it", autostart_subcommand},
    {"check", "look for what is wrong with this computer, and say what to do (for administrators)", check_subcommand},
    {"stats", "say what the helper of this computer has done, and how it is (for root)", stats_subcommand},
    {"session-write", NULL, session_write_subcommand},
    {"session-clear", NULL, session_clear_subcommand},
};

#define SUBCOMMAND_COUNT (sizeof(SUBCOMMANDS) / sizeof(SUBCOMMANDS[0]))

static void
print_help(FILE *out)
{
    fprintf(out, "usage: sagemaker-studio SUBCOMMAND [OPTION ...]\n"
                 "\n"
                 "Opens Amazon SageMaker Studio for the user of this login.\n"
                 "\n");
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (SUBCOMMANDS[i].summary != NULL)
            fprintf(out, "  %-10s %s\n", SUBCOMMANDS[i].name, SUBCOMMANDS[i].summary);
    }
    fprintf(out, "\n"
                 "  --help     print this text\n"
                 "  --version  print the version\n"
                 "\n"
                 "`sagemaker-studio SUBCOMMAND --help` and sagemaker-studio(1) say more.\n");
}

/*
 * The link is a secret: no core dump and no debugger of another process sees it, and no file of ours is readable by
 * others.  The hard limit stays, for the browser gets its soft one back.
 */
static void
protect_secrets(void)
{
    struct rlimit core = {0};

    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void) getrlimit(RLIMIT_CORE, &core);
    core.rlim_cur = 0;
    (void) setrlimit(RLIMIT_CORE, &core);
    (void) umask(S_IRWXG | S_IRWXO);
}

/*
 * Whoever started us may have left SIGCHLD ignored, and then there is no child to wait for (waitpid(2)).  A reader of
 * our output that is gone, or a limit on the size of files, must not end a click without a word: the write fails, and
 * somebody is told.  Programs that we start get the defaults (subprogram_prepare).
 */
static void
settle_signals(void)
{
    (void) signal(SIGCHLD, SIG_DFL);
    (void) signal(SIGPIPE, SIG_IGN);
    (void) signal(SIGXFSZ, SIG_IGN);
}

static int
run_subcommand(const struct subcommand *subcommand, int argc, char **argv)
{
    AUTO_FREE char *full_name = NULL;

    if (asprintf(&full_name, "sagemaker-studio %s", subcommand->name) < 0)
        return LAUNCHER_FAILED;
    argv[1] = full_name;
    return subcommand->run(argc - 1, argv + 1);
}

static const struct subcommand *
find_subcommand(const char *name)
{
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(SUBCOMMANDS[i].name, name) == 0)
            return &SUBCOMMANDS[i];
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    const struct subcommand *subcommand;

    subprogram_remember_process();
    protect_secrets();
    settle_signals();
    if (argc < 2) {
        print_help(stderr);
        return LAUNCHER_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return LAUNCHER_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("sagemaker-studio %s\n", VERSION);
        return LAUNCHER_OK;
    }
    subcommand = find_subcommand(argv[1]);
    if (subcommand == NULL) {
        fprintf(stderr, "sagemaker-studio: there is no subcommand '%s'\n\n", argv[1]);
        print_help(stderr);
        return LAUNCHER_USAGE;
    }
    return run_subcommand(subcommand, argc, argv);
}
