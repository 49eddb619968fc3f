/*
 * A login program for tests: it opens and closes a PAM session as sshd or xrdp-sesman would, can be made as awkward a
 * host as they are, and says in JSON what came of it and what of itself was different afterwards (which should be
 * nothing).
 *
 *   pam_application [OPTION]... SERVICE USER CONFDIR
 *
 *   -E NAME=VALUE           put into the PAM environment before the session is opened
 *   --item NAME=VALUE       tty, rhost, ruser, xdisplay
 *   --silent                PAM_SILENT
 *   --all-stacks            call the other five functions of PAM as well, before the session is opened
 *   --twice                 open the session twice
 *   --no-close, --close-only, --close-in-child
 *   --run-in-session CMD    as the user, with the PAM environment alone; its output is reported
 *   --close-fds 0,1,2       close these first
 *   --sigchld ignore|handler|default
 *   --threads N             that allocate memory all the time, and one that calls setresuid(3)
 *   --subreaper  --umask OCTAL  --cwd FOLDER  --env-storm  --nofile N
 *   --own-child             have a child that exits while the session is opened
 *   --fail-variable NAME    let pam_putenv(3) fail for it
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ITEMS_MAX 64

struct options {
    const char *service, *user, *confdir;
    const char *variables[ITEMS_MAX], *items[ITEMS_MAX];
    size_t variable_count, item_count;
    const char *close_fds, *sigchld, *cwd, *command, *fail_variable;
    unsigned long umask, threads, nofile;
    bool silent, all_stacks, twice, no_close, close_only, close_in_child, subreaper, env_storm, own_child;
};

static _Noreturn void
die(const char *what)
{
    fprintf(stderr, "pam_application: %s: %s\n", what, strerror(errno));
    exit(99);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------- */

/* A list of strings, kept as the text of a JSON array. */
struct list {
    char *text;
    size_t size;
    FILE *stream;
    bool empty;
};

static void
list_begin(struct list *list)
{
    list->stream = open_memstream(&list->text, &list->size);
    if (list->stream == NULL)
        die("open_memstream");
    list->empty = true;
    fputc('[', list->stream);
}

static void
put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char) *text;
        if (byte == '"' || byte == '\\' || byte < 0x20)
            fprintf(out, "\\u%04x", byte);
        else
            fputc(byte, out);
    }
    fputc('"', out);
}

static void
list_add(struct list *list, const char *text)
{
    if (!list->empty)
        fputc(',', list->stream);
    list->empty = false;
    put_string(list->stream, text);
}

static void
put_list(FILE *out, const char *name, struct list *list)
{
    fputc(']', list->stream);
    fclose(list->stream);
    fprintf(out, ",\"%s\":%s", name, list->text);
    free(list->text);
}

/* ---- the system log, caught ------------------------------------------------------------------------------------- */

static struct list log_lines;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

