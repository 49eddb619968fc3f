/*
 * One link for a person who knows the user profile's name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "issue_command.h"

#include <getopt.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "link.h"
#include "privileges.h"

#define EXIT_USAGE 2

struct outcome {
    struct service *service;
    int status;
};

static int
complain(const char *message)
{
    fprintf(stderr, "sagemaker-studio-helper: issue: %s\nTry --help.\n", message);
    return EXIT_USAGE;
}

static int
report(const struct failure *failure)
{
    fprintf(stderr, "sagemaker-studio-helper: %s: %s\n", failure->code, failure->message);
    return 1;
}

static void
print_link(void *owner, const struct link_result *result)
{
    struct outcome *outcome = owner;

    if (result->end == LINK_MADE) {
        outcome->status = puts(result->url) >= 0 && fflush(stdout) == 0 ? 0 : 1;
        fprintf(stderr, "This link opens %s in %s (%s).  It is a key: it works for whoever has it, for %lld s.\n",
                result->mapping->user_profile_name, result->domain->domain_id, result->region,
                (long long) (result->expires_at - result->issued_at));
    } else {
        outcome->status = report(&result->failure);
        if (result->request_id[0] != '\0')
            fprintf(stderr, "request id: %s\n", result->request_id);
    }
    loop_stop(outcome->service->loop);
}

static int
carry_out(const struct service_options *options, const struct link_order *order)
{
    struct outcome outcome = {.status = 1};
    struct failure failure;

    outcome.service = service_create(options, &failure);
    if (outcome.service == NULL)
        return report(&failure);
    if (link_start_order(outcome.service, order, print_link, &outcome, &failure) == NULL ||
        !loop_run(outcome.service->loop, &failure))
        outcome.status = report(&failure);
    service_free(outcome.service);
    return outcome.status;
}

/* Who logged in, also behind sudo(8), as pam_loginuid(8) keeps it; else who runs this. */
static uid_t
runner(void)
{
    FILE *file = fopen("/proc/self/loginuid", "re");
    char text[32] = "";
    unsigned long uid = UINT32_MAX;
    char *end = text;

    if (file == NULL)
        return getuid();
    if (fgets(text, sizeof(text), file) != NULL)
        uid = strtoul(text, &end, 10);
    fclose(file);
    return uid < UINT32_MAX && end != text ? (uid_t) uid : getuid();
}

/* In whose name a role is assumed. */
static void
name_runner(char *name, size_t size)
{
    uid_t uid = runner();
    const struct passwd *account = getpwuid(uid);

    if (account != NULL)
        snprintf(name, size, "%s", account->pw_name);
    else
        snprintf(name, size, "uid-%" PRIu32, uid);
}

/* Returns -1 to go on, else the exit status. */
static int
read_order(int argc, char **argv, struct link_order *order)
{
    static const struct option names[] = {
        {"domain", required_argument, NULL, 'd'},     {"user-profile-name", required_argument, NULL, 'u'},
        {"space-name", required_argument, NULL, 's'}, {"landing-uri", required_argument, NULL, 'l'},
        {"timeout", required_argument, NULL, 't'},    {NULL, 0, NULL, 0}};
    long seconds = 30;
    char *end;
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'd':
            order->domain = optarg;
            break;
        case 'u':
            order->user_profile_name = optarg;
            break;
        case 's':
            order->space_name = optarg;
            break;
        case 'l':
            order->landing_uri = optarg;
            break;
        case 't':
            seconds = strtol(optarg, &end, 10);
            if (*end != '\0' || seconds < 1 || seconds > 300)
                return complain("--timeout takes a number of seconds from 1 to 300");
            break;
        default:
            return EXIT_USAGE;
        }
    }
    order->deadline = deadline_in_ms(seconds * 1000);
    if (optind < argc || order->domain == NULL || order->user_profile_name == NULL)
        return complain("expected --domain NAME and --user-profile-name NAME, and no further words");
    if (order->space_name != NULL && order->landing_uri != NULL)
        return complain("--space-name and --landing-uri exclude each other");
    return -1;
}

int
issue_command(int argc, char **argv, const struct service_options *options)
{
    struct link_order order = {0};
    struct service_account account;
    struct failure failure;
    char name[257];
    int status = read_order(argc, argv, &order);

    if (status >= 0)
        return status;
    name_runner(name, sizeof(name));
    order.run_by = name;
    if (geteuid() == 0 && (!service_account_find(&account, &failure) || !privileges_drop(&account, &failure)))
        return report(&failure);
    return carry_out(options, &order);
}
