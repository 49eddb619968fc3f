/*
 * check_network.c: see check_network.h.  What AWS's VPC endpoints are called, and what the names resolve to where their
 * private DNS is on: docs.aws.amazon.com/sagemaker/latest/dg/studio-interface-endpoint.html
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_network.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "endpoint.h"
#include "host_lookup.h"
#include "network_probe.h"

#define HTTPS_PORT 443
#define PROBE_MS   3000

#define API    "api-endpoint"
#define STUDIO "studio-endpoint"

struct addresses_question {
    struct loop *loop;
    bool done;
    char addresses[HOST_ADDRESSES_LIMIT + 1]; /* "::1, 127.0.0.1"; "": none, for the reason below */
    struct failure failure;
};

/* "[::1],127.0.0.1" becomes "::1, 127.0.0.1". */
static void
write_addresses(const char *addresses, char *text, size_t size)
{
    size_t used = 0;

    for (; *addresses != '\0' && used + 2 < size; addresses++) {
        if (*addresses == '[' || *addresses == ']')
            continue;
        text[used++] = *addresses;
        if (*addresses == ',')
            text[used++] = ' ';
    }
    text[used] = '\0';
}

static void
addresses_came(void *owner, const char *addresses, const struct failure *failure)
{
    struct addresses_question *question = owner;

    if (addresses != NULL)
        write_addresses(addresses, question->addresses, sizeof(question->addresses));
    else
        question->failure = *failure;
    question->done = true;
    loop_stop(question->loop);
}

/* What question->addresses and failure say then. */
static void
look_up(struct check_progress *progress, const char *host, struct addresses_question *question)
{
    struct resolver_call *call;

    *question = (struct addresses_question){.loop = progress->service->loop};
    call = resolver_start(progress->resolver, host, check_question_deadline(), addresses_came, question,
                          &question->failure);
    if (call != NULL && !check_run_until(progress, &question->done, &question->failure))
        resolver_cancel(call);
}

/* One public address among them is enough: a program may take that one. */
static enum network_reach
reach_of(const char *addresses)
{
    enum network_reach reach = NETWORK_NO_ADDRESS;

    while (addresses[0] != '\0' && reach != NETWORK_PUBLIC) {
        size_t length = strcspn(addresses, ",");
        char one[INET6_ADDRSTRLEN + 2];

        snprintf(one, sizeof(one), "%.*s", (int) length, addresses);
        reach = network_address_reach(one);
        addresses += length + strspn(addresses + length, ", ");
    }
    return reach;
}

static const char *
word_for(enum network_reach reach)
{
    return reach == NETWORK_PRIVATE ? "private" : "public";
}

/*
 * The API
 */

/* "api.sagemaker.REGION.SUFFIX" with its first two labels swapped; false for any other host. */
static bool
swap_labels(const char *host, char *swapped, size_t size)
{
    static const char right[] = "api.sagemaker.";

    return strncmp(host, right, sizeof(right) - 1) == 0 &&
           (size_t) snprintf(swapped, size, "sagemaker.api.%s", host + sizeof(right) - 1) < size;
}

/* AWS has no such name itself: who finds it has a private zone of this name (landing-zone-accelerator-on-aws#348). */
static bool
zone_is_misnamed(struct check_progress *progress, const char *host, const char *trouble)
{
    struct addresses_question question;
    char swapped[300], advice[700];

    if (!swap_labels(host, swapped, sizeof(swapped)))
        return false;
    look_up(progress, swapped, &question);
    if (question.addresses[0] == '\0')
        return false;
    snprintf(advice, sizeof(advice),
             "Rename the private hosted zone %s to %s: in the service's name, sagemaker.api, the words stand the other "
             "way round than in its host name.",
             swapped, host);
    check_report_say(progress->report, CHECK_CRITICAL, API, advice,
                     "The private zone of the SageMaker API is named the wrong way round: %s %s, but %s leads to %s.",
                     host, trouble, swapped, question.addresses);
    return true;
}

static void
say_unresolved(struct check_progress *progress, const char *host, const struct failure *failure)
{
    if (zone_is_misnamed(progress, host, "has no address"))
        return;
    check_report_say(progress->report, CHECK_CRITICAL, API,
                     "In a VPC without internet, add the VPC endpoint sagemaker.api with private DNS.",
                     "SageMaker's API cannot be found: %s.", failure->message);
}

