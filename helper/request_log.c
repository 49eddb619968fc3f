/*
 * What the journal says of a request.
 *
 * SPDX-License-Identifier: MIT
 */
#include "request_log.h"

#include "deadline.h"
#include "journal.h"

static struct journal_line
begin(const struct request_facts *facts, const struct link_result *result)
{
    if (result->end == LINK_FAILED)
        return journal_begin(LOG_ERR, "link-refused");
    if (result->end == LINK_NOBODY)
        return journal_begin(LOG_DEBUG, "link-none");
    return facts->identity_only ? journal_begin(LOG_DEBUG, "identity") : journal_begin(LOG_INFO, "link-made");
}

static void
put_mapping(struct journal_line *line, const struct link_result *result)
{
    const struct mapping *mapping = result->mapping;

    if (mapping == NULL)
        return;
    journal_put(line, "rule", mapping->rule);
    journal_put(line, "domain", mapping->domain);
    if (result->domain != NULL)
        journal_put(line, "domain_id", result->domain->domain_id);
    journal_put(line, "user_profile", mapping->user_profile_name);
}

static void
put_failure(struct journal_line *line, const struct link_result *result)
{
    if (result->end != LINK_FAILED)
        return;
    journal_put(line, "code", result->failure.code);
    journal_put(line, "message", result->failure.message);
}

void
request_log(const struct request_facts *facts, const struct link_result *result)
{
    struct journal_line line = begin(facts, result);

    journal_put(&line, "via", facts->login ? "login" : "click");
    if (result->mapping != NULL)
        journal_put(&line, "user", result->mapping->user);
    journal_put_number(&line, "uid", facts->uid);
    if (facts->loginuid >= 0)
        journal_put_number(&line, "loginuid", facts->loginuid);
    journal_put(&line, "service", facts->service);
    put_mapping(&line, result);
    journal_put(&line, "role", result->role);
    journal_put(&line, "request_id", result->request_id);
    put_failure(&line, result);
    journal_put_number(&line, "ms", monotonic_ms() - facts->started_ms);
    journal_end(&line);
}
