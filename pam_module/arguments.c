/*
 * What the words after pam_sagemaker_studio.so mean for this login.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arguments.h"

#include <security/pam_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

static void
obey(struct arguments *arguments, const struct module_word *word)
{
    switch (word->argument) {
    case MODULE_TIMEOUT:
        arguments->timeout_ms = 1000 * strtol(word->value, NULL, 10);
        break;
    case MODULE_SERVICES:
        arguments->services = word->value;
        break;
    case MODULE_LOGIN_LINK:
        arguments->login_link = word->value[0] == 'y';
        break;
    case MODULE_EXPORT_URL:
        arguments->export_url = true;
        break;
    case MODULE_MESSAGE:
        arguments->message = true;
        break;
    case MODULE_DEBUG:
        arguments->debug = true;
        break;
    case MODULE_SOCKET:
        arguments->socket = word->value;
        break;
    case MODULE_HELPER:
        arguments->helper = word->value;
        break;
    case MODULE_LAUNCHER:
        arguments->launcher = word->value;
        break;
    case MODULE_CONFIG_DIR:
        arguments->config_dir = word->value;
        break;
    }
}

static void
parse_word(struct arguments *arguments, const pam_handle_t *pamh, const char *text)
{
    struct module_word word;

    switch (module_word_read(text, &word)) {
    case MODULE_WORD_GOOD:
        obey(arguments, &word);
        break;
    case MODULE_WORD_BAD:
        pam_syslog(pamh, LOG_ERR, "bad argument '%s', %s; the default is used", text, word.expected);
        break;
    case MODULE_WORD_UNKNOWN:
        pam_syslog(pamh, LOG_ERR, "unknown argument '%s', %s; it is ignored", text, word.expected);
        break;
    }
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
    return module_services_have(arguments->services, service);
}
