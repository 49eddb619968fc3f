/*
 * settings_keys.h: the one list of keys of studio.conf: where each belongs, which values it may have, and where in
 * struct settings a value goes.  For settings.c alone; sagemaker-studio.conf(5) is the page for people.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SETTINGS_KEYS_H
#define SETTINGS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "setting_value.h"

enum section_kind { SECTION_DEFAULTS, SECTION_DOMAIN, SECTION_CREDENTIALS, SECTION_HELPER, SECTION_DESKTOP };

#define SECTION_KINDS (SECTION_DESKTOP + 1)
extern const char *const section_names[SECTION_KINDS];

/* A set of kinds of section. */
#define IN(section)    (1U << (section))
#define IN_EACH_DOMAIN (IN(SECTION_DEFAULTS) | IN(SECTION_DOMAIN))

enum key_type { KEY_TEXT, KEY_LIST, KEY_NUMBER, KEY_BOOLEAN, KEY_SOURCE };

struct setting_key {
    const char *name;
    const char *preset; /* what holds where nothing is set */
    value_check *check; /* of the text, or of each word of a list */
    size_t offset;      /* in struct domain_settings for IN_EACH_DOMAIN and SECTION_DOMAIN, else in struct settings */
    unsigned sections;
    enum key_type type;
    int minimum, maximum;
};

#define SETTING_KEY_COUNT 34
extern const struct setting_key setting_keys[SETTING_KEY_COUNT];

#define SETTING_EXPECTED_SIZE 256

/* May this be the value of the key?  When not, what was expected instead is in the last parameter. */
bool setting_key_accepts(const struct setting_key *key, const char *value, char expected[SETTING_EXPECTED_SIZE]);

/* Put a value that is accepted into its member of the target; NULL and "" are the preset.  False without memory. */
bool setting_key_store(const struct setting_key *key, const char *value, void *target, struct failure *failure);

/* Free what is in its member. */
void setting_key_release(const struct setting_key *key, void *target);

#endif
