/*
 * credential_settings.c: see credential_settings.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_settings.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_COUNT 11

/* Where the texts are. */
static void
find_texts(struct credential_settings *settings, char **texts[TEXT_COUNT])
{
    struct credentials_settings *credentials = &settings->credentials;
    char **all[TEXT_COUNT] = {
        &credentials->shared_credentials_file,
        &credentials->profile,
        &credentials->credential_process,
        &credentials->container_credentials_relative_uri,
        &credentials->container_credentials_full_uri,
        &credentials->container_authorization_token_file,
        &credentials->ec2_metadata_service_endpoint,
        &settings->region,
        &settings->sts_endpoint_url,
        &settings->ca_bundle,
        &settings->proxy_url,
    };
    memcpy(texts, all, sizeof(all));
}

/* The settings' own texts, for as long as those live. */
static struct credential_settings
view_of(const struct settings *settings)
{
    const struct domain_settings *defaults = &settings->defaults;
    return (struct credential_settings){
        .credentials = settings->credentials,
        .region = defaults->region,
        .sts_endpoint_url = defaults->sts_endpoint_url,
        .ca_bundle = defaults->ca_bundle,
        .proxy_url = defaults->proxy_url,
        .use_fips_endpoint = defaults->use_fips_endpoint,
        .use_dualstack_endpoint = defaults->use_dualstack_endpoint,
    };
}

/* NULL stays NULL. */
static char *
copy_of(const char *text, bool *complete)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL)
        *complete = false;
    return copy;
}

bool
credential_settings_copy(struct credential_settings *copy, const struct settings *settings, struct failure *failure)
{
    bool complete = true;
    const struct credentials_settings *from = &settings->credentials;
    *copy = (struct credential_settings){
        .credentials = {.source = from->source,
                        .shared_credentials_file = copy_of(from->shared_credentials_file, &complete),
                        .profile = copy_of(from->profile, &complete),
                        .credential_process = copy_of(from->credential_process, &complete),
                        .container_credentials_relative_uri =
                            copy_of(from->container_credentials_relative_uri, &complete),
                        .container_credentials_full_uri = copy_of(from->container_credentials_full_uri, &complete),
                        .container_authorization_token_file =
                            copy_of(from->container_authorization_token_file, &complete),
                        .ec2_metadata_service_endpoint = copy_of(from->ec2_metadata_service_endpoint, &complete)},
        .region = copy_of(settings->defaults.region, &complete),
        .sts_endpoint_url = copy_of(settings->defaults.sts_endpoint_url, &complete),
        .ca_bundle = copy_of(settings->defaults.ca_bundle, &complete),
        .proxy_url = copy_of(settings->defaults.proxy_url, &complete),
        .use_fips_endpoint = settings->defaults.use_fips_endpoint,
        .use_dualstack_endpoint = settings->defaults.use_dualstack_endpoint,
    };
    if (complete)
        return true;
    credential_settings_free(copy);
    return failure_set(failure, "memory", "There is no memory for the settings of credentials.");
}

void
credential_settings_free(struct credential_settings *copy)
{
    char **texts[TEXT_COUNT];
    find_texts(copy, texts);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        free(*texts[i]);
    *copy = (struct credential_settings){0};
}

static bool
texts_equal(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

bool
credential_settings_equal(const struct credential_settings *copy, const struct settings *settings)
{
    struct credential_settings mine = *copy;
    struct credential_settings theirs = view_of(settings);
    char **my_texts[TEXT_COUNT];
    char **their_texts[TEXT_COUNT];
    find_texts(&mine, my_texts);
    find_texts(&theirs, their_texts);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        if (!texts_equal(*my_texts[i], *their_texts[i]))
            return false;
    }
    return mine.credentials.source == theirs.credentials.source && mine.use_fips_endpoint == theirs.use_fips_endpoint &&
           mine.use_dualstack_endpoint == theirs.use_dualstack_endpoint;
}
