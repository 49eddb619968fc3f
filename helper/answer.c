/*
 * Composing answers.
 *
 * SPDX-License-Identifier: MIT
 */
#include "answer.h"

#include <string.h>

#include "message.h"

/* A field that is left out when there is nothing to say. */
static bool
put_known(struct buffer *out, const char *key, const char *value)
{
    return value == NULL || value[0] == '\0' || message_put(out, key, value);
}

static bool
put_identity(struct buffer *out, const struct link_result *result)
{
    const struct mapping *mapping = result->mapping;

    if (mapping == NULL)
        return true;
    return put_known(out, "rule", mapping->rule) && put_known(out, "domain", mapping->domain) &&
           put_known(out, "user_profile_name", mapping->user_profile_name) &&
           put_known(out, "domain_id", result->domain != NULL ? result->domain->domain_id : NULL);
}

static bool
put_link(struct buffer *out, const struct link_result *result)
{
    return message_put(out, "url", result->url) && message_put_number(out, "issued_at", result->issued_at) &&
           message_put_number(out, "expires_at", result->expires_at) && message_put(out, "region", result->region) &&
           put_known(out, "request_id", result->request_id);
}

/* URIs hold no blanks, so that a blank separates them. */
static bool
put_landing_uris(struct buffer *out, char *const *uris)
{
    AUTO_BUFFER struct buffer text = BUFFER(MESSAGE_LIMIT);

    for (; uris != NULL && *uris != NULL; uris++)
        if (!buffer_append_format(&text, "%s%s", text.length > 0 ? " " : "", *uris))
            return false;
    return put_known(out, "landing_uris", text.data);
}

/* Whom to ask when there is no link. */
static bool
put_contact(struct buffer *out, const struct link_result *result)
{
    return put_known(out, "contact", result->settings != NULL ? result->settings->desktop.contact : NULL);
}

static bool
put_desktop(struct buffer *out, const struct link_result *result)
{
    const struct settings *settings = result->settings;

    return put_contact(out, result) &&
           message_put(out, "open_at_login", settings->desktop.open_at_login ? "yes" : "no") &&
           message_put(out, "icon", settings->desktop.icon ? "yes" : "no") &&
           put_known(out, "browser", settings->desktop.browser) && put_known(out, "region", result->domain->region) &&
           put_landing_uris(out, result->domain->landing_uris);
}

static bool
put_error(struct buffer *out, const struct link_result *result)
{
    return message_put(out, "code", result->failure.code) && message_put(out, "message", result->failure.message) &&
           put_known(out, "request_id", result->request_id) && put_contact(out, result);
}

static bool
put_reason(struct buffer *out, const struct link_result *result)
{
    const char *reason = "not-configured";

    if (result->mapping != NULL)
        reason = result->mapping->kind == MAPPING_REFUSED ? "refused" : "no-rule";
    return message_put(out, "reason", reason) && put_contact(out, result);
}

static bool
put_outcome(struct buffer *out, const struct request_facts *facts, const struct link_result *result)
{
    switch (result->end) {
    case LINK_MADE:
        return message_put(out, "status", "ok") &&
               (facts->identity_only ? put_desktop(out, result) : put_link(out, result));
    case LINK_NOBODY:
        return message_put(out, "status", "none") && put_reason(out, result);
    case LINK_FAILED:
        return message_put(out, "status", "error") && put_error(out, result);
    }
    return false;
}

bool
answer_compose(struct buffer *out, const struct request_facts *facts, const struct link_result *result)
{
    buffer_clear(out);
    return message_begin(out) && put_outcome(out, facts, result) && put_identity(out, result) && message_end(out);
}