/* Out there is fine, if all of it is: hosts without VPC endpoints would be warned of it for ever. */
static void
say_where_api_leads(struct check_progress *progress, const char *host, const char *addresses, enum network_reach reach)
{
    if (reach == NETWORK_PRIVATE)
        check_report_say(progress->report, CHECK_GOOD, API, NULL, "%s leads to %s (private).", host, addresses);
    else if (!zone_is_misnamed(progress, host, "leads out of the VPC"))
        check_report_say(progress->report, CHECK_GOOD, API,
                         "If the VPC has an endpoint sagemaker.api, turn on its private DNS. Without one this is as it "
                         "must be, and no policy may ask for aws:SourceVpce or aws:SourceVpc.",
                         "%s leads to %s (public): calls leave the VPC.", host, addresses);
}

/* Without the port; an IPv6 address keeps its brackets. */
static void
take_name(const char *authority, char *name, size_t size)
{
    size_t length = authority[0] == '[' ? strcspn(authority, "]") + 1 : strcspn(authority, ":");

    snprintf(name, size, "%.*s", (int) length, authority);
}

static void
check_api(struct check_progress *progress, struct check_place *place)
{
    struct addresses_question question = {0};
    char host[264];

    take_name(place->endpoint_host, host, sizeof(host));
    if (network_address_reach(host) == NETWORK_NO_ADDRESS)
        look_up(progress, host, &question);
    else
        snprintf(question.addresses, sizeof(question.addresses), "%s", host);
    place->api = reach_of(question.addresses);
    place->domain_is_hopeless = place->api == NETWORK_NO_ADDRESS;
    if (place->domain_is_hopeless)
        say_unresolved(progress, host, &question.failure);
    else
        say_where_api_leads(progress, host, question.addresses, place->api);
}

/*
 * Studio
 */

static void
say_no_path(struct check_progress *progress, const struct check_place *place, const char *address, bool silent,
            int error)
{
    enum check_level level = place->studio == NETWORK_PRIVATE ? CHECK_CRITICAL : CHECK_WARNING;
    char advice[400];

    if (place->studio == NETWORK_PRIVATE)
        snprintf(advice, sizeof(advice),
                 "The security group of the VPC endpoint aws.sagemaker.%s.studio must admit port 443 from this host, "
                 "where the users' browsers run.",
                 place->region);
    else
        snprintf(advice, sizeof(advice),
                 "Add the VPC endpoint aws.sagemaker.%s.studio with private DNS, or let this host out to port 443. If "
                 "its browsers use a proxy, this is as it must be.",
                 place->region);
    check_report_say(progress->report, level, STUDIO, advice,
                     "Browsers on this host cannot reach Studio: %s at %s (%s) port 443: %s.", place->studio_host,
                     address, word_for(place->studio), silent ? "no answer" : strerror(error));
}

static void
say_half_private(struct check_progress *progress, const struct check_place *place, const char *addresses)
{
    char advice[300];

    snprintf(advice, sizeof(advice),
             "Add the VPC endpoint aws.sagemaker.%s.studio with private DNS, and list its id beside that of "
             "sagemaker.api in the policy's aws:SourceVpce.",
             place->region);
    check_report_say(
        progress->report, CHECK_WARNING, STUDIO, advice,
        "%s leads to %s (public), but the API to a private address: links will be made, and where a policy "
        "asks for aws:SourceVpce, browsers will show 403 \"Auth token containing insufficient "
        "permissions\".",
        place->studio_host, addresses);
}

static void
say_api_alone_is_public(struct check_progress *progress, const struct check_place *place, const char *addresses)
{
    check_report_say(progress->report, CHECK_WARNING, STUDIO,
                     "Turn on the private DNS of the VPC endpoint sagemaker.api; if there is none, add it.",
                     "%s leads to %s (private) and takes connections, but the API to a public address: where a policy "
                     "asks for aws:SourceVpce, links will be denied.",
                     place->studio_host, addresses);
}

