/*
 * check_place.c: see check_place.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_place.h"

#include <stdio.h>
#include <string.h>

#include "check_region.h"
#include "endpoint.h"

static bool
find_endpoints(struct check_place *place, struct failure *failure)
{
    const struct domain_settings *settings = place->settings;

    return endpoint_sagemaker(place->region, settings->endpoint_url, settings->use_fips_endpoint,
                              settings->use_dualstack_endpoint, place->endpoint_url, sizeof(place->endpoint_url),
                              failure) &&
           endpoint_sts(place->region, settings->sts_endpoint_url, settings->use_fips_endpoint,
                        settings->use_dualstack_endpoint, place->sts_endpoint_url, sizeof(place->sts_endpoint_url),
                        failure) &&
           (endpoint_host(place->endpoint_url, place->endpoint_host, sizeof(place->endpoint_host)) ||
            failure_set(failure, "config", "endpoint_url %s has no host name.", place->endpoint_url));
}

bool
check_place_find(struct check_progress *progress, struct check_place *place)
{
    struct failure failure;

    if (!check_region(progress, place->settings, place->region, sizeof(place->region)))
        return false;
    if (find_endpoints(place, &failure))
        return true;
    check_report_add(progress->report, CHECK_CRITICAL, "region", failure.message, NULL);
    return false;
}

void
check_place_free(struct check_place *place)
{
    credentials_wipe(&place->link_keys);
    credentials_wipe(&place->describing_keys);
}

static bool
is_same(const char *one, const char *other)
{
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

bool
check_place_is_alike(const struct check_place *one, const struct check_place *other)
{
    return strcmp(one->region, other->region) == 0 && strcmp(one->endpoint_url, other->endpoint_url) == 0 &&
           strcmp(one->sts_endpoint_url, other->sts_endpoint_url) == 0 &&
           is_same(one->settings->proxy_url, other->settings->proxy_url) &&
           is_same(one->settings->ca_bundle, other->settings->ca_bundle);
}

/* arn:PARTITION:iam::ACCOUNT:role/NAME */
bool
check_place_is_foreign(const struct check_place *place)
{
    const char *account = place->settings->role_arn != NULL ? strstr(place->settings->role_arn, ":iam::") : NULL;

    return account != NULL && place->account[0] != '\0' &&
           strncmp(account + strlen(":iam::"), place->account, strlen(place->account)) != 0;
}

const struct credentials *
check_place_describing_keys(const struct check_place *place)
{
    if (!check_place_is_foreign(place))
        return place->host_keys;
    return place->describing_keys.access_key_id != NULL ? &place->describing_keys : NULL;
}

struct sagemaker_question
check_place_question(const struct check_place *place, enum sagemaker_operation operation)
{
    return (struct sagemaker_question){
        .operation = operation,
        .endpoint_url = place->endpoint_url,
        .region = place->region,
        .ca_bundle = place->settings->ca_bundle,
        .proxy_url = place->settings->proxy_url,
        .domain_id = place->settings->domain_id,
    };
}
