/*
 * check.c: `check --config-only` and `check --explain USER`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check.h"

#include <stdio.h>
#include <unistd.h>

#include "configuration.h"
#include "map_review.h"
#include "mapping.h"
#include "safe_open.h"

enum { CHECK_GOOD = 0, CHECK_WARNING = 1, CHECK_WRONG = 2 };

static void
print_file(void *owner, const char *path)
{
    (void) owner;
    printf("✓ %s\n", path);
}

static int
wrong(const struct failure *failure)
{
    printf("✗ %s\n", failure->message);
    return CHECK_WRONG;
}

static struct configuration_source
source_of(const struct check_options *options)
{
    return (struct configuration_source){
        .vendor_folder = VENDOR_FOLDER,
        .folder = options->config_folder,
        .also_owner = options->own_files ? geteuid() : OWNED_BY_ROOT_ALONE,
        .map_file = options->map_file,
    };
}

static int
absent(const struct check_options *options, const struct failure *failure)
{
    if (failure->message[0] != '\0')
        wrong(failure);
    printf("! %s/users.map does not exist: nobody gets a link on this host\n", options->config_folder);
    return failure->message[0] != '\0' ? CHECK_WRONG : CHECK_WARNING;
}

static int
check_config(const struct check_options *options)
{
    struct configuration_source source = source_of(options);
    source.was_read = print_file;
    struct configuration *configuration = NULL;
    struct failure failure = {0};
    switch (configuration_load_from(&source, &configuration, &failure)) {
    case CONFIGURATION_ABSENT:
        return absent(options, &failure);
    case CONFIGURATION_BROKEN:
        wrong(&failure);
        printf("A map or settings with an error map nobody: no user gets a link.\n");
        return CHECK_WRONG;
    case CONFIGURATION_LOADED:
        break;
    }
    printf("✓ well formed: rules: %zu, domains in studio.conf: %zu\n", configuration->map->count,
           configuration->settings->domain_count);
    if (configuration->map->count == 0)
        printf("! the map has no rules: nobody gets a link\n");
    size_t warnings = map_review(configuration->map, stdout) + (configuration->map->count == 0);
    configuration_free(configuration);
    return warnings > 0 ? CHECK_WARNING : CHECK_GOOD;
}

static int
check_explain(const struct check_options *options)
{
    struct configuration_source source = source_of(options);
    struct configuration *configuration = NULL;
    struct failure failure = {0};
    switch (configuration_load_from(&source, &configuration, &failure)) {
    case CONFIGURATION_ABSENT:
        return absent(options, &failure);
    case CONFIGURATION_BROKEN:
        return wrong(&failure);
    case CONFIGURATION_LOADED:
        break;
    }
    int status = mapping_explain(configuration, options->explain, stdout);
    configuration_free(configuration);
    return status;
}

static int
usage(const char *problem)
{
    fprintf(stderr, "sagemaker-studio-helper: check: %s\n", problem);
    return CHECK_WRONG;
}

int
check_run(const struct check_options *options)
{
    if (options->config_only && options->explain != NULL)
        return usage("--config-only and --explain exclude each other");
    if (options->config_only)
        return check_config(options);
    if (options->map_file != NULL)
        return usage("--map needs --config-only");
    if (options->explain != NULL)
        return check_explain(options);
    return usage(
        "this version has `check --config-only [--map FILE]` and `check --explain USER`, and nothing more yet");
}
