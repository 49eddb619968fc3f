/*
 * check_report.c: what was found, as lines for a person while it is found, or as one JSON object at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buffer.h"
#include "cleanup.h"
#include "utf8.h"

/* A sentence quotes what others said, and lists what there are many of: it is cut rather than let grow. */
#define SENTENCE_LIMIT 16384

struct check_report {
    FILE *out;
    enum check_level level;
    unsigned warnings;
    unsigned criticals;
    cJSON *json;  /* NULL: text */
    cJSON *steps; /* in json */
    bool short_of_memory;
};

/* How a step is marked, for a person and for a program. */
struct mark {
    const char *sign;
    const char *word;
};

static const struct mark MARKS[] = {
    [CHECK_GOOD] = {"✓", "ok"}, [CHECK_WARNING] = {"!", "warning"}, [CHECK_CRITICAL] = {"✗", "critical"}};
static const struct mark NOTE = {"–", "note"};

static bool
start_json(struct check_report *report)
{
    report->json = cJSON_CreateObject();
    report->steps = cJSON_CreateArray();
    /* The status has its place first, and its value at the end. */
    if (report->json != NULL && report->steps != NULL &&
        cJSON_AddStringToObject(report->json, "status", MARKS[CHECK_GOOD].word) != NULL &&
        cJSON_AddStringToObject(report->json, "version", VERSION) != NULL &&
        cJSON_AddItemToObject(report->json, "steps", report->steps))
        return true;
    cJSON_Delete(report->json);
    return false;
}

struct check_report *
check_report_begin(FILE *out, bool json)
{
    struct check_report *report = calloc(1, sizeof(*report));

    if (report == NULL)
        return NULL;
    report->out = out;
    if (!json || start_json(report))
        return report;
    free(report);
    return NULL;
}

/* A copy that a terminal shows as it is: control characters, line ends and broken UTF-8 become '?'. */
static char *
printable_copy(const char *text)
{
    size_t left = strnlen(text, SENTENCE_LIMIT);
    char *copy = malloc(left + 1);
    char *end = copy;

    while (copy != NULL && left > 0) {
        size_t printable = utf8_printable_length(text, left);
        size_t taken = printable > 0 ? printable : 1;

        if (printable > 0)
            memcpy(end, text, taken);
        else
            *end = '?';
        end += taken;
        text += taken;
        left -= taken;
    }
    if (copy != NULL)
        *end = '\0';
    return copy;
}

static void
print_step(FILE *out, const struct mark *mark, const char *step, const char *found, const char *advice)
{
    fprintf(out, "%s %s: %s\n", mark->sign, step, found);
    if (advice != NULL)
        fprintf(out, "  → %s\n", advice);
    (void) fflush(out); /* the next step may take a while */
}

static bool
keep_step(cJSON *steps, const struct mark *mark, const char *step, const char *found, const char *advice)
{
    cJSON *item = cJSON_CreateObject();

    if (cJSON_AddStringToObject(item, "step", step) != NULL &&
        cJSON_AddStringToObject(item, "status", mark->word) != NULL &&
        cJSON_AddStringToObject(item, "found", found) != NULL &&
        (advice != NULL ? cJSON_AddStringToObject(item, "advice", advice) : cJSON_AddNullToObject(item, "advice")) !=
            NULL &&
        cJSON_AddItemToArray(steps, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static void
count(struct check_report *report, enum check_level level)
{
    if (level > report->level)
        report->level = level;
    report->warnings += level == CHECK_WARNING;
    report->criticals += level == CHECK_CRITICAL;
}

/* False when memory is short. */
static bool
tell_step(struct check_report *report, const struct mark *mark, const char *step, const char *found, const char *advice)
{
    if (report->json != NULL)
        return keep_step(report->steps, mark, step, found, advice);
    print_step(report->out, mark, step, found, advice);
    return true;
}

static void
tell(struct check_report *report, const struct mark *mark, const char *step, const char *found, const char *advice)
{
    char *shown_found = printable_copy(found);
    char *shown_advice = advice != NULL ? printable_copy(advice) : NULL;

    if (shown_found == NULL || (advice != NULL && shown_advice == NULL) ||
        !tell_step(report, mark, step, shown_found, shown_advice))
        report->short_of_memory = true;
    free(shown_found);
    free(shown_advice);
}

void
check_report_add(struct check_report *report, enum check_level level, const char *step, const char *found,
                 const char *advice)
{
    count(report, level);
    tell(report, &MARKS[level], step, found, advice);
}

void
check_report_note(struct check_report *report, const char *step, const char *note)
{
    tell(report, &NOTE, step, note, NULL);
}

void
check_report_say(struct check_report *report, enum check_level level, const char *step, const char *advice,
                 const char *format, ...)
{
    AUTO_FREE char *found = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&found, format, arguments) < 0)
        found = NULL;
    va_end(arguments);
    check_report_add(report, level, step, found != NULL ? found : "There is not enough memory to say it.", advice);
}

void
check_report_attach(struct check_report *report, const char *name, const char *json)
{
    if (report->json == NULL)
        return;

    cJSON *value = cJSON_CreateRaw(json);

    if (value != NULL && cJSON_AddItemToObject(report->json, name, value))
        return;
    cJSON_Delete(value);
    report->short_of_memory = true;
}

static void
print_summary(const struct check_report *report)
{
    if (report->criticals > 0)
        fprintf(report->out, "Something is wrong: critical: %u, warnings: %u.\n", report->criticals, report->warnings);
    else if (report->warnings > 0)
        fprintf(report->out, "Nothing is critical; warnings: %u.\n", report->warnings);
    else
        fputs("All is well.\n", report->out);
}

static bool
print_json(const struct check_report *report)
{
    cJSON *status = cJSON_CreateString(MARKS[report->level].word);

    if (status == NULL || !cJSON_ReplaceItemInObject(report->json, "status", status))
        return false;

    char *text = cJSON_PrintUnformatted(report->json);

    if (text == NULL)
        return false;
    fprintf(report->out, "%s\n", text);
    cJSON_free(text);
    return true;
}

int
check_report_end(struct check_report *report)
{
    if (report->json == NULL)
        print_summary(report);
    else if (report->short_of_memory || !print_json(report))
        report->short_of_memory = true;
    /* A report that is not whole never passes for a good one. */
    if (report->short_of_memory || fflush(report->out) != 0 || ferror(report->out)) {
        fputs("sagemaker-studio-helper: check: the report could not be printed whole\n", stderr);
        report->level = CHECK_CRITICAL;
    }

    int status = (int) report->level;

    cJSON_Delete(report->json);
    free(report);
    return status;
}
