/*
 * helper_stats.c: telling an administrator, or a program, what the helper has done and how it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "helper_stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json_string.h"

#define DIGITS          "0123456789"
#define CODE_CHARACTERS "abcdefghijklmnopqrstuvwxyz" DIGITS "-"

/* A count that the answer does not have, or that is none, is 0. */
static int64_t
number_of(const struct message *answer, const char *key)
{
    int64_t number = 0;

    (void) message_get_number(answer, key, 0, INT64_MAX, &number);
    return number;
}

/* ---- failures by code: `CODE:COUNT CODE:COUNT ...` --------------------------------------------------------------- */

struct code_count {
    int code_length;
    const char *code;
    int count_length;
    const char *count;
};

/* The next one of the text, which moves on behind it; false at the end, or where it is nothing of the kind. */
static bool
next_code(const char **text, struct code_count *found)
{
    const char *at = *text + strspn(*text, " ");

    found->code = at;
    found->code_length = (int) strspn(at, CODE_CHARACTERS);
    at += found->code_length;
    if (found->code_length == 0 || *at != ':')
        return false;
    found->count = ++at;
    found->count_length = (int) strspn(at, DIGITS);
    at += found->count_length;
    *text = at;
    return found->count_length > 0 && (*at == ' ' || *at == '\0');
}

static const char *
codes_of(const struct message *answer)
{
    const char *codes = message_get(answer, "failed_by_code");

    return codes != NULL ? codes : "";
}

/* ---- outages: outage_N is `SECONDS PEER` ------------------------------------------------------------------------- */

struct outage_told {
    int64_t seconds;
    const char *peer;
};

