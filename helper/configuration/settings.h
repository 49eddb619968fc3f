/*
 * settings.h: /etc/sagemaker-studio/studio.conf and its drop-ins, parsed and checked.  sagemaker-studio.conf(5) is the
 * page for people; the table in settings_keys.c is the one list of keys, types, ranges and defaults.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

/* Text members are heap strings; NULL means not set (an empty value in the file is not set either). */
struct domain_settings {
    char *name; /* of the [domain NAME] section; NULL in the defaults */
    char *domain_id;
    char *region;
    int expires_in_seconds;
    int session_expiration_duration_in_seconds;
    char *landing_uri;
    char **landing_uris; /* NULL-terminated; NULL when not set */
    char *space_name;
    char *endpoint_url;
    char *sts_endpoint_url;
    bool use_fips_endpoint;
    bool use_dualstack_endpoint;
    char *ca_bundle;
    char *proxy_url;
    char **studio_url_suffixes;
    char *role_arn;
    char *external_id;
    bool source_identity;
    bool session_tags;
    bool session_policy;
    int role_duration_seconds;
};

enum credentials_source {
    CREDENTIALS_AUTO,
    CREDENTIALS_IMDS,
    CREDENTIALS_CONTAINER,
    CREDENTIALS_FILE,
    CREDENTIALS_PROCESS,
};

struct credentials_settings {
    enum credentials_source source;
    char *shared_credentials_file;
    char *profile;
    char *credential_process;
    char *container_credentials_relative_uri;
    char *container_credentials_full_uri;
    char *container_authorization_token_file;
    char *ec2_metadata_service_endpoint;
};

struct settings {
    struct domain_settings defaults; /* also what a bare domain id in the map uses */
    struct domain_settings *domains; /* defaults already filled in */
    size_t domain_count;
    struct credentials_settings credentials;
    struct {
        int idle_timeout; /* seconds */
        int max_links_per_user_per_minute;
    } helper;
    struct {
        bool open_at_login;
        bool icon;
        char *browser;
        char *contact;
    } desktop;
};

/*
 * Files are fed in order, a later one overriding key by key; settings_finish then fills in defaults and checks what
 * only the whole can tell (a domain without domain_id, landing_uri together with space_name).  All failures have code
 * "config" and the form `file:line: what is wrong, what was expected`.
 */
struct settings_reader;
struct settings_reader *settings_begin(void);
bool settings_feed(struct settings_reader *reader, const char *file, const char *text, size_t length,
                   struct failure *failure);
/* Frees the reader in any case.  NULL on failure. */
struct settings *settings_finish(struct settings_reader *reader, struct failure *failure);
void settings_free(struct settings *settings);

/* The [domain NAME] section; NULL when there is none. */
const struct domain_settings *settings_domain(const struct settings *settings, const char *name);

/* Patterns of the API model (facts: CreatePresignedDomainUrl), shared with the map and the command line. */
bool domain_id_is_valid(const char *text);
bool user_profile_name_is_valid(const char *text);
bool landing_uri_is_safe(const char *text);

#endif
