/*
 * The answer to op=stats.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stats_answer.h"

#include <stdio.h>
#include <string.h>

#include "deadline.h"
#include "message.h"

/* Of the outages that go on; a message holds MESSAGE_FIELDS fields in all. */
#define OUTAGES_TOLD 16

static bool
put_count(struct buffer *out, const char *key, uint64_t count)
{
    return message_put_number(out, key, (int64_t) count);
}

static bool
put_connections(struct buffer *out, const struct stats *stats)
{
    return put_count(out, "uptime_seconds", (uint64_t) (monotonic_ms() - stats->started_ms) / 1000) &&
           put_count(out, "connections", stats->connections) && put_count(out, "conversations", stats->conversations);
}

static bool
put_links(struct buffer *out, const struct stats *stats)
{
    return put_count(out, "links_made", stats->made_at_login + stats->made_by_click) &&
           put_count(out, "links_made_at_login", stats->made_at_login) &&
           put_count(out, "links_made_by_click", stats->made_by_click) &&
           put_count(out, "identities", stats->identities) && put_count(out, "no_link", stats->nobody);
}

static bool
put_times(struct buffer *out, const struct stats *stats)
{
    return stats_times(stats) == 0 || (put_count(out, "links_timed", stats_times(stats)) &&
                                       put_count(out, "p50_ms", stats_percentile_ms(stats, 50)) &&
                                       put_count(out, "p99_ms", stats_percentile_ms(stats, 99)));
}

/* CODE:COUNT, separated by blanks; no code has either in it. */
static bool
put_failures(struct buffer *out, const struct stats *stats)
{
    AUTO_BUFFER struct buffer text = BUFFER(MESSAGE_LIMIT);

    for (size_t i = 0; i < stats->code_count; i++)
        if (!buffer_append_format(&text, "%s%s:%llu", text.length > 0 ? " " : "", stats->codes[i].code,
                                  (unsigned long long) stats->codes[i].count))
            return false;
    if (stats->other_codes > 0 && !buffer_append_format(&text, " other:%llu", (unsigned long long) stats->other_codes))
        return false;
    return put_count(out, "failed", stats->failed) &&
           (text.length == 0 || message_put(out, "failed_by_code", text.data));
}

static bool
put_credentials(struct buffer *out, const struct service *service)
{
    const struct credentials *kept = service->origins != NULL ? credentials_kept(service->origins->store) : NULL;

    if (kept == NULL)
        return message_put(out, "credentials", "none");
    return message_put(out, "credentials", "kept") && (kept->role[0] == '\0' || message_put(out, "role", kept->role)) &&
           (kept->expires_at == 0 || message_put_number(out, "credentials_expire_at", kept->expires_at));
}

static bool
put_configuration(struct buffer *out, const struct service *service)
{
    static const char *const states[] = {
        [CONFIGURATION_LOADED] = "loaded", [CONFIGURATION_ABSENT] = "absent", [CONFIGURATION_BROKEN] = "broken"};

    if (service_is_reading(service))
        return message_put(out, "configuration", "being-read");
    return message_put(out, "configuration", states[service->state]) &&
           (service->state != CONFIGURATION_BROKEN ||
            message_put(out, "configuration_message", service->broken.message));
}

/* Each as SECONDS PEER; a peer's name may have blanks. */
static bool
put_outages(struct buffer *out, const struct outages *outages)
{
    int64_t now_ms = monotonic_ms();
    int number = 0;

    for (const struct outage *outage = outage_next(outages, NULL); outage != NULL;
         outage = outage_next(outages, outage)) {
        AUTO_BUFFER struct buffer text = BUFFER(OUTAGE_NAME_SIZE + 32);
        char key[MESSAGE_KEY_SIZE];

        if (++number > OUTAGES_TOLD)
            continue;
        snprintf(key, sizeof(key), "outage_%d", number);
        if (!buffer_append_format(&text, "%lld %s", (long long) (now_ms - outage->began_ms) / 1000, outage->peer) ||
            !message_put(out, key, text.data))
            return false;
    }
    return message_put_number(out, "outages", number);
}

bool
stats_answer_compose(struct buffer *out, const struct service *service)
{
    const struct stats *stats = &service->stats;

    buffer_clear(out);
    return message_begin(out) && message_put(out, "status", "ok") && message_put(out, "version", VERSION) &&
           put_connections(out, stats) && put_links(out, stats) && put_times(out, stats) && put_failures(out, stats) &&
           put_credentials(out, service) && put_configuration(out, service) && put_outages(out, &service->outages) &&
           message_end(out);
}
