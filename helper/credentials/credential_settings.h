/*
 * credential_settings.h: what of the settings decides on the host's own keys: all of [credentials], and of [defaults]
 * what a request to STS needs.  A copy, which outlives the settings.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CREDENTIAL_SETTINGS_H
#define CREDENTIAL_SETTINGS_H

#include <stdbool.h>

#include "failure.h"
#include "settings.h"

struct credential_settings {
    struct credentials_settings credentials;
    char *region;
    char *sts_endpoint_url;
    char *ca_bundle;
    char *proxy_url;
    bool use_fips_endpoint;
    bool use_dualstack_endpoint;
};

/* False with code "memory"; nothing is to be freed then. */
bool credential_settings_copy(struct credential_settings *copy, const struct settings *settings,
                              struct failure *failure);
void credential_settings_free(struct credential_settings *copy);
/* Would a copy of these settings be equal? */
bool credential_settings_equal(const struct credential_settings *copy, const struct settings *settings);

#endif
