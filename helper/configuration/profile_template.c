/*
 * profile_template.c: filling in the user profile's name.
 *
 * SPDX-License-Identifier: MIT
 */
#include "profile_template.h"

#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "settings.h"

enum word { WORD_USER, WORD_LOCALPART, WORD_SLUG, WORD_UID, WORD_GROUP };

static const char *const word_names[] = {
    [WORD_USER] = "{user}",
    [WORD_LOCALPART] = "{localpart}",
    [WORD_SLUG] = "{slug}",
    [WORD_UID] = "{uid}",
};

static char
lower(char byte)
{
    return (char) (byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

/* Which word begins here?  Gives its length, braces included, and the digit of a group; false when none does. */
static bool
word_at(const char *text, enum word *word, size_t *length, size_t *group)
{
    for (size_t i = 0; i < sizeof word_names / sizeof word_names[0]; i++) {
        *word = (enum word) i;
        *length = strlen(word_names[i]);
        if (strncmp(text, word_names[i], *length) == 0)
            return true;
    }
    if (text[0] != '{' || text[1] < '1' || text[1] > '9' || text[2] != '}')
        return false;
    *word = WORD_GROUP;
    *length = 3;
    *group = (size_t) (text[1] - '0');
    return true;
}

static bool
may_be_in_a_name(char byte)
{
    return ascii_is_lower_or_digit(lower(byte)) || byte == '-';
}

const char *
profile_template_objection(const char *text, size_t groups)
{
    bool fixed = true;
    for (const char *at = text; *at != '\0';) {
        enum word word = WORD_USER;
        size_t length = 1;
        size_t group = 0;
        if (*at == '{') {
            if (!word_at(at, &word, &length, &group))
                return "an unknown word in braces, expected {user}, {localpart}, {slug}, {uid} or {1} to {9}";
            if (word == WORD_GROUP && group > groups)
                return groups == 0 ? "{1} to {9} need a /pattern/ with that group in the first column"
                                   : "a {digit} above the number of groups in the pattern, expected a smaller one";
            fixed = false;
        } else if (!may_be_in_a_name(*at)) {
            return "a character that no user profile has, expected letters, digits, '-' and words in braces";
        }
        at += length;
    }
    if (fixed && !user_profile_name_is_valid(text))
        return "not a user profile name, expected letters, digits and inner '-', at most 63 characters";
    return NULL;
}

/* A piece of the account's name. */
struct piece {
    const char *start;
    size_t length;
};

/* The name without DOMAIN\ in front (which ends with the first backslash) and without @REALM (which begins with the
 * last '@'). */
static struct piece
local_part_of(const char *user)
{
    const char *backslash = strchr(user, '\\');
    const char *start = backslash != NULL ? backslash + 1 : user;
    const char *at = strrchr(start, '@');
    return (struct piece){start, at != NULL ? (size_t) (at - start) : strlen(start)};
}

static void
put(struct template_result *result, char byte)
{
    size_t length = strlen(result->text);
    if (length == TEMPLATE_RESULT_LENGTH) {
        result->cut = true;
        return;
    }
    result->text[length] = byte;
    result->text[length + 1] = '\0';
}

static void
put_folded(struct template_result *result, struct piece piece)
{
    for (size_t i = 0; i < piece.length; i++) {
        result->folded = result->folded || lower(piece.start[i]) != piece.start[i];
        put(result, lower(piece.start[i]));
    }
}

static void
lose(struct template_result *result, enum word word)
{
    if (result->lost_word == NULL)
        result->lost_word = word_names[word];
}

static void
put_local_part(struct template_result *result, const char *user)
{
    struct piece piece = local_part_of(user);
    if (piece.length != strlen(user))
        lose(result, WORD_LOCALPART);
    put_folded(result, piece);
}

/* A run of other characters that is exactly one `-` lost nothing. */
static void
put_slug(struct template_result *result, const char *user)
{
    struct piece piece = local_part_of(user);
    if (piece.length != strlen(user))
        lose(result, WORD_SLUG);
    for (size_t i = 0; i < piece.length; i++) {
        char byte = lower(piece.start[i]);
        bool kept = ascii_is_lower_or_digit(byte);
        bool in_run = !kept && i > 0 && !ascii_is_lower_or_digit(lower(piece.start[i - 1]));
        if (!kept && (byte != '-' || in_run))
            lose(result, WORD_SLUG);
        if (!in_run)
            put(result, (char) (kept ? byte : '-'));
        result->folded = result->folded || byte != piece.start[i];
    }
}

static void
put_uid(struct template_result *result, uid_t uid)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%u", uid);
    put_folded(result, (struct piece){digits, strlen(digits)});
}

static void
put_group(struct template_result *result, const struct template_values *values, size_t group)
{
    if (values->groups == NULL || values->groups[group].rm_so < 0)
        return;
    const regmatch_t *match = &values->groups[group];
    put_folded(result, (struct piece){values->user + match->rm_so, (size_t) (match->rm_eo - match->rm_so)});
}

static void
put_word(struct template_result *result, const struct template_values *values, enum word word, size_t group)
{
    switch (word) {
    case WORD_USER:
        put_folded(result, (struct piece){values->user, strlen(values->user)});
        break;
    case WORD_LOCALPART:
        put_local_part(result, values->user);
        break;
    case WORD_SLUG:
        put_slug(result, values->user);
        break;
    case WORD_UID:
        put_uid(result, values->uid);
        break;
    case WORD_GROUP:
        put_group(result, values, group);
        break;
    }
}

void
profile_template_fill(const char *text, const struct template_values *values, struct template_result *result)
{
    memset(result, 0, sizeof *result);
    bool has_words = strchr(text, '{') != NULL;
    while (*text != '\0') {
        enum word word = WORD_USER;
        size_t length = 1;
        size_t group = 0;
        if (word_at(text, &word, &length, &group)) {
            put_word(result, values, word, group);
        } else {
            put(result, (char) (has_words ? lower(*text) : *text));
            length = 1;
        }
        text += length;
    }
}
