/*
 * aws_profile_file.c: see aws_profile_file.h.
 *
 * Names of keys and values lie in a copy of the text, which is cut into strings where it stands.
 *
 * SPDX-License-Identifier: MIT
 */
#include "aws_profile_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "command_line.h"
#include "message.h"

#define SECTIONS ((size_t) AWS_PROFILE_CONFIG + 1)

struct profile_key {
    const char *name;
    struct aws_profile_value value;
};

struct profile_section {
    unsigned line;            /* 0: it is not there */
    struct profile_key *keys; /* of the file's */
    size_t count;
};

struct aws_profile {
    char *name;
    struct profile_section sections[SECTIONS];
};

struct aws_profile_file {
    char *text;
    size_t size;
    struct aws_profile *profiles; /* room for AWS_PROFILES_MAX */
    size_t count;
    struct profile_key *keys; /* room for one a line; those of a section lie together, since none comes twice */
    size_t key_count;
};

/* Where a parse has come to.  All that is kept is in profiles. */
struct profile_reader {
    struct aws_profile_file *profiles;
    const char *file;
    unsigned number; /* of the line */
    bool in_section;
    struct profile_section *section; /* NULL: before the first, or in one that is no profile */
    bool after_key;                  /* something of this section can be continued */
    struct profile_key *key;         /* the last one; NULL: its section is no profile */
    size_t indent;                   /* of the last line that continued nothing */
    struct failure *failure;
};

bool
aws_profile_failure(struct failure *failure, const char *file, unsigned line, const char *format, ...)
{
    char sentence[FAILURE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    return failure_set(failure, "credentials", "%s:%u: %s", file, line, sentence);
}

static bool
no_memory(struct failure *failure)
{
    return failure_set(failure, "memory", "There is no memory to read the file of AWS credentials.");
}

static bool
is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The text without the blanks around it, ended by a NUL. */
static char *
trim(char *start, char *end)
{
    while (start < end && is_blank(*start))
        start++;
    while (end > start && is_blank(end[-1]))
        end--;
    *end = '\0';
    return start;
}

/* Sections */

static struct aws_profile *
find_profile(const struct aws_profile_file *profiles, const char *name)
{
    for (size_t i = 0; i < profiles->count; i++) {
        if (strcmp(profiles->profiles[i].name, name) == 0)
            return &profiles->profiles[i];
    }
    return NULL;
}

static struct aws_profile *
add_profile(const struct profile_reader *reader, const char *name)
{
    struct aws_profile_file *profiles = reader->profiles;
    if (profiles->count == AWS_PROFILES_MAX) {
        aws_profile_failure(reader->failure, reader->file, reader->number, "too many profiles, expected at most %d",
                            AWS_PROFILES_MAX);
        return NULL;
    }
    struct aws_profile *profile = &profiles->profiles[profiles->count];
    if (asprintf(&profile->name, "%s", name) < 0) {
        profile->name = NULL;
        no_memory(reader->failure);
        return NULL;
    }
    profiles->count++;
    return profile;
}

static bool
begin_profile(struct profile_reader *reader, const char *name, enum aws_profile_section kind)
{
    struct aws_profile *profile = find_profile(reader->profiles, name);
    if (profile == NULL)
        profile = add_profile(reader, name);
    if (profile == NULL)
        return false;
    reader->section = &profile->sections[kind];
    if (reader->section->line != 0)
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "the profile %s again, which began in line %u already; expected each section once",
                                   name, reader->section->line);
    reader->section->line = reader->number;
    reader->section->keys = &reader->profiles->keys[reader->profiles->key_count];
    return true;
}

/* What follows after this word and a blank; NULL when the name does not begin with it. */
static const char *
after_word(const char *name, const char *word)
{
    size_t length = strlen(word);
    return strncmp(name, word, length) == 0 && is_blank(name[length]) ? name + length + 1 : NULL;
}

/* [profile NAME]: the name may be quoted, and must be where it has blanks. */
static bool
begin_config_profile(struct profile_reader *reader, const char *quoted_name)
{
    AUTO_COMMAND_LINE struct command_line words = {.count = 0};
    if (command_line_split(quoted_name, &words) != NULL || words.count != 1 || words.words[0][0] == '\0')
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "[profile] with something that is no name after it, expected one word, or more in "
                                   "quotes: [profile \"my name\"]");
    return begin_profile(reader, words.words[0], AWS_PROFILE_CONFIG);
}

