/*
 * settings.c: the strict reader of studio.conf.
 *
 * One table says which keys there are (settings_keys.c).  Reading keeps for each section and key the text last assigned
 * and where that was; finishing turns the texts into struct settings.  (Why no library: libeconf 0.5.1 takes a line
 * whose `=` was forgotten as a continuation of the line above; inih cuts at 200 bytes.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "settings.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config_lines.h"
#include "configuration.h"
#include "setting_value.h"
#include "settings_environment.h"
#include "settings_keys.h"

#define DOMAINS_MAX 1000

struct assignment {
    char *value; /* NULL: the key was not assigned; "": it was, to nothing */
    unsigned file;
    unsigned line;
};

struct section {
    enum section_kind kind;
    char *name; /* of a domain */
    unsigned file;
    unsigned line;
    struct assignment assignments[SETTING_KEY_COUNT];
};

struct settings_reader {
    char **files;
    size_t file_count;
    struct section **sections;
    size_t section_count;
};

/* Where in the files we are. */
struct place {
    struct settings_reader *reader;
    struct config_lines lines;
    struct section *section;
    struct failure *failure;
};

struct settings_reader *
settings_begin(void)
{
    return calloc(1, sizeof(struct settings_reader));
}

static void
section_free(struct section *section)
{
    if (section == NULL)
        return;
    for (size_t i = 0; i < SETTING_KEY_COUNT; i++)
        free(section->assignments[i].value);
    free(section->name);
    free(section);
}

static void
reader_free(struct settings_reader *reader)
{
    if (reader == NULL)
        return;
    for (size_t i = 0; i < reader->section_count; i++)
        section_free(reader->sections[i]);
    for (size_t i = 0; i < reader->file_count; i++)
        free(reader->files[i]);
    free(reader->sections);
    free(reader->files);
    free(reader);
}

static unsigned
current_file(const struct settings_reader *reader)
{
    return (unsigned) reader->file_count - 1;
}

/* Is the value that was just assigned one that this key may have? */
static bool
check_value(const struct settings_reader *reader, const struct setting_key *key, const struct assignment *assignment,
            struct failure *failure)
{
    char expected[SETTING_EXPECTED_SIZE];
    if (setting_key_accepts(key, assignment->value, expected))
        return true;
    return config_failure(failure, reader->files[assignment->file], assignment->line, "%s: expected %s", key->name,
                          expected);
}

static struct section *
section_find(const struct settings_reader *reader, enum section_kind kind, const char *name)
{
    for (size_t i = 0; i < reader->section_count; i++) {
        struct section *section = reader->sections[i];
        if (section->kind == kind && (kind != SECTION_DOMAIN || strcmp(section->name, name) == 0))
            return section;
    }
    return NULL;
}

/* Takes name over. */
static struct section *
section_add(struct settings_reader *reader, enum section_kind kind, char *name, struct failure *failure)
{
    struct section **sections = reallocarray(reader->sections, reader->section_count + 1, sizeof(struct section *));
    struct section *section = sections == NULL ? NULL : calloc(1, sizeof *section);
    if (sections != NULL)
        reader->sections = sections;
    if (section == NULL) {
        free(name);
        config_no_memory(failure);
        return NULL;
    }
    section->kind = kind;
    section->name = name;
    section->file = UINT32_MAX;
    reader->sections[reader->section_count++] = section;
    return section;
}

/* Which kind of section is this header's content, and which name does it give? */
static bool
section_kind_of(const struct place *place, struct config_text content, enum section_kind *kind,
                struct config_text *name)
{
    struct config_text word = config_first_word(content, name);
    for (size_t i = 0; i < SECTION_KINDS; i++) {
        *kind = (enum section_kind) i;
        if (config_text_is(word, section_names[i]) && (*kind == SECTION_DOMAIN) == (name->length > 0))
            return true;
    }
    return config_failure(place->failure, place->lines.file, place->lines.number,
                          "unknown section [%.*s], expected [defaults], [domain NAME], [credentials], [helper] or "
                          "[desktop]",
                          CONFIG_SHOWN(content));
}

