/*
 * check_pam_stack.c: judging the PAM stacks of the services that people log in by.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_pam_stack.h"

#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "module_arguments.h"
#include "pam_control.h"

#define STEP            "pam"
#define SERVICES_MAX    200
#define SERVICE_LIMIT   64 /* bytes of a name */
#define SENTENCES_MAX   200
#define SENTENCES_LIMIT 4096

#define RIGHT_LINE "session optional " MODULE_FILE

const char *const PAM_MODULE_FOLDERS[] = {"/usr/lib/*/security",
                                          "/lib/*/security",
                                          "/usr/lib64/security",
                                          "/lib64/security",
                                          "/usr/lib/security",
                                          "/lib/security",
                                          NULL};

/* ---- which stacks ------------------------------------------------------------------------------------------------ */

static bool
is_ours(const struct pam_entry *entry)
{
    const char *name = pam_entry_module_name(entry);
    size_t length = strlen(MODULE_FILE) - strlen(".so");

    return strncmp(name, MODULE_FILE, length) == 0 && (name[length] == '\0' || strcmp(name + length, ".so") == 0);
}

static bool
is_known(const struct pam_survey *survey, const char *service)
{
    for (size_t i = 0; i < survey->count; i++)
        if (strcmp(survey->stacks[i].service, service) == 0)
            return true;
    return false;
}

/* Add the stacks of those services of a list that this host has. */
static void
add_services(struct pam_survey *survey, const char *const *folders, const char *list)
{
    while (*list != '\0') {
        char service[SERVICE_LIMIT];
        size_t length = strcspn(list, ",");
        int written = snprintf(service, sizeof(service), "%.*s", (int) length, list);

        list += length + (list[length] == ',');
        if (written <= 0 || (size_t) written >= sizeof(service) || strchr(service, '/') != NULL ||
            is_known(survey, service) || survey->count >= SERVICES_MAX)
            continue;

        struct pam_stack stack;
        struct pam_stack *larger = reallocarray(survey->stacks, survey->count + 1, sizeof(*larger));

        if (larger == NULL)
            return;
        survey->stacks = larger;
        if (pam_stack_read(folders, service, &stack))
            survey->stacks[survey->count++] = stack;
    }
}

/* The last good services= of the line, as the module takes it. */
static const char *
services_of(const struct pam_entry *entry)
{
    const char *services = DEFAULT_SERVICES;

    for (size_t i = 0; i < entry->argument_count; i++) {
        struct module_word word;

        if (module_word_read(entry->arguments[i], &word) == MODULE_WORD_GOOD && word.argument == MODULE_SERVICES)
            services = word.value;
    }
    return services;
}

struct pam_survey
pam_survey_read(const char *const *folders)
{
    struct pam_survey survey = {0};

    add_services(&survey, folders, DEFAULT_SERVICES);
    /* The list grows while it is gone through: a service that is named here may name others. */
    for (size_t i = 0; i < survey.count; i++)
        for (size_t j = 0; j < survey.stacks[i].count; j++)
            if (is_ours(&survey.stacks[i].entries[j]))
                add_services(&survey, folders, services_of(&survey.stacks[i].entries[j]));
    return survey;
}

void
pam_survey_free(struct pam_survey *survey)
{
    for (size_t i = 0; i < survey->count; i++)
        pam_stack_free(&survey->stacks[i]);
    free(survey->stacks);
    *survey = (struct pam_survey){0};
}

/* ---- saying each thing once, however many stacks include its line ------------------------------------------------ */

struct judgement {
    struct check_report *report;
    const char *const *module_folders;
    char *said[SENTENCES_MAX];
    size_t said_count;
};

