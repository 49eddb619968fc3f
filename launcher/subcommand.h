/*
 * subcommand.h: the subcommands of sagemaker-studio.  Each has a file of its own, parses its own options, and returns
 * the exit status of the program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUBCOMMAND_H
#define SUBCOMMAND_H

/* Exit statuses of what people run; session_exit.h has those of what the module runs. */
#define LAUNCHER_OK     0
#define LAUNCHER_FAILED 1
#define LAUNCHER_USAGE  2

/* argv[0] is "sagemaker-studio NAME", for messages. */
typedef int subcommand_run(int argc, char **argv);

subcommand_run autostart_subcommand;
subcommand_run check_subcommand;
subcommand_run open_subcommand;
subcommand_run session_clear_subcommand;
subcommand_run session_write_subcommand;
subcommand_run stats_subcommand;
subcommand_run status_subcommand;
subcommand_run url_subcommand;

#endif
