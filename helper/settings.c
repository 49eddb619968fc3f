/*
 * settings.c: the strict reader of studio.conf.
 *
 * One table says which keys there are.  Reading keeps for each section and key the text last assigned and where that
 * was; finishing turns the texts into struct settings.  (Why no library: libeconf 0.5.1 takes a line whose `=` was
 * forgotten as a continuation of the line above; inih cuts at 200 bytes.)
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

#define DOMAINS_MAX    1000
#define LIST_ITEMS_MAX 32

enum section_kind { SECTION_DEFAULTS, SECTION_DOMAIN, SECTION_CREDENTIALS, SECTION_HELPER, SECTION_DESKTOP };

static const char *const section_names[] = {
    [SECTION_DEFAULTS] = "defaults", [SECTION_DOMAIN] = "domain",   [SECTION_CREDENTIALS] = "credentials",
    [SECTION_HELPER] = "helper",     [SECTION_DESKTOP] = "desktop",
};

#define IN(section)    (1U << (section))
#define IN_EACH_DOMAIN (IN(SECTION_DEFAULTS) | IN(SECTION_DOMAIN))

enum key_type { KEY_TEXT, KEY_LIST, KEY_NUMBER, KEY_BOOLEAN, KEY_SOURCE };

struct key {
    const char *name;
    const char *preset;
    const char *unsupported; /* why a value that is not empty is refused in this version */
    value_check *check;      /* of the text, or of each word of a list */
    size_t offset; /* in struct domain_settings for IN_EACH_DOMAIN and SECTION_DOMAIN, else in struct settings */
    unsigned sections;
    enum key_type type;
    int minimum, maximum;
};

#define DOMAIN_KEY(kinds, member) \
    .sections = (kinds), .name = #member, .offset = offsetof(struct domain_settings, member)
#define HOST_KEY(kind, key, path) .sections = IN(kind), .name = (key), .offset = offsetof(struct settings, path)

/* The one list of keys; sagemaker-studio.conf(5) follows it. */
static const struct key keys[] = {
    {DOMAIN_KEY(IN(SECTION_DOMAIN), domain_id), .type = KEY_TEXT, .check = value_domain_id},
    {DOMAIN_KEY(IN_EACH_DOMAIN, region), .type = KEY_TEXT, .check = value_region},
    {DOMAIN_KEY(IN_EACH_DOMAIN, expires_in_seconds), .type = KEY_NUMBER, .preset = "300", .minimum = 5, .maximum = 300},
    {DOMAIN_KEY(IN_EACH_DOMAIN, session_expiration_duration_in_seconds), .type = KEY_NUMBER, .preset = "43200",
     .minimum = 1800, .maximum = 43200},
    {DOMAIN_KEY(IN_EACH_DOMAIN, landing_uri), .type = KEY_TEXT, .check = value_landing_uri},
    {DOMAIN_KEY(IN_EACH_DOMAIN, landing_uris), .type = KEY_LIST, .check = value_landing_uri},
    {DOMAIN_KEY(IN_EACH_DOMAIN, space_name), .type = KEY_TEXT, .check = value_space_name},
    {DOMAIN_KEY(IN_EACH_DOMAIN, endpoint_url), .type = KEY_TEXT, .check = value_endpoint_url},
    {DOMAIN_KEY(IN_EACH_DOMAIN, sts_endpoint_url), .type = KEY_TEXT, .check = value_endpoint_url},
    {DOMAIN_KEY(IN_EACH_DOMAIN, use_fips_endpoint), .type = KEY_BOOLEAN, .preset = "no"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, use_dualstack_endpoint), .type = KEY_BOOLEAN, .preset = "no"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, ca_bundle), .type = KEY_TEXT, .check = value_absolute_path},
    {DOMAIN_KEY(IN_EACH_DOMAIN, proxy_url), .type = KEY_TEXT, .check = value_proxy_url},
    {DOMAIN_KEY(IN_EACH_DOMAIN, studio_url_suffixes), .type = KEY_LIST, .check = value_host_suffix},
    {DOMAIN_KEY(IN_EACH_DOMAIN, role_arn), .type = KEY_TEXT, .check = value_role_arn,
     .unsupported = "links are made with the host's own permissions; leave it out"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, external_id), .type = KEY_TEXT, .check = value_external_id},
    {DOMAIN_KEY(IN_EACH_DOMAIN, source_identity), .type = KEY_BOOLEAN, .preset = "yes"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, session_tags), .type = KEY_BOOLEAN, .preset = "no"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, session_policy), .type = KEY_BOOLEAN, .preset = "yes"},
    {DOMAIN_KEY(IN_EACH_DOMAIN, role_duration_seconds), .type = KEY_NUMBER, .preset = "3600", .minimum = 900,
     .maximum = 43200},
    {HOST_KEY(SECTION_CREDENTIALS, "source", credentials.source), .type = KEY_SOURCE, .preset = "auto"},
    {HOST_KEY(SECTION_CREDENTIALS, "shared_credentials_file", credentials.shared_credentials_file), .type = KEY_TEXT,
     .preset = CONFIG_FOLDER "/credentials", .check = value_absolute_path},
    {HOST_KEY(SECTION_CREDENTIALS, "profile", credentials.profile), .type = KEY_TEXT, .preset = "default",
     .check = value_short_text},
    {HOST_KEY(SECTION_CREDENTIALS, "credential_process", credentials.credential_process), .type = KEY_TEXT,
     .unsupported = "credentials come from the instance metadata service; leave it out"},
    {HOST_KEY(SECTION_CREDENTIALS, "ec2_metadata_service_endpoint", credentials.ec2_metadata_service_endpoint),
     .type = KEY_TEXT, .preset = "http://169.254.169.254", .check = value_metadata_url},
    {HOST_KEY(SECTION_HELPER, "idle_timeout", helper.idle_timeout), .type = KEY_NUMBER, .preset = "300", .minimum = 1,
     .maximum = 86400},
    {HOST_KEY(SECTION_HELPER, "max_links_per_user_per_minute", helper.max_links_per_user_per_minute),
     .type = KEY_NUMBER, .preset = "20", .minimum = 1, .maximum = 1000},
    {HOST_KEY(SECTION_DESKTOP, "open_at_login", desktop.open_at_login), .type = KEY_BOOLEAN, .preset = "no"},
    {HOST_KEY(SECTION_DESKTOP, "icon", desktop.icon), .type = KEY_BOOLEAN, .preset = "yes"},
    {HOST_KEY(SECTION_DESKTOP, "browser", desktop.browser), .type = KEY_TEXT, .check = value_browser},
    {HOST_KEY(SECTION_DESKTOP, "contact", desktop.contact), .type = KEY_TEXT, .check = value_short_text},
};

