/*
 * pam_control.h: what a PAM line's control makes of the module's result (pam.conf(5)).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PAM_CONTROL_H
#define PAM_CONTROL_H

#include <stdbool.h>

/* Does the control mean what `optional` means, so that no failure of the module ends a login?  is_complex: it stood
 * between [ and ]. */
bool pam_control_is_optional(const char *control, bool is_complex);

#endif
