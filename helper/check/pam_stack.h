/*
 * pam_stack.h: what libpam runs as a session of a service opens, read from /etc/pam.d as libpam reads it: pam.conf(5),
 * libpam/pam_handlers.c, and Debian's `@include`.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PAM_STACK_H
#define PAM_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

/* One `session` line, wherever it stands. */
struct pam_entry {
    char *file;
    unsigned line;
    char *control;   /* a word, or what stands between [ and ] */
    bool is_complex; /* it stood there */
    char *module;    /* as written: a name, or a path */
    char **arguments;
    size_t argument_count;
};

struct pam_stack {
    char *service;
    struct pam_entry *entries; /* in the order in which they run, files that are included in their place */
    size_t count;
    struct failure problem; /* why the stack is not whole: the first file that is missing, or cannot be used; else "" */
};

/* The folders that libpam looks into: the first that has the file counts.  NULL ends. */
extern const char *const PAM_FOLDERS[];

/*
 * Returns false when no folder has a file for this service, or memory is short; the stack is then empty.  Bounds: the
 * depth of inclusion, the size of a file, and the number of entries.
 */
bool pam_stack_read(const char *const *folders, const char *service, struct pam_stack *stack);
void pam_stack_free(struct pam_stack *stack);

/* The last part of the module's path. */
const char *pam_entry_module_name(const struct pam_entry *entry);

#endif