#define KEY_COUNT (sizeof keys / sizeof keys[0])

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
    struct assignment assignments[KEY_COUNT];
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
    for (size_t i = 0; i < KEY_COUNT; i++)
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

/* The failure of a value of this key, assigned here. */
static bool
value_failure(const struct settings_reader *reader, const struct assignment *assignment, const struct key *key,
              const char *expected, struct failure *failure)
{
    return config_failure(failure, reader->files[assignment->file], assignment->line, "%s: expected %s", key->name,
                          expected);
}

static bool
number_in_range(const char *text, const struct key *key, int *number)
{
    size_t length = text != NULL ? strlen(text) : 0;
    if (length == 0 || length > 9 || text[strspn(text, "0123456789")] != '\0')
        return false;
    *number = (int) strtol(text, NULL, 10);
    return *number >= key->minimum && *number <= key->maximum;
}

static bool
source_is_supported(const char *text, enum credentials_source *source)
{
    bool imds = text != NULL && strcmp(text, "imds") == 0;
    *source = imds ? CREDENTIALS_IMDS : CREDENTIALS_AUTO;
    return imds || (text != NULL && strcmp(text, "auto") == 0);
}

static bool
source_is_known(const char *text)
{
    return strcmp(text, "container") == 0 || strcmp(text, "file") == 0 || strcmp(text, "process") == 0;
}

static bool
check_list(const struct key *key, const char *value, const char **expected)
{
    struct config_text rest = {value, strlen(value)};
    for (size_t count = 0; rest.length > 0; count++) {
        struct config_text word = config_first_word(rest, &rest);
        AUTO_FREE char *item = config_text_copy(word, NULL);
        *expected = count >= LIST_ITEMS_MAX ? "at most 32 words" : item == NULL ? "memory for it" : key->check(item);
        if (*expected != NULL)
            return false;
    }
    return true;
}