#define INTERPOSED __attribute__((visibility("default")))
void syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vsyslog(int priority, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
void __syslog_chk(int priority, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

INTERPOSED void
vsyslog(int priority, const char *format, va_list arguments)
{
    char *text = NULL, *line = NULL;

    if (vasprintf(&text, format, arguments) < 0 || asprintf(&line, "<%d>%s", priority & 7, text) < 0)
        die("vsyslog");
    pthread_mutex_lock(&log_lock);
    list_add(&log_lines, line);
    pthread_mutex_unlock(&log_lock);
    free(line);
    free(text);
}

INTERPOSED void
syslog(int priority, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

INTERPOSED void
__vsyslog_chk(int priority, int flag, const char *format, va_list arguments)
{
    (void) flag;
    vsyslog(priority, format, arguments);
}

INTERPOSED void
__syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list arguments;

    (void) flag;
    va_start(arguments, format);
    vsyslog(priority, format, arguments);
    va_end(arguments);
}

/* ---- the PAM environment, made to fail --------------------------------------------------------------------------- */

static const char *failing_variable;

INTERPOSED int
pam_putenv(pam_handle_t *pamh, const char *setting)
{
    int (*original)(pam_handle_t *, const char *);
    size_t length = strcspn(setting, "=");

    if (failing_variable != NULL && setting[length] == '=' && strlen(failing_variable) == length &&
        strncmp(failing_variable, setting, length) == 0)
        return PAM_BUF_ERR;
    *(void **) &original = dlsym(RTLD_NEXT, "pam_putenv");
    return original(pamh, setting);
}

/* ---- the conversation ------------------------------------------------------------------------------------------- */

static struct list messages;

static int
converse(int count, const struct pam_message **asked, struct pam_response **responses, void *data)
{
    (void) data;
    *responses = calloc((size_t) count, sizeof(**responses));
    if (*responses == NULL)
        return PAM_BUF_ERR;
    for (int i = 0; i < count; i++)
        list_add(&messages, asked[i]->msg);
    return PAM_SUCCESS;
}

/* ---- what of a host can be seen to change ----------------------------------------------------------------------- */

enum part { DESCRIPTORS, DISPOSITIONS, STATUS, PLACE, ENVIRONMENT, CHILDREN, TIMERS, LIMITS, ATTRIBUTES, PARTS };

static const char *const part_names[PARTS] = {"descriptors", "dispositions", "status", "place",     "environment",
                                              "children",    "timers",       "limits", "attributes"};

struct snapshot {
    char *parts[PARTS];
};

static pid_t own_child; /* 0: none */

static void
see_descriptors(FILE *out)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    if (folder == NULL)
        die("/proc/self/fd");
    while ((entry = readdir(folder)) != NULL) {
        char target[4096] = "";
        int fd = (int) strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] == '.' || fd == dirfd(folder))
            continue;
        if (readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1) < 0)
            target[0] = '\0';
        fprintf(out, "%d -> %s flags %d %o\n", fd, target, fcntl(fd, F_GETFD), (unsigned) fcntl(fd, F_GETFL));
    }
    closedir(folder);
}

static void
see_dispositions(FILE *out)
{
    for (int number = 1; number <= 64; number++) {
        struct sigaction action;

        if (sigaction(number, NULL, &action) != 0)
            continue;
        fprintf(out, "%d: %p %x", number, *(void **) &action.sa_handler, (unsigned) action.sa_flags);
        for (int other = 1; other <= 64; other++)
            fputc(sigismember(&action.sa_mask, other) == 1 ? '1' : '0', out);
        fputc('\n', out);
    }
}

static void
see_file(FILE *out, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[4096];

    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL)
        fputs(line, out);
    fclose(file);
}

/* What counts memory, time slices and the signals of all processes. */
static bool
changes_by_itself(const char *line)
{
    static const char *const names[] = {"Vm", "Rss", "State:", "Cpus_", "Mems_", "SigQ:", "voluntary", "nonvoluntary"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(line, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Ids, groups, capabilities, umask, signal sets, number of threads.  Signals 32 and 33 are the C library's own. */
static void
see_status(FILE *out)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[4096];

    if (file == NULL)
        die("/proc/self/status");
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "SigPnd:", 7) == 0)
            fprintf(out, "SigPnd: %llx\n", strtoull(line + 7, NULL, 16) & ~(3ULL << 31));
        else if (!changes_by_itself(line))
            fputs(line, out);
    }
    fclose(file);
}

static void
see_place(FILE *out)
{
    char cwd[4096] = "";

    if (readlink("/proc/self/cwd", cwd, sizeof(cwd) - 1) < 0)
        die("/proc/self/cwd");
    fprintf(out, "%s session %d group %d\n", cwd, (int) getsid(0), (int) getpgrp());
}

static void
see_environment(FILE *out)
{
    for (char **variable = environ; *variable != NULL; variable++)
        fprintf(out, "%s\n", *variable);
}

static void
see_children_of(const char *thread, FILE *out)
{
    char path[4096], list[4096] = "";
    char *at = list, *end;
    FILE *children;

    snprintf(path, sizeof(path), "/proc/self/task/%s/children", thread);
    children = fopen(path, "re");
    if (children == NULL)
        return;
    if (fgets(list, sizeof(list), children) == NULL)
        list[0] = '\0';
    fclose(children);
    for (long pid = strtol(at, &end, 10); end != at; pid = strtol(at, &end, 10)) {
        if (pid != own_child)
            fprintf(out, "child %ld\n", pid);
        at = end;
    }
}

/* The kernel's own list, in which even those stand that waitpid(2) does not find. */
static void
see_children(FILE *out)
{
    DIR *folder = opendir("/proc/self/task");
    const struct dirent *entry;

    if (folder == NULL)
        die("/proc/self/task");
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            see_children_of(entry->d_name, out);
    closedir(folder);
}

