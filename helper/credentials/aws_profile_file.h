/*
 * aws_profile_file.h: the syntax of ~/.aws/credentials and ~/.aws/config, and of a file that is both at once.
 *
 * What botocore makes of such a file, and with it the AWS CLI, is what comes out here: [NAME] is a profile of a
 * credentials file and [profile NAME] one of a config file; where both are there, they are one profile, and a key of
 * [NAME] goes before the same key of [profile NAME].  [sso-session NAME] and [services NAME] are no profiles.  A line
 * is `key = value` (or `key: value`), keys are the same in capitals, # and ; begin a comment at the start of a line
 * alone, and what is indented further than its key continues that key's value.  What botocore passes over, or makes a
 * guess of, is refused: [DEFAULT], which there means all profiles and elsewhere a profile of this name, and sections
 * that are written wrong.
 * Source: docs.aws.amazon.com/sdkref/latest/guide/file-format.html; botocore/configloader.py; Python's configparser.
 *
 * No message quotes anything but the names of sections and of known keys: the rest may be a secret.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef AWS_PROFILE_FILE_H
#define AWS_PROFILE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

#define AWS_PROFILE_FILE_LIMIT 1048576 /* bytes */
#define AWS_PROFILE_LINE_LIMIT 16384   /* session tokens are long */
#define AWS_PROFILES_MAX       4096
#define AWS_PROFILE_KEYS_MAX   256 /* in one section */

struct aws_profile_file;
struct aws_profile;

/* Which section of a profile? */
enum aws_profile_section {
    AWS_PROFILE_CREDENTIALS, /* [NAME] */
    AWS_PROFILE_CONFIG,      /* [profile NAME] */
};

/* NULL with code "credentials" and `file:line: what is wrong, what was expected`.  The text is copied. */
struct aws_profile_file *aws_profile_file_parse(const char *file, const char *text, size_t length,
                                                struct failure *failure);
/* Wipes. */
void aws_profile_file_free(struct aws_profile_file *profiles);

/* NULL: there is none of this name. */
const struct aws_profile *aws_profile_find(const struct aws_profile_file *profiles, const char *name);
const char *aws_profile_name(const struct aws_profile *profile);
/* Where it begins, for messages. */
unsigned aws_profile_line(const struct aws_profile *profile);

/* The names of the first profiles for a message: "default, studio and 3 more"; "none" when there is none. */
void aws_profile_names(const struct aws_profile_file *profiles, char *names, size_t size);

struct aws_profile_value {
    const char *text; /* NULL: the key is not there; may be "" */
    unsigned line;
    bool continued; /* further lines belong to it: text is not the whole */
};

/* key: in small letters. */
struct aws_profile_value aws_profile_value(const struct aws_profile *profile, const char *key);
struct aws_profile_value aws_profile_value_in(const struct aws_profile *profile, enum aws_profile_section section,
                                              const char *key);

/* Fill the failure with code "credentials" and `file:line: ` before the sentence.  Returns false. */
bool aws_profile_failure(struct failure *failure, const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
