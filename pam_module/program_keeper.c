/*
 * The keeper of a program, and the program until it execs.
 *
 * All of this runs in a copy of a process that may have had threads in the middle of malloc, of a resolver, of syslog:
 * nothing here may take a lock, or call what takes one.  Raw system calls on memory that was there before, and nothing
 * else but clone(2), whose wrapper only changes stacks; in particular not the C library's set*id functions, which talk
 * to all threads.  (Measured in a threaded host:
 * malloc or setresuid(3) at this place hung 126 of 300 children.)  The module is linked with -z now, so that no call
 * made here goes through the dynamic linker's resolver.
 *
 * SPDX-License-Identifier: MIT
 */
#include "program_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "system_calls.h"

#define HIGHEST_SIGNAL 64

/* Of the program until it execs, in bytes. */
#define PROGRAM_STACK 16384

/* How long a killed child's end is waited for before the list of children is read again. */
#define KILL_AGAIN_MS 10

static _Noreturn void
leave(int status)
{
    for (;;)
        syscall(SYS_exit_group, status);
}

static int64_t
left_ms(struct deadline deadline)
{
    struct timespec now = {0};

    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return deadline.at_ms - ((int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------ */

struct directory_entry { /* struct linux_dirent64, getdents64(2) */
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

/* The number that the name is, or -1. */
static int
number_of(const char *name)
{
    int number = 0;

    if (*name == '\0')
        return -1;
    for (; *name != '\0'; name++) {
        if (*name < '0' || *name > '9' || number > 100000000)
            return -1;
        number = number * 10 + (*name - '0');
    }
    return number;
}

static void
close_entries(const char *entries, long size, int first, int listing)
{
    for (long at = 0; at < size;) {
        const struct directory_entry *entry = (const void *) (entries + at);
        int fd = number_of(entry->name);

        if (fd >= first && fd != listing)
            syscall(SYS_close, fd);
        at += entry->size;
    }
}

/* Without /proc the numbers are tried one by one, up to a bound that hosts do not come near. */
static void
close_numbers(int first)
{
    for (int fd = first; fd < 65536; fd++)
        syscall(SYS_close, fd);
}

/* Close all descriptors from this one on.  close_range(2) came with Linux 5.9. */
static void
close_from(int first)
{
    char entries[2048] __attribute__((aligned(8)));
    long listing, size;

    if (syscall(SYS_close_range, first, ~0U, 0) == 0)
        return;
    listing = syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (listing < 0) {
        close_numbers(first);
        return;
    }
    while ((size = syscall(SYS_getdents64, listing, entries, sizeof(entries))) > 0)
        close_entries(entries, size, first, (int) listing);
    syscall(SYS_close, listing);
}

/* Standard input as given, output and errors to /dev/null, and nothing of the login process's. */
static bool
arrange_descriptors(int standard_input)
{
    if (syscall(SYS_dup3, standard_input, STDIN_FILENO, 0) < 0)
        return false;
    close_from(STDOUT_FILENO);
    return syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR) == STDOUT_FILENO &&
           syscall(SYS_dup3, STDOUT_FILENO, STDERR_FILENO, 0) == STDERR_FILENO;
}

/* ---- the program, before it execs ------------------------------------------------------------------------------- */

static const char *const program_environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL};

/* The login process may have been given the limits of the session to come (pam_limits), or none at all. */
static void
set_limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {soft, hard}, old;

    if (syscall(SYS_prlimit64, 0, resource, &limit, NULL) == 0)
        return;
    if (syscall(SYS_prlimit64, 0, resource, NULL, &old) != 0)
        return;
    limit.rlim_max = old.rlim_max;
    limit.rlim_cur = soft < old.rlim_max ? soft : old.rlim_max;
    syscall(SYS_prlimit64, 0, resource, &limit, NULL);
}

static void
set_default_limits(void)
{
    static const int unlimited[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_NPROC};

    for (size_t i = 0; i < sizeof(unlimited) / sizeof(unlimited[0]); i++)
        set_limit(unlimited[i], RLIM_INFINITY, RLIM_INFINITY);
    set_limit(RLIMIT_CORE, 0, 0);
    set_limit(RLIMIT_NOFILE, 1024, 4096);
    set_limit(RLIMIT_STACK, 8 << 20, RLIM_INFINITY);
}

/*
 * What pam_selinux has set for the next exec of this thread belongs to the session to come, not to us; a write of
 * nothing takes it back (setexeccon(3)).  Without such a module the call fails and does nothing.
 */
static void
forget_exec_context(void)
{
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/thread-self/attr/exec", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    syscall(SYS_write, fd, NULL, 0);
    syscall(SYS_close, fd);
}

/* No capability is left to a program, whatever securebits the login process has. */
static bool
drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return syscall(SYS_capset, &header, none) == 0;
}