static void
see_timers(FILE *out)
{
    for (int which = 0; which < 3; which++) {
        struct itimerval value = {{0, 0}, {0, 0}};

        getitimer((__itimer_which_t) which, &value);
        fprintf(out, "itimer %d: %d %d\n", which, value.it_value.tv_sec != 0 || value.it_value.tv_usec != 0,
                value.it_interval.tv_sec != 0 || value.it_interval.tv_usec != 0);
    }
    see_file(out, "/proc/self/timers");
}

static void
see_limits(FILE *out)
{
    see_file(out, "/proc/self/limits");
}

static void
see_attributes(FILE *out)
{
    int subreaper = 0, death_signal = 0;

    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    prctl(PR_GET_PDEATHSIG, &death_signal);
    fprintf(out, "subreaper %d death-signal %d dumpable %d locale %s\n", subreaper, death_signal,
            prctl(PR_GET_DUMPABLE), setlocale(LC_ALL, NULL));
    see_file(out, "/proc/self/oom_score_adj");
}

static struct snapshot
take_snapshot(void)
{
    static void (*const see[PARTS])(FILE *) = {see_descriptors, see_dispositions, see_status,
                                               see_place,       see_environment,  see_children,
                                               see_timers,      see_limits,       see_attributes};
    struct snapshot snapshot;

    for (int part = 0; part < PARTS; part++) {
        size_t size;
        FILE *out = open_memstream(&snapshot.parts[part], &size);

        if (out == NULL)
            die("open_memstream");
        see[part](out);
        fclose(out);
    }
    return snapshot;
}

static void
compare(struct snapshot *before, struct snapshot *after, struct list *differences)
{
    for (int part = 0; part < PARTS; part++) {
        char *text;

        if (strcmp(before->parts[part], after->parts[part]) != 0) {
            if (asprintf(&text, "%s: before %s after %s", part_names[part], before->parts[part], after->parts[part]) <
                0)
                die("asprintf");
            list_add(differences, text);
            free(text);
        }
        free(before->parts[part]);
        free(after->parts[part]);
    }
}

/* ---- an awkward host -------------------------------------------------------------------------------------------- */

static atomic_int sigchld_count;
static atomic_bool storm_ends;

static void
count_sigchld(int number)
{
    (void) number;
    atomic_fetch_add(&sigchld_count, 1);
}

static void *
storm(void *nothing)
{
    (void) nothing;
    while (!atomic_load(&storm_ends)) {
        void *volatile memory[32];

        for (size_t i = 0; i < 32; i++)
            memory[i] = malloc((size_t) 64 << (i % 12));
        for (size_t i = 0; i < 32; i++)
            free(memory[i]);
    }
    return NULL;
}

/* glibc then makes all threads do the same by a signal of its own, and waits for them (nptl(7)). */
static void *
storm_of_ids(void *nothing)
{
    const struct timespec pause = {.tv_nsec = 200000};

    while (!atomic_load(&storm_ends)) {
        if (setresuid((uid_t) -1, (uid_t) -1, (uid_t) -1) != 0)
            die("setresuid");
        nanosleep(&pause, NULL);
    }
    return nothing;
}

static pthread_t threads[64];

static void
start_threads(unsigned long count)
{
    for (unsigned long i = 0; i < count && i < 64; i++)
        if (pthread_create(&threads[i], NULL, i == 0 ? storm_of_ids : storm, NULL) != 0)
            die("pthread_create");
}

static void
end_threads(unsigned long count)
{
    atomic_store(&storm_ends, true);
    for (unsigned long i = 0; i < count && i < 64; i++)
        pthread_join(threads[i], NULL);
}

static void
set_sigchld(const char *how)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    if (how == NULL)
        return;
    if (strcmp(how, "ignore") == 0)
        action.sa_handler = SIG_IGN;
    if (strcmp(how, "handler") == 0)
        action.sa_handler = count_sigchld;
    if (sigaction(SIGCHLD, &action, NULL) != 0)
        die("sigaction");
}

