/*
 * The host names of AWS's services as the helper makes them, for the comparison with botocore's (test_endpoints.py).
 *
 * Lines `SERVICE REGION FIPS DUALSTACK` (sagemaker or sts, a region, 0 or 1, 0 or 1) on stdin; on stdout for each of
 * them the URL, or the code of the failure.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "endpoint.h"

int
main(void)
{
    char service[16];
    char region[40];
    int fips;
    int dualstack;
    while (scanf("%15s %39s %d %d", service, region, &fips, &dualstack) == 4) {
        char url[256];
        struct failure failure = {0};
        bool is_sts = strcmp(service, "sts") == 0;
        bool done = is_sts ? endpoint_sts(region, NULL, fips, dualstack, url, sizeof(url), &failure)
                           : endpoint_sagemaker(region, NULL, fips, dualstack, url, sizeof(url), &failure);
        puts(done ? url : failure.code);
    }
    return 0;
}
