/*
 * Makes logins, or runs commands as people do, and measures what each costs them.
 *
 *   load [OPTION]... login SERVICE CONFDIR USER...
 *   load [OPTION]... command USER... -- PROGRAM [ARGUMENT...]
 *
 *   --times N               every user so often, in turn: one, two, three, one, two, three
 *   --at-once               all are prepared first and released at one instant; sessions are closed when all are open
 *   --per-second N          all are prepared first and released one after the other, so many a second; without either
 *                           option the next is made when the one before has ended
 *   --env NAME=VALUE        login: put into the PAM environment before the session is opened; command: set
 *   --item NAME=VALUE       login: tty (else ":10"), rhost (else "192.0.2.10"), ruser, xdisplay
 *   --nofile N              the soft limit of descriptors, as a login has it (else 1024)
 *   --as-root               command: run it as root
 *   --show                  what is printed goes to standard error, instead of to /dev/null
 *
 * Each login has a process of its own, as a login daemon forks one, in which pam_start(3) has been called and the
 * modules are loaded before it is released.  Each command is forked and executed by such a process, as its user, with
 * an environment of PATH, HOME, USER, PAM_USER and what --env sets.  Nothing is printed while any of them runs.
 *
 * A line of JSON for each, in the order of their release, and one for all:
 *
 *   login     user, result (of pam_open_session(3)), open_ns, open_cpu_ns, close_ns, close_cpu_ns, max_rss_kib (of the
 *             largest process that opening the session made and waited for, 0 without any)
 *   command   user, status (its exit status, or minus the signal), wall_ns, cpu_ns, max_rss_kib
 *   both      released_ns (by the schedule, after the first), late_ns (after that, when it got a processor)
 *   all       total_ns (from the first release until the last session was open or command had ended), count
 *
 * What a user waits for is late_ns and open_ns or wall_ns: of many that are released at one instant some start late.
 *
 * A process of ours that ended before its time (a module crashed it) has the result DIED, or its own status as the
 * command's; load's exit status is then 1.
 *
 * CPU time is user and system time by getrusage(2): of the login's process and of what it has waited for.  With
 * CONFIG_TICK_CPU_ACCOUNTING the kernel divides a process's time into the two by sampling, but their sum is the
 * scheduler's count of nanoseconds (cputime_adjust() in kernel/sched/cputime.c), here cut to microseconds.  A child
 * with exit signal 0, as the module makes its keeper, counts when it is waited for with __WCLONE as any other does
 * (wait_task_zombie() in kernel/exit.c), and with it the helper that the keeper has waited for: test_bench_load.py
 * holds a kernel to that.  A resident helper's time is not in it.  A session of pam_permit alone shows what libpam
 * itself costs: it reports to the audit system.
 *
 * Memory is that of one process, the largest, not a sum.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SETTINGS_MAX 64
#define SECOND_NS    INT64_C(1000000000)

/* After these all children of a batch sleep until their release. */
#define LEAD_NS           INT64_C(2000000)
#define LEAD_PER_CHILD_NS INT64_C(250000)

enum { DIED = 1, NOT_EXECUTED = 127, USAGE = 64, CANNOT = 99 };

struct options {
    const char *service, *confdir; /* of a login */
    char **program;                /* of a command, and its arguments; NULL for logins */
    char **users;
    size_t user_count;
    char *variables[SETTINGS_MAX], *items[SETTINGS_MAX];
    size_t variable_count, item_count;
    unsigned long times, nofile;
    double per_second; /* 0: not paced */
    bool at_once, as_root, show;
};

struct cost {
    int64_t wall_ns, cpu_ns;
};

/* What came of one login or command; its process writes it into memory that it shares with us. */
struct outcome {
    const char *user;
    pid_t process;
    int64_t due_ns, started_ns; /* the second is 0 if it died before */
    struct cost open, close;    /* a command has only the first */
    long max_rss_kib;
    int result; /* of PAM, or the command's exit status or minus its signal */
    bool died;
};

static _Noreturn void
die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(CANNOT);
}