static void
set_nasty_environment(void)
{
    static const char *const names[] = {"LD_LIBRARY_PATH", "IFS",      "PATH",       "LANG",       "TMPDIR",
                                        "XDG_RUNTIME_DIR", "BASH_ENV", "PYTHONPATH", "GCONV_PATH", "MALLOC_PERTURB_"};
    static char large[100000];

    memset(large, 'x', sizeof(large) - 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        setenv(names[i], "/tmp/evil:\xff\x01", 1);
    setenv("LARGE", large, 1);
    for (int i = 0; i < 1000; i++) {
        char name[32];

        snprintf(name, sizeof(name), "STORM_%d", i);
        setenv(name, "=\n;", 1);
    }
}

static void
start_own_child(void)
{
    const struct timespec pause = {.tv_nsec = 5000000};

    own_child = fork();
    if (own_child < 0)
        die("fork");
    if (own_child > 0)
        return;
    nanosleep(&pause, NULL);
    _exit(7);
}

/* Returns where the report goes: a copy of stdout that is left open. */
static int
become_awkward(const struct options *options)
{
    int report = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);

    /* A descriptor that the host forgot to make close-on-exec; all that we start should be spared of it. */
    if (report < 0 || fcntl(STDOUT_FILENO, F_DUPFD, 40) < 0)
        die("stdout");
    failing_variable = options->fail_variable;
    set_sigchld(options->sigchld);
    if (options->subreaper)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (options->umask != ULONG_MAX)
        umask((mode_t) options->umask);
    if (options->cwd != NULL && chdir(options->cwd) != 0)
        die(options->cwd);
    if (options->nofile != 0 && setrlimit(RLIMIT_NOFILE, &(struct rlimit){options->nofile, options->nofile}) != 0)
        die("RLIMIT_NOFILE");
    if (options->env_storm)
        set_nasty_environment();
    for (const char *fd = options->close_fds; fd != NULL && *fd != '\0'; fd++)
        if (*fd >= '0' && *fd <= '9')
            close(*fd - '0');
    start_threads(options->threads);
    return report;
}

/* ---- calling PAM ------------------------------------------------------------------------------------------------ */

static const char *
name_of(int result)
{
    static const char *const names[] = {
        [PAM_SUCCESS] = "PAM_SUCCESS",         [PAM_OPEN_ERR] = "PAM_OPEN_ERR",
        [PAM_SYSTEM_ERR] = "PAM_SYSTEM_ERR",   [PAM_PERM_DENIED] = "PAM_PERM_DENIED",
        [PAM_SESSION_ERR] = "PAM_SESSION_ERR", [PAM_IGNORE] = "PAM_IGNORE",
        [PAM_AUTH_ERR] = "PAM_AUTH_ERR",       [PAM_MODULE_UNKNOWN] = "PAM_MODULE_UNKNOWN",
        [PAM_CRED_ERR] = "PAM_CRED_ERR",       [PAM_ABORT] = "PAM_ABORT",
    };

    return result >= 0 && (size_t) result < sizeof(names) / sizeof(names[0]) && names[result] != NULL ? names[result]
                                                                                                      : "other";
}

static bool first_call = true;

static void
call(FILE *out, const char *name, int (*function)(pam_handle_t *, int), pam_handle_t *pamh, int flags)
{
    struct snapshot before = take_snapshot(), after;
    struct timespec started, ended;
    struct list differences;
    int result;

    clock_gettime(CLOCK_MONOTONIC, &started);
    result = function(pamh, flags);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    after = take_snapshot();
    list_begin(&differences);
    compare(&before, &after, &differences);
    fprintf(out, "%s{\"call\":\"%s\",\"result\":\"%s\",\"code\":%d,\"milliseconds\":%.3f", first_call ? "" : ",", name,
            name_of(result), result,
            (double) (ended.tv_sec - started.tv_sec) * 1e3 + (double) (ended.tv_nsec - started.tv_nsec) / 1e6);
    put_list(out, "differences", &differences);
    fputc('}', out);
    first_call = false;
}

static void
set_items(pam_handle_t *pamh, const struct options *options)
{
    static const struct {
        const char *name;
        int item;
    } items[] = {{"tty=", PAM_TTY}, {"rhost=", PAM_RHOST}, {"ruser=", PAM_RUSER}, {"xdisplay=", PAM_XDISPLAY}};

    for (size_t i = 0; i < options->item_count; i++)
        for (size_t j = 0; j < sizeof(items) / sizeof(items[0]); j++)
            if (strncmp(options->items[i], items[j].name, strlen(items[j].name)) == 0)
                pam_set_item(pamh, items[j].item, options->items[i] + strlen(items[j].name));
    for (size_t i = 0; i < options->variable_count; i++)
        if (pam_putenv(pamh, options->variables[i]) != PAM_SUCCESS)
            die(options->variables[i]);
}

