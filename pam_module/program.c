/*
 * The login process's part in running a program: make the keeper, wait for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "program_keeper.h"
#include "system_calls.h"

/* How long a keeper that was killed gets to be gone, and how often it is looked for without a pidfd. */
#define KILLED_MS 100
#define LOOK_NS   2000000L

/* struct clone_args of linux/sched.h as clone3(2) first had it, which older headers lack. */
struct clone3_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif

/*
 * A copy of this process with exit signal 0, as fork(2) makes it, but without the C library's fork handlers and locks.
 * Without clone3 or pidfds (Linux before 5.3, valgrind, container sandboxes) the old call does it, without a pidfd.
 * No CLONE_FILES: that the keeper closes descriptors is nothing to us.
 */
static pid_t
clone_process(int *pidfd)
{
    struct clone3_arguments arguments = {.flags = CLONE_PIDFD, .pidfd = (uint64_t) (uintptr_t) pidfd};
    long pid;

    *pidfd = -1;
    pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (pid < 0)
        pid = syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);
    return (pid_t) pid;
}

/*
 * Signals stay blocked across the clone so that no handler of the host's ever runs in the keeper, the C library's two
 * internal signals included, which sigprocmask(3) would leave out.
 */
bool
program_start(struct running_program *running, const struct program *program, struct failure *failure)
{
    const uint64_t all = UINT64_MAX;
    uint64_t before = 0;
    pid_t host = (pid_t) syscall(SYS_getpid);
    int error;

    if (program->uid == 0)
        return failure_set(failure, "program", "%s must not be started as root", program->path);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, KERNEL_SIGNAL_SET_SIZE);
    running->deadline = program->deadline;
    running->keeper = clone_process(&running->keeper_fd);
    error = errno;
    if (running->keeper == 0)
        keeper_run(program, host);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, KERNEL_SIGNAL_SET_SIZE);
    if (running->keeper < 0)
        return failure_set(failure, "program", "no process could be made for %s: %s", program->path, strerror(error));
    return true;
}

/* 1 when the keeper has ended by then (with its wait status), 0 when not, -1 when it is not our child any more. */
static int
wait_for_keeper(const struct running_program *running, struct deadline limit, int *wait_status)
{
    const struct timespec pause = {.tv_nsec = LOOK_NS};

    for (;;) {
        pid_t pid = waitpid(running->keeper, wait_status, WNOHANG | (int) __WCLONE);

        if (pid == running->keeper)
            return 1;
        if (pid < 0 && errno != EINTR)
            return -1;
        if (deadline_passed(limit))
            return 0;
        if (running->keeper_fd < 0 || deadline_poll(running->keeper_fd, POLLIN, limit) < 0)
            nanosleep(&pause, NULL);
    }
}

static void
kill_keeper(const struct running_program *running)
{
    if (running->keeper_fd >= 0)
        syscall(SYS_pidfd_send_signal, running->keeper_fd, SIGKILL, NULL, 0);
    else
        kill(running->keeper, SIGKILL);
}

static enum program_end
end_of_keeper(int wait_status, int *status)
{
    int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : KEEPER_CRASHED;

    switch (code) {
    case KEEPER_CRASHED:
        return PROGRAM_CRASHED;
    case KEEPER_TIMED_OUT:
        return PROGRAM_TIMED_OUT;
    case KEEPER_NOT_STARTED:
    case KEEPER_NOT_EXECUTED:
        return PROGRAM_NOT_STARTED;
    default:
        *status = code;
        return PROGRAM_EXITED;
    }
}

enum program_end
program_wait(struct running_program *running, int *status)
{
    struct deadline limit = {running->deadline.at_ms + KEEPER_KILL_MS + KEEPER_GRACE_MS};
    enum program_end end = PROGRAM_LOST;
    int wait_status = 0;
    int ended = wait_for_keeper(running, limit, &wait_status);

    *status = -1;
    if (ended > 0)
        end = end_of_keeper(wait_status, status);
    if (ended == 0) {
        kill_keeper(running);
        if (wait_for_keeper(running, deadline_in_ms(KILLED_MS), &wait_status) > 0)
            end = PROGRAM_TIMED_OUT;
    }
    if (running->keeper_fd >= 0)
        close(running->keeper_fd);
    running->keeper_fd = -1;
    return end;
}

bool
program_failure(const char *path, enum program_end end, int status, struct failure *failure)
{
    switch (end) {
    case PROGRAM_EXITED:
        return failure_set(failure, "program", "%s ended with status %d", path, status);
    case PROGRAM_CRASHED:
        return failure_set(failure, "program", "%s was ended by a signal", path);
    case PROGRAM_TIMED_OUT:
        return failure_set(failure, "program", "%s did not end in time and was killed", path);
    case PROGRAM_NOT_STARTED:
        return failure_set(failure, "program",
                           "%s could not be started: the account that it runs as must be able to read and execute it, "
                           "its interpreter and "
                           "its libraries, its file system must not be mounted noexec, and /dev/null must exist",
                           path);
    case PROGRAM_LOST:
        break;
    }
    return failure_set(failure, "program", "%s could not be waited for; it may still be running", path);
}
