/*
 * endpoint.c: the rules of the host names of SageMaker's API and of STS (botocore 1.43.11,
 * data/sagemaker/2017-07-24/endpoint-rule-set-1 and data/sts/2011-06-15/endpoint-rule-set-1).
 *
 * SPDX-License-Identifier: MIT
 */
#include "endpoint.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"

#define HOST_LENGTH_MAX  253
#define LABEL_LENGTH_MAX 63

static bool
put_url(char *url, size_t size, const char *name, const char *region, const char *suffix, struct failure *failure)
{
    int length = snprintf(url, size, "https://%s.%s.%s", name, region, suffix);
    if (length < 0 || (size_t) length >= size)
        return failure_set(failure, "config", "The host name of AWS's endpoint in region %s is too long.", region);
    return true;
}

static bool
use_endpoint_url(const char *setting, const char *endpoint_url, char *url, size_t size, struct failure *failure)
{
    size_t length = strnlen(endpoint_url, size);
    if (length < size) {
        memcpy(url, endpoint_url, length);
        url[length - (length > 0 && endpoint_url[length - 1] == '/')] = '\0';
        char host[HOST_LENGTH_MAX + 8];
        if (endpoint_host(url, host, sizeof(host)) && (strncmp(url, "https://", 8) == 0 || endpoint_is_local_http(url)))
            return true;
    }
    return failure_set(failure, "config",
                       "%s is \"%.200s\": expected https://HOST or https://HOST:PORT without a path "
                       "(http:// for loopback addresses only).",
                       setting, endpoint_url);
}

/* What holds for every service, before its own rules.  variant: FIPS or dual-stack is asked for. */
static bool
check_choices(const char *setting, const char *region, const char *endpoint_url, bool variant, struct failure *failure)
{
    if (!region_is_valid(region))
        return failure_set(failure, "config", "\"%.64s\" is no AWS region: expected a name like ap-northeast-1.",
                           region != NULL ? region : "");
    if (endpoint_url != NULL && variant)
        return failure_set(failure, "config",
                           "%s excludes use_fips_endpoint and use_dualstack_endpoint: name the FIPS or dual-stack host "
                           "in %s, or leave %s out.",
                           setting, setting, setting);
    return true;
}

bool
endpoint_sagemaker(const char *region, const char *endpoint_url, bool fips, bool dualstack, char *url, size_t size,
                   struct failure *failure)
{
    static const char setting[] = "endpoint_url";
    if (!check_choices(setting, region, endpoint_url, fips || dualstack, failure))
        return false;
    if (endpoint_url != NULL)
        return use_endpoint_url(setting, endpoint_url, url, size, failure);
    const struct partition *partition = partition_of_region(region);
    const char *suffix = dualstack ? partition->dualstack_dns_suffix : partition->dns_suffix;
    if (!fips)
        return put_url(url, size, "api.sagemaker", region, suffix, failure);
    if (!dualstack && partition->sagemaker_api_fips)
        return put_url(url, size, "api-fips.sagemaker", region, suffix, failure);
    return put_url(url, size, "api.sagemaker-fips", region, suffix, failure);
}

bool
endpoint_sts(const char *region, const char *endpoint_url, bool fips, bool dualstack, char *url, size_t size,
             struct failure *failure)
{
    static const char setting[] = "sts_endpoint_url";
    if (!check_choices(setting, region, endpoint_url, fips || dualstack, failure))
        return false;
    if (endpoint_url != NULL)
        return use_endpoint_url(setting, endpoint_url, url, size, failure);
    const struct partition *partition = partition_of_region(region);
    const char *suffix = dualstack ? partition->dualstack_dns_suffix : partition->dns_suffix;
    bool plain = !fips || (!dualstack && partition->sts_fips_is_plain);
    return put_url(url, size, plain ? "sts" : "sts-fips", region, suffix, failure);
}

/* Labels of letters, digits and inner hyphens (RFC 1123), up to the port or the end; their length, 0 when it is none.
 */
