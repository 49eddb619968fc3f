/*
 * user_survey.h: who all the users of this host are in Studio, found out in a process that can be killed.
 *
 * NSS may hang, and what it enumerates may be endless.  Directories mostly list nobody (`enumerate` of sssd.conf(5)):
 * what comes are then the local accounts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USER_SURVEY_H
#define USER_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "configuration.h"
#include "deadline.h"
#include "failure.h"
#include "mapping.h"
#include "service_account.h"

#define USER_SURVEY_MAX 10000 /* people; a mapping takes 3 KB */

enum user_survey_end {
    USER_SURVEY_WHOLE,
    USER_SURVEY_LATE,   /* the deadline came first */
    USER_SURVEY_MANY,   /* there are more than USER_SURVEY_MAX */
    USER_SURVEY_BROKEN, /* the process died, or could not be started */
};

struct user_survey {
    struct mapping *mappings; /* of people (eligible_uid.h), by uid, each uid once; those that came in time */
    size_t count;
    size_t accounts; /* that were enumerated, those of the system included */
    enum user_survey_end end;
};

/* account: as root, what the process becomes first; NULL: it stays who we are. */
void user_survey_make(const struct configuration *configuration, const struct service_account *account,
                      struct deadline deadline, struct user_survey *survey);
void user_survey_free(struct user_survey *survey);

/*
 * One user, by name or uid, the same way.  Where there is no such account, it is one of the system, or the deadline
 * came first, the mapping is MAPPING_FAILED, with the failure.
 */
void user_survey_find(const struct configuration *configuration, const struct service_account *account,
                      const char *name, struct deadline deadline, struct mapping *mapping);

#endif
