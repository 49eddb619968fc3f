/*
 * studio_status.c: telling people and programs who the user is in Studio and how his link fares.
 *
 * SPDX-License-Identifier: MIT
 */
#include "studio_status.h"

#include <inttypes.h>

static const char *
value_of(const struct studio_status *status, const char *key)
{
    const char *value =
        message_get(status->session.state != LINK_NONE ? &status->session.link : &status->identity, key);

    return value != NULL ? value : "";
}

static void
print_line(FILE *out, const char *label, const char *value)
{
    if (value[0] != '\0')
        fprintf(out, "%-13s %s\n", label, value);
}

static void
print_domain(FILE *out, const struct studio_status *status)
{
    const char *name = value_of(status, "domain");
    const char *id = value_of(status, "domain_id");

    if (name[0] != '\0' && id[0] != '\0')
        fprintf(out, "%-13s %s (%s)\n", "Domain:", name, id);
    else
        print_line(out, "Domain:", name[0] != '\0' ? name : id);
}

static void
print_link_state(FILE *out, const struct session_found *session)
{
    switch (session->state) {
    case LINK_FRESH:
        fprintf(out, "The link made at login is good for another %" PRId64 " s.\n", session->seconds_left);
        break;
    case LINK_USED:
        fputs("The link made at login has been used; the icon makes a new one.\n", out);
        break;
    case LINK_EXPIRED:
        fputs("The link made at login has expired; the icon makes a new one.\n", out);
        break;
    case LINK_NONE:
    default:
        fputs("No link was made at login.\n", out);
        break;
    }
}

bool
studio_status_print_text(FILE *out, const struct studio_status *status)
{
    if (status->known) {
        print_line(out, "User profile:", value_of(status, "user_profile_name"));
        print_domain(out, status);
        print_line(out, "Region:", value_of(status, "region"));
    }
    print_link_state(out, &status->session);
    return fflush(out) == 0 && !ferror(out);
}

/* Values are printable UTF-8 (message.h), so only these two bytes need an escape in JSON (RFC 8259, section 7). */
static void
print_json_string(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void
print_json_member(FILE *out, const char *key, const char *value)
{
    fprintf(out, "\"%s\": ", key);
    print_json_string(out, value);
    fputs(", ", out);
}

static const char *
state_word(enum link_state state)
{
    switch (state) {
    case LINK_FRESH:
        return "fresh";
    case LINK_USED:
        return "used";
    case LINK_EXPIRED:
        return "expired";
    case LINK_NONE:
    default:
        return "none";
    }
}

bool
studio_status_print_json(FILE *out, const struct studio_status *status)
{
    static const char *const KEYS[] = {"user_profile_name", "domain", "domain_id", "region"};
    bool fresh = status->session.state == LINK_FRESH;

    putc('{', out);
    for (size_t i = 0; status->known && i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
        print_json_member(out, KEYS[i], value_of(status, KEYS[i]));
    if (!status->known) {
        print_json_member(out, "error", status->failure.code);
        print_json_member(out, "message", status->failure.message);
    }
    print_json_member(out, "link", state_word(status->session.state));
    fprintf(out, "\"seconds_left\": %" PRId64 "}\n", fresh ? status->session.seconds_left : 0);
    return fflush(out) == 0 && !ferror(out);
}