static void say(struct judgement *judgement, enum check_level level, const char *advice, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void
say(struct judgement *judgement, enum check_level level, const char *advice, const char *format, ...)
{
    char *sentence = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&sentence, format, arguments) < 0)
        sentence = NULL;
    va_end(arguments);
    for (size_t i = 0; sentence != NULL && i < judgement->said_count; i++)
        if (strcmp(judgement->said[i], sentence) == 0) {
            free(sentence);
            return;
        }
    check_report_add(judgement->report, level, STEP,
                     sentence != NULL ? sentence : "There is not enough memory to look at the PAM stacks.", advice);
    if (sentence != NULL && judgement->said_count < SENTENCES_MAX)
        judgement->said[judgement->said_count++] = sentence;
    else
        free(sentence);
}

/* ---- one line ---------------------------------------------------------------------------------------------------- */

static void
judge_control(struct judgement *judgement, const struct pam_entry *entry)
{
    const char *open = entry->is_complex ? "[" : "";
    const char *close = entry->is_complex ? "]" : "";

    if (!pam_control_is_optional(entry->control, entry->is_complex))
        say(judgement, CHECK_CRITICAL, "Write there: `" RIGHT_LINE "`.",
            "In %s:%u the control is %s%s%s. It must be optional, or a login without a link becomes a login that fails "
            "(in xrdp, a black screen).",
            entry->file, entry->line, open, entry->control, close);
}

static void
judge_arguments(struct judgement *judgement, const struct pam_entry *entry)
{
    for (size_t i = 0; i < entry->argument_count; i++) {
        struct module_word word;

        switch (module_word_read(entry->arguments[i], &word)) {
        case MODULE_WORD_GOOD:
            break;
        case MODULE_WORD_BAD:
            say(judgement, CHECK_WARNING, "Correct it: until then the module takes its default.",
                "In %s:%u the argument '%s' is bad, %s.", entry->file, entry->line, entry->arguments[i], word.expected);
            break;
        case MODULE_WORD_UNKNOWN:
            say(judgement, CHECK_WARNING, "Correct it: the module ignores it.",
                "In %s:%u the argument '%s' is unknown, %s.", entry->file, entry->line, entry->arguments[i],
                word.expected);
            break;
        }
    }
}

/* Where libpam finds a module that is named without a folder: where the system's own modules are. */
static bool
is_installed(const char *const *folders, const char *module, struct buffer *looked_in)
{
    bool found = false;

    for (; *folders != NULL && !found; folders++) {
        glob_t names = {0};

        if (glob(*folders, GLOB_NOSORT, NULL, &names) == 0)
            for (size_t i = 0; i < names.gl_pathc && !found; i++) {
                AUTO_FREE char *path = NULL;

                found = asprintf(&path, "%s/%s", names.gl_pathv[i], module) >= 0 && access(path, R_OK) == 0;
                (void) buffer_append_format(looked_in, "%s%s", looked_in->length > 0 ? ", " : "", names.gl_pathv[i]);
            }
        globfree(&names);
    }
    return found;
}

static void
judge_module(struct judgement *judgement, const struct pam_entry *entry)
{
    AUTO_BUFFER struct buffer looked_in = BUFFER(SENTENCES_LIMIT);

    if (entry->module[0] == '/' ? access(entry->module, R_OK) == 0
                                : is_installed(judgement->module_folders, entry->module, &looked_in))
        return;
    if (entry->module[0] == '/')
        say(judgement, CHECK_CRITICAL, "Write the module's name alone, " MODULE_FILE ", and install the package again.",
            "In %s:%u the module is %s, which cannot be read: %m.", entry->file, entry->line, entry->module);
    else
        say(judgement, CHECK_CRITICAL, "Install the package again, with PAMDIR= where libpam looks for modules.",
            "In %s:%u the module is %s, which is in none of the folders of PAM modules (%s).", entry->file, entry->line,
            entry->module, looked_in.data != NULL ? looked_in.data : "there is none");
}

static void
judge_services(struct judgement *judgement, const struct pam_stack *stack, const struct pam_entry *entry)
{
    if (!module_services_have(services_of(entry), stack->service))
        say(judgement, CHECK_WARNING, "Name it in services=, or take the line out of this stack.",
            "In %s:%u services= does not name %s, in whose stack the line is: its logins get no link.", entry->file,
            entry->line, stack->service);
}