static bool
begin_named_section(struct profile_reader *reader, const char *name)
{
    reader->in_section = true;
    reader->section = NULL;
    reader->after_key = false;
    reader->key = NULL;
    const char *profile = after_word(name, "profile");
    if (profile != NULL)
        return begin_config_profile(reader, profile);
    if (after_word(name, "sso-session") != NULL || after_word(name, "services") != NULL)
        return true;
    if (strcmp(name, "DEFAULT") == 0)
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "[DEFAULT], which some AWS SDKs apply to all profiles and others do not; expected "
                                   "[default] for the profile of that name");
    return begin_profile(reader, name, AWS_PROFILE_CREDENTIALS);
}

static bool
begin_section(struct profile_reader *reader, char *line, char *end)
{
    char *bracket = memrchr(line, ']', (size_t) (end - line));
    if (bracket == NULL)
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "a [ without a ], expected a section like [default]");
    const char *rest = trim(bracket + 1, end);
    if (rest[0] != '\0' && rest[0] != '#' && rest[0] != ';')
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "something behind the section, expected it on a line of its own");
    const char *name = trim(line + 1, bracket);
    if (name[0] == '\0' || strpbrk(name, "[]") != NULL)
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "a section without a name, or with brackets in it; expected one like [default]");
    return begin_named_section(reader, name);
}

/* Keys */

static bool
check_key_is_new(const struct profile_reader *reader, const char *name)
{
    const struct profile_section *section = reader->section;
    for (size_t i = 0; i < section->count; i++) {
        if (strcmp(section->keys[i].name, name) == 0)
            return aws_profile_failure(reader->failure, reader->file, reader->number,
                                       "the key of line %u again, expected each key once in a section",
                                       section->keys[i].value.line);
    }
    if (section->count == AWS_PROFILE_KEYS_MAX)
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "too many keys in this section, expected at most %d", AWS_PROFILE_KEYS_MAX);
    return true;
}

static bool
add_key(struct profile_reader *reader, const char *name, const char *text)
{
    struct profile_section *section = reader->section;
    if (!check_key_is_new(reader, name))
        return false;
    reader->key = &section->keys[section->count++];
    reader->profiles->key_count++;
    *reader->key = (struct profile_key){.name = name, .value = {.text = text, .line = reader->number}};
    return true;
}

static void
make_small(char *name)
{
    for (; *name != '\0'; name++) {
        if (*name >= 'A' && *name <= 'Z')
            *name = (char) (*name - 'A' + 'a');
    }
}

static bool
read_key(struct profile_reader *reader, char *line, char *end)
{
    if (!reader->in_section)
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "a line before the first section, expected one like [default]");
    char *sign = line + strcspn(line, "=:");
    if (sign == end)
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "a line without =, expected key = value");
    const char *text = trim(sign + 1, end);
    char *name = trim(line, sign);
    if (name[0] == '\0')
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "no key before the =, expected key = value");
    make_small(name);
    reader->after_key = true;
    return reader->section == NULL || add_key(reader, name, text);
}

/* Lines */

static bool
check_line(const struct profile_reader *reader, const char *line, size_t length)
{
    if (length > AWS_PROFILE_LINE_LIMIT)
        return aws_profile_failure(reader->failure, reader->file, reader->number,
                                   "a line of %zu bytes, expected at most %d", length, AWS_PROFILE_LINE_LIMIT);
    while (length > 0) {
        const char *tab = memchr(line, '\t', length);
        size_t piece = tab != NULL ? (size_t) (tab - line) : length;
        if (!text_is_printable(line, piece))
            return aws_profile_failure(reader->failure, reader->file, reader->number,
                                       "a control byte, or text that is not UTF-8; expected printable text");
        size_t step = piece + (tab != NULL);
        line += step;
        length -= step;
    }
    return true;
}

/* As configparser sees it: first comments and empty lines, then what continues the line above, then the rest. */
static bool
read_line(struct profile_reader *reader, char *start, char *end)
{
    if (end > start && end[-1] == '\r')
        end--;
    if (!check_line(reader, start, (size_t) (end - start)))
        return false;
    char *line = trim(start, end);
    size_t indent = (size_t) (line - start);
    end = line + strlen(line);
    if (line == end || *line == '#' || *line == ';')
        return true;
    if (reader->after_key && indent > reader->indent) {
        if (reader->key != NULL)
            reader->key->value.continued = true;
        return true;
    }
    reader->indent = indent;
    return *line == '[' ? begin_section(reader, line, end) : read_key(reader, line, end);
}

