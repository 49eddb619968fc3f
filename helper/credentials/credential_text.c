/*
 * credential_text.c: see credential_text.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_text.h"

#include <string.h>
#include <time.h>

#include "ascii.h"

#define KEY_LENGTH_MAX 256
/* "make no assumptions about the maximum" (STS API, Credentials); a header has to hold it. */
#define SESSION_TOKEN_MAX 32768

static bool
is_key(const char *text, size_t longest)
{
    size_t length = text != NULL ? strnlen(text, longest + 1) : 0;
    return length <= longest && ascii_is_visible_text(text, length);
}

bool
credential_text_is_good(const struct credential_text *text)
{
    return is_key(text->access_key_id, KEY_LENGTH_MAX) && is_key(text->secret_access_key, KEY_LENGTH_MAX) &&
           (text->session_token == NULL || is_key(text->session_token, SESSION_TOKEN_MAX));
}

bool
credential_text_copy(const struct credential_text *text, struct credentials *credentials, struct failure *failure)
{
    *credentials = (struct credentials){
        .access_key_id = strdup(text->access_key_id),
        .secret_access_key = strdup(text->secret_access_key),
        .session_token = text->session_token != NULL ? strdup(text->session_token) : NULL,
    };
    if (credentials->access_key_id != NULL && credentials->secret_access_key != NULL &&
        (text->session_token == NULL || credentials->session_token != NULL))
        return true;
    credentials_wipe(credentials);
    return failure_set(failure, "memory", "There is no memory for the credentials.");
}

/* "Z", "+09:00" or "-0330": seconds to the east of Greenwich. */
static bool
read_zone(const char *text, int64_t *east)
{
    *east = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if ((text[0] != '+' && text[0] != '-') || !ascii_is_digit(text[1]) || !ascii_is_digit(text[2]))
        return false;
    const char *minutes = text + 3 + (text[3] == ':');
    if (!ascii_is_digit(minutes[0]) || !ascii_is_digit(minutes[1]) || minutes[2] != '\0')
        return false;
    *east = ((text[1] - '0') * 10 + (text[2] - '0')) * INT64_C(3600) +
            ((minutes[0] - '0') * 10 + (minutes[1] - '0')) * INT64_C(60);
    if (text[0] == '-')
        *east = -*east;
    return true;
}

bool
credential_expiration_read(const char *text, int64_t *expires_at)
{
    struct tm utc = {0};
    int64_t east;
    const char *end = text != NULL && ascii_is_digit(text[0]) ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;
    if (end == NULL)
        return false;
    if (end[0] == '.' && ascii_is_digit(end[1]))
        end += 1 + strspn(end + 1, "0123456789");
    if (!read_zone(end, &east))
        return false;
    *expires_at = (int64_t) timegm(&utc) - east;
    return *expires_at > 0;
}
