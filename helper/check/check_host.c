/*
 * check_host.c: the steps of `check`, in their order, and who takes them.
 *
 * What only root can find out is gathered first: what the helper says of itself, the PAM stacks, and whether ordinary
 * users reach the metadata service.  Then the process becomes the service account for good, and judges the rest with
 * the eyes of the helper.  Whatever NSS is asked for, a process that can be killed asks it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_aws.h"
#include "check_configuration.h"
#include "check_files.h"
#include "check_metadata_exposure.h"
#include "check_pam_stack.h"
#include "check_service.h"
#include "check_users.h"
#include "cleanup.h"
#include "eligible_uid.h"
#include "map_review.h"
#include "privileges.h"

#define USERS_WITHIN_MS 10000
#define USER_WITHIN_MS  5000
#define NOBODY_UID      ((uid_t) 65534)
#define PROBES_MAX      4

struct host {
    const struct check_options *options;
    struct check_report *report;
    const struct service_account *account; /* whom root becomes; NULL: we are not root */
    struct configuration *configuration;   /* as whoever looks now can read it; NULL: none is in force */
    struct user_survey users;
    struct mapping user;
    struct service_answer service;
    struct pam_survey pam;
    struct metadata_probe probes[PROBES_MAX];
    size_t probe_count;
};

struct configuration_source
check_source(const struct check_options *options)
{
    return (struct configuration_source){.vendor_folder = VENDOR_FOLDER,
                                         .folder = options->service.config_folder,
                                         .also_owner = options->service.also_owner};
}

/* ---- gathering, perhaps as root ---------------------------------------------------------------------------------- */

static void
gather_users(struct host *host)
{
    const char *user = host->options->user;

    if (host->configuration == NULL)
        return;
    user_survey_make(host->configuration, host->account, deadline_in_ms(USERS_WITHIN_MS), &host->users);
    if (user != NULL)
        user_survey_find(host->configuration, host->account, user, deadline_in_ms(USER_WITHIN_MS), &host->user);
}

/* At both of the service's addresses: a firewall may have forgotten one. */
static void
probe_as(struct host *host, uid_t uid)
{
    const char *endpoint = host->configuration->settings->credentials.ec2_metadata_service_endpoint;
    const char *other = metadata_probe_other_family(endpoint);

    metadata_probe_run(endpoint, uid, &host->probes[host->probe_count++]);
    if (other != NULL)
        metadata_probe_run(other, uid, &host->probes[host->probe_count++]);
}

/* Root tries as `nobody` and as one person, for a firewall may tell them apart; a person as himself. */
static void
probe_metadata_service(struct host *host)
{
    uid_t uid_min = uid_min_of(LOGIN_DEFS);

    if (host->configuration == NULL)
        return;
    if (geteuid() == 0) {
        probe_as(host, NOBODY_UID);
        if (uid_is_eligible(host->user.uid, uid_min))
            probe_as(host, host->user.uid);
        else if (host->users.count > 0)
            probe_as(host, host->users.mappings[0].uid);
    } else if (uid_is_eligible(geteuid(), uid_min)) {
        probe_as(host, geteuid());
    }
}

static void
gather(struct host *host)
{
    struct configuration_source source = check_source(host->options);
    struct failure failure = {0}; /* told of when the service account meets it */

    (void) configuration_load_from(&source, &host->configuration, &failure);
    gather_users(host);
    service_ask(host->options->socket_path, &host->service);
    host->pam = pam_survey_read(PAM_FOLDERS);
    probe_metadata_service(host);
    configuration_free(host->configuration);
    host->configuration = NULL;
}

/* ---- judging, never as root -------------------------------------------------------------------------------------- */

/* An ordinary user who may not read the configuration learns no more of it than that. */
static bool
may_not_read(const struct host *host, const char *name)
{
    AUTO_FREE char *path = NULL;

    return host->account == NULL && asprintf(&path, "%s/%s", host->options->service.config_folder, name) >= 0 &&
           faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0 && errno == EACCES;
}