static _Noreturn void
be_the_session(const struct options *options, char **environment, int output)
{
    const struct passwd *account = getpwnam(options->user);

    if (account == NULL)
        die(options->user);
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0))
        die("setuid");
    dup2(output, STDOUT_FILENO);
    signal(SIGCHLD, SIG_DFL);
    execle("/bin/sh", "sh", "-c", options->command, NULL, environment);
    _exit(127);
}

static void
run_in_session(FILE *out, const struct options *options, pam_handle_t *pamh)
{
    char **environment = pam_getenvlist(pamh), text[4096];
    struct list output;
    int ends[2];
    ssize_t length;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0 || environment == NULL)
        die("pipe");
    pid = fork();
    if (pid == 0)
        be_the_session(options, environment, ends[1]);
    close(ends[1]);
    list_begin(&output);
    while ((length = read(ends[0], text, sizeof(text) - 1)) > 0) {
        text[length] = '\0';
        list_add(&output, text);
    }
    close(ends[0]);
    waitpid(pid, NULL, 0);
    put_list(out, "session_output", &output);
    for (char **variable = environment; *variable != NULL; variable++)
        free(*variable);
    free(environment);
}

static void
put_environment(FILE *out, const char *name, pam_handle_t *pamh)
{
    char **environment = pam_getenvlist(pamh);
    struct list list;

    list_begin(&list);
    for (char **variable = environment; variable != NULL && *variable != NULL; variable++) {
        list_add(&list, *variable);
        free(*variable);
    }
    free(environment);
    put_list(out, name, &list);
}

/* As a server does that forks for each session, and closes it in the child. */
static int
close_in_child(pam_handle_t *pamh, int flags)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        _exit(pam_close_session(pamh, flags));
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : PAM_ABORT;
}

static void
call_all(FILE *out, const struct options *options, pam_handle_t *pamh)
{
    int flags = options->silent ? (int) PAM_SILENT : 0;

    fputs(",\"calls\":[", out);
    if (options->all_stacks) {
        call(out, "authenticate", pam_authenticate, pamh, flags);
        call(out, "setcred", pam_setcred, pamh, (int) PAM_ESTABLISH_CRED);
        call(out, "acct_mgmt", pam_acct_mgmt, pamh, flags);
        call(out, "chauthtok", pam_chauthtok, pamh, flags);
    }
    if (!options->close_only)
        call(out, "open_session", pam_open_session, pamh, flags);
    if (options->twice)
        call(out, "open_session", pam_open_session, pamh, flags);
    fputc(']', out);
    put_environment(out, "environment", pamh);
    if (options->command != NULL)
        run_in_session(out, options, pamh);
    fputs(",\"closing\":[", out);
    first_call = true;
    if (!options->no_close)
        call(out, "close_session", options->close_in_child ? close_in_child : pam_close_session, pamh, flags);
    fputc(']', out);
    put_environment(out, "environment_after", pamh);
}

/* The host's own wait must find its own child, and nothing else. */
static void
put_own_child(FILE *out)
{
    int status = -1, rest;
    pid_t pid = waitpid(-1, &status, 0);

    rest = waitpid(-1, NULL, WNOHANG | (int) __WALL) < 0 ? errno : 0;
    fprintf(out, ",\"own_child\":{\"found\":%s,\"status\":%d,\"nothing_else\":%s}",
            own_child != 0 && pid == own_child ? "true" : "false", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            rest == ECHILD ? "true" : "false");
}

