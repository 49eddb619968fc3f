/*
 * check_credentials.c: see check_credentials.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_credentials.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "credential_text.h"

struct keys_question {
    struct loop *loop;
    bool done;
    bool have_keys;
    struct credentials keys;
    struct failure failure;
};

static void
keys_came(void *owner, const struct credentials *credentials, const struct failure *failure)
{
    struct keys_question *question = owner;

    if (credentials == NULL) {
        question->failure = *failure;
    } else {
        struct credential_text text = {
            .access_key_id = credentials->access_key_id,
            .secret_access_key = credentials->secret_access_key,
            .session_token = credentials->session_token,
        };

        question->have_keys = credential_text_copy(&text, &question->keys, &question->failure);
        question->keys.expires_at = credentials->expires_at;
        snprintf(question->keys.role, sizeof(question->keys.role), "%s", credentials->role);
    }
    question->done = true;
    loop_stop(question->loop);
}

static void
say_where_from(struct check_progress *progress, const struct credentials *keys)
{
    const char *source = credential_store_description(progress->service->origins->store);
    time_t expiry = (time_t) keys->expires_at;
    int64_t seconds = keys->expires_at - (int64_t) time(NULL);
    char when[64] = "";
    struct tm utc;

    if (gmtime_r(&expiry, &utc) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &utc);
    if (keys->expires_at == 0)
        check_report_say(progress->report, CHECK_GOOD, "credentials", NULL,
                         "This host's keys come from %s; they do not expire.", source);
    else if (seconds >= CREDENTIALS_MANDATORY_SECONDS)
        check_report_say(progress->report, CHECK_GOOD, "credentials", NULL,
                         "This host's keys come from %s; they are good until %s.", source, when);
    else
        check_report_say(progress->report, CHECK_WARNING, "credentials",
                         "The helper's log says why: `journalctl -u sagemaker-studio.service`.",
                         "This host's keys come from %s, expire in %" PRId64 " s, and could not be renewed.", source,
                         seconds);
}

bool
check_credentials(struct check_progress *progress, struct credentials *keys)
{
    struct service *service = progress->service;
    struct keys_question question = {.loop = service->loop};
    struct failure failure;
    struct credential_call *call =
        credentials_get(service->origins->store, check_question_deadline(), keys_came, &question, &failure);

    *keys = (struct credentials){0};
    if (call != NULL && check_run_until(progress, &question.done, &failure)) {
        failure = question.failure;
    } else if (call != NULL) {
        credential_call_cancel(call);
    }
    if (!question.have_keys) {
        check_report_say(progress->report, CHECK_CRITICAL, "credentials", NULL, "This host has no keys for AWS. %s",
                         failure.message);
        return false;
    }
    *keys = question.keys;
    say_where_from(progress, keys);
    return true;
}
