/*
 * pam_stack.c: the lines of PAM's service files, and the files that they include.
 *
 * SPDX-License-Identifier: MIT
 */
#include "pam_stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "buffer.h"
#include "cleanup.h"
#include "descriptor.h"

#define DEPTH_MAX     16
#define FILE_LIMIT    ((size_t) 256 * 1024)
#define FILES_MAX     200 /* files that include each other twice would double at each level */
#define ENTRIES_MAX   1000
#define ARGUMENTS_MAX 64
#define BLANKS        " \t\n"

/* /etc, the distribution's own, and where openSUSE has that. */
const char *const PAM_FOLDERS[] = {"/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d", NULL};

struct reading {
    const char *const *folders;
    struct pam_stack *stack;
    unsigned files;
    bool no_memory;
};

static void read_file(struct reading *reading, int fd, const char *path, unsigned depth);

/* ---- files ------------------------------------------------------------------------------------------------------- */

static void
note_problem(struct reading *reading, const struct failure *problem)
{
    if (reading->stack->problem.message[0] == '\0')
        reading->stack->problem = *problem;
}

/* What errno says of open_regular. */
static const char *
why(void)
{
    return errno == EINVAL ? "it is no regular file" : strerror(errno);
}

/* A symbolic link is fine here: authselect(8) puts some into /etc/pam.d. */
static int
open_regular(const char *path)
{
    AUTO_CLOSE int fd = descriptor_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0)
        return -1;
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    return TAKE_FD(fd);
}

