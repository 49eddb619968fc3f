/*
 * studio_url.c: which hosts are Studio's is the Public Suffix List's word (publicsuffix/list, block "Amazon SageMaker
 * Studio", submitted by AWS).  Everything is compared byte by byte: what a browser would first have to
 * normalize (upper case, IDN, backslashes, escapes in the host) is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "studio_url.h"

#include <string.h>

#include "ascii.h"
#include "partition.h"

#define HOST_LENGTH_MAX  253
#define LABEL_LENGTH_MAX 63

static const char scheme[] = "https://";

/* Lower-case labels with inner hyphens, none empty; 0 when it is anything else. */
static size_t
host_length(const char *text)
{
    size_t i = 0;
    size_t label = 0;
    for (; ascii_is_lower_or_digit(text[i]) || text[i] == '-' || text[i] == '.'; i++) {
        bool is_dot = text[i] == '.';
        bool edge_of_label = label == 0 || !(ascii_is_lower_or_digit(text[i + 1]) || text[i + 1] == '-');
        if (is_dot ? label == 0 : ++label > LABEL_LENGTH_MAX || (text[i] == '-' && edge_of_label))
            return 0;
        if (is_dot)
            label = 0;
    }
    return label > 0 && i <= HOST_LENGTH_MAX ? i : 0;
}

/* Is this the beginning of text?  Then what follows it, else NULL. */
static const char *
after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* "SERVICE.REGION.DOMAIN", what follows the first label of a Studio host. */
static bool
is_studio_parent(const char *parent, const char *region, const char *service, const char *domain)
{
    const char *rest = after(parent, service);
    rest = rest != NULL ? after(rest, ".") : NULL;
    rest = rest != NULL ? after(rest, region) : NULL;
    rest = rest != NULL ? after(rest, ".") : NULL;
    return rest != NULL && strcmp(rest, domain) == 0;
}

static bool
is_studio_host(const char *host, const char *region)
{
    const struct partition *partition = partition_of_region(region);
    const char *dot = strchr(host, '.');
    if (dot == NULL || partition->studio_domain == NULL)
        return false;
    return is_studio_parent(dot + 1, region, "studio", partition->studio_domain) ||
           (partition->studio_fips && is_studio_parent(dot + 1, region, "studio-fips", partition->studio_domain));
}

/* The suffix is the whole host, or begins at one of its dots. */
static bool
ends_with_label(const char *host, const char *suffix)
{
    suffix += suffix[0] == '.';
    size_t host_size = strlen(host);
    size_t suffix_size = strlen(suffix);
    if (suffix_size == 0 || suffix_size > host_size || strcmp(host + host_size - suffix_size, suffix) != 0)
        return false;
    return suffix_size == host_size || host[host_size - suffix_size - 1] == '.';
}

static bool
is_allowed_host(const char *host, const char *region, char *const *suffixes)
{
    if (is_studio_host(host, region))
        return true;
    for (; suffixes != NULL && *suffixes != NULL; suffixes++) {
        if (ends_with_label(host, *suffixes))
            return true;
    }
    return false;
}

/* %XX of a printable byte; an escaped line break or NUL in a link is somebody's attack, whoever decodes it. */
static bool
is_harmless_escape(const char *text)
{
    int high = ascii_hex_value(text[1]);
    int low = high >= 0 ? ascii_hex_value(text[2]) : -1;
    return low >= 0 && high >= 2 && !(high == 7 && low == 15);
}

static bool
is_query_text(const char *text, const char *allowed)
{
    for (; *text != '\0'; text++) {
        bool plain = ascii_is_lower_or_digit(*text) || (*text >= 'A' && *text <= 'Z') || strchr(allowed, *text) != NULL;
        if (!plain && !(*text == '%' && is_harmless_escape(text)))
            return false;
    }
    return true;
}

/* "/auth?token=TEXT", perhaps with further parameters. */
static bool
is_auth_path(const char *path)
{
    const char *token = after(path, "/auth?token=");
    return token != NULL && token[0] != '\0' && token[0] != '&' && is_query_text(token, "._~+/=&-");
}

static const char code[] = "bad-answer";
static const char next[] =
    "No link is given to anybody. If this lasts, see whether something between this host and AWS "
    "changes answers.";

static bool
refuse_host(const char *host, const char *region, struct failure *failure)
{
    const struct partition *partition = partition_of_region(region);
    if (partition->studio_domain == NULL)
        return failure_set(failure, code,
                           "The link in AWS's answer points at %s. Which hosts Studio has in region %s (partition %s) "
                           "AWS has not published, so that only studio_url_suffixes in studio.conf can allow them. If "
                           "this is one of them, add its suffix there.",
                           host, region, partition->name);
    return failure_set(failure, code,
                       "The link in AWS's answer points at %s, which is no Studio host of region %s (expected "
                       "NAME.studio.%s.%s). %s If AWS does use this host, add its suffix to studio_url_suffixes in "
                       "studio.conf.",
                       host, region, region, partition->studio_domain, next);
}

bool
studio_url_check(const char *url, const char *region, char *const *suffixes, struct failure *failure)
{
    if (strnlen(url, STUDIO_URL_MAX + 1) > STUDIO_URL_MAX)
        return failure_set(failure, code, "The link in AWS's answer is longer than %d bytes. %s", STUDIO_URL_MAX, next);
    const char *after_scheme = after(url, scheme);
    if (after_scheme == NULL)
        return failure_set(failure, code, "The link in AWS's answer does not begin with https://. %s", next);
    size_t length = host_length(after_scheme);
    if (length == 0)
        return failure_set(failure, code, "The link in AWS's answer has no well-formed host name. %s", next);
    char host[HOST_LENGTH_MAX + 1];
    memcpy(host, after_scheme, length);
    host[length] = '\0';
    if (!is_allowed_host(host, region, suffixes))
        return refuse_host(host, region, failure);
    if (!is_auth_path(after_scheme + length))
        return failure_set(failure, code,
                           "The link in AWS's answer points at %s, as it should, but its path is not "
                           "/auth?token=TOKEN. %s",
                           host, next);
    return true;
}
