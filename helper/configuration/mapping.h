/*
 * mapping.h: who is this Linux account in SageMaker Studio?  The one place where accounts, rules and templates meet.
 *
 * mapping_find may block for as long as NSS or a regular expression likes; the helper calls it in a worker process.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdio.h>
#include <sys/types.h>

#include "accounts.h"
#include "configuration.h"
#include "failure.h"

enum mapping_kind {
    MAPPING_PROFILE, /* the members below say which */
    MAPPING_NOBODY,  /* no rule matches */
    MAPPING_REFUSED, /* a rule with `-` */
    MAPPING_FAILED,  /* failure: "account", "directory", "lossy", "profile-name", "pattern" */
};

/* Plain data without pointers: it travels from the worker to the helper as it is. */
struct mapping {
    enum mapping_kind kind;
    uid_t uid;
    char user[257];   /* canonical name, getpwuid(uid)->pw_name; "" when the account was not found */
    char rule[320];   /* "users.map:12", "" when no rule matched */
    char domain[128]; /* name of the section, or the domain id itself */
    char user_profile_name[64];
    char space_name[64]; /* the rule's or the domain's; "" none */
    char landing_uri[1024];
    struct failure failure;
};

/*
 * Fill the mapping for this uid.  The account must exist and map back to the same uid (getpwnam of its name), else
 * MAPPING_FAILED "account".  A directory error is MAPPING_FAILED "directory" and never falls through to a wider rule.
 */
void mapping_find(const struct configuration *configuration, uid_t uid, struct mapping *mapping);

/* For `check --explain USER`: which line wins, and why those above it did not.  Returns 0 mapped, 1 not mapped, 2
 * error. */
int mapping_explain(const struct configuration *configuration, const char *user, FILE *out);

/* The same for accounts that are not this host's. */
void mapping_find_among(const struct configuration *configuration, const struct accounts *accounts, uid_t uid,
                        struct mapping *mapping);
int mapping_explain_among(const struct configuration *configuration, const struct accounts *accounts, const char *user,
                          FILE *out);

/*
 * The steps of mapping_find, which mapping_explain walks one by one.  mapping_subject finds the account (else the
 * mapping is FAILED), mapping_apply fills the mapping from the rule that won.
 */
struct rule_subject;
bool mapping_subject(const struct accounts *accounts, uid_t uid, struct rule_subject *subject, struct mapping *mapping);
void mapping_apply(const struct configuration *configuration, const struct rule *rule,
                   const struct rule_subject *subject, struct mapping *mapping);

#endif