/* ---- measuring -------------------------------------------------------------------------------------------------- */

static int64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void
sleep_until(int64_t instant_ns)
{
    const struct timespec instant = {.tv_sec = instant_ns / SECOND_NS, .tv_nsec = instant_ns % SECOND_NS};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &instant, NULL) == EINTR)
        ;
}

static int64_t
cpu_ns_of(const struct rusage *usage)
{
    return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * SECOND_NS +
           (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000;
}

/* Of this process and of all that it has waited for. */
static int64_t
cpu_ns(void)
{
    struct rusage own, children;

    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return cpu_ns_of(&own) + cpu_ns_of(&children);
}

static long
largest_child_kib(void)
{
    struct rusage children;

    getrusage(RUSAGE_CHILDREN, &children);
    return children.ru_maxrss;
}

static int
measure(struct cost *cost, int (*function)(pam_handle_t *, int), pam_handle_t *pamh)
{
    int64_t cpu_before = cpu_ns(), before = now_ns();
    int result = function(pamh, 0);

    cost->wall_ns = now_ns() - before;
    cost->cpu_ns = cpu_ns() - cpu_before;
    return result;
}

/* ---- gates: where processes wait for each other ----------------------------------------------------------------- */

/* A pipe that nothing is written to: it is open when nobody holds its end any more, also because he died. */
struct gate {
    int look, hold;
};

struct gates {
    struct gate prepared, release, opened, closing;
};

static struct gate
gate_create(void)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe");
    return (struct gate){.look = ends[0], .hold = ends[1]};
}

static void
gate_let_go(struct gate *gate)
{
    close(gate->hold);
    gate->hold = -1;
}

static void
gate_pass(const struct gate *gate)
{
    char nothing;

    while (read(gate->look, &nothing, 1) < 0 && errno == EINTR)
        ;
}

static void
gate_free(struct gate *gate)
{
    gate_let_go(gate);
    close(gate->look);
}

/* ---- the process of one login or command ------------------------------------------------------------------------ */

static void
limit_descriptors(unsigned long soft)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("RLIMIT_NOFILE");
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("RLIMIT_NOFILE");
}

/* As a daemon has them. */
static void
arrange_descriptors(bool show)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int output = show ? STDERR_FILENO : null;

    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        die("/dev/null");
    close(null);
}

/* All is prepared: sleep until it is due. */
static void
wait_for_release(const struct options *options, struct gates *gates, struct outcome *outcome)
{
    arrange_descriptors(options->show);
    gate_let_go(&gates->prepared);
    gate_pass(&gates->release);
    sleep_until(outcome->due_ns);
    outcome->started_ns = now_ns();
}

/* ---- a login ---------------------------------------------------------------------------------------------------- */

static int
converse(int count, const struct pam_message **asked, struct pam_response **responses, void *data)
{
    (void) asked;
    (void) data;
    *responses = calloc((size_t) count, sizeof(**responses));
    return *responses == NULL ? PAM_BUF_ERR : PAM_SUCCESS;
}

static void
set_item(pam_handle_t *pamh, const char *setting)
{
    static const struct {
        const char *name;
        int item;
    } items[] = {{"tty=", PAM_TTY}, {"rhost=", PAM_RHOST}, {"ruser=", PAM_RUSER}, {"xdisplay=", PAM_XDISPLAY}};

    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
        if (strncmp(setting, items[i].name, strlen(items[i].name)) == 0 &&
            pam_set_item(pamh, items[i].item, setting + strlen(items[i].name)) == PAM_SUCCESS)
            return;
    errno = EINVAL;
    die(setting);
}

static void
set_items(pam_handle_t *pamh, const struct options *options)
{
    set_item(pamh, "tty=:10");
    set_item(pamh, "rhost=192.0.2.10");
    for (size_t i = 0; i < options->item_count; i++)
        set_item(pamh, options->items[i]);
    for (size_t i = 0; i < options->variable_count; i++)
        if (pam_putenv(pamh, options->variables[i]) != PAM_SUCCESS)
            die(options->variables[i]);
}

