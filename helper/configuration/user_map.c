/*
 * user_map.c: the grammar of the map.
 *
 * SPDX-License-Identifier: MIT
 */
#include "user_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "config_lines.h"
#include "frozen_map.h"
#include "pattern_limits.h"
#include "profile_template.h"
#include "setting_value.h"

#define WHO_LIMIT 256 /* bytes of an account's or a group's name */

/* One line on its way to a rule. */
struct line {
    const char *file;
    unsigned number;
    struct config_text rest; /* what was not read yet; begins with no blank */
    struct rule rule;
    struct failure *failure;
};

#define LINE_FAILURE(line, ...) config_failure((line)->failure, (line)->file, (line)->number, __VA_ARGS__)

struct user_map *
user_map_create(void)
{
    return calloc(1, sizeof(struct user_map));
}

static void
rule_release(struct rule *rule)
{
    if (rule->pattern != NULL && rule->pattern->is_compiled)
        regfree(&rule->pattern->compiled);
    free(rule->pattern);
    free(rule->who);
    free(rule->domain);
    free(rule->profile);
    free(rule->space_name);
    free(rule->landing_uri);
}

void
user_map_free(struct user_map *map)
{
    if (map == NULL)
        return;
    if (map->frozen != NULL) {
        frozen_map_free(map->frozen);
        return;
    }
    for (size_t i = 0; i < map->count; i++)
        rule_release(&map->rules[i]);
    for (size_t i = 0; i < map->file_count; i++)
        free(map->files[i]);
    free(map->rules);
    free(map->files);
    free(map->named);
    free(map->others);
    free(map);
}

static void
skip(struct line *line, size_t length)
{
    line->rest.start += length;
    line->rest.length -= length;
}

static bool
at_field_end(const struct line *line)
{
    return line->rest.length == 0 || config_is_blank(line->rest.start[0]);
}

/* The next field, as far as it has no meaning of its own; empty at the end of the line and before a comment. */
static struct config_text
next_field(struct line *line)
{
    line->rest = config_trimmed(line->rest);
    if (line->rest.length > 0 && line->rest.start[0] == '#')
        line->rest.length = 0;
    return config_first_word(line->rest, &line->rest);
}

/* The first column is this text. */
static bool
take_who(struct line *line, const struct buffer *text)
{
    struct config_text who = {text->data != NULL ? text->data : "", text->length};
    line->rule.who = config_text_copy(who, line->failure);
    return line->rule.who != NULL;
}

/* "…" with \" and \\ as its only escapes. */
static bool
read_quoted(struct line *line)
{
    AUTO_BUFFER struct buffer text = BUFFER(CONFIG_LINE_LIMIT);
    skip(line, 1);
    while (line->rest.length > 0 && line->rest.start[0] != '"') {
        bool escape = line->rest.start[0] == '\\';
        if (escape)
            skip(line, 1);
        if (line->rest.length == 0)
            break;
        if (escape && line->rest.start[0] != '"' && line->rest.start[0] != '\\')
            return LINE_FAILURE(line, "a backslash before '%.1s' in quotes, expected \\\" or \\\\ there",
                                line->rest.start);
        if (!buffer_append(&text, line->rest.start, 1))
            return config_no_memory(line->failure);
        skip(line, 1);
    }
    if (line->rest.length == 0)
        return LINE_FAILURE(line, "a quote that is not closed, expected \"NAME\"");
    skip(line, 1);
    if (!at_field_end(line))
        return LINE_FAILURE(line, "something behind a closing quote, expected a blank");
    return take_who(line, &text);
}

static bool
check_name(struct line *line)
{
    size_t length = line->rule.who != NULL ? strlen(line->rule.who) : 0;
    if (length == 0)
        return LINE_FAILURE(line, "an empty name in the first column, expected the name of a %s",
                            line->rule.kind == RULE_GROUP ? "group" : "user");
    if (length > WHO_LIMIT)
        return LINE_FAILURE(line, "a name of %zu bytes in the first column, expected at most %d", length, WHO_LIMIT);
    return true;
}

static bool
read_group(struct line *line)
{
    line->rule.kind = RULE_GROUP;
    skip(line, 1);
    if (line->rest.length > 0 && line->rest.start[0] == '"')
        return read_quoted(line) && check_name(line);
    struct config_text word = config_first_word(line->rest, &line->rest);
    if (memchr(word.start, '"', word.length) != NULL)
        return LINE_FAILURE(line, "a quote inside a name, expected quotes around the whole name: @\"NAME\"");
    line->rule.who = config_text_copy(word, line->failure);
    return line->rule.who != NULL && check_name(line);
}

