/*
 * check_service.c: asking the helper that serves this host how it is, and judging that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_service.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "buffer.h"
#include "cleanup.h"
#include "deadline.h"

#define STEP             "service"
#define ANSWER_WITHIN_MS 5000
#define REQUEST_LIMIT    4096
#define DIGITS           "0123456789"
#define CODE_CHARACTERS  "abcdefghijklmnopqrstuvwxyz" DIGITS "-"

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static bool
converse(int fd, const char *op, struct deadline deadline, struct message *message, struct failure *failure)
{
    AUTO_BUFFER struct buffer request = BUFFER(REQUEST_LIMIT);

    if (message_begin(&request) && message_put(&request, "op", op) &&
        message_put_number(&request, "budget_ms", deadline_left_ms(deadline)) && message_end(&request))
        return helper_ask(fd, &request, deadline, message, failure);
    return failure_set(failure, "memory", "out of memory");
}

void
service_ask(const char *socket_path, struct service_answer *answer)
{
    struct deadline deadline = deadline_in_ms(ANSWER_WITHIN_MS);
    AUTO_CLOSE int fd = -1;

    *answer = (struct service_answer){.is_stats = geteuid() == 0, .message = MESSAGE_EMPTY};
    answer->reach = helper_connect(socket_path, deadline, &fd, &answer->failure);
    if (answer->reach == HELPER_CONNECTED)
        answer->answered =
            converse(fd, answer->is_stats ? "stats" : "whoami", deadline, &answer->message, &answer->failure);
}

void
service_answer_free(struct service_answer *answer)
{
    message_free(&answer->message);
}

/* ---- the figures, for programs ----------------------------------------------------------------------------------- */

/* `CODE:COUNT CODE:COUNT ...` */
static void
add_codes(cJSON *stats, const char *codes)
{
    cJSON *counts = cJSON_AddObjectToObject(stats, "failed_by_code");
    char code[FAILURE_CODE_SIZE];
    char *end;

    for (const char *at = codes; at != NULL && *at != '\0'; at = end + strspn(end, " ")) {
        size_t length = strspn(at, CODE_CHARACTERS);

        if (length == 0 || length >= sizeof(code) || at[length] != ':' || strspn(at + length + 1, DIGITS) == 0)
            return;
        snprintf(code, sizeof(code), "%.*s", (int) length, at);
        (void) cJSON_AddNumberToObject(counts, code, (double) strtoll(at + length + 1, &end, 10));
    }
}

/* The value of outage_N is `SECONDS PEER`; NULL when there is none of this number. */
static const char *
outage_peer(const struct message *message, int number, int64_t *seconds)
{
    char key[MESSAGE_KEY_SIZE];
    const char *value;
    char *end;

    snprintf(key, sizeof(key), "outage_%d", number);
    value = message_get(message, key);
    if (value == NULL || strspn(value, DIGITS) == 0)
        return NULL;
    *seconds = strtoll(value, &end, 10);
    return end + strspn(end, " ");
}

static void
add_outages(cJSON *stats, const struct message *message)
{
    cJSON *outages = cJSON_AddArrayToObject(stats, "outages");
    int64_t seconds;
    const char *peer;

    for (int number = 1; (peer = outage_peer(message, number, &seconds)) != NULL; number++) {
        cJSON *outage = cJSON_CreateObject();

        (void) cJSON_AddStringToObject(outage, "peer", peer);
        (void) cJSON_AddNumberToObject(outage, "seconds", (double) seconds);
        (void) cJSON_AddItemToArray(outages, outage);
    }
}

static bool
has_its_own_form(const char *key)
{
    return strcmp(key, "status") == 0 || strcmp(key, "failed_by_code") == 0 ||
           strncmp(key, "outage", strlen("outage")) == 0;
}

static char *
stats_as_json(const struct message *message)
{
    cJSON *stats = cJSON_CreateObject();
    char *text;

    for (size_t i = 0; i < message->count; i++) {
        const struct message_field *field = &message->fields[i];
        int64_t number;

        if (has_its_own_form(field->key))
            continue;
        if (message_get_number(message, field->key, 0, INT64_MAX, &number))
            (void) cJSON_AddNumberToObject(stats, field->key, (double) number);
        else
            (void) cJSON_AddStringToObject(stats, field->key, field->value);
    }
    add_codes(stats, message_get(message, "failed_by_code"));
    add_outages(stats, message);
    text = cJSON_PrintUnformatted(stats);
    cJSON_Delete(stats);
    return text;
}

/* ---- judging ----------------------------------------------------------------------------------------------------- */

