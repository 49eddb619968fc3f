/*
 * page_file.c: writing, sweeping and removing the pages that `open` leaves for the browser.
 *
 * SPDX-License-Identifier: MIT
 */
#include "page_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "descriptor.h"
#include "private_file.h"
#include "redirect_page.h"

#define TAG_LENGTH   6
#define NAME_PREFIX  "open-"
#define NAME_SUFFIX  ".html"
#define UNFINISHED   ".open-"
#define NAME_TRIES   8
#define TAG_ALPHABET "abcdefghijklmnopqrstuvwxyz234567" /* 32 letters: five bits of a random byte choose one */

static bool
make_tag(char tag[TAG_LENGTH + 1])
{
    unsigned char random[TAG_LENGTH];
    ssize_t got;

    do {
        got = getrandom(random, sizeof(random), 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t) sizeof(random))
        return false;
    for (size_t i = 0; i < TAG_LENGTH; i++)
        tag[i] = TAG_ALPHABET[random[i] & 0x1F];
    tag[TAG_LENGTH] = '\0';
    return true;
}

static bool
write_somewhere(int folder, const struct buffer *page, char name[PAGE_NAME_SIZE])
{
    char unfinished[sizeof(UNFINISHED) + TAG_LENGTH];
    char tag[TAG_LENGTH + 1];

    for (int tries = 0; tries < NAME_TRIES; tries++) {
        if (!make_tag(tag))
            return false;
        snprintf(name, PAGE_NAME_SIZE, NAME_PREFIX "%s" NAME_SUFFIX, tag);
        snprintf(unfinished, sizeof(unfinished), UNFINISHED "%s", tag);
        if (private_file_write(folder, unfinished, name, page))
            return true;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

bool
page_file_write(int folder, const char *link, char name[PAGE_NAME_SIZE], struct failure *failure)
{
    AUTO_BUFFER struct buffer page = BUFFER(REDIRECT_PAGE_LIMIT);

    if (!redirect_page_compose(&page, link))
        return failure_set(failure, "page", "there is not enough memory for the page that leads to Studio");
    if (!write_somewhere(folder, &page, name))
        return failure_set(failure, "page", "the page that leads to Studio cannot be written: %m");
    return true;
}

static bool
is_page_name(const char *name)
{
    bool finished = strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0;
    size_t prefix = finished ? strlen(NAME_PREFIX) : strlen(UNFINISHED);

    if (!finished && strncmp(name, UNFINISHED, strlen(UNFINISHED)) != 0)
        return false;
    return strspn(name + prefix, TAG_ALPHABET) == TAG_LENGTH &&
           strcmp(name + prefix + TAG_LENGTH, finished ? NAME_SUFFIX : "") == 0;
}

static bool
is_own_file(int folder, const char *name, struct stat *status)
{
    return fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status->st_mode) &&
           status->st_uid == geteuid();
}

/* A page of the future was written before the clock was set back, and before this `open`: nobody knows how long. */
static bool
is_over(const struct stat *status)
{
    time_t now = time(NULL);

    return status->st_mtime > now || now - status->st_mtime >= PAGE_LIFE_SECONDS;
}

static void
remove_pages(int folder, bool living_too)
{
    int own = descriptor_openat(folder, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *stream = own >= 0 ? fdopendir(own) : NULL;
    const struct dirent *entry;

    if (own >= 0 && stream == NULL)
        close(own);
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        struct stat status;
        if (is_page_name(entry->d_name) && is_own_file(folder, entry->d_name, &status) &&
            (living_too || is_over(&status)))
            (void) unlinkat(folder, entry->d_name, 0);
    }
    if (stream != NULL)
        closedir(stream);
}

void
page_file_sweep(int folder)
{
    remove_pages(folder, false);
}

void
page_file_remove_all(int folder)
{
    remove_pages(folder, true);
}