/* Is the value that was just assigned one that this key may have? */
static bool
check_value(const struct settings_reader *reader, const struct key *key, const struct assignment *assignment,
            struct failure *failure)
{
    const char *value = assignment->value;
    char range[64];
    const char *expected = NULL;
    int number;
    enum credentials_source source;
    if (key->type == KEY_NUMBER && !number_in_range(value, key, &number)) {
        snprintf(range, sizeof range, "a whole number from %d to %d", key->minimum, key->maximum);
        expected = range;
    }
    if (key->type == KEY_BOOLEAN && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        expected = "yes or no";
    if (key->type == KEY_SOURCE && source_is_known(value))
        return config_failure(failure, reader->files[assignment->file], assignment->line,
                              "%s: '%s' is not supported by this version, expected auto or imds", key->name, value);
    if (key->type == KEY_SOURCE && !source_is_supported(value, &source))
        expected = "auto or imds (container, file and process are not supported by this version)";
    if (key->type == KEY_TEXT && value[0] != '\0' && key->check != NULL)
        expected = key->check(value);
    if (key->type == KEY_LIST)
        check_list(key, value, &expected);
    return expected == NULL || value_failure(reader, assignment, key, expected, failure);
}

static bool
check_support(const struct settings_reader *reader, const struct key *key, const struct assignment *assignment,
              struct failure *failure)
{
    if (key->unsupported == NULL || assignment->value[0] == '\0')
        return true;
    return config_failure(failure, reader->files[assignment->file], assignment->line,
                          "%s is not supported by this version: %s", key->name, key->unsupported);
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
    for (size_t i = 0; i < sizeof section_names / sizeof section_names[0]; i++) {
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

/* Which key is this?  KEY_COUNT with the failure when this section has none of that name. */
static size_t
key_find(const struct place *place, struct config_text name)
{
    const struct key *elsewhere = NULL;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (!config_text_is(name, keys[i].name))
            continue;
        if ((keys[i].sections & IN(place->section->kind)) != 0)
            return i;
        elsewhere = &keys[i];
    }
    const char *here = section_names[place->section->kind];
    for (size_t i = 0; elsewhere != NULL && i < sizeof section_names / sizeof section_names[0]; i++) {
        if ((elsewhere->sections & IN(i)) != 0) {
            config_failure(place->failure, place->lines.file, place->lines.number,
                           "%s does not belong in [%s], expected it in [%s%s]", elsewhere->name, here, section_names[i],
                           i == SECTION_DOMAIN ? " NAME" : "");
            return KEY_COUNT;
        }
    }
    config_failure(place->failure, place->lines.file, place->lines.number,
                   "unknown key '%.*s' in [%s], see sagemaker-studio.conf(5) for those expected", CONFIG_SHOWN(name),
                   here);
    return KEY_COUNT;
}

static bool
assign(struct place *place, size_t key, struct config_text value)
{
    struct assignment *assignment = &place->section->assignments[key];
    unsigned file = current_file(place->reader);
    if (assignment->value != NULL && assignment->file == file)
        return config_failure(place->failure, place->lines.file, place->lines.number,
                              "%s comes twice in this section, expected once (the first is in line %u)", keys[key].name,
                              assignment->line);
    char *copy = config_text_copy(value, place->failure);
    if (copy == NULL)
        return false;
    free(assignment->value);
    *assignment = (struct assignment){.value = copy, .file = file, .line = place->lines.number};
    return check_value(place->reader, &keys[key], assignment, place->failure) &&
           check_support(place->reader, &keys[key], assignment, place->failure);
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
    return key < KEY_COUNT && assign(place, key, value);
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

/* Put a text that was checked into its member. */
static bool
store(void *target, const struct key *key, const char *value, struct failure *failure)
{
    void *member = (char *) target + key->offset;
    bool empty = value == NULL || value[0] == '\0';
    switch (key->type) {
    case KEY_NUMBER:
        (void) number_in_range(value, key, member);
        return true;
    case KEY_BOOLEAN:
        *(bool *) member = !empty && strcmp(value, "yes") == 0;
        return true;
    case KEY_SOURCE:
        (void) source_is_supported(value, member);
        return true;
    case KEY_LIST:
        *(char ***) member = empty ? NULL : config_words(value, LIST_ITEMS_MAX, failure);
        return empty || *(char ***) member != NULL;
    case KEY_TEXT:
        break;
    }
    *(char **) member = empty ? NULL : config_text_copy((struct config_text){value, strlen(value)}, failure);
    return empty || *(char **) member != NULL;
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
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if ((keys[i].sections & kinds) == 0)
            continue;
        const struct assignment *assignment = assignment_in_force(section, inherited, i);
        if (!store(target, &keys[i], assignment != NULL ? assignment->value : keys[i].preset, failure))
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
    for (size_t i = 0; i < KEY_COUNT; i++) {
        bool first = strcmp(keys[i].name, one) == 0;
        if (!first && strcmp(keys[i].name, other) != 0)
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
    return finish_domains(reader, settings, failure);
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
    for (size_t i = 0; i < KEY_COUNT; i++) {
        char *member = (char *) target + keys[i].offset;
        if ((keys[i].sections & kinds) == 0)
            continue;
        if (keys[i].type == KEY_TEXT)
            free(*(char **) (void *) member);
        if (keys[i].type == KEY_LIST)
            config_words_free(*(char ***) (void *) member);
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
