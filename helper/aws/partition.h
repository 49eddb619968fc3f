/*
 * partition.h: AWS's regions and the partitions that they belong to: what differs between them in host names and ARNs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PARTITION_H
#define PARTITION_H

#include <stdbool.h>

struct partition {
    const char *name;          /* as ARNs name it: "aws", "aws-cn", "aws-us-gov" ... */
    const char *region_prefix; /* what the names of its regions begin with */
    const char *dns_suffix;
    const char *dualstack_dns_suffix;
    const char *studio_domain; /* what region_studio_domain returns */
    bool sagemaker_api_fips;   /* api-fips.sagemaker.REGION instead of api.sagemaker-fips.REGION */
    bool sts_fips_is_plain;    /* sts.REGION is the FIPS endpoint of STS */
    bool studio_fips;          /* links may point at HOST.studio-fips.REGION */
};

/* A name like ap-northeast-1; nothing else may become part of a host name. */
bool region_is_valid(const char *region);

/* Of a valid region.  One that no partition knows is taken for one of "aws", as botocore does. */
const struct partition *partition_of_region(const char *region);

/* What follows "HOST.studio.REGION." in Studio's own links: "sagemaker.aws", "sagemaker.com.cn"; NULL where AWS has not
 * published it (aws-iso*, aws-eusc): there studio_url_suffixes must say it. */
const char *region_studio_domain(const char *region);

#endif
