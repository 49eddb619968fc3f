/*
 * eligible_uid.h: which uids belong to people, in the module and in the helper alike.
 *
 * A person's uid is at least UID_MIN of login.defs(5) (1000 where that says nothing) and is neither `nobody` (65534,
 * and 65535, the 16-bit -1), nor one of systemd's dynamic users (61184..65519, systemd's UIDS-GIDS.md), nor -1.
 * UID_MAX does not bound it: directories (SSSD, winbind) and systemd-homed give people uids above it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ELIGIBLE_UID_H
#define ELIGIBLE_UID_H

#include <stdbool.h>
#include <sys/types.h>

#define LOGIN_DEFS "/etc/login.defs"

/* UID_MIN of this file; 1000 when the file or the line is absent or makes no sense. */
uid_t uid_min_of(const char *login_defs);

bool uid_is_eligible(uid_t uid, uid_t uid_min);

#endif