static void
judge_configuration(struct host *host)
{
    struct configuration_source source = check_source(host->options);

    if (may_not_read(host, "users.map") || may_not_read(host, "studio.conf"))
        check_report_add(host->report, CHECK_WARNING, "configuration",
                         "Root and the service account alone can read it.",
                         "Run it as root: `sudo sagemaker-studio check`.");
    else
        host->configuration = check_configuration(&source, host->report);
    check_files(&host->options->service, host->configuration != NULL ? host->configuration->settings : NULL,
                host->account, host->report);
}

static void
judge_users(struct host *host)
{
    if (host->configuration == NULL)
        return;
    map_review(host->configuration->map, host->report);
    check_users(host->configuration, &host->users, host->report);
    if (host->options->user != NULL)
        check_user(&host->user, host->report);
    if (host->options->all_users)
        check_users_list(host->configuration, &host->users, host->report);
}

/* Those of all users who are somebody in Studio; NULL when there are none. */
static struct mapping *
mapped_users(const struct user_survey *users, size_t *count)
{
    struct mapping *mapped = users->count > 0 ? calloc(users->count, sizeof(*mapped)) : NULL;

    *count = 0;
    for (size_t i = 0; mapped != NULL && i < users->count; i++)
        if (users->mappings[i].kind == MAPPING_PROFILE)
            mapped[(*count)++] = users->mappings[i];
    return mapped;
}

static const char *
why_nobody_is_looked_at(const struct check_options *options)
{
    if (options->user != NULL)
        return "the user is not mapped";
    return options->all_users ? "no user is mapped" : "name a user, or say --all-users";
}

static void
ask_aws(struct host *host, struct service *service)
{
    struct check_aws_options options = {.no_link = host->options->no_link,
                                        .without_users = why_nobody_is_looked_at(host->options)};
    AUTO_FREE struct mapping *mapped = NULL;

    if (host->options->user != NULL && host->user.kind == MAPPING_PROFILE)
        options.mapping = &host->user;
    if (host->options->all_users)
        mapped = mapped_users(&host->users, &options.mapping_count);
    options.mappings = mapped;
    check_aws(service, &options, host->report);
}

static void
judge_aws(struct host *host)
{
    struct service_options options = host->options->service;
    struct failure failure;
    struct service *service;

    if (host->configuration == NULL)
        return;
    options.alone = true;
    service = service_create(&options, &failure);
    if (service == NULL) {
        check_report_add(host->report, CHECK_CRITICAL, "credentials", failure.message, NULL);
        return;
    }
    ask_aws(host, service);
    service_free(service);
}

static void
judge(struct host *host)
{
    judge_configuration(host);
    judge_users(host);
    check_pam_stack(&host->pam, PAM_MODULE_FOLDERS, host->report);
    check_service(&host->service, host->report);
    judge_aws(host);
    if (host->configuration != NULL)
        check_metadata_exposure(host->probes, host->probe_count, host->report);
    else
        check_report_note(
            host->report, "not-checked",
            "The users, AWS, and who reaches the instance metadata service (no configuration is in force).");
}

static void
release(struct host *host)
{
    configuration_free(host->configuration);
    user_survey_free(&host->users);
    service_answer_free(&host->service);
    pam_survey_free(&host->pam);
}

int
check_host(const struct check_options *options)
{
    struct host host = {.options = options, .report = check_report_begin(stdout, options->json)};
    struct service_account account;
    struct failure failure;

    if (host.report == NULL) {
        fputs("sagemaker-studio-helper: check: out of memory\n", stderr);
        return CHECK_CRITICAL;
    }
    if (geteuid() == 0 && !service_account_find(&account, &failure)) {
        check_report_say(host.report, CHECK_CRITICAL, "service", NULL, "Nothing can be checked: %s.", failure.message);
        return check_report_end(host.report);
    }
    host.account = geteuid() == 0 ? &account : NULL;
    gather(&host);
    if (privileges_drop(&account, &failure))
        judge(&host);
    else
        check_report_say(host.report, CHECK_CRITICAL, "service", NULL, "Nothing can be checked: %s.", failure.message);
    release(&host);
    return check_report_end(host.report);
}
