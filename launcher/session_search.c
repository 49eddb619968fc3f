/*
 * session_search.c: finding the link that was made at this user's login.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_search.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"

#define FOLDERS_MAX 4

/* Where the environment says the session file is.  A hint: people unset it, and some display managers never pass it. */
struct hint {
    bool given;
    char folder[SESSION_PATH_SIZE];
    char id[SESSION_ID_SIZE];
};

struct folders {
    size_t count;
    char path[FOLDERS_MAX][SESSION_PATH_SIZE];
};

static void
read_hint(struct hint *hint)
{
    const char *path = getenv("SAGEMAKER_STUDIO_SESSION");

    hint->given = path != NULL && session_path_split(path, hint->folder, hint->id);
}

/* Adds a folder unless it is there already.  A path that is too long is none of ours. */
static void __attribute__((format(printf, 2, 3))) add_folder(struct folders *folders, const char *format, ...)
{
    char *path = folders->path[folders->count];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(path, SESSION_PATH_SIZE, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= SESSION_PATH_SIZE)
        return;
    for (size_t i = 0; i < folders->count; i++) {
        if (strcmp(folders->path[i], path) == 0)
            return;
    }
    folders->count++;
}

static void
list_folders(struct folders *folders, const struct hint *hint)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    unsigned uid = (unsigned) getuid();

    folders->count = 0;
    if (hint->given)
        add_folder(folders, "%s", hint->folder);
    if (runtime != NULL && runtime[0] == '/')
        add_folder(folders, "%s/sagemaker-studio", runtime);
    add_folder(folders, "/run/user/%u/sagemaker-studio", uid);
    add_folder(folders, "%s/users/%u", RUN_FOLDER, uid);
}

static int64_t
issued_at(const struct session_found *found)
{
    int64_t seconds = 0;

    return message_get_number(&found->link, "issued_at", 0, INT64_MAX, &seconds) ? seconds : 0;
}

static bool
is_better(const struct session_found *one, const struct session_found *other)
{
    if (one->state == LINK_NONE || other->state == LINK_NONE)
        return one->state != LINK_NONE;
    if ((one->state == LINK_FRESH) != (other->state == LINK_FRESH))
        return one->state == LINK_FRESH;
    if (one->hinted != other->hinted)
        return one->hinted;
    return issued_at(one) > issued_at(other);
}

/* Is this the name of a session file, used or not?  Then its ID and state (but not yet whether it has expired). */
static enum link_state
judge_name(const char *name, char id[SESSION_ID_SIZE])
{
    static const struct {
        const char *prefix;
        enum link_state state;
    } KINDS[] = {{"session-", LINK_FRESH}, {"spent-", LINK_USED}};

    for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        size_t prefix = strlen(KINDS[i].prefix);
        if (strncmp(name, KINDS[i].prefix, prefix) == 0 && session_id_is_valid(name + prefix)) {
            memcpy(id, name + prefix, SESSION_ID_SIZE);
            return KINDS[i].state;
        }
    }
    return LINK_NONE;
}

/* Reads the file; LINK_NONE when it is not a session file of ours. */
static void
look_at(int folder, const char *name, const struct hint *hint, struct session_found *found)
{
    bool read;

    found->state = judge_name(name, found->id);
    if (found->state == LINK_NONE)
        return;
    found->hinted = hint->given && strcmp(found->id, hint->id) == 0;
    if (found->state == LINK_USED)
        read = session_file_read_spent(folder, found->id, &found->link, NULL);
    else
        read = session_file_read(folder, found->id, &found->link, NULL);
    if (!read) {
        found->state = LINK_NONE;
        return;
    }
    found->seconds_left = session_link_seconds_left(&found->link);
    if (found->state == LINK_FRESH && found->seconds_left < LEAST_SECONDS_LEFT)
        found->state = LINK_EXPIRED;
}

static void
exchange(struct session_found *one, struct session_found *other)
{
    struct session_found kept = *one;

    *one = *other;
    *other = kept;
}

/* The descriptor of a folder as a stream of its own. */
static DIR *
open_stream(int folder)
{
    int own = descriptor_openat(folder, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *stream = own >= 0 ? fdopendir(own) : NULL;

    if (own >= 0 && stream == NULL)
        close(own);
    return stream;
}

static void
search_folder(const char *path, const struct hint *hint, struct session_found *best)
{
    AUTO_CLOSE int folder = session_folder_open(path, false, NULL);
    DIR *stream = folder >= 0 ? open_stream(folder) : NULL;
    const struct dirent *entry;

    if (stream == NULL)
        return;
    while ((entry = readdir(stream)) != NULL) {
        AUTO_SESSION_FOUND struct session_found found = SESSION_FOUND_NONE;
        look_at(folder, entry->d_name, hint, &found);
        if (!is_better(&found, best))
            continue;
        exchange(&found, best);
        best->folder = descriptor_openat(folder, ".", O_RDONLY | O_DIRECTORY, 0);
    }
    closedir(stream);
}

void
session_search(struct session_found *best)
{
    struct folders folders;
    struct hint hint;

    session_found_free(best);
    read_hint(&hint);
    list_folders(&folders, &hint);
    for (size_t i = 0; i < folders.count; i++)
        search_folder(folders.path[i], &hint, best);
}

void
session_found_free(struct session_found *found)
{
    message_free(&found->link);
    if (found->folder >= 0)
        close(found->folder);
    *found = SESSION_FOUND_NONE;
}
