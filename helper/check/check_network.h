/*
 * check_network.h: where do the names of the SageMaker API and of Studio lead from this host: into the VPC, or out to
 * the internet?  The browsers of a desktop go the same way as the helper.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_NETWORK_H
#define CHECK_NETWORK_H

#include "check_place.h"
#include "check_progress.h"

/* Fills place->api, place->studio and place->studio_host.  Without an address of the API the domain is hopeless. */
void check_network(struct check_progress *progress, struct check_place *place);

/* The latter two alone, for a domain whose API has been looked at; place->api is known. */
void check_studio(struct check_progress *progress, struct check_place *place);

/* The same for the host of a link, where that is not the one that was looked at. */
void check_studio_host(struct check_progress *progress, struct check_place *place, const char *host);

#endif