static pam_handle_t *
start_login(const struct options *options, const char *user)
{
    static const struct pam_conv conversation = {.conv = converse};
    pam_handle_t *pamh = NULL;

    if (pam_start_confdir(options->service, user, &conversation, options->confdir, &pamh) != PAM_SUCCESS)
        die("pam_start");
    set_items(pamh, options);
    return pamh;
}

static void
log_in_and_out(const struct options *options, struct gates *gates, struct outcome *outcome)
{
    pam_handle_t *pamh = start_login(options, outcome->user);

    wait_for_release(options, gates, outcome);
    outcome->result = measure(&outcome->open, pam_open_session, pamh);
    outcome->max_rss_kib = largest_child_kib();
    gate_let_go(&gates->opened);
    if (options->at_once)
        gate_pass(&gates->closing);
    pam_end(pamh, measure(&outcome->close, pam_close_session, pamh));
}

/* ---- a command -------------------------------------------------------------------------------------------------- */

struct command {
    char **program;
    char *environment[SETTINGS_MAX + 5];
    uid_t uid;
    gid_t gid;
};

static const struct passwd *
account_of(const char *user)
{
    const struct passwd *account;

    errno = ENOENT;
    account = getpwnam(user);
    if (account == NULL)
        die(user);
    return account;
}

/* Unless --env has set it. */
static void
add_variable(struct command *command, size_t *count, const char *name, const char *value)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < *count; i++)
        if (strncmp(command->environment[i], name, length) == 0 && command->environment[i][length] == '=')
            return;
    if (asprintf(&command->environment[*count], "%s=%s", name, value) < 0)
        die("asprintf");
    (*count)++;
}

static struct command
prepare_command(const struct options *options, const char *user)
{
    const struct passwd *account = account_of(user);
    struct command command = {.program = options->program, .uid = account->pw_uid, .gid = account->pw_gid};
    size_t count = 0;

    if (options->as_root)
        command.uid = command.gid = 0;
    for (; count < options->variable_count; count++)
        command.environment[count] = options->variables[count];
    add_variable(&command, &count, "PATH", "/usr/local/bin:/usr/bin:/bin");
    add_variable(&command, &count, "HOME", account->pw_dir);
    add_variable(&command, &count, "USER", user);
    add_variable(&command, &count, "PAM_USER", user);
    return command;
}

static _Noreturn void
execute(const struct command *command)
{
    if (setgroups(0, NULL) == 0 && setgid(command->gid) == 0 && setuid(command->uid) == 0 && chdir("/") == 0)
        execve(command->program[0], command->program, command->environment);
    _exit(NOT_EXECUTED);
}

static int
status_of(int wait_status)
{
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -WTERMSIG(wait_status);
}

static void
run_command(const struct options *options, struct gates *gates, struct outcome *outcome)
{
    struct command command = prepare_command(options, outcome->user);
    struct rusage usage;
    int wait_status;
    int64_t before;
    pid_t pid;

    wait_for_release(options, gates, outcome);
    before = now_ns();
    pid = fork();
    if (pid == 0)
        execute(&command);
    if (pid < 0 || wait4(pid, &wait_status, 0, &usage) != pid)
        die("fork");
    outcome->open = (struct cost){.wall_ns = now_ns() - before, .cpu_ns = cpu_ns_of(&usage)};
    outcome->max_rss_kib = usage.ru_maxrss;
    outcome->result = status_of(wait_status);
}

/* ---- a batch: what is prepared together ------------------------------------------------------------------------- */

/* Ends with us, also between two gates. */
static _Noreturn void
be_the_process(const struct options *options, pid_t parent, struct gates *gates, struct outcome *outcome)
{
    gate_let_go(&gates->release);
    gate_let_go(&gates->closing);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        die("prctl");
    limit_descriptors(options->nofile);
    if (options->program != NULL)
        run_command(options, gates, outcome);
    else
        log_in_and_out(options, gates, outcome);
    _exit(0);
}

