/*
 * drop_ins.h: the names in studio.conf.d and users.map.d, in the order in which they are read.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DROP_INS_H
#define DROP_INS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

#define DROP_INS_MAX 1000

struct drop_in {
    char *name;         /* "10-lab.conf" */
    const char *folder; /* that the folder of drop-ins lies in, as given */
};

struct drop_ins {
    struct drop_in *items; /* in C-locale order of names */
    size_t count;
};

/*
 * Add the names in folder/subfolder that end with suffix and do not begin with a dot; one of a name that is there
 * already takes its place.  A subfolder that does not exist adds none.  False with the failure when it cannot be
 * trusted or read.
 */
bool drop_ins_add(struct drop_ins *list, const char *folder, const char *subfolder, const char *suffix,
                  uid_t also_owner, struct failure *failure);
void drop_ins_free(struct drop_ins *list);

#endif
