/*
 * check_metadata_exposure.h: can an ordinary user reach the instance metadata service?  Whoever can has the host's
 * keys, and with them anybody's link.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_METADATA_EXPOSURE_H
#define CHECK_METADATA_EXPOSURE_H

#include <stddef.h>

#include "check_report.h"
#include "metadata_probe.h"

/* The step "imds-exposure", of several probes; none: nobody could be tried, for that needs root. */
void check_metadata_exposure(const struct metadata_probe *probes, size_t count, struct check_report *report);

#endif
