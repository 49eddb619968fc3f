/*
 * setting_value.c: the patterns that values of settings must match.
 *
 * Sources: the SageMaker API model (DomainId, UserProfileName, SpaceName), the STS API model (arnType, externalIdType),
 * RFC 3986 for URLs, the landing URIs that SageMaker redeems to a place inside Studio, and for the URIs of container
 * credentials docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html.
 *
 * SPDX-License-Identifier: MIT
 */
#include "setting_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "cleanup.h"
#include "endpoint.h"
#include "settings.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Consists the text of these characters alone? */
static bool
consists_of(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

/* d-(-*[a-z0-9]){1,61}, at most 63 characters */
bool
domain_id_is_valid(const char *text)
{
    size_t length = strlen(text);
    return length >= 3 && length <= 63 && strncmp(text, "d-", 2) == 0 &&
           consists_of(text, "abcdefghijklmnopqrstuvwxyz0123456789-") && ascii_is_lower_or_digit(text[length - 1]);
}

/* [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}, at most 63 characters */
bool
user_profile_name_is_valid(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 63 && consists_of(text, NAME_CHARACTERS "-") && text[0] != '-' &&
           text[length - 1] != '-';
}

bool
domain_name_is_valid(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 127 && consists_of(text, NAME_CHARACTERS "_.-") &&
           strchr(NAME_CHARACTERS, text[0]) != NULL && strncmp(text, "d-", 2) != 0;
}

static int
hex_digit(char byte)
{
    const char *digits = "0123456789abcdef";
    const char *found = byte == '\0' ? NULL : strchr(digits, tolower((unsigned char) byte));
    return found == NULL ? -1 : (int) (found - digits);
}

/* Every %XX is whole, and none hides a slash, a backslash, a dot, a percent sign or a control byte. */
static bool
escapes_are_safe(const char *text)
{
    for (const char *at = strchr(text, '%'); at != NULL; at = strchr(at + 1, '%')) {
        int high = hex_digit(at[1]);
        int low = high < 0 ? -1 : hex_digit(at[2]);
        if (low < 0)
            return false;
        int byte = high * 16 + low;
        if (byte < 0x20 || byte == 0x7f || strchr("/\\.%", byte) != NULL)
            return false;
    }
    return true;
}

/* A path that starts with a slash, or holds `//`, would be redeemed as the name of another host. */
static bool
landing_path_is_safe(const char *path)
{
    if (path[0] == '\0')
        return true;
    return strchr(NAME_CHARACTERS "_", path[0]) != NULL && consists_of(path, NAME_CHARACTERS "_.~%/?=&+,:@-") &&
           strstr(path, "//") == NULL && strstr(path, "..") == NULL && escapes_are_safe(path);
}

bool
landing_uri_is_safe(const char *text)
{
    static const char *const schemes[] = {
        "studio::", "app:JupyterServer:", "app:JupyterLab:", "app:RStudioServerPro:", "app:CodeEditor:", "app:Canvas:"};
    if (strlen(text) > 1023)
        return false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t length = strlen(schemes[i]);
        if (strncmp(text, schemes[i], length) == 0)
            return landing_path_is_safe(text + length);
    }
    return false;
}

const char *
value_domain_id(const char *value)
{
    return domain_id_is_valid(value) ? NULL : "a domain id like d-abcdefghij12";
}

const char *
value_region(const char *value)
{
    return region_is_valid(value) ? NULL : "a region like ap-northeast-1";
}

const char *
value_landing_uri(const char *value)
{
    return landing_uri_is_safe(value)
               ? NULL
               : "studio:: or app:NAME: (JupyterServer, JupyterLab, RStudioServerPro, CodeEditor, "
                 "Canvas) and a path that has no leading slash, no // and no .. in it";
}

const char *
value_space_name(const char *value)
{
    return user_profile_name_is_valid(value) ? NULL : "a space name: letters, digits and inner '-', at most 63";
}

struct url {
    bool https;
    char host[256]; /* without brackets */
    bool bracketed;
};

