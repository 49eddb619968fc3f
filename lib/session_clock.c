/*
 * session_clock.c: how long a link still lives, by a clock that nobody sets.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_file.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "descriptor.h"

#define BOOT_ID_FILE   "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LENGTH 36 /* a UUID */
#define BOOT_ID_ROOM   64

static int64_t
boottime_seconds(void)
{
    struct timespec now = {0};

    /* Cannot fail with a clock that Linux has had since 2.6.39 (clock_gettime(2)). */
    (void) clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

/* The kernel's file holds the UUID and a newline; the buffer then holds the UUID. */
static bool
read_boot_id(struct buffer *boot_id)
{
    AUTO_CLOSE int file = descriptor_openat(AT_FDCWD, BOOT_ID_FILE, O_RDONLY, 0);

    if (file < 0 || !descriptor_read_all(file, boot_id) || boot_id->length < BOOT_ID_LENGTH)
        return false;
    boot_id->length = BOOT_ID_LENGTH;
    buffer_terminate(boot_id);
    return strspn(boot_id->data, "0123456789abcdef-") == BOOT_ID_LENGTH;
}

static bool
is_of_this_boot(const struct message *link)
{
    AUTO_BUFFER struct buffer boot_id = BUFFER(BOOT_ID_ROOM);
    const char *claimed = message_get(link, "boot_id");

    return claimed != NULL && read_boot_id(&boot_id) && strcmp(claimed, boot_id.data) == 0;
}

int64_t
session_link_seconds_left(const struct message *link)
{
    int64_t now = boottime_seconds();
    int64_t issued, expires;

    if (!is_of_this_boot(link))
        return 0;
    /* Issued later than now: the file comes from a container with another boot-time clock (time_namespaces(7)). */
    if (!message_get_number(link, "issued_boottime", 0, now, &issued))
        return 0;
    if (!message_get_number(link, "expires_boottime", issued, INT64_MAX, &expires))
        return 0;
    return expires > now ? expires - now : 0;
}

bool
session_put_clock(struct buffer *out, int64_t seconds)
{
    AUTO_BUFFER struct buffer boot_id = BUFFER(BOOT_ID_ROOM);
    int64_t now = boottime_seconds();
    int64_t expires;

    if (seconds < 0 || __builtin_add_overflow(now, seconds, &expires) || !read_boot_id(&boot_id))
        return false;
    return message_put(out, "boot_id", boot_id.data) && message_put_number(out, "issued_boottime", now) &&
           message_put_number(out, "expires_boottime", expires);
}
