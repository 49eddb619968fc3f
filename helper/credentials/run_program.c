/*
 * run_program.c: see run_program.h.
 *
 * Three processes: the caller, which reads the output and keeps the deadline; the guardian, its child and the leader of
 * the group, which waits for the program and for the caller's death (PR_SET_PDEATHSIG reaches one process, never a
 * group); and the program, the guardian's child.  The guardian tells of the end by a pipe, and not the output by its
 * own: a program may close that and go on, or end and leave somebody behind who holds it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "run_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

#define CHUNK            4096
#define CALLER_DIED      SIGTERM
#define PIPE_READING_END 0
#define PIPE_WRITING_END 1

struct program {
    const char *path;
    char *const *arguments;
    int output; /* pipe ends of whoever has this struct before it */
    int report;
};

/* A report is a struct program_outcome. */
static void
send_report(int report, enum program_end end, int number)
{
    struct program_outcome outcome = {end, number};
    (void) !write(report, &outcome, sizeof(outcome)); /* a caller that is gone needs none */
}

/* In the program's process */

static bool
bind_life_to(pid_t parent, int death_signal)
{
    return prctl(PR_SET_PDEATHSIG, death_signal) == 0 && getppid() == parent;
}

static void __attribute__((noreturn)) live_as_program(const struct program *program, pid_t guardian)
{
    static char *const environment[] = {(char *) "PATH=" RUN_PROGRAM_PATH, (char *) "HOME=/", (char *) "LANG=C", NULL};
    sigset_t none;
    sigemptyset(&none);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(program->output, STDOUT_FILENO) >= 0 &&
        dup2(null, STDERR_FILENO) >= 0 && chdir("/") == 0 && bind_life_to(guardian, SIGKILL) &&
        sigprocmask(SIG_SETMASK, &none, NULL) == 0)
        execve(program->path, program->arguments, environment);
    send_report(program->report, PROGRAM_NOT_STARTED, errno);
    _exit(EXIT_FAILURE);
}

/* In the guardian */

static void
report_end(int report, int status)
{
    if (WIFSIGNALED(status))
        send_report(report, PROGRAM_SIGNALLED, WTERMSIG(status));
    else
        send_report(report, PROGRAM_EXITED, WEXITSTATUS(status));
}

/* Until the caller has died, or kills us.  The signal alone says nothing: a script's `kill 0` sends it too. */
static void
watch_program(pid_t pid, pid_t caller, int report, const sigset_t *awaited)
{
    int status;
    while (getppid() == caller) {
        if (sigwaitinfo(awaited, NULL) == SIGCHLD && waitpid(pid, &status, WNOHANG) == pid)
            report_end(report, status);
    }
}

static void __attribute__((noreturn)) live_as_guardian(const struct program *program, pid_t caller)
{
    pid_t guardian = getpid();
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, CALLER_DIED);
    if (setpgid(0, 0) != 0 || sigprocmask(SIG_BLOCK, &awaited, NULL) != 0 || !bind_life_to(caller, CALLER_DIED))
        _exit(EXIT_FAILURE);
    pid_t pid = fork();
    if (pid == 0)
        live_as_program(program, guardian);
    close(program->output);
    if (pid < 0)
        send_report(program->report, PROGRAM_NOT_STARTED, errno);
    watch_program(pid, caller, program->report, &awaited);
    (void) kill(0, SIGKILL); /* the group, ourselves among it */
    _exit(EXIT_FAILURE);
}

/* In the caller */

struct reading {
    int output; /* non-blocking; -1 after its end */
    int report;
    struct deadline deadline;
    struct buffer *printed;
};

/* Everything that is there now.  False when it is too much. */
static bool
read_output(struct reading *reading)
{
    struct buffer *printed = reading->printed;
    while (reading->output >= 0) {
        size_t room = printed->limit - printed->length;
        if (room > CHUNK)
            room = CHUNK;
        if (room == 0 || !buffer_reserve(printed, room))
            return false;
        ssize_t length = read(reading->output, printed->data + printed->length, room);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == EAGAIN)
            return true;
        if (length <= 0) {
            close(TAKE_FD(reading->output));
            return true;
        }
        printed->length += (size_t) length;
        buffer_terminate(printed);
    }
    return true;
}

/* A guardian that ends without a word was killed by somebody else. */
static struct program_outcome
read_report(const struct reading *reading)
{
    struct program_outcome outcome;
    ssize_t length;
    do
        length = read(reading->report, &outcome, sizeof(outcome));
    while (length < 0 && errno == EINTR);
    return length == sizeof(outcome) ? outcome : (struct program_outcome){PROGRAM_SIGNALLED, SIGKILL};
}

static struct program_outcome
read_to_the_end(struct reading *reading)
{
    for (;;) {
        struct pollfd events[] = {{.fd = reading->output, .events = POLLIN}, {.fd = reading->report, .events = POLLIN}};
        int64_t left_ms = deadline_left_ms(reading->deadline);
        if (left_ms == 0)
            return (struct program_outcome){PROGRAM_TOO_LATE, 0};
        if (poll(events, 2, (int) (left_ms < INT32_MAX ? left_ms : INT32_MAX)) <= 0)
            continue; /* a signal, or the time is over */
        if (!read_output(reading))
            return (struct program_outcome){PROGRAM_TOO_MUCH, 0};
        if (events[1].revents != 0)
            return read_report(reading);
    }
}

/* The group's number stays its own until its leader has been reaped. */
static void
end_group(pid_t guardian)
{
    (void) kill(-guardian, SIGKILL);
    while (waitpid(guardian, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static bool
make_pipe(int ends[2], int flags)
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    if (fcntl(ends[PIPE_READING_END], F_SETFL, flags) == 0)
        return true;
    close(ends[PIPE_READING_END]);
    close(ends[PIPE_WRITING_END]);
    return false;
}

struct program_outcome
run_program(const char *path, char *const arguments[], struct deadline deadline, struct buffer *output)
{
    int output_pipe[2] = {-1, -1};
    int report_pipe[2] = {-1, -1};
    bool piped = make_pipe(output_pipe, O_NONBLOCK) && make_pipe(report_pipe, 0);
    int reason = errno;
    AUTO_CLOSE int output_end = output_pipe[PIPE_WRITING_END];
    AUTO_CLOSE int report_end_of_guardian = report_pipe[PIPE_WRITING_END];
    AUTO_CLOSE int report = report_pipe[PIPE_READING_END];
    struct reading reading = {output_pipe[PIPE_READING_END], report, deadline, output};
    struct program program = {path, arguments, output_end, report_end_of_guardian};
    struct program_outcome outcome = {PROGRAM_NOT_STARTED, reason};
    pid_t caller = getpid();
    pid_t guardian = piped ? fork() : -1;
    if (piped && guardian < 0)
        outcome.number = errno;
    if (guardian == 0)
        live_as_guardian(&program, caller);
    if (guardian > 0) {
        (void) setpgid(guardian, guardian); /* whoever comes first: from here on the group can be killed */
        close(TAKE_FD(output_end));
        close(TAKE_FD(report_end_of_guardian));
        outcome = read_to_the_end(&reading);
        end_group(guardian);
    }
    if (reading.output >= 0)
        close(reading.output);
    return outcome;
}