int
rule_pattern_compile(struct rule_pattern *pattern, const char *expression)
{
    AUTO_FREE char *whole = NULL;
    if (asprintf(&whole, "^(%s)$", expression) < 0) {
        whole = NULL;
        return REG_ESPACE;
    }
    int error = regcomp(&pattern->compiled, whole, REG_EXTENDED);
    pattern->is_compiled = error == 0; /* else regcomp left nothing in it that regfree may see */
    return error;
}

static bool
compile(struct line *line)
{
    struct rule *rule = &line->rule;
    const char *objection = pattern_objection(rule->who);
    if (objection != NULL)
        return LINE_FAILURE(line, "%s", objection);
    rule->pattern = calloc(1, sizeof *rule->pattern);
    if (rule->pattern == NULL)
        return config_no_memory(line->failure);
    int error = rule_pattern_compile(rule->pattern, rule->who);
    if (error == 0)
        return true;
    char reason[128];
    regerror(error, &rule->pattern->compiled, reason, sizeof reason);
    return LINE_FAILURE(line, "not a regular expression (%s), expected a POSIX extended one", reason);
}

/* Take one character of an expression: \/ is a slash, and a backslash takes any other character with it. */
static bool
take_character(struct line *line, struct buffer *expression)
{
    bool escape = line->rest.start[0] == '\\' && line->rest.length > 1 && !config_is_blank(line->rest.start[1]);
    if (escape && line->rest.start[1] != '/' && !buffer_append(expression, "\\", 1))
        return config_no_memory(line->failure);
    if (escape)
        skip(line, 1);
    if (!buffer_append(expression, line->rest.start, 1))
        return config_no_memory(line->failure);
    skip(line, 1);
    return true;
}

static bool
read_pattern(struct line *line)
{
    line->rule.kind = RULE_PATTERN;
    AUTO_BUFFER struct buffer expression = BUFFER(CONFIG_LINE_LIMIT);
    skip(line, 1);
    while (!at_field_end(line) && line->rest.start[0] != '/') {
        if (!take_character(line, &expression))
            return false;
    }
    if (at_field_end(line))
        return LINE_FAILURE(line,
                            "a pattern that is not closed, expected /ERE/ without blanks ([[:blank:]] matches one)");
    skip(line, 1);
    if (!at_field_end(line))
        return LINE_FAILURE(line, "something behind the pattern's closing slash, expected a blank (\\/ is a slash)");
    return take_who(line, &expression) && compile(line);
}

/* Decimal digits alone, up to the greatest uid. */
static bool
read_uid(struct config_text text, uid_t *uid)
{
    unsigned long number = 0;
    if (text.length < 1 || text.length > 10)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.start[i] < '0' || text.start[i] > '9')
            return false;
        number = number * 10 + (unsigned long) (text.start[i] - '0');
    }
    *uid = (uid_t) number;
    return number <= 4294967294UL;
}

static bool
read_range(struct line *line, struct config_text word)
{
    struct rule *rule = &line->rule;
    const char *colon = memchr(word.start, ':', word.length);
    size_t before = colon != NULL ? (size_t) (colon - word.start) : word.length;
    if (colon == NULL || !read_uid((struct config_text){word.start, before}, &rule->uid_first) ||
        !read_uid((struct config_text){colon + 1, word.length - before - 1}, &rule->uid_last))
        return LINE_FAILURE(line, "'%.*s' is no range of uids, expected MIN:MAX (a name with ':' needs quotes)",
                            CONFIG_SHOWN(word));
    if (rule->uid_first > rule->uid_last)
        return LINE_FAILURE(line, "a range of uids that ends before it begins, expected MIN:MAX");
    rule->kind = RULE_UID_RANGE;
    return true;
}

static bool
all_digits(struct config_text word)
{
    uid_t uid;
    return read_uid(word, &uid);
}

/* A user's name as it stands, a range or `*`.  What looks like something else than a name is refused rather than never
 * matched. */
