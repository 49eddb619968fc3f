/*
 * check.c: which of the three checks is meant: of the whole host, `--config-only`, or `--explain USER`.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check.h"

#include <stdio.h>
#include <unistd.h>

#include "check_configuration.h"
#include "check_host.h"
#include "check_report.h"
#include "map_review.h"
#include "mapping.h"
#include "privileges.h"

static int
complain(const char *problem)
{
    fprintf(stderr, "sagemaker-studio-helper: check: %s\n", problem);
    return CHECK_CRITICAL;
}

static int
check_config(const struct check_options *options)
{
    struct check_report *report = check_report_begin(stdout, options->json);
    struct configuration_source source = check_source(options);
    struct configuration *configuration;

    if (report == NULL)
        return complain("out of memory");
    source.map_file = options->map_file;
    configuration = check_configuration(&source, report);
    if (configuration != NULL)
        map_review(configuration->map, report);
    configuration_free(configuration);
    return check_report_end(report);
}

/* What root can read says little: look at the files with the eyes of the account that will have to read them. */
static bool
see_as_the_service(struct failure *failure)
{
    struct service_account account;

    return geteuid() != 0 || (service_account_find(&account, failure) && privileges_drop(&account, failure));
}

static int
check_explain(const struct check_options *options)
{
    struct configuration_source source = check_source(options);
    struct configuration *configuration = NULL;
    struct failure failure = {0};
    int status = CHECK_CRITICAL;

    if (!see_as_the_service(&failure))
        return complain(failure.message);
    switch (configuration_load_from(&source, &configuration, &failure)) {
    case CONFIGURATION_ABSENT:
        if (failure.message[0] != '\0')
            printf("✗ %s\n", failure.message);
        printf("! %s/users.map does not exist: nobody gets a link on this host.\n", source.folder);
        status = failure.message[0] != '\0' ? CHECK_CRITICAL : CHECK_WARNING;
        break;
    case CONFIGURATION_BROKEN:
        printf("✗ %s\n", failure.message);
        break;
    case CONFIGURATION_LOADED:
        status = mapping_explain(configuration, options->explain, stdout);
        configuration_free(configuration);
        break;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? status : complain("the explanation could not be printed whole");
}

int
check_run(const struct check_options *options)
{
    bool of_host = options->user != NULL || options->all_users || options->no_link;

    if (options->config_only && options->explain != NULL)
        return complain("--config-only and --explain exclude each other");
    if (of_host && (options->config_only || options->explain != NULL))
        return complain("USER, --all-users and --no-link exclude --config-only and --explain");
    if (options->map_file != NULL && !options->config_only)
        return complain("--map needs --config-only");
    if (options->json && options->explain != NULL)
        return complain("--explain is for people, and excludes --json");
    if (options->config_only)
        return check_config(options);
    if (options->explain != NULL)
        return check_explain(options);
    return check_host(options);
}