static const char *
text_of(const struct message *message, const char *key)
{
    const char *text = message_get(message, key);

    return text != NULL ? text : "";
}

static const char *
advice_to_start(void)
{
    if (access("/run/systemd/system", F_OK) == 0)
        return "Run: `systemctl enable --now sagemaker-studio.socket`.";
    return "Let this host's init start `sagemaker-studio-helper --listen " RUN_FOLDER
           "/helper.sock`, see sagemaker-studio-helper(8).";
}

static void
judge_version(const struct message *message, struct check_report *report)
{
    const char *version = text_of(message, "version");

    if (strcmp(version, VERSION) != 0)
        check_report_say(report, CHECK_WARNING, STEP, "Run: `systemctl restart sagemaker-studio.service`.",
                         "The helper that runs is of version %s; installed is " VERSION ".", version);
}

static void
judge_configuration(const struct message *message, struct check_report *report)
{
    const char *state = text_of(message, "configuration");

    if (strcmp(state, "broken") == 0)
        check_report_say(report, CHECK_CRITICAL, STEP, "Correct it; the helper reads it again by itself.",
                         "The helper that runs gives nobody a link, for its configuration is broken: %s.",
                         text_of(message, "configuration_message"));
    else if (strcmp(state, "absent") == 0)
        check_report_add(report, CHECK_WARNING, STEP,
                         "The helper that runs gives nobody a link, for it has no configuration.", NULL);
}

static void
judge_outages(const struct message *message, struct check_report *report)
{
    int64_t seconds;
    const char *peer;

    for (int number = 1; (peer = outage_peer(message, number, &seconds)) != NULL; number++)
        check_report_say(report, CHECK_CRITICAL, STEP, "See what the steps below say about it.",
                         "%s has not answered the helper for %lld s.", peer, (long long) seconds);
}

/* " (role NAME, for another 3000 s)", or nothing. */
static void
describe_credentials(const struct message *message, char *text, size_t size)
{
    const char *role = message_get(message, "role");
    int64_t expire_at;

    text[0] = '\0';
    if (message_get_number(message, "credentials_expire_at", 0, INT64_MAX, &expire_at))
        snprintf(text, size, " (%s%s%sfor another %lld s)", role != NULL ? "role " : "", role != NULL ? role : "",
                 role != NULL ? ", " : "", (long long) (expire_at - (int64_t) time(NULL)));
}

static void
judge_stats(const struct message *message, struct check_report *report)
{
    char credentials[256];

    describe_credentials(message, credentials, sizeof(credentials));
    check_report_say(report, CHECK_GOOD, STEP, NULL,
                     "The helper answers; up for %s s, links made: %s, failed: %s, credentials: %s%s.",
                     text_of(message, "uptime_seconds"), text_of(message, "links_made"), text_of(message, "failed"),
                     text_of(message, "credentials"), credentials);
    judge_version(message, report);
    judge_configuration(message, report);
    judge_outages(message, report);
}

static void
judge_answer(const struct service_answer *answer, struct check_report *report)
{
    if (!answer->answered)
        check_report_say(report, CHECK_CRITICAL, STEP, "See its log: `journalctl -u sagemaker-studio.service`.",
                         "The helper does not say how it is: %s.", answer->failure.message);
    else if (!answer->is_stats)
        check_report_add(report, CHECK_GOOD, STEP, "The helper answers (how it is, it tells root alone).", NULL);
    else if (strcmp(text_of(&answer->message, "status"), "ok") == 0)
        judge_stats(&answer->message, report);
    else
        check_report_say(report, CHECK_CRITICAL, STEP,
                         "It may be of another version. Run: `systemctl restart sagemaker-studio.service`.",
                         "The helper answers, but not how it is: %s", text_of(&answer->message, "message"));
}

void
check_service(const struct service_answer *answer, struct check_report *report)
{
    char *stats = NULL;

    switch (answer->reach) {
    case HELPER_CONNECTED:
        judge_answer(answer, report);
        break;
    case HELPER_ABSENT:
        check_report_say(report, CHECK_WARNING, STEP, advice_to_start(),
                         "Logins start a helper each, but clicks get no link: %s.", answer->failure.message);
        break;
    case HELPER_UNREACHABLE:
        check_report_say(report, CHECK_CRITICAL, STEP, advice_to_start(), "Neither logins nor clicks get a link: %s.",
                         answer->failure.message);
        break;
    }
    if (answer->answered && answer->is_stats && strcmp(text_of(&answer->message, "status"), "ok") == 0)
        stats = stats_as_json(&answer->message);
    check_report_attach(report, "stats", stats != NULL ? stats : "null");
    cJSON_free(stats);
}
