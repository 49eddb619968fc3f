/*
 * check_files.h: can the service account read what it needs, and nobody else what is secret?
 *
 * Who may write to the files is no question here: configuration that others than root can write is broken
 * (safe_open.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_FILES_H
#define CHECK_FILES_H

#include "check_report.h"
#include "service.h"
#include "service_account.h"
#include "settings.h"

/*
 * The step "files".  Runs as the service account (account: who that is), or as an ordinary user (NULL), who is told
 * what he cannot read.  settings: NULL when they are broken; then nothing is said of the files that they name.
 */
void check_files(const struct service_options *options, const struct settings *settings,
                 const struct service_account *account, struct check_report *report);

#endif