static bool
read_bare(struct line *line)
{
    struct config_text word = config_first_word(line->rest, &line->rest);
    line->rule.who = config_text_copy(word, line->failure);
    if (line->rule.who == NULL)
        return false;
    if (memchr(word.start, '"', word.length) != NULL)
        return LINE_FAILURE(line, "a quote inside a name, expected quotes around the whole name");
    if (memchr(word.start, ':', word.length) != NULL)
        return read_range(line, word);
    if (config_text_is(word, "*")) {
        line->rule.kind = RULE_EVERYONE;
        return true;
    }
    if (memchr(word.start, '*', word.length) != NULL)
        return LINE_FAILURE(line,
                            "a '*' inside a name, expected `*` alone or a pattern like /.+/ (in quotes it is literal)");
    if (all_digits(word))
        return LINE_FAILURE(line,
                            "a number alone, expected %.*s:%.*s for that uid or \"%.*s\" for an account of that name",
                            CONFIG_SHOWN(word), CONFIG_SHOWN(word), CONFIG_SHOWN(word));
    line->rule.kind = RULE_USER;
    return check_name(line);
}

static bool
read_who(struct line *line)
{
    switch (line->rest.start[0]) {
    case '@':
        return read_group(line);
    case '/':
        return read_pattern(line);
    case '"':
        line->rule.kind = RULE_USER;
        return read_quoted(line) && check_name(line);
    default:
        return read_bare(line);
    }
}

static bool
read_domain(struct line *line, bool *refused)
{
    struct config_text word = next_field(line);
    if (word.length == 0)
        return LINE_FAILURE(line, "no domain in the second column, expected WHO DOMAIN USER-PROFILE, or WHO -");
    if (word.start[0] == '"')
        return LINE_FAILURE(line, "quotes in the second column, expected them in the first alone");
    *refused = config_text_is(word, "-");
    if (*refused)
        return true;
    line->rule.domain = config_text_copy(word, line->failure);
    if (line->rule.domain == NULL)
        return false;
    if (!domain_name_is_valid(line->rule.domain) && !domain_id_is_valid(line->rule.domain))
        return LINE_FAILURE(line,
                            "'%.*s' is no domain, expected the name of a [domain] section, an id like "
                            "d-abcdefghij12, or -",
                            CONFIG_SHOWN(word));
    return true;
}

static bool
read_profile(struct line *line)
{
    struct config_text word = next_field(line);
    if (word.length == 0)
        return LINE_FAILURE(line, "no user profile in the third column, expected a name or a text like {user}");
    line->rule.profile = config_text_copy(word, line->failure);
    if (line->rule.profile == NULL)
        return false;
    /* One group is ours: it holds the alternatives of the expression together. */
    size_t groups = line->rule.pattern != NULL ? line->rule.pattern->compiled.re_nsub - 1 : 0;
    const char *objection = profile_template_objection(line->rule.profile, groups);
    return objection == NULL || LINE_FAILURE(line, "user profile '%.*s': %s", CONFIG_SHOWN(word), objection);
}

/* Store the value of an option that may come once. */
static bool
set_option(struct line *line, const char *name, char **member, struct config_text value, value_check *check)
{
    if (*member != NULL)
        return LINE_FAILURE(line, "%s comes twice, expected once", name);
    *member = config_text_copy(value, line->failure);
    if (*member == NULL)
        return false;
    const char *expected = check(*member);
    return expected == NULL || LINE_FAILURE(line, "%s: expected %s", name, expected);
}

static bool
read_option(struct line *line, struct config_text word)
{
    struct rule *rule = &line->rule;
    const char *equals = memchr(word.start, '=', word.length);
    size_t before = equals != NULL ? (size_t) (equals - word.start) : 0;
    struct config_text name = {word.start, before};
    struct config_text value = {word.start + before + 1, equals != NULL ? word.length - before - 1 : 0};
    if (equals != NULL && config_text_is(name, "space_name"))
        return set_option(line, "space_name", &rule->space_name, value, value_space_name);
    if (equals != NULL && config_text_is(name, "landing_uri"))
        return set_option(line, "landing_uri", &rule->landing_uri, value, value_landing_uri);
    if (!config_text_is(word, "lossy=yes"))
        return LINE_FAILURE(line, "'%.*s' is no option, expected space_name=NAME, landing_uri=URI or lossy=yes",
                            CONFIG_SHOWN(word));
    if (rule->lossy)
        return LINE_FAILURE(line, "lossy comes twice, expected once");
    rule->lossy = true;
    return true;
}

static bool
read_options(struct line *line)
{
    for (struct config_text word = next_field(line); word.length > 0; word = next_field(line)) {
        if (!read_option(line, word))
            return false;
    }
    if (line->rule.space_name != NULL && line->rule.landing_uri != NULL)
        return LINE_FAILURE(line, "space_name excludes landing_uri, expected one of them");
    return true;
}

