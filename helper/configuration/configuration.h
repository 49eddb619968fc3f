/*
 * configuration.h: settings and map as one whole, read from one folder, and again when anything in it changes.
 *
 * studio.conf is read from /usr/lib/sagemaker-studio first, then from the folder, then studio.conf.d/NAME.conf of both
 * (same name: the folder's wins), in C-locale order of names; users.map, then users.map.d/NAME.map likewise, from the
 * folder alone.  Everything is opened as safe_open.h says.  Files of the folder are named in messages and rules from
 * there ("users.map.d/10-lab.map").
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CONFIGURATION_H
#define CONFIGURATION_H

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"
#include "settings.h"
#include "user_map.h"

#ifndef CONFIG_FOLDER
#define CONFIG_FOLDER "/etc/sagemaker-studio"
#endif
#ifndef VENDOR_FOLDER
#define VENDOR_FOLDER "/usr/lib/sagemaker-studio"
#endif

#define CONFIGURATION_FILE_LIMIT ((size_t) 16 * 1024 * 1024)

struct configuration {
    struct settings *settings;
    struct user_map *map;
};

enum configuration_state {
    CONFIGURATION_LOADED,
    CONFIGURATION_ABSENT, /* no map at all: this host is not configured */
    CONFIGURATION_BROKEN, /* the failure says where and what; nobody is mapped */
};

enum configuration_state configuration_load(const char *folder, uid_t also_owner, struct configuration **configuration,
                                            struct failure *failure);
/* Read the settings alone; the map is one that was read before.  Takes it over, also when it returns NULL, with the
 * failure. */
struct configuration *configuration_with_map(const char *folder, uid_t also_owner, struct user_map *map,
                                             struct failure *failure);
void configuration_free(struct configuration *configuration);

/* The same, said in more detail; for `check` and tests. */
struct configuration_source {
    const char *vendor_folder;
    const char *folder;
    uid_t also_owner;
    const char *map_file;                            /* instead of users.map; a regular file of whoever's; NULL: none */
    void (*was_read)(void *owner, const char *path); /* each file that was read and is good in itself; may be NULL */
    void *owner;
};

/* ABSENT with a failure that is not empty (the caller empties it before): there is no map, and the settings are broken.
 */
enum configuration_state configuration_load_from(const struct configuration_source *source,
                                                 struct configuration **configuration, struct failure *failure);

/*
 * What stat(2) says of everything that is read, and of the folders: equal as long as nothing changed.  Where there were
 * no descriptors or no memory to look at all of it, the stamp is not complete and says nothing.
 */
struct configuration_stamp {
    unsigned char digest[32];
    size_t map_bytes; /* the files of the map together, at most */
    bool complete;
};
struct configuration_stamp configuration_stamp_of(const char *folder);
struct configuration_stamp configuration_stamp_from(const char *vendor_folder, const char *folder);
bool configuration_stamp_equal(const struct configuration_stamp *one, const struct configuration_stamp *other);

#endif