static bool
check_domain_name(const struct place *place, const char *name)
{
    if (domain_name_is_valid(name))
        return true;
    return config_failure(
        place->failure, place->lines.file, place->lines.number,
        "'%.80s' cannot be the name of a domain section, expected letters, digits, '_', '.' and '-', at most "
        "127, with a letter or digit in front, and not d-… which would look like a domain id",
        name);
}

/* Stand in this section from now on. */
static bool
enter_section(struct place *place, enum section_kind kind, struct config_text name)
{
    AUTO_FREE char *domain = NULL;
    if (kind == SECTION_DOMAIN) {
        domain = config_text_copy(name, place->failure);
        if (domain == NULL || !check_domain_name(place, domain))
            return false;
    }
    struct settings_reader *reader = place->reader;
    struct section *section = section_find(reader, kind, domain);
    if (section == NULL && reader->section_count >= DOMAINS_MAX)
        return config_failure(place->failure, place->lines.file, place->lines.number,
                              "too many sections, expected at most %d", DOMAINS_MAX);
    if (section == NULL)
        section = section_add(reader, kind, TAKE_POINTER(domain), place->failure);
    if (section == NULL)
        return false;
    if (section->file == current_file(reader))
        return config_failure(place->failure, place->lines.file, place->lines.number,
                              "this section comes twice, expected one (the first is in line %u)", section->line);
    section->file = current_file(reader);
    section->line = place->lines.number;
    place->section = section;
    return true;
}

static bool
read_header(struct place *place, struct config_text line)
{
    if (line.start[line.length - 1] != ']')
        return config_failure(place->failure, place->lines.file, place->lines.number,
                              "a section without ']' at its end, expected [NAME]");
    struct config_text content = config_trimmed((struct config_text){line.start + 1, line.length - 2});
    enum section_kind kind;
    struct config_text name;
    return section_kind_of(place, content, &kind, &name) && enter_section(place, kind, name);
}

/* Which key is this?  SETTING_KEY_COUNT with the failure when this section has none of that name. */
static size_t
key_find(const struct place *place, struct config_text name)
{
    const struct setting_key *elsewhere = NULL;
    for (size_t i = 0; i < SETTING_KEY_COUNT; i++) {
        if (!config_text_is(name, setting_keys[i].name))
            continue;
        if ((setting_keys[i].sections & IN(place->section->kind)) != 0)
            return i;
        elsewhere = &setting_keys[i];
    }
    const char *here = section_names[place->section->kind];
    for (size_t i = 0; elsewhere != NULL && i < SECTION_KINDS; i++) {
        if ((elsewhere->sections & IN(i)) != 0) {
            config_failure(place->failure, place->lines.file, place->lines.number,
                           "%s does not belong in [%s], expected it in [%s%s]", elsewhere->name, here, section_names[i],
                           i == SECTION_DOMAIN ? " NAME" : "");
            return SETTING_KEY_COUNT;
        }
    }
    config_failure(place->failure, place->lines.file, place->lines.number,
                   "unknown key '%.*s' in [%s], see sagemaker-studio.conf(5) for those expected", CONFIG_SHOWN(name),
                   here);
    return SETTING_KEY_COUNT;
}

static bool
assign(struct place *place, size_t key, struct config_text value)
{
    struct assignment *assignment = &place->section->assignments[key];
    unsigned file = current_file(place->reader);
    if (assignment->value != NULL && assignment->file == file)
        return config_failure(place->failure, place->lines.file, place->lines.number,
                              "%s comes twice in this section, expected once (the first is in line %u)",
                              setting_keys[key].name, assignment->line);
    char *copy = config_text_copy(value, place->failure);
    if (copy == NULL)
        return false;
    free(assignment->value);
    *assignment = (struct assignment){.value = copy, .file = file, .line = place->lines.number};
    return check_value(place->reader, &setting_keys[key], assignment, place->failure);
}

static bool
read_assignment(struct place *place, struct config_text line)
{
    const char *equals = memchr(line.start, '=', line.length);
    if (equals == NULL)
        return config_failure(place->failure, place->lines.file, place->lines.number,
                              "a line without '=', expected `key = value`, [SECTION] or a comment");
    if (place->section == NULL)
        return config_failure(place->failure, place->lines.file, place->lines.number,
                              "a key before the first section, expected [SECTION] above it");
    size_t before = (size_t) (equals - line.start);
    struct config_text name = config_trimmed((struct config_text){line.start, before});
    struct config_text value = config_trimmed((struct config_text){equals + 1, line.length - before - 1});
    size_t key = key_find(place, name);
    return key < SETTING_KEY_COUNT && assign(place, key, value);
}

