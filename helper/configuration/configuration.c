/*
 * configuration.c: which files make up the configuration, and reading them in order.
 *
 * SPDX-License-Identifier: MIT
 */
#include "configuration.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"
#include "cleanup.h"
#include "config_lines.h"
#include "drop_ins.h"
#include "safe_open.h"

/* Reading one configuration. */
struct reading {
    const struct configuration_source *source;
    struct settings_reader *settings;
    struct user_map *map;
    struct failure *failure;
};

typedef bool feed_file(struct reading *reading, const char *name, const struct buffer *content);

static bool
feed_settings(struct reading *reading, const char *name, const struct buffer *content)
{
    return settings_feed(reading->settings, name, content->data, content->length, reading->failure);
}

static bool
feed_map(struct reading *reading, const char *name, const struct buffer *content)
{
    return user_map_feed(reading->map, name, content->data, content->length, reading->failure);
}

static char *
path_of(const char *folder, const char *name, struct failure *failure)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        config_no_memory(failure);
        return NULL;
    }
    return path;
}

/* folder/subfolder, or folder where the latter is "". */
static char *
folder_of(const char *folder, const char *subfolder)
{
    char *path = NULL;
    return asprintf(&path, "%s%s%s", folder, subfolder[0] != '\0' ? "/" : "", subfolder) < 0 ? NULL : path;
}

/* How messages and rules call a file of this folder: those of the vendor by their whole path. */
static const char *
shown_name(const struct reading *reading, const char *folder, const char *path)
{
    return strcmp(folder, reading->source->folder) == 0 ? path + strlen(folder) + 1 : path;
}

static bool
feed_descriptor(struct reading *reading, int fd, const char *path, const char *shown, feed_file *feed)
{
    AUTO_BUFFER struct buffer content = BUFFER(CONFIGURATION_FILE_LIMIT);
    if (!safe_read(fd, path, &content, reading->failure))
        return false;
    if (content.data == NULL)
        content.length = 0;
    if (!feed(reading, shown, &content))
        return false;
    if (reading->source->was_read != NULL)
        reading->source->was_read(reading->source->owner, path);
    return true;
}

/*
 * Read folder/subfolder/name (subfolder "" for none).  errno ENOENT when it is not there; that is no failure where the
 * file is optional.
 */
static bool
feed_from(struct reading *reading, const char *folder, const char *subfolder, const char *name, bool optional,
          feed_file *feed)
{
    AUTO_FREE char *place = folder_of(folder, subfolder);
    AUTO_FREE char *path = place != NULL ? path_of(place, name, reading->failure) : NULL;
    if (path == NULL)
        return config_no_memory(reading->failure);
    struct failure reason = {0};
    AUTO_CLOSE int opened = safe_open_folder(place, reading->source->also_owner, &reason);
    AUTO_CLOSE int fd = opened >= 0 ? safe_open_file(opened, name, path, reading->source->also_owner, &reason) : -1;
    if (fd < 0)
        return (optional && errno == ENOENT) || failure_set(reading->failure, reason.code, "%s", reason.message);
    return feed_descriptor(reading, fd, path, shown_name(reading, folder, path), feed);
}

static bool
feed_drop_ins(struct reading *reading, const struct drop_ins *list, const char *subfolder, feed_file *feed)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!feed_from(reading, list->items[i].folder, subfolder, list->items[i].name, false, feed))
            return false;
    }
    return true;
}

static bool
read_settings(struct reading *reading)
{
    const struct configuration_source *source = reading->source;
    struct drop_ins list = {0};
    bool good =
        feed_from(reading, source->vendor_folder, "", "studio.conf", true, feed_settings) &&
        feed_from(reading, source->folder, "", "studio.conf", true, feed_settings) &&
        drop_ins_add(&list, source->vendor_folder, "studio.conf.d", ".conf", source->also_owner, reading->failure) &&
        drop_ins_add(&list, source->folder, "studio.conf.d", ".conf", source->also_owner, reading->failure) &&
        feed_drop_ins(reading, &list, "studio.conf.d", feed_settings);
    drop_ins_free(&list);
    return good;
}

static struct settings *
load_settings(struct reading *reading)
{
    reading->settings = settings_begin();
    if (reading->settings == NULL) {
        config_no_memory(reading->failure);
        return NULL;
    }
    bool good = read_settings(reading);
    struct settings *settings = settings_finish(reading->settings, good ? reading->failure : NULL);
    if (good)
        return settings;
    settings_free(settings);
    return NULL;
}

