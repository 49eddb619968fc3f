/*
 * module_arguments.h: the words that may stand after pam_sagemaker_studio.so in a PAM service file, for the module,
 * which obeys them, and for `check`, which looks at them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MODULE_ARGUMENTS_H
#define MODULE_ARGUMENTS_H

#include <stdbool.h>

#define MODULE_FILE "pam_sagemaker_studio.so"

/* services= where it is not given. */
#define DEFAULT_SERVICES                                                                                           \
    "xrdp-sesman,lightdm,gdm-password,gdm-autologin,gdm-smartcard,gdm-fingerprint,sddm,sddm-autologin,lxdm,login," \
    "dcv-graphical-sso,tigervnc"

enum module_argument {
    MODULE_TIMEOUT,    /* value: seconds, digits alone */
    MODULE_SERVICES,   /* value: names, separated by commas */
    MODULE_LOGIN_LINK, /* value: yes or no */
    MODULE_EXPORT_URL, /* these three have no value */
    MODULE_MESSAGE,
    MODULE_DEBUG,
    MODULE_SOCKET, /* value: an absolute path, and below */
    MODULE_HELPER,
    MODULE_LAUNCHER,
    MODULE_CONFIG_DIR,
};

enum module_word_state {
    MODULE_WORD_GOOD,
    MODULE_WORD_BAD,     /* the value is not as it must be */
    MODULE_WORD_UNKNOWN, /* there is no such argument */
};

struct module_word {
    enum module_argument argument;
    const char *value;    /* points into the text; NULL where there is none */
    const char *expected; /* for messages: "expected timeout=SECONDS, from 1 to 30" */
};

enum module_word_state module_word_read(const char *text, struct module_word *word);

/* Is this service in the list, whose names are separated by commas? */
bool module_services_have(const char *services, const char *service);

#endif