bool
settings_feed(struct settings_reader *reader, const char *file, const char *text, size_t length,
              struct failure *failure)
{
    struct place place = {.reader = reader, .failure = failure};
    if (!config_lines_open(&place.lines, file, text, length, failure) ||
        !config_remember_file(&reader->files, &reader->file_count, file, failure))
        return false;
    while (config_lines_next(&place.lines)) {
        struct config_text line = config_without_comment(place.lines.line);
        if (line.length == 0)
            continue;
        bool good = line.start[0] == '[' ? read_header(&place, line) : read_assignment(&place, line);
        if (!good)
            return false;
    }
    return true;
}

/* What holds for this key: the section's own assignment, else that of the section that it inherits from, else NULL. */
static const struct assignment *
assignment_in_force(const struct section *section, const struct section *inherited, size_t key)
{
    if (section != NULL && section->assignments[key].value != NULL)
        return &section->assignments[key];
    if (inherited != NULL && inherited->assignments[key].value != NULL)
        return &inherited->assignments[key];
    return NULL;
}

/* Fill every member of target that belongs to these kinds of section. */
static bool
fill(void *target, unsigned kinds, const struct section *section, const struct section *inherited,
     struct failure *failure)
{
    for (size_t i = 0; i < SETTING_KEY_COUNT; i++) {
        if ((setting_keys[i].sections & kinds) == 0)
            continue;
        const struct assignment *assignment = assignment_in_force(section, inherited, i);
        if (!setting_key_store(&setting_keys[i], assignment != NULL ? assignment->value : NULL, target, failure))
            return false;
    }
    return true;
}

/* Two keys that must not both be set; a boolean is set when it is yes. */
static bool
check_exclusion(const struct settings_reader *reader, const struct section *section, const struct section *inherited,
                const char *one, const char *other, struct failure *failure)
{
    const struct assignment *set[2] = {NULL, NULL};
    for (size_t i = 0; i < SETTING_KEY_COUNT; i++) {
        bool first = strcmp(setting_keys[i].name, one) == 0;
        if (!first && strcmp(setting_keys[i].name, other) != 0)
            continue;
        const struct assignment *found = assignment_in_force(section, inherited, i);
        if (found != NULL && found->value[0] != '\0' && strcmp(found->value, "no") != 0)
            set[first ? 0 : 1] = found;
    }
    if (set[0] == NULL || set[1] == NULL)
        return true;
    return config_failure(
        failure, reader->files[set[0]->file], set[0]->line,
        "%s excludes %s, which is set in %s:%u; expected one of them (an empty value or `no` undoes an "
        "inherited one)",
        one, other, reader->files[set[1]->file], set[1]->line);
}

static bool
check_exclusions(const struct settings_reader *reader, const struct section *section, const struct section *inherited,
                 struct failure *failure)
{
    return check_exclusion(reader, section, inherited, "landing_uri", "space_name", failure) &&
           check_exclusion(reader, section, inherited, "endpoint_url", "use_fips_endpoint", failure) &&
           check_exclusion(reader, section, inherited, "endpoint_url", "use_dualstack_endpoint", failure);
}

/* source = process says where the keys come from, and then somebody must say which program that is. */
static bool
check_process(const struct settings_reader *reader, const struct section *section, const struct settings *settings,
              struct failure *failure)
{
    if (settings->credentials.source != CREDENTIALS_PROCESS || settings->credentials.credential_process != NULL)
        return true;
    for (size_t i = 0; i < SETTING_KEY_COUNT; i++) {
        const struct assignment *found = assignment_in_force(section, NULL, i);
        if (found != NULL && setting_keys[i].type == KEY_SOURCE)
            return config_failure(failure, reader->files[found->file], found->line,
                                  "source = process without credential_process, expected `credential_process = "
                                  "COMMAND` beside it");
    }
    return true; /* not reached: process is not what source is where nobody said it */
}

