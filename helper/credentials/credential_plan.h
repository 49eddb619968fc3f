/*
 * credential_plan.h: where the host's keys come from, in the end: what to ask first, and which roles to assume with
 * the answer, as the settings and the AWS file that they name say it.
 *
 * The file (shared_credentials_file) may be written as ~/.aws/credentials or as ~/.aws/config, or as both at once:
 * [NAME] and [profile NAME] are the same section.  It is read anew each time: whoever writes it may rotate keys.
 * Source: docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIAL_PLAN_H
#define CREDENTIAL_PLAN_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "credentials.h"
#include "failure.h"
#include "settings.h"

#define CREDENTIAL_ROLES_MAX 5 /* source_profile may point on and on */

enum credential_base {
    CREDENTIAL_BASE_KEYS,      /* they are in the plan */
    CREDENTIAL_BASE_PROCESS,   /* a program prints them: credential_process.h */
    CREDENTIAL_BASE_CONTAINER, /* container_credentials.h */
    CREDENTIAL_BASE_IMDS,      /* imds.h */
};

struct credential_role {
    char *role_arn;
    char *role_session_name; /* NULL: the file names none */
    char *external_id;       /* NULL: none */
    int duration_seconds;
};

struct credential_plan {
    enum credential_base base;
    struct credentials keys;                            /* CREDENTIAL_BASE_KEYS; expires_at 0 */
    char *process;                                      /* CREDENTIAL_BASE_PROCESS: its command line */
    struct credential_role roles[CREDENTIAL_ROLES_MAX]; /* in the order in which they are assumed */
    size_t role_count;
    char *region;          /* of the profile; NULL: it names none */
    char description[320]; /* for people: "profile default of /etc/sagemaker-studio/credentials" */
    struct stat file;      /* what the plan was read from; all zero: no file */
};

/*
 * From these settings.  `auto` takes, in this order: credential_process if it is set; shared_credentials_file if there
 * is such a file; container credentials if a URI of them is known; the instance metadata service.  The choice depends
 * on what is configured and never on what answers: an outage must not make this host somebody else.
 *
 * also_owner: as in safe_open.h.  False with code "credentials" or "memory": the file cannot be read, is open to
 * others, or is wrong (`file:line: what is wrong, what was expected`), the profile is missing (its names are listed) or
 * of a kind that is not supported here (sso_*, web_identity_token_file, credential_source = Environment).
 */
bool credential_plan_make(const struct credentials_settings *settings, uid_t also_owner, struct credential_plan *plan,
                          struct failure *failure);

/* Does the file that the plan was read from still look the same (or, with auto, is there still none)? */
bool credential_plan_is_current(const struct credential_plan *plan, const struct credentials_settings *settings);

/* Wipes; all zero is fine. */
void credential_plan_free(struct credential_plan *plan);

#endif