/* ---- one stack --------------------------------------------------------------------------------------------------- */

/* pam_systemd(8), or elogind's, makes $XDG_RUNTIME_DIR, where the link is kept. */
static bool
makes_runtime_folder(const struct pam_entry *entry)
{
    const char *name = pam_entry_module_name(entry);

    return strcmp(name, "pam_systemd.so") == 0 || strcmp(name, "pam_elogind.so") == 0;
}

static void
judge_order(struct judgement *judgement, const struct pam_stack *stack, size_t ours)
{
    for (size_t i = ours + 1; i < stack->count; i++) {
        const struct pam_entry *later = &stack->entries[i];

        if (!makes_runtime_folder(later))
            continue;
        say(judgement, CHECK_WARNING, "Move it below that line; with pam-auth-update: `pam-auth-update --force`.",
            "In %s:%u the module is before %s (%s:%u), and $XDG_RUNTIME_DIR is not there yet when it runs.",
            stack->entries[ours].file, stack->entries[ours].line, pam_entry_module_name(later), later->file,
            later->line);
        return;
    }
}

static void
judge_double(struct judgement *judgement, const struct pam_stack *stack, const struct pam_entry *first,
             const struct pam_entry *again)
{
    say(judgement, CHECK_WARNING, "Take one of them out.",
        "In %s:%u the module is in the stack of %s a second time (first: %s:%u); only the first does anything.",
        again->file, again->line, stack->service, first->file, first->line);
}

/* Returns whether the module is in it. */
static bool
judge_stack(struct judgement *judgement, const struct pam_stack *stack)
{
    const struct pam_entry *first = NULL;

    if (stack->problem.message[0] != '\0')
        say(judgement, CHECK_WARNING, "See pam.conf(5). What follows from there on was not looked at.", "%s.",
            stack->problem.message);
    for (size_t i = 0; i < stack->count; i++) {
        const struct pam_entry *entry = &stack->entries[i];

        if (!is_ours(entry))
            continue;
        judge_control(judgement, entry);
        judge_module(judgement, entry);
        judge_arguments(judgement, entry);
        judge_services(judgement, stack, entry);
        if (first == NULL)
            judge_order(judgement, stack, i);
        else
            judge_double(judgement, stack, first, entry);
        if (first == NULL)
            first = entry;
    }
    return first != NULL;
}

static void
add_name(struct buffer *names, const char *name)
{
    (void) buffer_append_format(names, "%s%s", names->length > 0 ? ", " : "", name);
}

void
check_pam_stack(const struct pam_survey *survey, const char *const *module_folders, struct check_report *report)
{
    struct judgement judgement = {.report = report, .module_folders = module_folders};
    AUTO_BUFFER struct buffer with = BUFFER(SENTENCES_LIMIT);
    AUTO_BUFFER struct buffer without = BUFFER(SENTENCES_LIMIT);

    for (size_t i = 0; i < survey->count; i++)
        add_name(judge_stack(&judgement, &survey->stacks[i]) ? &with : &without, survey->stacks[i].service);
    if (with.length > 0)
        check_report_say(report, CHECK_GOOD, STEP, NULL, "The module is in the session stacks of %s%s%s.", with.data,
                         without.length > 0 ? "; not of " : "", without.length > 0 ? without.data : "");
    else if (without.length > 0)
        check_report_say(report, CHECK_CRITICAL, STEP,
                         "Run: `pam-auth-update --enable aws-sagemaker-studio`. Or add the line `" RIGHT_LINE
                         "`, see pam_sagemaker_studio(8).",
                         "The module is in no session stack (looked at: %s): no login gets a link.", without.data);
    else
        check_report_say(report, CHECK_WARNING, STEP,
                         "Name this host's own login services with services=, see pam_sagemaker_studio(8).",
                         "This host has none of the services %s.", DEFAULT_SERVICES);
    for (size_t i = 0; i < judgement.said_count; i++)
        free(judgement.said[i]);
}