static bool
read_lines(struct profile_reader *reader)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    char *text = reader->profiles->text;
    char *end = text + reader->profiles->size;
    reader->number = 1;
    if (reader->profiles->size >= 3 && memcmp(text, byte_order_mark, 3) == 0)
        return aws_profile_failure(reader->failure, reader->file, 1,
                                   "a byte order mark, expected text in UTF-8 without it");
    for (; text < end; reader->number++) {
        char *newline = memchr(text, '\n', (size_t) (end - text));
        if (newline == NULL)
            newline = end; /* where the copy has its NUL */
        if (!read_line(reader, text, newline))
            return false;
        text = newline + 1;
    }
    return true;
}

static size_t
count_lines(const char *text, size_t length)
{
    size_t count = 1;
    for (size_t i = 0; i < length; i++)
        count += text[i] == '\n';
    return count;
}

/* The system gives memory to what is used of the arrays alone. */
static struct aws_profile_file *
profiles_create(const char *text, size_t length)
{
    struct aws_profile_file *profiles = calloc(1, sizeof(*profiles));
    if (profiles == NULL)
        return NULL;
    profiles->profiles = calloc(AWS_PROFILES_MAX, sizeof(*profiles->profiles));
    profiles->keys = calloc(count_lines(text, length), sizeof(*profiles->keys));
    profiles->text = malloc(length + 1);
    if (profiles->profiles == NULL || profiles->keys == NULL || profiles->text == NULL) {
        aws_profile_file_free(profiles);
        return NULL;
    }
    if (length > 0)
        memcpy(profiles->text, text, length);
    profiles->text[length] = '\0';
    profiles->size = length;
    return profiles;
}

struct aws_profile_file *
aws_profile_file_parse(const char *file, const char *text, size_t length, struct failure *failure)
{
    struct aws_profile_file *profiles = profiles_create(text, length);
    if (profiles == NULL) {
        no_memory(failure);
        return NULL;
    }
    struct profile_reader reader = {.profiles = profiles, .file = file, .failure = failure};
    if (read_lines(&reader))
        return profiles;
    aws_profile_file_free(profiles);
    return NULL;
}

void
aws_profile_file_free(struct aws_profile_file *profiles)
{
    if (profiles == NULL)
        return;
    for (size_t i = 0; i < profiles->count; i++)
        free(profiles->profiles[i].name);
    free(profiles->profiles);
    free(profiles->keys);
    if (profiles->text != NULL)
        explicit_bzero(profiles->text, profiles->size);
    free(profiles->text);
    free(profiles);
}

/* Asking */

const struct aws_profile *
aws_profile_find(const struct aws_profile_file *profiles, const char *name)
{
    return find_profile(profiles, name);
}

const char *
aws_profile_name(const struct aws_profile *profile)
{
    return profile->name;
}

unsigned
aws_profile_line(const struct aws_profile *profile)
{
    const struct profile_section *sections = profile->sections;
    return sections[AWS_PROFILE_CREDENTIALS].line != 0 ? sections[AWS_PROFILE_CREDENTIALS].line
                                                       : sections[AWS_PROFILE_CONFIG].line;
}

#define NAMES_SHOWN 10

void
aws_profile_names(const struct aws_profile_file *profiles, char *names, size_t size)
{
    size_t shown = profiles->count < NAMES_SHOWN ? profiles->count : NAMES_SHOWN;
    AUTO_BUFFER struct buffer list = BUFFER(size - 1);
    for (size_t i = 0; i < shown; i++) {
        const char *before = i == 0 ? "" : i + 1 < profiles->count ? ", " : " and ";
        if (!buffer_append_format(&list, "%s%.60s", before, profiles->profiles[i].name))
            break; /* a list that is cut still helps */
    }
    if (profiles->count > shown)
        (void) buffer_append_format(&list, " and %zu more", profiles->count - shown);
    (void) snprintf(names, size, "%s", list.length > 0 ? list.data : "none");
}

struct aws_profile_value
aws_profile_value_in(const struct aws_profile *profile, enum aws_profile_section section, const char *key)
{
    const struct profile_section *keys = &profile->sections[section];
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->keys[i].name, key) == 0)
            return keys->keys[i].value;
    }
    return (struct aws_profile_value){.text = NULL};
}

struct aws_profile_value
aws_profile_value(const struct aws_profile *profile, const char *key)
{
    struct aws_profile_value value = aws_profile_value_in(profile, AWS_PROFILE_CREDENTIALS, key);
    return value.text != NULL ? value : aws_profile_value_in(profile, AWS_PROFILE_CONFIG, key);
}
