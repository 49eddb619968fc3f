/*
 * studio_status.c: telling people and programs who the user is in Studio and how his link fares.
 *
 * SPDX-License-Identifier: MIT
 */
#include "studio_status.h"

#include <inttypes.h>
#include <string.h>

#include "json_string.h"

bool
studio_status_is_known(const struct studio_status *status)
{
    return status->told || status->session.state != LINK_NONE;
}

static const char *
value_in(const struct message *message, const char *key)
{
    const char *value = message_get(message, key);

    return value != NULL ? value : "";
}

/* Is the link made at login for the domain and user profile that the user has now? */
static bool
link_is_for_the_same(const struct studio_status *status)
{
    static const char *const KEYS[] = {"domain_id", "user_profile_name"};

    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
        if (strcmp(value_in(&status->session.link, KEYS[i]), value_in(&status->identity, KEYS[i])) != 0)
            return false;
    }
    return true;
}

/* What the helper says holds now.  What it does not say, such as the region of a domain without one of its own, is in
 * the link made at login. */
static const char *
value_of(const struct studio_status *status, const char *key)
{
    const char *value = value_in(&status->identity, key);

    if (value[0] != '\0' || (status->told && !link_is_for_the_same(status)))
        return value;
    return value_in(&status->session.link, key);
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

/* Only a helper that answers makes a new link. */
static void
print_need(FILE *out, const struct studio_status *status)
{
    fputs(status->told ? "the icon makes a new one.\n" : "the icon needs a new one.\n", out);
}

static void
print_fresh(FILE *out, const struct studio_status *status)
{
    fprintf(out, "The icon will use the link made at login, %" PRId64 " s left", status->session.seconds_left);
    if (status->told && !link_is_for_the_same(status))
        fprintf(out, ", which is for %s in %s", value_in(&status->session.link, "user_profile_name"),
                value_in(&status->session.link, "domain_id"));
    fputs(".\n", out);
}

static void
print_link_state(FILE *out, const struct studio_status *status)
{
    switch (status->session.state) {
    case LINK_FRESH:
        print_fresh(out, status);
        break;
    case LINK_USED:
        fputs("The link made at login has been used; ", out);
        print_need(out, status);
        break;
    case LINK_EXPIRED:
        fputs("The link made at login has expired; ", out);
        print_need(out, status);
        break;
    case LINK_NONE:
    default:
        fputs(status->told ? "No link was made at login; the icon makes a new one.\n" : "No link was made at login.\n",
              out);
        break;
    }
}

bool
studio_status_print_text(FILE *out, const struct studio_status *status)
{
    if (studio_status_is_known(status)) {
        print_line(out, "User profile:", value_of(status, "user_profile_name"));
        print_domain(out, status);
        print_line(out, "Region:", value_of(status, "region"));
        print_line(out, "Rule:", value_of(status, "rule"));
    }
    print_link_state(out, status);
    return fflush(out) == 0 && !ferror(out);
}

static void
print_json_member(FILE *out, const char *key, const char *value)
{
    fprintf(out, "\"%s\": ", key);
    json_string_print(out, value);
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
    static const char *const KEYS[] = {"user_profile_name", "domain", "domain_id", "region", "rule"};
    bool known = studio_status_is_known(status);
    bool fresh = status->session.state == LINK_FRESH;

    putc('{', out);
    for (size_t i = 0; known && i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
        print_json_member(out, KEYS[i], value_of(status, KEYS[i]));
    if (!known) {
        print_json_member(out, "error", status->failure.code);
        print_json_member(out, "message", status->failure.message);
    }
    print_json_member(out, "link", state_word(status->session.state));
    fprintf(out, "\"seconds_left\": %" PRId64 "}\n", fresh ? status->session.seconds_left : 0);
    return fflush(out) == 0 && !ferror(out);
}