static bool
find_outage(const struct message *answer, int number, struct outage_told *outage)
{
    char key[MESSAGE_KEY_SIZE];
    const char *value;
    char *end;

    snprintf(key, sizeof(key), "outage_%d", number);
    value = message_get(answer, key);
    if (value == NULL || strspn(value, DIGITS) == 0)
        return false;
    outage->seconds = strtoll(value, &end, 10);
    outage->peer = end + strspn(end, " ");
    return true;
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static void
print_duration(FILE *out, int64_t seconds)
{
    if (seconds >= 86400)
        fprintf(out, "%" PRId64 " d %" PRId64 " h", seconds / 86400, seconds % 86400 / 3600);
    else if (seconds >= 3600)
        fprintf(out, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds % 3600 / 60);
    else if (seconds >= 60)
        fprintf(out, "%" PRId64 " min %" PRId64 " s", seconds / 60, seconds % 60);
    else
        fprintf(out, "%" PRId64 " s", seconds);
}

static void
print_label(FILE *out, const char *label)
{
    fprintf(out, "%-15s ", label);
}

static void
print_helper(FILE *out, const struct message *answer)
{
    const char *version = message_get(answer, "version");

    print_label(out, "Helper:");
    fprintf(out, "%s, up ", version != NULL ? version : "?");
    print_duration(out, number_of(answer, "uptime_seconds"));
    putc('\n', out);
    print_label(out, "Connections:");
    fprintf(out, "%" PRId64 " since it started, %" PRId64 " open (this one included)\n",
            number_of(answer, "connections"), number_of(answer, "conversations"));
}

static void
print_links(FILE *out, const struct message *answer)
{
    print_label(out, "Links made:");
    fprintf(out, "%" PRId64 " (%" PRId64 " at login, %" PRId64 " by click)\n", number_of(answer, "links_made"),
            number_of(answer, "links_made_at_login"), number_of(answer, "links_made_by_click"));
    if (number_of(answer, "links_timed") > 0) {
        print_label(out, "Time it took:");
        fprintf(out, "%" PRId64 " ms (median), %" PRId64 " ms (99 of 100), of the last %" PRId64 "\n",
                number_of(answer, "p50_ms"), number_of(answer, "p99_ms"), number_of(answer, "links_timed"));
    }
    print_label(out, "Identities:");
    fprintf(out, "%" PRId64 " told without a link\n", number_of(answer, "identities"));
    print_label(out, "No link:");
    fprintf(out, "%" PRId64 " (no rule for the user)\n", number_of(answer, "no_link"));
}

static void
print_failures(FILE *out, const struct message *answer)
{
    const char *codes = codes_of(answer);
    struct code_count code;

    print_label(out, "Failed:");
    fprintf(out, "%" PRId64 "\n", number_of(answer, "failed"));
    while (next_code(&codes, &code))
        fprintf(out, "  %-30.*s %.*s\n", code.code_length, code.code, code.count_length, code.count);
}

static void
print_expiry(FILE *out, int64_t expire_at, int64_t now)
{
    time_t at = (time_t) expire_at;
    struct tm utc;
    char text[32];

    if (gmtime_r(&at, &utc) == NULL || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        return;
    fprintf(out, ", good until %s (", text);
    print_duration(out, expire_at > now ? expire_at - now : 0);
    putc(')', out);
}

static void
print_credentials(FILE *out, const struct message *answer, int64_t now)
{
    const char *role = message_get(answer, "role");
    const char *credentials = message_get(answer, "credentials");
    int64_t expire_at = number_of(answer, "credentials_expire_at");

    print_label(out, "Credentials:");
    if (credentials == NULL || strcmp(credentials, "kept") != 0) {
        fputs("none at hand; the next link fetches them\n", out);
        return;
    }
    fprintf(out, "of role %s", role != NULL ? role : "(unknown)");
    if (expire_at > 0)
        print_expiry(out, expire_at, now);
    putc('\n', out);
}

static void
print_configuration(FILE *out, const struct message *answer)
{
    const char *state = message_get(answer, "configuration");
    const char *message = message_get(answer, "configuration_message");

    print_label(out, "Configuration:");
    fprintf(out, "%s%s%s\n", state != NULL ? state : "?", message != NULL ? ": " : "", message != NULL ? message : "");
}

static void
print_outages(FILE *out, const struct message *answer)
{
    struct outage_told outage;

    print_label(out, "Outages:");
    fprintf(out, "%" PRId64 "\n", number_of(answer, "outages"));
    for (int number = 1; find_outage(answer, number, &outage); number++) {
        fprintf(out, "  %s, for ", outage.peer);
        print_duration(out, outage.seconds);
        putc('\n', out);
    }
}

bool
helper_stats_print_text(FILE *out, const struct message *answer, int64_t now)
{
    print_helper(out, answer);
    print_links(out, answer);
    print_failures(out, answer);
    print_credentials(out, answer, now);
    print_configuration(out, answer);
    print_outages(out, answer);
    return fflush(out) == 0 && !ferror(out);
}

/* ---- for programs ------------------------------------------------------------------------------------------------ */

static void
print_numbers(FILE *out, const struct message *answer)
{
    static const char *const KEYS[] = {"uptime_seconds",
                                       "connections",
                                       "conversations",
                                       "links_made",
                                       "links_made_at_login",
                                       "links_made_by_click",
                                       "links_timed",
                                       "p50_ms",
                                       "p99_ms",
                                       "identities",
                                       "no_link",
                                       "credentials_expire_at",
                                       "failed"};

    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
        int64_t number;

        if (message_get_number(answer, KEYS[i], 0, INT64_MAX, &number))
            fprintf(out, "\"%s\": %" PRId64 ", ", KEYS[i], number);
    }
}

static void
print_texts(FILE *out, const struct message *answer)
{
    static const char *const KEYS[] = {"version", "role", "credentials", "configuration", "configuration_message"};

    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
        const char *text = message_get(answer, KEYS[i]);

        if (text == NULL)
            continue;
        fprintf(out, "\"%s\": ", KEYS[i]);
        json_string_print(out, text);
        fputs(", ", out);
    }
}

static void
print_codes(FILE *out, const struct message *answer)
{
    const char *codes = codes_of(answer);
    const char *separator = "";
    struct code_count code;

    fputs("\"failed_by_code\": {", out);
    while (next_code(&codes, &code)) {
        fprintf(out, "%s\"%.*s\": %.*s", separator, code.code_length, code.code, code.count_length, code.count);
        separator = ", ";
    }
    fputs("}, ", out);
}

static void
print_outage_list(FILE *out, const struct message *answer)
{
    struct outage_told outage;

    fputs("\"outages\": [", out);
    for (int number = 1; find_outage(answer, number, &outage); number++) {
        fputs(number > 1 ? ", {\"peer\": " : "{\"peer\": ", out);
        json_string_print(out, outage.peer);
        fprintf(out, ", \"seconds\": %" PRId64 "}", outage.seconds);
    }
    putc(']', out);
}

bool
helper_stats_print_json(FILE *out, const struct message *answer)
{
    putc('{', out);
    print_texts(out, answer);
    print_numbers(out, answer);
    print_codes(out, answer);
    print_outage_list(out, answer);
    fputs("}\n", out);
    return fflush(out) == 0 && !ferror(out);
}
