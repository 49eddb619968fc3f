/*
 * private_folder.h: a folder of a test's own, and what other uids see, for the unit tests.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef PRIVATE_FOLDER_H
#define PRIVATE_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PRIVATE_PATH_SIZE 64

/* A uid that is neither root, nor ours, nor the service account's. */
#define STRANGER ((uid_t) 54321)

static inline int
remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void) status;
    (void) kind;
    (void) place;
    return remove(path);
}

static inline void
private_folder_make(char folder[PRIVATE_PATH_SIZE])
{
    snprintf(folder, PRIVATE_PATH_SIZE, "/tmp/studio-unit-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        perror("mkdtemp");
        abort();
    }
}

static inline void
private_folder_remove(const char *folder)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* folder/name in one of a few buffers that are used in turn. */
static inline const char *
in_folder(const char *folder, const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    if (snprintf(path, sizeof(paths[0]), "%s/%s", folder, name) >= (int) sizeof(paths[0]))
        abort();
    return path;
}

static inline void
write_text(const char *path, const char *text, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    if (file < 0 || write(file, text, strlen(text)) != (ssize_t) strlen(text) || fchmod(file, mode) != 0) {
        perror(path);
        abort();
    }
    close(file);
}

static inline unsigned
count_entries(const char *folder)
{
    DIR *listing = opendir(folder);
    unsigned count = 0;

    if (listing == NULL)
        abort();
    while (readdir(listing) != NULL)
        count++;
    closedir(listing);
    return count - 2; /* "." and ".." */
}

#endif
