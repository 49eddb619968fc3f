/*
 * check_configuration.c: reading map and settings aloud.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_configuration.h"

#define STEP "configuration"

static void
say_file(void *owner, const char *path)
{
    check_report_say(owner, CHECK_GOOD, STEP, NULL, "%s", path);
}

static void
say_broken(const struct failure *failure, struct check_report *report)
{
    check_report_add(report, CHECK_CRITICAL, STEP, failure->message,
                     "Correct it: while there is an error anywhere in map or settings, no user gets a link.");
}

struct configuration *
check_configuration(struct configuration_source *source, struct check_report *report)
{
    struct configuration *configuration = NULL;
    struct failure failure = {0};

    source->was_read = say_file;
    source->owner = report;
    switch (configuration_load_from(source, &configuration, &failure)) {
    case CONFIGURATION_ABSENT:
        if (failure.message[0] != '\0')
            say_broken(&failure, report);
        check_report_say(report, CHECK_WARNING, STEP, "Write one, see sagemaker-studio.map(5).",
                         "%s/users.map does not exist: nobody gets a link on this host.", source->folder);
        return NULL;
    case CONFIGURATION_BROKEN:
        say_broken(&failure, report);
        return NULL;
    case CONFIGURATION_LOADED:
        break;
    }
    check_report_say(report, CHECK_GOOD, STEP, NULL,
                     "Map and settings are well formed; rules: %zu, domains in studio.conf: %zu.",
                     configuration->map->count, configuration->settings->domain_count);
    return configuration;
}
