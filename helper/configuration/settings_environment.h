/*
 * settings_environment.h: what ECS and EKS say of credentials in the environment of a container.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SETTINGS_ENVIRONMENT_H
#define SETTINGS_ENVIRONMENT_H

#include <stdbool.h>

#include "failure.h"
#include "settings.h"

#define CONTAINER_RELATIVE_URI_VARIABLE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define CONTAINER_FULL_URI_VARIABLE     "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define CONTAINER_TOKEN_FILE_VARIABLE   "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

/*
 * Where source is auto or container and the settings name no URI, take the one that this process was started with; the
 * relative one goes before the full one, as in the SDKs, and the token file comes with either.  AWS_CONTAINER_
 * AUTHORIZATION_TOKEN is not read: a secret does not belong in an environment.  Code "config" for a value that could
 * not stand in studio.conf.
 */
bool settings_adopt_environment(struct credentials_settings *settings, struct failure *failure);

#endif
