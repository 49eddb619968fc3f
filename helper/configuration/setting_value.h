/*
 * setting_value.h: may this be the value of such a setting?  Each check returns NULL when it may, else what was
 * expected, as the end of a sentence.  The value itself is in no message: a URL may hold a password by mistake.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SETTING_VALUE_H
#define SETTING_VALUE_H

#include <stdbool.h>

typedef const char *value_check(const char *value);

value_check value_domain_id;
value_check value_region;
value_check value_landing_uri;
value_check value_space_name;
value_check value_endpoint_url;   /* https://, or http:// to a loopback address */
value_check value_metadata_url;   /* http:// to a loopback, link-local or metadata service address */
value_check value_container_path; /* what follows http://169.254.170.2 */
value_check value_container_url;  /* https://, or http:// to loopback and the addresses that ECS and EKS use */
value_check value_proxy_url;
value_check value_host_suffix;
value_check value_absolute_path;
value_check value_role_arn;
value_check value_external_id;
value_check value_browser;
value_check value_short_text;

/* The name in [domain NAME]. */
bool domain_name_is_valid(const char *text);

#endif
