/*
 * check_domain.h: is there such a domain, is it in service, and does it let links in?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_DOMAIN_H
#define CHECK_DOMAIN_H

#include "check_place.h"
#include "check_progress.h"

/* Sets place->domain_is_hopeless where no link can be made for any of its users. */
void check_domain(struct check_progress *progress, struct check_place *place);

#endif
