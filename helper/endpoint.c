/*
 * endpoint.c: the rule table of the SageMaker API's host names (botocore 1.43.11, partitions.json and
 * data/sagemaker/2017-07-24/endpoint-rule-set-1).
 *
 * SPDX-License-Identifier: MIT
 */
#include "endpoint.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define REGION_LENGTH_MAX 32
#define HOST_LENGTH_MAX   253
#define LABEL_LENGTH_MAX  63

/* A region belongs to the partition whose prefix it has, when what follows is `word-number`; all others are "aws". */
struct partition {
    const char *region_prefix;
    const char *dns_suffix;
    const char *dualstack_dns_suffix;
    bool fips_in_first_label; /* api-fips.sagemaker.REGION instead of api.sagemaker-fips.REGION */
};

static const struct partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false},
    {"us-gov-", "amazonaws.com", "api.aws", true},
    {"eusc-de-", "amazonaws.eu", "api.amazonwebservices.eu", false},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", false},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", false},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", false},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", false},
};
static const struct partition commercial = {"", "amazonaws.com", "api.aws", true};

static bool
is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool
is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool
is_alphanumeric(char byte)
{
    return is_digit(byte) || is_lower(byte) || (byte >= 'A' && byte <= 'Z');
}

static size_t
count_while(const char *text, bool (*accepts)(char))
{
    size_t length = 0;
    while (accepts(text[length]))
        length++;
    return length;
}

/* [a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2} */
bool
region_is_valid(const char *region)
{
    if (region == NULL || strnlen(region, REGION_LENGTH_MAX + 1) > REGION_LENGTH_MAX)
        return false;
    size_t word = count_while(region, is_lower);
    if (word < 2 || word > 4)
        return false;
    const char *at = region + word;
    int words = 0;
    while (at[0] == '-' && (word = count_while(at + 1, is_lower)) > 0) {
        at += 1 + word;
        words++;
    }
    size_t digits = at[0] == '-' ? count_while(at + 1, is_digit) : 0;
    return words >= 1 && words <= 3 && (digits == 1 || digits == 2) && at[1 + digits] == '\0';
}

static const struct partition *
partition_of(const char *region)
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

static bool
put_url(char *url, size_t size, const char *name, const char *region, const char *suffix, struct failure *failure)
{
    int length = snprintf(url, size, "https://%s.%s.%s", name, region, suffix);
    if (length < 0 || (size_t) length >= size)
        return failure_set(failure, "config", "The host name of the SageMaker API in region %s is too long.", region);
    return true;
}

static bool
use_endpoint_url(const char *endpoint_url, char *url, size_t size, struct failure *failure)
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
                       "endpoint_url is \"%.200s\": expected https://HOST or https://HOST:PORT without a path "
                       "(http:// for loopback addresses only).",
                       endpoint_url);
}

bool
endpoint_sagemaker(const char *region, const char *endpoint_url, bool fips, bool dualstack, char *url, size_t size,
                   struct failure *failure)
{
    if (!region_is_valid(region))
        return failure_set(failure, "config", "\"%.64s\" is no AWS region: expected a name like ap-northeast-1.",
                           region != NULL ? region : "");
    if (endpoint_url != NULL && (fips || dualstack))
        return failure_set(failure, "config",
                           "endpoint_url excludes use_fips_endpoint and use_dualstack_endpoint: name the FIPS or "
                           "dual-stack host in endpoint_url, or leave endpoint_url out.");
    if (endpoint_url != NULL)
        return use_endpoint_url(endpoint_url, url, size, failure);
    const struct partition *partition = partition_of(region);
    const char *suffix = dualstack ? partition->dualstack_dns_suffix : partition->dns_suffix;
    if (!fips)
        return put_url(url, size, "api.sagemaker", region, suffix, failure);
    if (!dualstack && partition->fips_in_first_label)
        return put_url(url, size, "api-fips.sagemaker", region, suffix, failure);
    return put_url(url, size, "api.sagemaker-fips", region, suffix, failure);
}

/* Labels of letters, digits and inner hyphens (RFC 1123), up to the port or the end; their length, 0 when it is none.
 */
static size_t
name_length(const char *text)
{
    size_t label = 0;
    size_t i = 0;
    for (; is_alphanumeric(text[i]) || text[i] == '-' || text[i] == '.'; i++) {
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
    size_t digits = count_while(text + 1, is_digit);
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