static void
say_where_studio_leads(struct check_progress *progress, const struct check_place *place, const char *addresses)
{
    char advice[300];

    if (place->studio == NETWORK_PRIVATE) {
        check_report_say(progress->report, CHECK_GOOD, STUDIO, NULL, "%s leads to %s (private) and takes connections.",
                         place->studio_host, addresses);
        return;
    }
    snprintf(advice, sizeof(advice),
             "If the VPC has an endpoint aws.sagemaker.%s.studio, turn on its private DNS. Without one this is as it "
             "must be.",
             place->region);
    check_report_say(progress->report, CHECK_GOOD, STUDIO, advice,
                     "%s leads to %s (public) and takes connections: browsers leave the VPC.", place->studio_host,
                     addresses);
}

static void
say_studio_unresolved(struct check_progress *progress, const struct check_place *place, const struct failure *failure)
{
    char advice[300];

    snprintf(advice, sizeof(advice),
             "In a VPC without internet, add the VPC endpoint aws.sagemaker.%s.studio with private DNS. A zone of your "
             "own needs a record for *.studio.%s, not for one domain alone.",
             place->region, place->region);
    check_report_say(progress->report, CHECK_CRITICAL, STUDIO, advice, "Browsers on this host cannot find Studio: %s.",
                     failure->message);
}

static void
probe_studio(struct check_progress *progress, const struct check_place *place, const char *addresses)
{
    struct deadline deadline = deadline_in_ms(PROBE_MS);
    char first[INET6_ADDRSTRLEN + 2];
    enum network_probe_end end;

    snprintf(first, sizeof(first), "%.*s", (int) strcspn(addresses, ","), addresses);
    end = network_probe(progress->service->loop, first, HTTPS_PORT, deadline);
    if (end != NETWORK_PROBE_OPEN)
        say_no_path(progress, place, first, end == NETWORK_PROBE_SILENT, errno);
    else if (place->studio == NETWORK_PUBLIC && place->api == NETWORK_PRIVATE)
        say_half_private(progress, place, addresses);
    else if (place->studio == NETWORK_PRIVATE && place->api == NETWORK_PUBLIC)
        say_api_alone_is_public(progress, place, addresses);
    else
        say_where_studio_leads(progress, place, addresses);
}

void
check_studio_host(struct check_progress *progress, struct check_place *place, const char *host)
{
    struct addresses_question question;

    if (place->settings->proxy_url != NULL || strcmp(host, place->studio_host) == 0)
        return;
    snprintf(place->studio_host, sizeof(place->studio_host), "%s", host);
    look_up(progress, host, &question);
    place->studio = reach_of(question.addresses);
    if (place->studio == NETWORK_NO_ADDRESS)
        say_studio_unresolved(progress, place, &question.failure);
    else
        probe_studio(progress, place, question.addresses);
}

/* DOMAIN-ID.studio.REGION.sagemaker.aws; false where AWS has not published it and the settings do not say it. */
static bool
name_studio(const struct check_place *place, char *host, size_t size)
{
    const char *domain = region_studio_domain(place->region);
    char *const *suffixes = place->settings->studio_url_suffixes;
    const char *id = place->settings->domain_id;

    if (domain != NULL)
        return (size_t) snprintf(host, size, "%s.studio.%s.%s", id, place->region, domain) < size;
    return suffixes != NULL && suffixes[0] != NULL && (size_t) snprintf(host, size, "%s.%s", id, suffixes[0]) < size;
}

void
check_studio(struct check_progress *progress, struct check_place *place)
{
    char host[264];

    if (place->settings->proxy_url != NULL)
        return;
    if (name_studio(place, host, sizeof(host)))
        check_studio_host(progress, place, host);
    else
        check_leave_out(progress, "the way to Studio in %s (its host names are not published: see studio_url_suffixes)",
                        place->region);
}

void
check_network(struct check_progress *progress, struct check_place *place)
{
    if (place->settings->proxy_url != NULL) {
        check_report_say(progress->report, CHECK_GOOD, API, NULL,
                         "SageMaker is asked by the proxy %s, which finds its addresses.", place->settings->proxy_url);
        check_leave_out(progress, "the addresses of the API and of Studio (a proxy is used)");
        return;
    }
    check_api(progress, place);
    check_studio(progress, place);
}