/* A candidate may belong to anybody and lie anywhere: it is read, not trusted. */
static bool
feed_candidate(struct reading *reading, const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
        return failure_set(reading->failure, "config", "%s cannot be opened: %m", path);
    if (!S_ISREG(status.st_mode))
        return failure_set(reading->failure, "config", "%s is not a regular file", path);
    return feed_descriptor(reading, fd, path, path, feed_map);
}

/* Is there a users.map, be it one that cannot be read? */
static bool
map_exists(const struct reading *reading)
{
    struct stat status;
    AUTO_FREE char *path = path_of(reading->source->folder, "users.map", NULL);
    return path == NULL || lstat(path, &status) == 0 || errno != ENOENT;
}

static enum configuration_state
read_map(struct reading *reading, const struct drop_ins *list)
{
    const struct configuration_source *source = reading->source;
    bool candidate = source->map_file != NULL;
    if (!candidate && !map_exists(reading)) {
        if (list->count == 0)
            return CONFIGURATION_ABSENT;
        failure_set(reading->failure, "config",
                    "users.map.d/%s is there and users.map is not; expected a users.map (a comment in it will do)",
                    list->items[0].name);
        return CONFIGURATION_BROKEN;
    }
    bool good = candidate ? feed_candidate(reading, source->map_file)
                          : feed_from(reading, source->folder, "", "users.map", false, feed_map);
    if (!good || !feed_drop_ins(reading, list, "users.map.d", feed_map))
        return CONFIGURATION_BROKEN;
    return CONFIGURATION_LOADED;
}

static enum configuration_state
load_map(struct reading *reading, struct configuration *configuration)
{
    configuration->map = user_map_create();
    reading->map = configuration->map;
    if (reading->map == NULL) {
        config_no_memory(reading->failure);
        return CONFIGURATION_BROKEN;
    }
    struct drop_ins list = {0};
    enum configuration_state state = CONFIGURATION_BROKEN;
    if (drop_ins_add(&list, reading->source->folder, "users.map.d", ".map", reading->source->also_owner,
                     reading->failure))
        state = read_map(reading, &list);
    drop_ins_free(&list);
    return state;
}

static enum configuration_state
load(const struct configuration_source *source, struct configuration *configuration, struct failure *failure)
{
    struct failure of_settings = {0};
    struct reading reading = {.source = source, .failure = &of_settings};
    configuration->settings = load_settings(&reading);
    reading.failure = failure;
    enum configuration_state state = load_map(&reading, configuration);
    if (configuration->settings == NULL) {
        failure_set(failure, of_settings.code, "%s", of_settings.message);
        return state == CONFIGURATION_ABSENT ? state : CONFIGURATION_BROKEN;
    }
    if (state == CONFIGURATION_LOADED && !user_map_finish(configuration->map, configuration->settings, failure))
        return CONFIGURATION_BROKEN;
    return state;
}

enum configuration_state
configuration_load_from(const struct configuration_source *source, struct configuration **configuration,
                        struct failure *failure)
{
    *configuration = NULL;
    struct configuration *loaded = calloc(1, sizeof *loaded);
    if (loaded == NULL) {
        config_no_memory(failure);
        return CONFIGURATION_BROKEN;
    }
    enum configuration_state state = load(source, loaded, failure);
    if (state == CONFIGURATION_LOADED)
        *configuration = loaded;
    else
        configuration_free(loaded);
    return state;
}

enum configuration_state
configuration_load(const char *folder, uid_t also_owner, struct configuration **configuration, struct failure *failure)
{
    const struct configuration_source source = {
        .vendor_folder = VENDOR_FOLDER, .folder = folder, .also_owner = also_owner};
    return configuration_load_from(&source, configuration, failure);
}

struct configuration *
configuration_with_map(const char *folder, uid_t also_owner, struct user_map *map, struct failure *failure)
{
    const struct configuration_source source = {
        .vendor_folder = VENDOR_FOLDER, .folder = folder, .also_owner = also_owner};
    struct reading reading = {.source = &source, .failure = failure};
    struct configuration *configuration = calloc(1, sizeof *configuration);
    if (configuration == NULL) {
        user_map_free(map);
        config_no_memory(failure);
        return NULL;
    }
    configuration->map = map;
    configuration->settings = load_settings(&reading);
    if (configuration->settings != NULL)
        return configuration;
    configuration_free(configuration);
    return NULL;
}

void
configuration_free(struct configuration *configuration)
{
    if (configuration == NULL)
        return;
    settings_free(configuration->settings);
    user_map_free(configuration->map);
    free(configuration);
}
