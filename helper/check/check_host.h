/*
 * check_host.h: everything that `check` can find out about this host and its way to AWS.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_HOST_H
#define CHECK_HOST_H

#include "check.h"
#include "configuration.h"

/* Where the options say that the configuration is. */
struct configuration_source check_source(const struct check_options *options);

/* Started as root, the process becomes the service account on the way.  Returns the exit status. */
int check_host(const struct check_options *options);

#endif