static bool
port_is_valid(const char *text)
{
    size_t length = strlen(text);
    if (length < 1 || length > 5 || !consists_of(text, "0123456789"))
        return false;
    long port = strtol(text, NULL, 10);
    return port >= 1 && port <= 65535;
}

static bool
host_name_is_valid(const char *host)
{
    size_t length = strlen(host);
    return length >= 1 && length <= 253 && consists_of(host, NAME_CHARACTERS ".-") && strchr(".-", host[0]) == NULL &&
           strchr(".-", host[length - 1]) == NULL && strstr(host, "..") == NULL;
}

/* Split "HOST", "HOST:PORT", "[IPV6]" or "[IPV6]:PORT". */
static bool
authority_split(const char *text, struct url *url)
{
    url->bracketed = text[0] == '[';
    const char *start = url->bracketed ? text + 1 : text;
    size_t length = strcspn(start, url->bracketed ? "]" : ":");
    if (length == 0 || length >= sizeof url->host || (url->bracketed && start[length] != ']'))
        return false;
    memcpy(url->host, start, length);
    url->host[length] = '\0';
    const char *rest = start + length + (url->bracketed ? 1 : 0);
    if (rest[0] != '\0' && (rest[0] != ':' || !port_is_valid(rest + 1)))
        return false;
    struct in6_addr address;
    return url->bracketed ? inet_pton(AF_INET6, url->host, &address) == 1 : host_name_is_valid(url->host);
}

/* A URL of a scheme, a host and perhaps a port, and nothing else. */
static bool
url_split(const char *text, struct url *url)
{
    *url = (struct url){.https = strncmp(text, "https://", 8) == 0};
    if (!url->https && strncmp(text, "http://", 7) != 0)
        return false;
    return authority_split(text + (url->https ? 8 : 7), url);
}

static bool
host_is_loopback(const struct url *url)
{
    struct in_addr four;
    if (url->bracketed)
        return strcmp(url->host, "::1") == 0;
    return inet_pton(AF_INET, url->host, &four) == 1 && (ntohl(four.s_addr) >> 24) == 127;
}

static bool
host_is_link_local(const struct url *url)
{
    struct in_addr four;
    struct in6_addr six;
    if (!url->bracketed)
        return inet_pton(AF_INET, url->host, &four) == 1 && (ntohl(four.s_addr) >> 16) == 0xa9fe; /* 169.254/16 */
    if (inet_pton(AF_INET6, url->host, &six) != 1)
        return false;
    struct in6_addr metadata;
    return IN6_IS_ADDR_LINKLOCAL(&six) ||
           (inet_pton(AF_INET6, "fd00:ec2::254", &metadata) == 1 && memcmp(&six, &metadata, sizeof six) == 0);
}

const char *
value_endpoint_url(const char *value)
{
    struct url url;
    if (url_split(value, &url) && (url.https || host_is_loopback(&url)))
        return NULL;
    return "https://HOST or https://HOST:PORT without path and user name (http:// for 127.0.0.1 and [::1] alone)";
}

const char *
value_metadata_url(const char *value)
{
    struct url url;
    if (url_split(value, &url) && !url.https && (host_is_loopback(&url) || host_is_link_local(&url)))
        return NULL;
    return "http:// and a literal address that is loopback or link-local, like http://169.254.169.254 or "
           "http://[fd00:ec2::254]";
}

/* What a request may name behind its host: nothing that is cut off (#), turned (\\) or removed (. and ..) on the way.
 */
static bool
request_path_is_plain(const char *path)
{
    if (path[0] != '/' || strlen(path) > 2048)
        return false;
    for (size_t i = 0; path[i] != '\0'; i++) {
        if (path[i] < 0x21 || path[i] > 0x7e || strchr("#\\\"<>", path[i]) != NULL)
            return false;
    }
    for (const char *segment = path; segment != NULL; segment = strchr(segment + 1, '/')) {
        size_t length = strcspn(segment + 1, "/?");
        if ((length == 1 || length == 2) && strncmp(segment + 1, "..", length) == 0)
            return false;
    }
    return strcasestr(path, "%2e") == NULL; /* which libcurl and servers take for a dot */
}

