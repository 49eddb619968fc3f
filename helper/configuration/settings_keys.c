/*
 * settings_keys.c: see settings_keys.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "settings_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config_lines.h"
#include "credential_process.h"
#include "settings.h"

#define LIST_ITEMS_MAX 32

const char *const section_names[SECTION_KINDS] = {
    [SECTION_DEFAULTS] = "defaults", [SECTION_DOMAIN] = "domain",   [SECTION_CREDENTIALS] = "credentials",
    [SECTION_HELPER] = "helper",     [SECTION_DESKTOP] = "desktop",
};

static const char *const source_names[] = {
    [CREDENTIALS_AUTO] = "auto", [CREDENTIALS_IMDS] = "imds",       [CREDENTIALS_CONTAINER] = "container",
    [CREDENTIALS_FILE] = "file", [CREDENTIALS_PROCESS] = "process",
};

#define DOMAIN_KEY(kinds, member) \
    .sections = (kinds), .name = #member, .offset = offsetof(struct domain_settings, member)
#define HOST_KEY(kind, key, path) .sections = IN(kind), .name = (key), .offset = offsetof(struct settings, path)

const struct setting_key setting_keys[SETTING_KEY_COUNT] = {
    {DOMAIN_KEY(IN(SECTION_DOMAIN), domain_id), .type = KEY_TEXT, .check = value_domain_id},
    {DOMAIN_KEY(IN_EACH_DOMAIN, region), .type = KEY_TEXT, .check = value_region},
    {DOMAIN_KEY(IN_EACH_DOMAIN, expires_in_seconds), .type = KEY_NUMBER, .preset = "300", .minimum = 5, .maximum = 300},
    {DOMAIN_KEY(IN_EACH_DOMAIN, session_expiration_duration_in_seconds), .type = KEY_NUMBER, .preset = "43200",
     .minimum = 1800, .maximum = 43200},
    {DOMAIN_KEY(IN_EACH_DOMAIN, landing_uri), .type = KEY_TEXT, .check = value_landing_uri},
    {DOMAIN_KEY(IN_EACH_DOMAIN, landing_uris), .type = KEY_LIST, .check = value_landing_uri},
    {DOMAIN_KEY(IN_EACH_DOMAIN, space_name), .type = KEY_TEXT, .check = value_space_name},
    {DOMAIN_KEY(IN_EACH_DOMAIN, endpoint_url), .type = KEY_TEXT, .check = value_endpoint_url},
    {DOMAIN_KEY(IN_EACH_DOMAIN, sts_endpoint_url), .type = KEY_TEXT, .check = value_endpoint_url},
    {DOMAIN_KEY(IN_EACH_DOMAIN, use_fips_endpoint), .type = KEY_BOOLEAN, .preset = "no"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, use_dualstack_endpoint), .type = KEY_BOOLEAN, .preset = "no"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, ca_bundle), .type = KEY_TEXT, .check = value_absolute_path},
    {DOMAIN_KEY(IN_EACH_DOMAIN, proxy_url), .type = KEY_TEXT, .check = value_proxy_url},
    {DOMAIN_KEY(IN_EACH_DOMAIN, studio_url_suffixes), .type = KEY_LIST, .check = value_host_suffix},
    {DOMAIN_KEY(IN_EACH_DOMAIN, role_arn), .type = KEY_TEXT, .check = value_role_arn},
    {DOMAIN_KEY(IN_EACH_DOMAIN, external_id), .type = KEY_TEXT, .check = value_external_id},
    {DOMAIN_KEY(IN_EACH_DOMAIN, source_identity), .type = KEY_BOOLEAN, .preset = "yes"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, session_tags), .type = KEY_BOOLEAN, .preset = "no"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, session_policy), .type = KEY_BOOLEAN, .preset = "yes"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, role_duration_seconds), .type = KEY_NUMBER, .preset = "3600", .minimum = 900,
     .maximum = 43200},
    {HOST_KEY(SECTION_CREDENTIALS, "source", credentials.source), .type = KEY_SOURCE, .preset = "auto"},
    {HOST_KEY(SECTION_CREDENTIALS, "shared_credentials_file", credentials.shared_credentials_file), .type = KEY_TEXT,
     .preset = CONFIG_FOLDER "/credentials", .check = value_absolute_path},
    {HOST_KEY(SECTION_CREDENTIALS, "profile", credentials.profile), .type = KEY_TEXT, .preset = "default",
     .check = value_short_text},
    {HOST_KEY(SECTION_CREDENTIALS, "credential_process", credentials.credential_process), .type = KEY_TEXT,
     .check = credential_process_command_check},
    {HOST_KEY(SECTION_CREDENTIALS, "container_credentials_relative_uri",
              credentials.container_credentials_relative_uri),
     .type = KEY_TEXT, .check = value_container_path},
    {HOST_KEY(SECTION_CREDENTIALS, "container_credentials_full_uri", credentials.container_credentials_full_uri),
     .type = KEY_TEXT, .check = value_container_url},
    {HOST_KEY(SECTION_CREDENTIALS, "container_authorization_token_file",
              credentials.container_authorization_token_file),
     .type = KEY_TEXT, .check = value_absolute_path},
    {HOST_KEY(SECTION_CREDENTIALS, "ec2_metadata_service_endpoint", credentials.ec2_metadata_service_endpoint),
     .type = KEY_TEXT, .preset = "http://169.254.169.254", .check = value_metadata_url},
    {HOST_KEY(SECTION_HELPER, "idle_timeout", helper.idle_timeout), .type = KEY_NUMBER, .preset = "300", .minimum = 1,
     .maximum = 86400},
    {HOST_KEY(SECTION_HELPER, "max_links_per_user_per_minute", helper.max_links_per_user_per_minute),
     .type = KEY_NUMBER, .preset = "20", .minimum = 1, .maximum = 1000},
    {HOST_KEY(SECTION_DESKTOP, "open_at_login", desktop.open_at_login), .type = KEY_BOOLEAN, .preset = "no"},
    {HOST_KEY(SECTION_DESKTOP, "icon", desktop.icon), .type = KEY_BOOLEAN, .preset = "yes"},
    {HOST_KEY(SECTION_DESKTOP, "browser", desktop.browser), .type = KEY_TEXT, .check = value_browser},
    {HOST_KEY(SECTION_DESKTOP, "contact", desktop.contact), .type = KEY_TEXT, .check = value_short_text},
};

static bool
number_in_range(const char *text, const struct setting_key *key, int *number)
{
    size_t length = text != NULL ? strlen(text) : 0;
    if (length == 0 || length > 9 || text[strspn(text, "0123456789")] != '\0')
        return false;
    *number = (int) strtol(text, NULL, 10);
    return *number >= key->minimum && *number <= key->maximum;
}

static bool
source_of(const char *text, enum credentials_source *source)
{
    for (size_t i = 0; i < sizeof source_names / sizeof source_names[0]; i++) {
        *source = (enum credentials_source) i;
        if (text != NULL && strcmp(text, source_names[i]) == 0)
            return true;
    }
    return false;
}

/* NULL, or what was expected. */
static const char *
check_list(const struct setting_key *key, const char *value)
{
    struct config_text rest = {value, strlen(value)};
    for (size_t count = 0; rest.length > 0; count++) {
        struct config_text word = config_first_word(rest, &rest);
        AUTO_FREE char *item = config_text_copy(word, NULL);
        const char *expected = count >= LIST_ITEMS_MAX ? "at most 32 words"
                               : item == NULL          ? "memory for it"
                                                       : key->check(item);
        if (expected != NULL)
            return expected;
    }
    return NULL;
}