static void
log_in_and_out(FILE *out, const struct options *options)
{
    const struct pam_conv conversation = {.conv = converse};
    pam_handle_t *pamh = NULL;
    int result = pam_start_confdir(options->service, options->user, &conversation, options->confdir, &pamh);

    fprintf(out, "{\"start\":\"%s\"", name_of(result));
    if (result != PAM_SUCCESS)
        return;
    set_items(pamh, options);
    if (options->own_child)
        start_own_child();
    call_all(out, options, pamh);
    if (options->own_child)
        put_own_child(out);
    pam_end(pamh, PAM_SUCCESS);
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

enum option_key {
    ITEM = 256,
    FAIL_VARIABLE,
    SILENT,
    ALL_STACKS,
    TWICE,
    NO_CLOSE,
    CLOSE_ONLY,
    CLOSE_IN_CHILD,
    RUN,
    CLOSE_FDS,
    SIGCHLD_IS,
    THREADS,
    SUBREAPER,
    UMASK,
    CWD,
    ENV_STORM,
    NOFILE,
    OWN_CHILD
};

static const struct option long_options[] = {
    {"item", required_argument, NULL, ITEM},
    {"silent", no_argument, NULL, SILENT},
    {"all-stacks", no_argument, NULL, ALL_STACKS},
    {"twice", no_argument, NULL, TWICE},
    {"no-close", no_argument, NULL, NO_CLOSE},
    {"close-only", no_argument, NULL, CLOSE_ONLY},
    {"close-in-child", no_argument, NULL, CLOSE_IN_CHILD},
    {"run-in-session", required_argument, NULL, RUN},
    {"close-fds", required_argument, NULL, CLOSE_FDS},
    {"sigchld", required_argument, NULL, SIGCHLD_IS},
    {"threads", required_argument, NULL, THREADS},
    {"subreaper", no_argument, NULL, SUBREAPER},
    {"umask", required_argument, NULL, UMASK},
    {"cwd", required_argument, NULL, CWD},
    {"env-storm", no_argument, NULL, ENV_STORM},
    {"nofile", required_argument, NULL, NOFILE},
    {"own-child", no_argument, NULL, OWN_CHILD},
    {"fail-variable", required_argument, NULL, FAIL_VARIABLE},
    {NULL, 0, NULL, 0},
};

static bool
take_flag(struct options *options, int key)
{
    bool *const flags[] = {
        [SILENT - ITEM] = &options->silent,         [ALL_STACKS - ITEM] = &options->all_stacks,
        [TWICE - ITEM] = &options->twice,           [NO_CLOSE - ITEM] = &options->no_close,
        [CLOSE_ONLY - ITEM] = &options->close_only, [CLOSE_IN_CHILD - ITEM] = &options->close_in_child,
        [SUBREAPER - ITEM] = &options->subreaper,   [ENV_STORM - ITEM] = &options->env_storm,
        [OWN_CHILD - ITEM] = &options->own_child,
    };

    if (key < ITEM || flags[key - ITEM] == NULL)
        return false;
    *flags[key - ITEM] = true;
    return true;
}

static bool
take_text(struct options *options, int key)
{
    const char **const texts[] = {[RUN - ITEM] = &options->command,
                                  [CLOSE_FDS - ITEM] = &options->close_fds,
                                  [SIGCHLD_IS - ITEM] = &options->sigchld,
                                  [CWD - ITEM] = &options->cwd,
                                  [FAIL_VARIABLE - ITEM] = &options->fail_variable};

    if (key < ITEM || (size_t) (key - ITEM) >= sizeof(texts) / sizeof(texts[0]) || texts[key - ITEM] == NULL)
        return false;
    *texts[key - ITEM] = optarg;
    return true;
}

static void
take_option(struct options *options, int key)
{
    if (take_flag(options, key) || take_text(options, key))
        return;
    if (key == 'E' && options->variable_count < ITEMS_MAX)
        options->variables[options->variable_count++] = optarg;
    else if (key == ITEM && options->item_count < ITEMS_MAX)
        options->items[options->item_count++] = optarg;
    else if (key == THREADS)
        options->threads = strtoul(optarg, NULL, 10);
    else if (key == NOFILE)
        options->nofile = strtoul(optarg, NULL, 10);
    else if (key == UMASK)
        options->umask = strtoul(optarg, NULL, 8);
    else
        exit(64);
}

int
main(int argc, char **argv)
{
    struct options options = {.umask = ULONG_MAX};
    FILE *out;
    int key, report;

    while ((key = getopt_long(argc, argv, "E:", long_options, NULL)) != -1)
        take_option(&options, key);
    if (argc - optind != 3)
        exit(64);
    options.service = argv[optind];
    options.user = argv[optind + 1];
    options.confdir = argv[optind + 2];
    list_begin(&log_lines);
    list_begin(&messages);
    report = become_awkward(&options);
    out = fdopen(report, "w");
    if (out == NULL)
        die("fdopen");
    log_in_and_out(out, &options);
    end_threads(options.threads);
    put_list(out, "log", &log_lines);
    put_list(out, "messages", &messages);
    fprintf(out, ",\"sigchld\":%d}\n", atomic_load(&sigchld_count));
    return fclose(out) == 0 ? 0 : 1;
}
