/*
 * configuration_stamp.c: has anything in the configuration changed?
 *
 * ctime changes with the content, the owner and the mode, and nobody can set it; so it and the inode tell every change.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"
#include "cleanup.h"
#include "configuration.h"

#define STAMP_TEXT_LIMIT ((size_t) 4 * 1024 * 1024)

static void
put_status(struct buffer *text, const char *name, const struct stat *status)
{
    buffer_append_format(text, "%s %llx %llx %x %x %x %llx %lld.%ld %lld.%ld\n", name,
                         (unsigned long long) status->st_dev, (unsigned long long) status->st_ino, status->st_mode,
                         status->st_uid, status->st_gid, (unsigned long long) status->st_size,
                         (long long) status->st_mtim.tv_sec, status->st_mtim.tv_nsec,
                         (long long) status->st_ctim.tv_sec, status->st_ctim.tv_nsec);
}

/* Returns how many bytes it has. */
static size_t
put_file(struct buffer *text, int folder, const char *name)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        put_status(text, name, &status);
        return (size_t) status.st_size;
    }
    buffer_append_format(text, "%s absent\n", name);
    return 0;
}

/* Hidden files are never read (drop_ins.h), and editors make some. */
static int
counts(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* strcmp, for the same order in every locale. */
static int
in_order(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

/* Not the folder's fault that it could not be opened or listed: there is nothing to conclude about it. */
static bool
for_want_of_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* These return false when they could not look, and add the bytes that the files have. */
static bool
put_folder(struct buffer *text, int parent, const char *name, size_t *bytes)
{
    AUTO_CLOSE int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 && for_want_of_resources(errno))
        return false;
    put_file(text, parent, name);
    if (folder < 0)
        return true;
    struct dirent **entries = NULL;
    int count = scandirat(folder, ".", &entries, counts, in_order);
    if (count < 0)
        return !for_want_of_resources(errno);
    for (int i = 0; i < count; i++) {
        *bytes += put_file(text, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return true;
}

static bool
put_layer(struct buffer *text, const char *path, size_t *map_bytes)
{
    size_t bytes_of_settings = 0;
    AUTO_CLOSE int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 && for_want_of_resources(errno))
        return false;
    put_file(text, AT_FDCWD, path);
    if (folder < 0)
        return true;
    put_file(text, folder, "studio.conf");
    *map_bytes = put_file(text, folder, "users.map");
    return put_folder(text, folder, "studio.conf.d", &bytes_of_settings) &&
           put_folder(text, folder, "users.map.d", map_bytes);
}

struct configuration_stamp
configuration_stamp_from(const char *vendor_folder, const char *folder)
{
    AUTO_BUFFER struct buffer text = BUFFER(STAMP_TEXT_LIMIT);
    struct configuration_stamp stamp = {.complete = false};
    size_t bytes_of_vendor = 0; /* who has no map */
    stamp.complete = put_layer(&text, vendor_folder, &bytes_of_vendor) && put_layer(&text, folder, &stamp.map_bytes);
    if (text.data != NULL)
        EVP_Digest(text.data, text.length, stamp.digest, NULL, EVP_sha256(), NULL);
    return stamp;
}

struct configuration_stamp
configuration_stamp_of(const char *folder)
{
    return configuration_stamp_from(VENDOR_FOLDER, folder);
}

bool
configuration_stamp_equal(const struct configuration_stamp *one, const struct configuration_stamp *other)
{
    return memcmp(one->digest, other->digest, sizeof one->digest) == 0;
}