static const char *
check_of_type(const struct setting_key *key, const char *value)
{
    enum credentials_source source;
    switch (key->type) {
    case KEY_BOOLEAN:
        return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0 ? NULL : "yes or no";
    case KEY_SOURCE:
        return source_of(value, &source) ? NULL : "auto, imds, container, file or process";
    case KEY_LIST:
        return check_list(key, value);
    case KEY_TEXT:
        return value[0] == '\0' || key->check == NULL ? NULL : key->check(value);
    case KEY_NUMBER:
    default:
        return NULL;
    }
}

bool
setting_key_accepts(const struct setting_key *key, const char *value, char expected[SETTING_EXPECTED_SIZE])
{
    int number;
    if (key->type == KEY_NUMBER) {
        snprintf(expected, SETTING_EXPECTED_SIZE, "a whole number from %d to %d", key->minimum, key->maximum);
        return number_in_range(value, key, &number);
    }
    const char *wrong = check_of_type(key, value);
    snprintf(expected, SETTING_EXPECTED_SIZE, "%s", wrong != NULL ? wrong : "");
    return wrong == NULL;
}

bool
setting_key_store(const struct setting_key *key, const char *value, void *target, struct failure *failure)
{
    void *member = (char *) target + key->offset;
    if (value == NULL || value[0] == '\0')
        value = key->preset;
    switch (key->type) {
    case KEY_NUMBER:
        (void) number_in_range(value, key, member);
        return true;
    case KEY_BOOLEAN:
        *(bool *) member = value != NULL && strcmp(value, "yes") == 0;
        return true;
    case KEY_SOURCE:
        (void) source_of(value, member);
        return true;
    case KEY_LIST:
        *(char ***) member = value == NULL ? NULL : config_words(value, LIST_ITEMS_MAX, failure);
        return value == NULL || *(char ***) member != NULL;
    case KEY_TEXT:
        break;
    }
    *(char **) member = value == NULL ? NULL : config_text_copy((struct config_text){value, strlen(value)}, failure);
    return value == NULL || *(char **) member != NULL;
}

void
setting_key_release(const struct setting_key *key, void *target)
{
    void *member = (char *) target + key->offset;
    if (key->type == KEY_TEXT)
        free(*(char **) member);
    if (key->type == KEY_LIST)
        config_words_free(*(char ***) member);
}
