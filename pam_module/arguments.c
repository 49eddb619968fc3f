/*
 * The module's arguments, in one table.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arguments.h"

#include <security/pam_ext.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <syslog.h>

#define SECONDS_MIN 1
#define SECONDS_MAX 30

typedef bool take_value(void *member, const char *value);

struct argument {
    const char *name;
    take_value *take; /* false when the value is not what is expected; the member is then untouched */
    size_t member;
    const char *expected;
};

static bool
take_flag(void *member, const char *value)
{
    if (value != NULL)
        return false;
    *(bool *) member = true;
    return true;
}

static bool
take_yes_or_no(void *member, const char *value)
{
    if (value == NULL || (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0))
        return false;
    *(bool *) member = value[0] == 'y';
    return true;
}

static bool
take_seconds(void *member, const char *value)
{
    int64_t seconds = 0;

    if (value == NULL || strlen(value) > 2)
        return false;
    for (; *value >= '0' && *value <= '9'; value++)
        seconds = seconds * 10 + (*value - '0');
    if (*value != '\0' || seconds < SECONDS_MIN || seconds > SECONDS_MAX)
        return false;
    *(int64_t *) member = seconds * 1000;
    return true;
}

static bool
take_list(void *member, const char *value)
{
    if (value == NULL || value[0] == '\0' || value[0] == ',' || value[strlen(value) - 1] == ',' ||
        strstr(value, ",,") != NULL)
        return false;
    *(const char **) member = value;
    return true;
}

static bool
take_path(void *member, const char *value)
{
    if (value == NULL || value[0] != '/' || strlen(value) >= SESSION_PATH_SIZE)
        return false;
    *(const char **) member = value;
    return true;
}

static bool
take_socket(void *member, const char *value)
{
    if (value == NULL || strlen(value) >= sizeof(((struct sockaddr_un *) NULL)->sun_path) ||
        strrchr(value, '/') == value)
        return false;
    return take_path(member, value);
}

#define MEMBER(name) offsetof(struct arguments, name)

static const struct argument table[] = {
    {"timeout", take_seconds, MEMBER(timeout_ms), "timeout=SECONDS, from 1 to 30"},
    {"services", take_list, MEMBER(services), "services=NAME,NAME,... without blanks"},
    {"login_link", take_yes_or_no, MEMBER(login_link), "login_link=yes or login_link=no"},
    {"export_url", take_flag, MEMBER(export_url), "export_url alone"},
    {"message", take_flag, MEMBER(message), "message alone"},
    {"debug", take_flag, MEMBER(debug), "debug alone"},
    {"socket", take_socket, MEMBER(socket), "socket=PATH, absolute, in a folder, shorter than 108 bytes"},
    {"helper", take_path, MEMBER(helper), "helper=PATH, absolute"},
    {"launcher", take_path, MEMBER(launcher), "launcher=PATH, absolute"},
    {"config_dir", take_path, MEMBER(config_dir), "config_dir=FOLDER, absolute"},
};

static const struct argument *
find_argument(const char *word, size_t name_length)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strlen(table[i].name) == name_length && strncmp(table[i].name, word, name_length) == 0)
            return &table[i];
    return NULL;
}

static void
parse_word(struct arguments *arguments, const pam_handle_t *pamh, const char *word)
{
    size_t name_length = strcspn(word, "=");
    const char *value = word[name_length] == '=' ? word + name_length + 1 : NULL;
    const struct argument *argument = find_argument(word, name_length);

    if (argument == NULL)
        pam_syslog(pamh, LOG_ERR,
                   "unknown argument '%s', expected timeout=, services=, login_link=, export_url, message, debug, "
                   "socket=, helper=, launcher= or config_dir=; it is ignored",
                   word);
    else if (!argument->take((char *) arguments + argument->member, value))
        pam_syslog(pamh, LOG_ERR, "bad argument '%s', expected %s; the default is used", word, argument->expected);
}

/* The session folders move with the socket. */
static void
find_run_folder(struct arguments *arguments)
{
    const char *slash = strrchr(arguments->socket, '/');

    snprintf(arguments->run_folder, sizeof(arguments->run_folder), "%.*s", (int) (slash - arguments->socket),
             arguments->socket);
}

void
arguments_parse(struct arguments *arguments, const pam_handle_t *pamh, int argc, const char **argv)
{
    *arguments = (struct arguments){
        .timeout_ms = 3000,
        .services = DEFAULT_SERVICES,
        .login_link = true,
        .socket = RUN_FOLDER "/helper.sock",
        .helper = HELPER_PATH,
        .launcher = LAUNCHER_PATH,
    };
    for (int i = 0; i < argc; i++)
        parse_word(arguments, pamh, argv[i]);
    find_run_folder(arguments);
}

bool
arguments_has_service(const struct arguments *arguments, const char *service)
{
    size_t length = strlen(service);
    const char *name = arguments->services;

    for (;;) {
        size_t name_length = strcspn(name, ",");

        if (name_length == length && strncmp(name, service, length) == 0)
            return true;
        if (name[name_length] == '\0')
            return false;
        name += name_length + 1;
    }
}
