/*
 * endpoint.h: the host names of AWS's services, by region and partition (botocore's endpoint-rule-set-1).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "partition.h"

/*
 * The URL of the SageMaker API, without a trailing slash.  endpoint_url, when not NULL, is it verbatim, and excludes
 * fips and dualstack; it must be https://, or http:// as in endpoint_is_local_http.  size of at least 256.  Code
 * "config".
 */
bool endpoint_sagemaker(const char *region, const char *endpoint_url, bool fips, bool dualstack, char *url, size_t size,
                        struct failure *failure);

/* The same for STS, always regional: the global endpoint lies outside of the VPC.  endpoint_url is sts_endpoint_url. */
bool endpoint_sts(const char *region, const char *endpoint_url, bool fips, bool dualstack, char *url, size_t size,
                  struct failure *failure);

/* "host" or "host:port" of an https:// or http:// URL without path, as the Host header has it (the
 * scheme's default port left out); false for anything else
 * (user info, path, query, fragment, control bytes, port out of range). */
bool endpoint_host(const char *url, char *host, size_t size);

/* Is this an http:// URL of a literal address where plain HTTP is the custom: loopback, link-local, and fd00:ec2::/32
 * of the instance services? */
bool endpoint_is_local_http(const char *url);

#endif