static bool
read_rule(struct line *line)
{
    bool refused = false;
    if (!read_who(line) || !read_domain(line, &refused))
        return false;
    if (!refused)
        return read_profile(line) && read_options(line);
    if (next_field(line).length > 0)
        return LINE_FAILURE(line, "something behind `-`, expected nothing there: it means no link for these");
    return true;
}

/* Takes over what the rule holds, also when it fails. */
static bool
append_rule(struct user_map *map, struct line *line)
{
    if (map->count == map->capacity) {
        size_t capacity = map->capacity == 0 ? 64 : map->capacity * 2;
        struct rule *rules = reallocarray(map->rules, capacity, sizeof *rules);
        if (rules == NULL) {
            rule_release(&line->rule);
            return config_no_memory(line->failure);
        }
        map->rules = rules;
        map->capacity = capacity;
    }
    map->rules[map->count++] = line->rule;
    map->pattern_count += line->rule.kind == RULE_PATTERN;
    if (map->count > MAP_RULES_MAX)
        return LINE_FAILURE(line, "too many rules, expected at most %d", MAP_RULES_MAX);
    if (map->pattern_count > MAP_PATTERNS_MAX)
        return LINE_FAILURE(line, "too many patterns, expected at most %d", MAP_PATTERNS_MAX);
    return true;
}

bool
user_map_feed(struct user_map *map, const char *file, const char *text, size_t length, struct failure *failure)
{
    struct config_lines lines;
    if (!config_lines_open(&lines, file, text, length, failure) ||
        !config_remember_file(&map->files, &map->file_count, file, failure))
        return false;
    while (config_lines_next(&lines)) {
        struct line line = {.file = file, .number = lines.number, .failure = failure};
        line.rest = config_trimmed(lines.line);
        line.rule.file = (unsigned) map->file_count - 1;
        line.rule.line = lines.number;
        if (line.rest.length == 0 || line.rest.start[0] == '#')
            continue;
        if (!read_rule(&line)) {
            rule_release(&line.rule);
            return false;
        }
        if (!append_rule(map, &line))
            return false;
    }
    return true;
}

static bool
check_domain(const struct user_map *map, const struct rule *rule, const struct settings *settings,
             struct failure *failure)
{
    if (rule->domain == NULL || domain_id_is_valid(rule->domain) || settings_domain(settings, rule->domain) != NULL)
        return true;
    return config_failure(failure, map->files[rule->file], rule->line,
                          "domain '%s' is not known, expected one that studio.conf has a [domain %s] section for, or a "
                          "domain id like d-abcdefghij12",
                          rule->domain, rule->domain);
}

/* FNV-1a (RFC 9923). */
static uint32_t
hash_of(const char *name)
{
    uint32_t hash = 2166136261U;
    for (const char *at = name; *at != '\0'; at++)
        hash = (hash ^ (unsigned char) *at) * 16777619U;
    return hash;
}

/* Where the rule for this name is in the table, or has its place. */
static struct named_rule *
find_named(const struct user_map *map, const char *name, uint32_t hash)
{
    size_t i = hash & (map->named_size - 1);
    while (map->named[i].place != 0 &&
           (map->named[i].hash != hash || strcmp(map->rules[map->named[i].place - 1].who, name) != 0))
        i = (i + 1) & (map->named_size - 1);
    return &map->named[i];
}

static void
add_to_index(struct user_map *map, size_t index)
{
    const struct rule *rule = &map->rules[index];
    if (rule->kind != RULE_USER) {
        map->others[map->other_count++] = index;
        return;
    }
    uint32_t hash = hash_of(rule->who);
    struct named_rule *named = find_named(map, rule->who, hash);
    if (named->place == 0)
        *named = (struct named_rule){.hash = hash, .place = (uint32_t) index + 1};
}

bool
user_map_finish(struct user_map *map, const struct settings *settings, struct failure *failure)
{
    map->named_size = 2;
    while (map->named_size < 2 * map->count)
        map->named_size *= 2;
    map->named = calloc(map->named_size, sizeof *map->named);
    map->others = calloc(map->count + 1, sizeof *map->others);
    if (map->named == NULL || map->others == NULL)
        return config_no_memory(failure);
    for (size_t i = 0; i < map->count; i++) {
        if (!check_domain(map, &map->rules[i], settings, failure))
            return false;
        add_to_index(map, i);
    }
    return true;
}

size_t
user_map_named(const struct user_map *map, const char *name)
{
    const struct named_rule *named = find_named(map, name, hash_of(name));
    return named->place != 0 ? named->place - 1 : map->count;
}
