/*
 * check_pam_stack.h: is the module in the stacks of the services that people log in by, and will it do there what it is
 * meant to do, without ever ending a login?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_PAM_STACK_H
#define CHECK_PAM_STACK_H

#include <stddef.h>

#include "check_report.h"
#include "pam_stack.h"

/* The stacks of a host's login services: those of the module's own list, and those that services= names somewhere. */
struct pam_survey {
    struct pam_stack *stacks;
    size_t count;
};

/* Reading and judging are two, because only root may be allowed to read.  Returns an empty survey when memory is short.
 */
struct pam_survey pam_survey_read(const char *const *folders);
void pam_survey_free(struct pam_survey *survey);

/* Patterns of glob(3), NULL ends: folders that libpam may look for modules in. */
extern const char *const PAM_MODULE_FOLDERS[];

/* The step "pam". */
void check_pam_stack(const struct pam_survey *survey, const char *const *module_folders, struct check_report *report);

#endif