/* No supplementary groups: looking them up could take for ever, and a folder of one's own needs none. */
static bool
become(uid_t uid, gid_t gid)
{
    uid_t uids[3];
    gid_t gids[3];

    if (syscall(SYS_geteuid) == 0 && syscall(SYS_setgroups, 0, NULL) != 0)
        return false;
    if (syscall(SYS_setresgid, gid, gid, gid) != 0 || syscall(SYS_setresuid, uid, uid, uid) != 0)
        return false;
    if (syscall(SYS_getresgid, &gids[0], &gids[1], &gids[2]) != 0 ||
        syscall(SYS_getresuid, &uids[0], &uids[1], &uids[2]) != 0)
        return false;
    for (int i = 0; i < 3; i++)
        if (uids[i] != uid || gids[i] != gid)
            return false;
    return drop_capabilities();
}

/* A change of credentials takes the parent-death signal back, so that it comes after it (prctl(2)). */
static bool
end_with(pid_t parent)
{
    return syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && syscall(SYS_getppid) == parent;
}

static bool
prepare_program(const struct program *program, pid_t keeper)
{
    syscall(SYS_setsid);
    syscall(SYS_umask, 077);
    set_default_limits();
    forget_exec_context();
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    if (syscall(SYS_chdir, "/") != 0 || !become(program->uid, program->gid) || !end_with(keeper) ||
        syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
#ifndef __SANITIZE_ADDRESS__ /* LeakSanitizer looks at a program from a process of its own */
    if (!program->makes_processes)
        set_limit(RLIMIT_NPROC, 0, 0); /* after the change of uid: execve(2) fails for who is over his limit then */
#endif
    return true;
}

struct execution {
    const struct program *program;
    pid_t keeper;
};

static int
execute(void *argument)
{
    const struct execution *execution = argument;
    const struct program *program = execution->program;
    const uint64_t none = 0;

    if (!prepare_program(program, execution->keeper))
        leave(KEEPER_NOT_STARTED);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, KERNEL_SIGNAL_SET_SIZE);
    syscall(SYS_execve, program->path, program->arguments, program_environment);
    leave(KEEPER_NOT_EXECUTED);
}

/* ---- the keeper ------------------------------------------------------------------------------------------------- */

/* Dispositions that the login process ignores would be ignored by the program too: exec keeps those. */
static void
reset_signals(void)
{
    const uint64_t defaults[8] = {0}; /* struct sigaction of the kernel: SIG_DFL, no flags */

    for (int number = 1; number <= HIGHEST_SIGNAL; number++)
        syscall(SYS_rt_sigaction, number, defaults, NULL, KERNEL_SIGNAL_SET_SIZE);
}

/*
 * Not dumpable: between its change of credentials and its exec the program is a copy of the login process's memory
 * under the user's uid.
 */
static bool
stand_alone(pid_t host)
{
    reset_signals();
    syscall(SYS_setsid);
    return syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 && end_with(host);
}