static bool
finish_credentials(const struct settings_reader *reader, struct settings *settings, struct failure *failure)
{
    const struct section *section = section_find(reader, SECTION_CREDENTIALS, NULL);
    return section == NULL || (check_process(reader, section, settings, failure) &&
                               check_exclusion(reader, section, NULL, "container_credentials_relative_uri",
                                               "container_credentials_full_uri", failure));
}

static bool
finish_domain(const struct settings_reader *reader, const struct section *section, struct settings *settings,
              struct failure *failure)
{
    const struct section *defaults = section_find(reader, SECTION_DEFAULTS, NULL);
    struct domain_settings *domain = &settings->domains[settings->domain_count++];
    domain->name = strdup(section->name);
    if (domain->name == NULL)
        return config_no_memory(failure);
    if (!fill(domain, IN(SECTION_DOMAIN), section, defaults, failure) ||
        !check_exclusions(reader, section, defaults, failure))
        return false;
    if (domain->domain_id == NULL)
        return config_failure(failure, reader->files[section->file], section->line,
                              "[domain %s] has no domain_id, expected `domain_id = d-…`", section->name);
    return true;
}

static int
domains_in_order(const void *one, const void *other)
{
    return strcmp(((const struct domain_settings *) one)->name, ((const struct domain_settings *) other)->name);
}

static bool
finish_domains(const struct settings_reader *reader, struct settings *settings, struct failure *failure)
{
    settings->domains = calloc(reader->section_count + 1, sizeof *settings->domains);
    if (settings->domains == NULL)
        return config_no_memory(failure);
    for (size_t i = 0; i < reader->section_count; i++) {
        if (reader->sections[i]->kind == SECTION_DOMAIN &&
            !finish_domain(reader, reader->sections[i], settings, failure))
            return false;
    }
    qsort(settings->domains, settings->domain_count, sizeof *settings->domains, domains_in_order);
    return true;
}

static bool
finish(const struct settings_reader *reader, struct settings *settings, struct failure *failure)
{
    const struct section *defaults = section_find(reader, SECTION_DEFAULTS, NULL);
    if (!fill(&settings->defaults, IN(SECTION_DEFAULTS), defaults, NULL, failure))
        return false;
    if (defaults != NULL && !check_exclusions(reader, defaults, NULL, failure))
        return false;
    for (enum section_kind kind = SECTION_CREDENTIALS; kind <= SECTION_DESKTOP; kind++) {
        if (!fill(settings, IN(kind), section_find(reader, kind, NULL), NULL, failure))
            return false;
    }
    return finish_credentials(reader, settings, failure) &&
           settings_adopt_environment(&settings->credentials, failure) && finish_domains(reader, settings, failure);
}

struct settings *
settings_finish(struct settings_reader *reader, struct failure *failure)
{
    struct settings *settings = calloc(1, sizeof *settings);
    bool good = settings != NULL ? finish(reader, settings, failure) : config_no_memory(failure);
    reader_free(reader);
    if (!good) {
        settings_free(settings);
        return NULL;
    }
    return settings;
}

/* Free every text and list of these kinds of section. */
static void
release(void *target, unsigned kinds)
{
    for (size_t i = 0; i < SETTING_KEY_COUNT; i++) {
        if ((setting_keys[i].sections & kinds) != 0)
            setting_key_release(&setting_keys[i], target);
    }
}

void
settings_free(struct settings *settings)
{
    if (settings == NULL)
        return;
    for (size_t i = 0; i < settings->domain_count; i++) {
        release(&settings->domains[i], IN(SECTION_DOMAIN));
        free(settings->domains[i].name);
    }
    free(settings->domains);
    release(&settings->defaults, IN(SECTION_DEFAULTS));
    release(settings, IN(SECTION_CREDENTIALS) | IN(SECTION_HELPER) | IN(SECTION_DESKTOP));
    free(settings);
}

const struct domain_settings *
settings_domain(const struct settings *settings, const char *name)
{
    struct domain_settings wanted = {0};
    wanted.name = (char *) (uintptr_t) name;
    return settings->domain_count == 0 ? NULL
                                       : bsearch(&wanted, settings->domains, settings->domain_count,
                                                 sizeof *settings->domains, domains_in_order);
}