static void
start_processes(const struct options *options, struct gates *gates, struct outcome *outcomes, size_t count)
{
    pid_t parent = getpid();

    for (size_t i = 0; i < count; i++) {
        pid_t process = fork(); /* not into the shared memory: the child's 0 would go there as well */

        if (process < 0)
            die("fork");
        if (process == 0)
            be_the_process(options, parent, gates, &outcomes[i]);
        outcomes[i].process = process;
    }
}

static void
set_schedule(const struct options *options, struct outcome *outcomes, size_t count)
{
    double interval_ns = options->per_second > 0 ? (double) SECOND_NS / options->per_second : 0;
    int64_t first = now_ns() + LEAD_NS + (int64_t) count * LEAD_PER_CHILD_NS;

    for (size_t i = 0; i < count; i++)
        outcomes[i].due_ns = first + (int64_t) ((double) i * interval_ns);
}

static void
reap(struct outcome *outcome)
{
    int wait_status = 0;

    while (waitpid(outcome->process, &wait_status, 0) < 0)
        if (errno != EINTR)
            die("waitpid");
    outcome->died = wait_status != 0;
    if (outcome->died)
        outcome->result = status_of(wait_status);
}

static void
run_batch(const struct options *options, struct outcome *outcomes, size_t count)
{
    struct gates gates = {gate_create(), gate_create(), gate_create(), gate_create()};

    start_processes(options, &gates, outcomes, count);
    gate_let_go(&gates.prepared);
    gate_let_go(&gates.opened);
    gate_pass(&gates.prepared);
    set_schedule(options, outcomes, count);
    gate_let_go(&gates.release);
    gate_pass(&gates.opened);
    gate_let_go(&gates.closing);
    for (size_t i = 0; i < count; i++)
        reap(&outcomes[i]);
    gate_free(&gates.prepared);
    gate_free(&gates.release);
    gate_free(&gates.opened);
    gate_free(&gates.closing);
}

static struct outcome *
run_all(const struct options *options, size_t count)
{
    struct outcome *outcomes =
        mmap(NULL, count * sizeof(*outcomes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t together = options->at_once || options->per_second > 0 ? count : 1;

    if (outcomes == MAP_FAILED)
        die("mmap");
    for (size_t i = 0; i < count; i++)
        outcomes[i].user = options->users[i % options->user_count];
    for (size_t i = 0; i < count; i += together)
        run_batch(options, &outcomes[i], together);
    return outcomes;
}

/* ---- the report ------------------------------------------------------------------------------------------------- */

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

static void
put_string(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char) *text;
        if (byte == '"' || byte == '\\' || byte < 0x20)
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void
put_number(const char *name, int64_t number)
{
    printf(",\"%s\":%lld", name, (long long) number);
}

static void
put_login(const struct outcome *outcome)
{
    printf(",\"result\":\"%s\"", outcome->died ? "DIED" : name_of(outcome->result));
    put_number("open_ns", outcome->open.wall_ns);
    put_number("close_ns", outcome->close.wall_ns);
    put_number("open_cpu_ns", outcome->open.cpu_ns);
    put_number("close_cpu_ns", outcome->close.cpu_ns);
}

static void
put_command(const struct outcome *outcome)
{
    put_number("status", outcome->result);
    put_number("wall_ns", outcome->open.wall_ns);
    put_number("cpu_ns", outcome->open.cpu_ns);
}

static void
put_outcome(const struct options *options, const struct outcome *outcome, int64_t first_ns)
{
    fputs("{\"user\":", stdout);
    put_string(outcome->user);
    if (options->program != NULL)
        put_command(outcome);
    else
        put_login(outcome);
    put_number("max_rss_kib", outcome->max_rss_kib);
    put_number("released_ns", outcome->due_ns - first_ns);
    put_number("late_ns", outcome->started_ns == 0 ? 0 : outcome->started_ns - outcome->due_ns);
    puts("}");
}

/* Whether each process came to its own end. */
static bool
report(const struct options *options, const struct outcome *outcomes, size_t count)
{
    int64_t first_ns = outcomes[0].due_ns, last_ns = first_ns;
    bool all_lived = true;

    for (size_t i = 0; i < count; i++) {
        int64_t end_ns = outcomes[i].started_ns + outcomes[i].open.wall_ns;

        put_outcome(options, &outcomes[i], first_ns);
        last_ns = end_ns > last_ns ? end_ns : last_ns;
        all_lived = all_lived && !outcomes[i].died;
    }
    printf("{\"total_ns\":%lld,\"count\":%zu}\n", (long long) (last_ns - first_ns), count);
    return all_lived;
}

/* ---- the command line ------------------------------------------------------------------------------------------- */

static _Noreturn void
usage(void)
{
    fputs("usage: load [--env NAME=VALUE]... [--item NAME=VALUE]... [--times N] [--at-once | --per-second N]\n"
          "            [--nofile N] [--as-root] [--show] login SERVICE CONFDIR USER...\n"
          "       load [the same options] command USER... -- /PROGRAM [ARGUMENT...]\n",
          stderr);
    exit(USAGE);
}

static double
number_of(const char *text)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end != '\0' || !(number > 0 && number < 1e6))
        usage();
    return number;
}

