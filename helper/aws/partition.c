/*
 * partition.c: see partition.h.  DNS suffixes and FIPS names are those of botocore 1.43.11 (partitions.json,
 * endpoint-rule-set-1 of sagemaker and sts); Studio's domains those of the Public Suffix List (publicsuffix/list, block
 * "Amazon SageMaker Studio", submitted by AWS).
 *
 * SPDX-License-Identifier: MIT
 */
#include "partition.h"

#include <stddef.h>
#include <string.h>

#include "ascii.h"

#define REGION_LENGTH_MAX 32

/* A region belongs to the partition whose prefix it has, when what follows is `word-number`; all others are "aws". */
static const struct partition partitions[] = {
    {.name = "aws-cn",
     .region_prefix = "cn-",
     .dns_suffix = "amazonaws.com.cn",
     .dualstack_dns_suffix = "api.amazonwebservices.com.cn",
     .studio_domain = "sagemaker.com.cn"},
    {.name = "aws-us-gov",
     .region_prefix = "us-gov-",
     .dns_suffix = "amazonaws.com",
     .dualstack_dns_suffix = "api.aws",
     .studio_domain = "sagemaker.aws",
     .sagemaker_api_fips = true,
     .sts_fips_is_plain = true,
     .studio_fips = true},
    {.name = "aws-eusc",
     .region_prefix = "eusc-de-",
     .dns_suffix = "amazonaws.eu",
     .dualstack_dns_suffix = "api.amazonwebservices.eu"},
    {.name = "aws-iso",
     .region_prefix = "us-iso-",
     .dns_suffix = "c2s.ic.gov",
     .dualstack_dns_suffix = "api.aws.ic.gov"},
    {.name = "aws-iso-b",
     .region_prefix = "us-isob-",
     .dns_suffix = "sc2s.sgov.gov",
     .dualstack_dns_suffix = "api.aws.scloud"},
    {.name = "aws-iso-e",
     .region_prefix = "eu-isoe-",
     .dns_suffix = "cloud.adc-e.uk",
     .dualstack_dns_suffix = "api.cloud-aws.adc-e.uk"},
    {.name = "aws-iso-f",
     .region_prefix = "us-isof-",
     .dns_suffix = "csp.hci.ic.gov",
     .dualstack_dns_suffix = "api.aws.hci.ic.gov"},
};
static const struct partition commercial = {
    .name = "aws",
    .region_prefix = "",
    .dns_suffix = "amazonaws.com",
    .dualstack_dns_suffix = "api.aws",
    .studio_domain = "sagemaker.aws",
    .sagemaker_api_fips = true,
};

/* [a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2} */
bool
region_is_valid(const char *region)
{
    if (region == NULL || strnlen(region, REGION_LENGTH_MAX + 1) > REGION_LENGTH_MAX)
        return false;
    size_t word = ascii_count_while(region, ascii_is_lower);
    if (word < 2 || word > 4)
        return false;
    const char *at = region + word;
    int words = 0;
    while (at[0] == '-' && (word = ascii_count_while(at + 1, ascii_is_lower)) > 0) {
        at += 1 + word;
        words++;
    }
    size_t digits = at[0] == '-' ? ascii_count_while(at + 1, ascii_is_digit) : 0;
    return words >= 1 && words <= 3 && (digits == 1 || digits == 2) && at[1 + digits] == '\0';
}

const struct partition *
partition_of_region(const char *region)
{
    for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++) {
        size_t prefix = strlen(partitions[i].region_prefix);
        if (strncmp(region, partitions[i].region_prefix, prefix) != 0)
            continue;
        const char *hyphen = strchr(region + prefix, '-');
        if (hyphen != NULL && strchr(hyphen + 1, '-') == NULL)
            return &partitions[i];
    }
    return &commercial;
}

const char *
region_studio_domain(const char *region)
{
    return partition_of_region(region)->studio_domain;
}
