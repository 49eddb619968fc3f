/*
 * check_aws.c: the order of the questions, for each domain that is used.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_aws.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_caller.h"
#include "check_credentials.h"
#include "check_domain.h"
#include "check_link.h"
#include "check_network.h"
#include "check_place.h"
#include "check_progress.h"
#include "check_role.h"
#include "check_user_profile.h"

#define BARE_IDS_MAX 200 /* more than the time for all questions is enough for */

/* What is the same for all domains. */
struct inquiry {
    struct check_progress progress;
    const struct check_aws_options *options;
    struct credentials keys; /* of the host */
    /* The domain that was asked about first, for those that are reached likewise. */
    bool have_first;
    struct check_place first;
    struct domain_settings first_settings; /* of which it points to this copy */
};

/* What was found out about the first domain holds for this one, or must be found out anew. */
static void
look_at_way(struct inquiry *inquiry, struct check_place *place)
{
    struct check_progress *progress = &inquiry->progress;
    bool is_alike = inquiry->have_first && check_place_is_alike(&inquiry->first, place);

    if (is_alike) {
        place->api = inquiry->first.api;
        place->domain_is_hopeless = inquiry->first.domain_is_hopeless;
        check_studio(progress, place); /* each domain has a host name of its own */
        memcpy(place->account, inquiry->first.account, sizeof(place->account));
        memcpy(place->caller, inquiry->first.caller, sizeof(place->caller));
        return;
    }
    check_network(progress, place);
    if (place->host_keys != NULL)
        check_caller(progress, place);
    if (inquiry->have_first)
        return;
    inquiry->have_first = true;
    inquiry->first = *place; /* before it has keys of its own */
    inquiry->first_settings = *place->settings;
    inquiry->first.settings = &inquiry->first_settings;
}

static void
look_at_users(struct inquiry *inquiry, struct check_place *place)
{
    const struct check_aws_options *options = inquiry->options;
    struct check_progress *progress = &inquiry->progress;

    if (options->mapping_count > 0)
        check_user_profiles(progress, place, options->mappings, options->mapping_count);
    if (options->mapping == NULL)
        return;
    check_user_profile(progress, place);
    if (options->no_link)
        check_leave_out(progress, "a link (--no-link)");
    else
        check_link(progress, place);
}

static void
look_at_domain(struct inquiry *inquiry, const struct domain_settings *settings)
{
    struct check_progress *progress = &inquiry->progress;
    struct check_place place = {
        .settings = settings,
        .mapping = inquiry->options->mapping,
        .host_keys = inquiry->keys.access_key_id != NULL ? &inquiry->keys : NULL,
        .no_link = inquiry->options->no_link,
    };
    char what[80];

    snprintf(what, sizeof(what), "domain %s", settings->domain_id);
    if (check_is_out_of_time(progress, what))
        return;
    if (check_place_find(progress, &place)) {
        look_at_way(inquiry, &place);
        if (place.host_keys != NULL)
            check_role(progress, &place);
        check_domain(progress, &place);
        if (place.api_is_out_of_reach && check_place_is_alike(&inquiry->first, &place))
            inquiry->first.domain_is_hopeless = true;
        if (!place.domain_is_hopeless)
            look_at_users(inquiry, &place);
        else
            check_leave_out(progress, "user profiles and links of domain %s (see above)", settings->domain_id);
    }
    check_place_free(&place);
}

/*
 * Which domains
 */

/* The section of this name, or the defaults under this domain id. */
static void
look_at_named(struct inquiry *inquiry, const struct settings *settings, char *name)
{
    const struct domain_settings *section = settings_domain(settings, name);
    struct domain_settings bare = settings->defaults;

    bare.domain_id = name;
    look_at_domain(inquiry, section != NULL ? section : &bare);
}

/* The domain ids that the map names itself, each once. */
struct bare_ids {
    char *ids[BARE_IDS_MAX];
    size_t count;
};

static bool
is_known(const struct bare_ids *bare, const char *id)
{
    for (size_t i = 0; i < bare->count; i++) {
        if (strcmp(bare->ids[i], id) == 0)
            return true;
    }
    return false;
}

static void
find_bare_ids(const struct configuration *configuration, struct bare_ids *bare)
{
    for (size_t i = 0; i < configuration->map->count && bare->count < BARE_IDS_MAX; i++) {
        char *domain = configuration->map->rules[i].domain;

        if (domain != NULL && !is_known(bare, domain) && settings_domain(configuration->settings, domain) == NULL)
            bare->ids[bare->count++] = domain;
    }
}

static void
look_at_all(struct inquiry *inquiry, const struct configuration *configuration)
{
    const struct settings *settings = configuration->settings;
    struct bare_ids bare = {.count = 0};

    find_bare_ids(configuration, &bare);
    for (size_t i = 0; i < settings->domain_count; i++)
        look_at_domain(inquiry, &settings->domains[i]);
    for (size_t i = 0; i < bare.count; i++)
        look_at_named(inquiry, settings, bare.ids[i]);
    if (inquiry->options->mapping_count == 0)
        check_leave_out(&inquiry->progress, "user profiles and links (%s)", inquiry->options->without_users);
    else
        check_leave_out(&inquiry->progress, "links (name a user)");
}

/* The list, as a sentence. */
static void
say_what_was_left_out(struct check_progress *progress)
{
    struct buffer *list = &progress->left_out;

    if (list->length == 0)
        return;
    list->data[0] = (char) toupper((unsigned char) list->data[0]);
    (void) buffer_append_text(list, ".");
    check_report_note(progress->report, "not-checked", list->data);
}

static void
inquire(struct inquiry *inquiry, const struct configuration *configuration)
{
    struct check_progress *progress = &inquiry->progress;
    const struct mapping *mapping = inquiry->options->mapping;

    (void) check_credentials(progress, &inquiry->keys);
    if (mapping != NULL) {
        struct mapping named = *mapping;

        look_at_named(inquiry, configuration->settings, named.domain);
    } else {
        look_at_all(inquiry, configuration);
    }
    if (!progress->clock_was_told)
        check_leave_out(progress, "the clock (AWS has not answered)");
    say_what_was_left_out(progress);
    credentials_wipe(&inquiry->keys);
}

void
check_aws(struct service *service, const struct check_aws_options *options, struct check_report *report)
{
    struct inquiry inquiry = {.options = options};
    struct shared_configuration *held;
    struct failure failure;

    if (service->current == NULL) /* there is nothing to ask about; why has been said */
        return;
    held = configuration_hold(service->current);
    if (check_progress_begin(&inquiry.progress, service, report, &failure))
        inquire(&inquiry, held->configuration);
    else
        check_report_add(report, CHECK_CRITICAL, "credentials", failure.message, NULL);
    check_progress_end(&inquiry.progress);
    configuration_release(held);
}