static size_t
name_length(const char *text)
{
    size_t label = 0;
    size_t i = 0;
    for (; ascii_is_alphanumeric(text[i]) || text[i] == '-' || text[i] == '.'; i++) {
        bool at_edge = label == 0 || text[i + 1] == '.' || text[i + 1] == ':' || text[i + 1] == '\0';
        if (text[i] == '.' ? label == 0 : ++label > LABEL_LENGTH_MAX || (text[i] == '-' && at_edge))
            return 0;
        if (text[i] == '.')
            label = 0;
    }
    return label > 0 && i <= HOST_LENGTH_MAX ? i : 0;
}

/* An IPv6 literal in brackets; its length with them, 0 when it is none. */
static size_t
ipv6_length(const char *text)
{
    const char *end = strchr(text, ']');
    char address[INET6_ADDRSTRLEN];
    if (text[0] != '[' || end == NULL || (size_t) (end - text - 1) >= sizeof(address))
        return 0;
    size_t length = (size_t) (end - text - 1);
    memcpy(address, text + 1, length);
    address[length] = '\0';
    struct in6_addr parsed;
    return inet_pton(AF_INET6, address, &parsed) == 1 ? length + 2 : 0;
}

/* ":1".. ":65535" without leading zeros, or nothing.  port is 0 for nothing. */
static bool
read_port(const char *text, unsigned int *port)
{
    *port = 0;
    if (text[0] == '\0')
        return true;
    size_t digits = ascii_count_while(text + 1, ascii_is_digit);
    if (text[0] != ':' || text[1] == '0' || digits < 1 || digits > 5 || text[1 + digits] != '\0')
        return false;
    for (size_t i = 1; i <= digits; i++)
        *port = *port * 10 + (unsigned int) (text[i] - '0');
    return *port <= UINT16_MAX;
}

/* What follows the scheme; default_port is the scheme's. */
static const char *
after_scheme(const char *url, unsigned int *default_port)
{
    if (strncmp(url, "https://", 8) == 0) {
        *default_port = 443;
        return url + 8;
    }
    if (strncmp(url, "http://", 7) == 0) {
        *default_port = 80;
        return url + 7;
    }
    return NULL;
}

bool
endpoint_host(const char *url, char *host, size_t size)
{
    unsigned int default_port;
    const char *authority = url != NULL ? after_scheme(url, &default_port) : NULL;
    if (authority == NULL)
        return false;
    size_t name = authority[0] == '[' ? ipv6_length(authority) : name_length(authority);
    unsigned int port;
    if (name == 0 || !read_port(authority + name, &port))
        return false;
    const char *shown_port = port == default_port ? "" : authority + name;
    int length = snprintf(host, size, "%.*s%s", (int) name, authority, shown_port);
    return length > 0 && (size_t) length < size;
}

static bool
is_local_ipv4(const char *name)
{
    struct in_addr address;
    if (inet_pton(AF_INET, name, &address) != 1)
        return false;
    uint32_t bits = ntohl(address.s_addr);
    return bits >> 24 == 127 || bits >> 16 == (169U << 8 | 254);
}

/* ::1, fe80::/10, and fd00:ec2::/32, where the services of an EC2 instance live (fd00:ec2::254). */
static bool
is_local_ipv6(const char *name)
{
    struct in6_addr address;
    if (inet_pton(AF_INET6, name, &address) != 1)
        return false;
    static const uint8_t instance_services[] = {0xfd, 0x00, 0x0e, 0xc2};
    return IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address) ||
           memcmp(address.s6_addr, instance_services, sizeof(instance_services)) == 0;
}

bool
endpoint_is_local_http(const char *url)
{
    char host[HOST_LENGTH_MAX + 8];
    if (!endpoint_host(url, host, sizeof(host)) || strncmp(url, "http://", 7) != 0)
        return false;
    if (host[0] == '[') {
        host[strcspn(host, "]")] = '\0';
        return is_local_ipv6(host + 1);
    }
    host[strcspn(host, ":")] = '\0';
    return is_local_ipv4(host);
}
