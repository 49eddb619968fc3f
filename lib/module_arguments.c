/*
 * module_arguments.c: the table of the module's arguments.
 *
 * SPDX-License-Identifier: MIT
 */
#include "module_arguments.h"

#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "session_file.h"

#define SECONDS_MIN 1
#define SECONDS_MAX 30

/* Is the value, NULL when there is none, as it must be? */
typedef bool value_is_good(const char *value);

struct known_argument {
    const char *name;
    value_is_good *is_good;
    const char *expected;
};

static bool
is_absent(const char *value)
{
    return value == NULL;
}

static bool
is_yes_or_no(const char *value)
{
    return value != NULL && (strcmp(value, "yes") == 0 || strcmp(value, "no") == 0);
}

static bool
is_seconds(const char *value)
{
    int seconds = 0;

    if (value == NULL || strlen(value) > 2)
        return false;
    for (; *value >= '0' && *value <= '9'; value++)
        seconds = seconds * 10 + (*value - '0');
    return *value == '\0' && seconds >= SECONDS_MIN && seconds <= SECONDS_MAX;
}

static bool
is_list(const char *value)
{
    return value != NULL && value[0] != '\0' && value[0] != ',' && value[strlen(value) - 1] != ',' &&
           strstr(value, ",,") == NULL;
}

static bool
is_path(const char *value)
{
    return value != NULL && value[0] == '/' && strlen(value) < SESSION_PATH_SIZE;
}

static bool
is_socket(const char *value)
{
    return is_path(value) && strlen(value) < sizeof(((struct sockaddr_un *) NULL)->sun_path) &&
           strrchr(value, '/') != value;
}

static const struct known_argument KNOWN[] = {
    [MODULE_TIMEOUT] = {"timeout", is_seconds, "expected timeout=SECONDS, from 1 to 30"},
    [MODULE_SERVICES] = {"services", is_list, "expected services=NAME,NAME,... without blanks"},
    [MODULE_LOGIN_LINK] = {"login_link", is_yes_or_no, "expected login_link=yes or login_link=no"},
    [MODULE_EXPORT_URL] = {"export_url", is_absent, "expected export_url alone"},
    [MODULE_MESSAGE] = {"message", is_absent, "expected message alone"},
    [MODULE_DEBUG] = {"debug", is_absent, "expected debug alone"},
    [MODULE_SOCKET] = {"socket", is_socket, "expected socket=PATH, absolute, in a folder, shorter than 108 bytes"},
    [MODULE_HELPER] = {"helper", is_path, "expected helper=PATH, absolute"},
    [MODULE_LAUNCHER] = {"launcher", is_path, "expected launcher=PATH, absolute"},
    [MODULE_CONFIG_DIR] = {"config_dir", is_path, "expected config_dir=FOLDER, absolute"},
};

#define KNOWN_COUNT (sizeof(KNOWN) / sizeof(KNOWN[0]))

enum module_word_state
module_word_read(const char *text, struct module_word *word)
{
    size_t length = strcspn(text, "=");

    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strlen(KNOWN[i].name) != length || strncmp(KNOWN[i].name, text, length) != 0)
            continue;
        *word = (struct module_word){.argument = (enum module_argument) i,
                                     .value = text[length] == '=' ? text + length + 1 : NULL,
                                     .expected = KNOWN[i].expected};
        return KNOWN[i].is_good(word->value) ? MODULE_WORD_GOOD : MODULE_WORD_BAD;
    }
    *word = (struct module_word){.expected = "expected timeout=, services=, login_link=, export_url, message, debug, "
                                             "socket=, helper=, launcher= or config_dir="};
    return MODULE_WORD_UNKNOWN;
}

bool
module_services_have(const char *services, const char *service)
{
    size_t length = strlen(service);

    for (;;) {
        size_t name_length = strcspn(services, ",");

        if (name_length == length && strncmp(services, service, length) == 0)
            return true;
        if (services[name_length] == '\0')
            return false;
        services += name_length + 1;
    }
}
