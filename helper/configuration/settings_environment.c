/*
 * settings_environment.c: see settings_environment.h.
 * Source: docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 *
 * SPDX-License-Identifier: MIT
 */
#include "settings_environment.h"

#include <stdlib.h>
#include <string.h>

#include "setting_value.h"

/* The variable's value into the setting, unless that has one already. */
static bool
adopt(char **setting, const char *variable, value_check *check, struct failure *failure)
{
    const char *value = getenv(variable);
    if (*setting != NULL || value == NULL || value[0] == '\0')
        return true;
    const char *expected = check(value);
    if (expected != NULL)
        return failure_set(failure, "config", "the environment variable %s: expected %s", variable, expected);
    *setting = strdup(value);
    return *setting != NULL || failure_set(failure, "memory", "There is no memory for the settings.");
}

bool
settings_adopt_environment(struct credentials_settings *settings, struct failure *failure)
{
    bool wanted = settings->source == CREDENTIALS_AUTO || settings->source == CREDENTIALS_CONTAINER;
    if (!wanted || settings->container_credentials_relative_uri != NULL ||
        settings->container_credentials_full_uri != NULL)
        return true;
    if (!adopt(&settings->container_credentials_relative_uri, CONTAINER_RELATIVE_URI_VARIABLE, value_container_path,
               failure))
        return false;
    if (settings->container_credentials_relative_uri == NULL &&
        !adopt(&settings->container_credentials_full_uri, CONTAINER_FULL_URI_VARIABLE, value_container_url, failure))
        return false;
    if (settings->container_credentials_relative_uri == NULL && settings->container_credentials_full_uri == NULL)
        return true;
    return adopt(&settings->container_authorization_token_file, CONTAINER_TOKEN_FILE_VARIABLE, value_absolute_path,
                 failure);
}