const char *
value_container_path(const char *value)
{
    return request_path_is_plain(value) ? NULL
                                        : "a path that begins with '/', printable and without '.' or '..' as a part, "
                                          "like /v2/credentials/0123abcd";
}

/* The addresses of ECS and of EKS Pod Identity. */
static bool
host_gives_container_credentials(const struct url *url)
{
    struct in6_addr six;
    struct in6_addr eks;
    if (!url->bracketed)
        return strcmp(url->host, "169.254.170.2") == 0 || strcmp(url->host, "169.254.170.23") == 0 ||
               strcmp(url->host, "localhost") == 0;
    return inet_pton(AF_INET6, url->host, &six) == 1 && inet_pton(AF_INET6, "fd00:ec2::23", &eks) == 1 &&
           memcmp(&six, &eks, sizeof six) == 0;
}

const char *
value_container_url(const char *value)
{
    struct url url;
    const char *authority = strstr(value, "://");
    size_t before = authority == NULL ? 0 : (size_t) (authority - value) + 3;
    before += strcspn(value + before, "/?");
    char server[300];
    if (snprintf(server, sizeof server, "%.*s", (int) (before < sizeof server ? before : 0), value) > 0 &&
        url_split(server, &url) && (url.https || host_is_loopback(&url) || host_gives_container_credentials(&url)) &&
        (value[before] == '\0' || request_path_is_plain(value + before)))
        return NULL;
    return "https://HOST/PATH, or http:// with a loopback address, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]";
}

const char *
value_proxy_url(const char *value)
{
    struct url url;
    return url_split(value, &url) ? NULL : "http://HOST:PORT or https://HOST:PORT without path and user name";
}

const char *
value_host_suffix(const char *value)
{
    if (host_name_is_valid(value) && consists_of(value, "abcdefghijklmnopqrstuvwxyz0123456789.-") &&
        strchr(value, '.') != NULL)
        return NULL;
    return "host name suffixes in lower case with a dot inside and none in front, with blanks between them";
}

const char *
value_absolute_path(const char *value)
{
    AUTO_FREE char *closed = NULL;
    if (asprintf(&closed, "%s/", value) < 0) {
        closed = NULL;
        return "a path that fits into memory";
    }
    if (value[0] == '/' && strlen(value) < 4096 && strstr(closed, "//") == NULL && strstr(closed, "/./") == NULL &&
        strstr(closed, "/../") == NULL)
        return NULL;
    return "an absolute path without //, . and .. in it";
}

static bool
role_name_is_valid(const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < length; i++) {
        if (path[i] < 0x21 || path[i] > 0x7e)
            return false;
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return name[0] != '\0' && strlen(name) <= 64 && consists_of(name, NAME_CHARACTERS "_+=,.@-");
}

/* arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME */
const char *
value_role_arn(const char *value)
{
    const char *expected = "a role's ARN like arn:aws:iam::123456789012:role/StudioLinks";
    if (strlen(value) < 20 || strlen(value) > 2048 || strncmp(value, "arn:aws", 7) != 0)
        return expected;
    const char *rest = value + 7;
    rest += strspn(rest, "abcdefghijklmnopqrstuvwxyz-");
    if (strncmp(rest, ":iam::", 6) != 0 || strspn(rest + 6, "0123456789") != 12)
        return expected;
    rest += 18;
    return strncmp(rest, ":role/", 6) == 0 && role_name_is_valid(rest + 6) ? NULL : expected;
}

const char *
value_external_id(const char *value)
{
    size_t length = strlen(value);
    if (length >= 2 && length <= 1224 && consists_of(value, NAME_CHARACTERS "_+=,.@:/-"))
        return NULL;
    return "2 to 1224 letters, digits and characters of _+=,.@:/-";
}

const char *
value_browser(const char *value)
{
    if (value[0] == '/')
        return value_absolute_path(value);
    if (strlen(value) <= 255 && value[0] != '-' && value[0] != '.' && consists_of(value, NAME_CHARACTERS "._+-"))
        return NULL;
    return "a program's name or absolute path, without arguments";
}

const char *
value_short_text(const char *value)
{
    return strlen(value) <= 256 ? NULL : "at most 256 bytes";
}