static void
add_setting(char **settings, size_t *count)
{
    if (*count == SETTINGS_MAX || strchr(optarg, '=') == NULL)
        usage();
    settings[(*count)++] = optarg;
}

enum option_key { ENV = 256, ITEM, TIMES, AT_ONCE, PER_SECOND, NOFILE, AS_ROOT, SHOW };

static void
set_option(struct options *options, int key)
{
    if (key == ENV)
        add_setting(options->variables, &options->variable_count);
    else if (key == ITEM)
        add_setting(options->items, &options->item_count);
    else if (key == TIMES)
        options->times = (unsigned long) number_of(optarg);
    else if (key == AT_ONCE)
        options->at_once = true;
    else if (key == PER_SECOND)
        options->per_second = number_of(optarg);
    else if (key == NOFILE)
        options->nofile = (unsigned long) number_of(optarg);
    else if (key == AS_ROOT)
        options->as_root = true;
    else if (key == SHOW)
        options->show = true;
    else
        usage();
}

/* USER... of a login, USER... -- PROGRAM [ARGUMENT...] of a command. */
static void
set_users(struct options *options, char **words, bool with_program)
{
    options->users = words;
    while (words[options->user_count] != NULL && strcmp(words[options->user_count], "--") != 0)
        options->user_count++;
    words += options->user_count;
    if (options->user_count == 0 || with_program != (*words != NULL))
        usage();
    if (with_program)
        options->program = words + 1;
    if (with_program && (options->program[0] == NULL || options->program[0][0] != '/'))
        usage();
}

static void
set_task(struct options *options, char **words)
{
    if (words[0] != NULL && strcmp(words[0], "command") == 0) {
        set_users(options, words + 1, true);
    } else if (words[0] != NULL && strcmp(words[0], "login") == 0 && words[1] != NULL && words[2] != NULL) {
        options->service = words[1];
        options->confdir = words[2];
        set_users(options, words + 3, false);
    } else {
        usage();
    }
}

static struct options
parse(int argc, char **argv)
{
    static const struct option names[] = {
        {"env", 1, NULL, ENV},
        {"item", 1, NULL, ITEM},
        {"times", 1, NULL, TIMES},
        {"at-once", 0, NULL, AT_ONCE},
        {"per-second", 1, NULL, PER_SECOND},
        {"nofile", 1, NULL, NOFILE},
        {"as-root", 0, NULL, AS_ROOT},
        {"show", 0, NULL, SHOW},
        {NULL, 0, NULL, 0},
    };
    struct options options = {.times = 1, .nofile = 1024};
    int key;

    while ((key = getopt_long(argc, argv, "+", names, NULL)) != -1)
        set_option(&options, key);
    if (options.times == 0 || options.nofile == 0 || (options.at_once && options.per_second > 0))
        usage();
    set_task(&options, argv + optind);
    return options;
}

int
main(int argc, char **argv)
{
    const struct options options = parse(argc, argv);
    size_t count = options.user_count * options.times;

    return report(&options, run_all(&options, count), count) ? 0 : DIED;
}
