/*
 * eligible_uid.c: telling people's uids from those of the system.
 *
 * SPDX-License-Identifier: MIT
 */
#include "eligible_uid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "descriptor.h"

#define DEFAULT_UID_MIN  ((uid_t) 1000)
#define LOGIN_DEFS_LIMIT 262144

#define INVALID_UID         ((uid_t) -1)
#define NOBODY_UID          ((uid_t) 65534)
#define INVALID_16_BIT_UID  ((uid_t) 65535)
#define DYNAMIC_USERS_FIRST ((uid_t) 61184)
#define DYNAMIC_USERS_LAST  ((uid_t) 65519)

/* The value as shadow reads it: strtoul(3) with any base, perhaps in quotes.  0 when it makes no sense. */
static uid_t
parse_uid(const char *text)
{
    char *end;
    unsigned long value;

    text += strspn(text, " \t\"");
    if (*text < '0' || *text > '9')
        return 0;
    errno = 0;
    value = strtoul(text, &end, 0);
    end += strspn(end, " \t\"\r");
    if (errno != 0 || *end != '\0' || value >= INVALID_UID)
        return 0;
    return (uid_t) value;
}

/* As in shadow, the last line of that name counts. */
static uid_t
last_uid_min(char *text)
{
    uid_t found = 0;
    char *rest = text;
    char *line;

    while ((line = strsep(&rest, "\n")) != NULL) {
        line += strspn(line, " \t");
        size_t name = strcspn(line, " \t");
        if (name == strlen("UID_MIN") && strncmp(line, "UID_MIN", name) == 0)
            found = parse_uid(line + name);
    }
    return found;
}

uid_t
uid_min_of(const char *login_defs)
{
    AUTO_BUFFER struct buffer content = BUFFER(LOGIN_DEFS_LIMIT);
    AUTO_CLOSE int file = descriptor_openat(AT_FDCWD, login_defs, O_RDONLY | O_NONBLOCK, 0);
    uid_t found;

    if (file < 0 || !descriptor_read_all(file, &content) || content.data == NULL)
        return DEFAULT_UID_MIN;
    found = last_uid_min(content.data);
    return found != 0 ? found : DEFAULT_UID_MIN;
}

bool
uid_is_eligible(uid_t uid, uid_t uid_min)
{
    if (uid == 0 || uid < uid_min || uid == INVALID_UID)
        return false;
    if (uid == NOBODY_UID || uid == INVALID_16_BIT_UID)
        return false;
    return uid < DYNAMIC_USERS_FIRST || uid > DYNAMIC_USERS_LAST;
}