static void
wait_for_child_signal(int64_t milliseconds)
{
    const uint64_t child = 1UL << (SIGCHLD - 1);
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};

    syscall(SYS_rt_sigtimedwait, &child, NULL, &time, KERNEL_SIGNAL_SET_SIZE);
}

/*
 * Has it ended by then?  It stays unreaped, so that its number is still its own when its process group is killed.
 * SIGCHLD is blocked, so one that comes between the look and the wait is not lost.
 */
static bool
has_ended(pid_t program, struct deadline deadline, siginfo_t *end)
{
    for (;;) {
        int64_t left = left_ms(deadline);

        end->si_pid = 0;
        syscall(SYS_waitid, P_PID, program, end, WEXITED | WNOHANG | WNOWAIT | __WALL, NULL);
        if (end->si_pid == program)
            return true;
        if (left <= 0)
            return false;
        wait_for_child_signal(left);
    }
}

/* The first of our children, as the kernel lists them; a number without its blank may have been cut, so it waits. */
static void
kill_children(void)
{
    char list[1024];
    long fd = syscall(SYS_openat, AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    long size = fd < 0 ? 0 : syscall(SYS_read, fd, list, sizeof(list));
    pid_t pid = 0;

    if (fd >= 0)
        syscall(SYS_close, fd);
    for (long i = 0; i < size; i++) {
        if (list[i] >= '0' && list[i] <= '9') {
            pid = pid * 10 + (list[i] - '0');
        } else {
            if (pid > 1)
                syscall(SYS_kill, pid, SIGKILL);
            pid = 0;
        }
    }
}

/*
 * Kill the program's group, and then all children of ours: what the program left behind becomes ours, as its parents
 * die.  What does not die within KEEPER_KILL_MS (it may hang in the kernel) is left.
 */
static void
end_all(pid_t program)
{
    struct deadline deadline = {.at_ms = 0};
    long pid;

    deadline.at_ms = KEEPER_KILL_MS - left_ms(deadline);
    syscall(SYS_kill, -program, SIGKILL);
    syscall(SYS_kill, program, SIGKILL);
    do {
        kill_children();
        while ((pid = syscall(SYS_wait4, -1, NULL, WNOHANG | __WALL, NULL)) > 0)
            ;
        if (pid < 0)
            return;
        wait_for_child_signal(KILL_AGAIN_MS);
    } while (left_ms(deadline) > 0);
}

static int
status_of(const siginfo_t *end)
{
    int status = end->si_status;

    if (end->si_code != CLD_EXITED)
        return KEEPER_CRASHED;
    return status == KEEPER_NOT_STARTED || status == KEEPER_NOT_EXECUTED || status < KEEPER_STATUSES
               ? status
               : KEEPER_STATUSES - 1;
}

/*
 * The program's process, in the keeper's memory until it execs: to copy that once more costs 1 to 2 ms of CPU on a
 * small virtual machine.  The keeper stands still meanwhile (CLONE_VFORK).  Should the exec hang, the login process
 * kills the keeper when their time is over (program_wait), and the program dies with it.
 */
static pid_t
start_program(struct execution *execution)
{
    char stack[PROGRAM_STACK] __attribute__((aligned(16)));

    return clone(execute, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, execution);
}

void
keeper_run(const struct program *program, pid_t host)
{
    struct execution execution = {.program = program, .keeper = (pid_t) syscall(SYS_getpid)};
    siginfo_t end;
    bool ended;
    pid_t pid;

    if (!stand_alone(host) || !arrange_descriptors(program->standard_input))
        leave(KEEPER_NOT_STARTED);
    pid = start_program(&execution);
    if (pid < 0)
        leave(KEEPER_NOT_STARTED);
    /* Whoever speaks with the program by its standard input is to see when it ends. */
    syscall(SYS_close, STDIN_FILENO);
    ended = has_ended(pid, program->deadline, &end);
    end_all(pid);
    leave(ended ? status_of(&end) : KEEPER_TIMED_OUT);
}