/* The path is on the heap, or NULL when memory is short.  -1 with errno when no folder has the file. */
static int
find_file(const char *const *folders, const char *name, char **path)
{
    static const char *const none[] = {"", NULL};

    *path = NULL;
    for (folders = name[0] == '/' ? none : folders; *folders != NULL; folders++) {
        int fd;

        free(*path);
        if (asprintf(path, "%s%s%s", *folders, name[0] == '/' ? "" : "/", name) < 0) {
            *path = NULL;
            return -1;
        }
        fd = open_regular(*path);
        if (fd >= 0 || errno != ENOENT)
            return fd;
    }
    return -1;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* As libpam's _pam_tokenize: a word, or what stands between [ and ], where \] is a bracket.  NULL when none is left. */
static char *
next_word(char **rest, bool *bracketed)
{
    char *word = *rest + strspn(*rest, BLANKS);
    char *from;
    char *to = word;

    *bracketed = *word == '[';
    if (*word == '\0')
        return NULL;
    if (!*bracketed) {
        from = word + strcspn(word, BLANKS);
        *rest = *from != '\0' ? from + 1 : from;
        *from = '\0';
        return word;
    }
    for (from = word + 1; *from != '\0' && *from != ']'; from++) {
        if (from[0] == '\\' && from[1] == ']')
            from++;
        *to++ = *from;
    }
    *rest = *from != '\0' ? from + 1 : from;
    *to = '\0';
    return word;
}

/* ---- entries ----------------------------------------------------------------------------------------------------- */

static void
free_entry(struct pam_entry *entry)
{
    for (size_t i = 0; i < entry->argument_count; i++)
        free(entry->arguments[i]);
    free(entry->arguments);
    free(entry->file);
    free(entry->control);
    free(entry->module);
}

static bool
take_arguments(struct pam_entry *entry, char *rest)
{
    bool bracketed;
    char *word;

    entry->arguments = calloc(ARGUMENTS_MAX, sizeof(*entry->arguments));
    if (entry->arguments == NULL)
        return false;
    while (entry->argument_count < ARGUMENTS_MAX && (word = next_word(&rest, &bracketed)) != NULL) {
        entry->arguments[entry->argument_count] = strdup(word);
        if (entry->arguments[entry->argument_count] == NULL)
            return false;
        entry->argument_count++;
    }
    return true;
}

/* A line, before it is an entry. */
struct shown_line {
    const char *file;
    unsigned number;
    const char *control;
    bool is_complex;
    const char *module;
};

static void
add_entry(struct reading *reading, const struct shown_line *shown, char *rest)
{
    struct pam_stack *stack = reading->stack;
    struct pam_entry entry = {.file = strdup(shown->file),
                              .line = shown->number,
                              .control = strdup(shown->control),
                              .is_complex = shown->is_complex,
                              .module = strdup(shown->module)};
    struct pam_entry *larger = NULL;

    if (entry.file != NULL && entry.control != NULL && entry.module != NULL && take_arguments(&entry, rest))
        larger = reallocarray(stack->entries, stack->count + 1, sizeof(*larger));
    if (larger == NULL) {
        free_entry(&entry);
        reading->no_memory = true;
        return;
    }
    larger[stack->count] = entry;
    stack->entries = larger;
    stack->count++;
}

static void
include_file(struct reading *reading, const char *name, const char *path, unsigned line, unsigned depth)
{
    AUTO_FREE char *included = NULL;
    AUTO_CLOSE int fd = -1;
    struct failure problem;

    if (depth >= DEPTH_MAX || reading->files >= FILES_MAX || reading->stack->count >= ENTRIES_MAX) {
        failure_set(&problem, "pam", "%s:%u: too many files include each other", path, line);
        note_problem(reading, &problem);
        return;
    }
    fd = find_file(reading->folders, name, &included);
    if (fd < 0) {
        failure_set(&problem, "pam", "%s:%u: the file '%s' cannot be included: %s", path, line, name, why());
        note_problem(reading, &problem);
        return;
    }
    read_file(reading, fd, included, depth + 1);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static void
read_line(struct reading *reading, char *text, const char *path, unsigned line, unsigned depth)
{
    bool bracketed;
    char *type = next_word(&text, &bracketed);
    char *control = type != NULL ? next_word(&text, &bracketed) : NULL;

    if (control == NULL)
        return;
    if (strcmp(type, "@include") == 0) {
        include_file(reading, control, path, line, depth);
        return;
    }
    if (strcasecmp(type[0] == '-' ? type + 1 : type, "session") != 0)
        return;

    bool module_bracketed;
    char *module = next_word(&text, &module_bracketed);
    struct shown_line shown = {
        .file = path, .number = line, .control = control, .is_complex = bracketed, .module = module};

    if (module == NULL)
        return;
    if (!bracketed && (strcasecmp(control, "include") == 0 || strcasecmp(control, "substack") == 0)) {
        include_file(reading, module, path, line, depth);
        return;
    }
    if (reading->stack->count < ENTRIES_MAX)
        add_entry(reading, &shown, text);
}

/* From '#' on a line is comment; a line that ends in '\' goes on in the next. */
static void
read_lines(struct reading *reading, char *text, const char *path, unsigned depth)
{
    unsigned number = 1;

    while (*text != '\0' && !reading->no_memory) {
        unsigned first = number;
        char *line = text;
        char *end;

        for (;; text = end + 1) {
            char *comment;

            end = strchrnul(text, '\n');
            number++;
            comment = memchr(text, '#', (size_t) (end - text));
            if (comment != NULL)
                *comment = '\0';
            if (comment != NULL || *end == '\0' || end == text || end[-1] != '\\')
                break;
            end[-1] = ' ';
            *end = ' ';
        }
        text = *end != '\0' ? end + 1 : end;
        *end = '\0';
        read_line(reading, line, path, first, depth);
    }
}

static void
read_file(struct reading *reading, int fd, const char *path, unsigned depth)
{
    AUTO_BUFFER struct buffer content = BUFFER(FILE_LIMIT);
    struct failure problem;

    reading->files++;
    if (descriptor_read_all(fd, &content)) {
        if (content.data != NULL)
            read_lines(reading, content.data, path, depth);
        return;
    }
    failure_set(&problem, "pam", "%s cannot be read: %m", path);
    note_problem(reading, &problem);
}

bool
pam_stack_read(const char *const *folders, const char *service, struct pam_stack *stack)
{
    struct reading reading = {.folders = folders, .stack = stack};
    AUTO_FREE char *path = NULL;
    AUTO_CLOSE int fd = -1;

    *stack = (struct pam_stack){0};
    fd = find_file(folders, service, &path);
    if (path == NULL || (fd < 0 && errno == ENOENT))
        return false;
    stack->service = strdup(service);
    if (stack->service == NULL)
        return false;
    if (fd >= 0)
        read_file(&reading, fd, path, 0);
    else
        failure_set(&stack->problem, "pam", "%s cannot be opened: %s", path, why());
    if (!reading.no_memory)
        return true;
    pam_stack_free(stack);
    return false;
}

void
pam_stack_free(struct pam_stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        free_entry(&stack->entries[i]);
    free(stack->entries);
    free(stack->service);
    *stack = (struct pam_stack){0};
}

const char *
pam_entry_module_name(const struct pam_entry *entry)
{
    const char *slash = strrchr(entry->module, '/');

    return slash != NULL ? slash + 1 : entry->module;
}
