/*
 * worker_process.c: the life of one worker process, seen from both ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

#define WORKER_SOCKET       3    /* the worker's only descriptor beside the standard ones */
#define DESCRIPTORS_ASSUMED 1024 /* where the limit is unknown or infinite */

/* A message is this byte and what was sent: recvmsg(2) gives 0 both for an empty message and at the end. */
static const unsigned char message_mark = 'm';

static bool
send_message(int fd, const void *head, size_t head_length, const void *data, size_t length, int flags)
{
    unsigned char mark = message_mark;
    struct iovec parts[] = {{.iov_base = &mark, .iov_len = 1},
                            {.iov_base = (void *) (uintptr_t) head, .iov_len = head_length},
                            {.iov_base = (void *) (uintptr_t) data, .iov_len = length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    ssize_t sent;

    do
        sent = sendmsg(fd, &message, flags | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t) (1 + head_length + length);
}

/* The length of the message, mark included, as the other side sent it, even when it is more than size; 0 at the end;
 * -1. */
static ssize_t
receive_message(int fd, void *data, size_t size, int flags)
{
    unsigned char mark = 0;
    struct iovec parts[] = {{.iov_base = &mark, .iov_len = 1}, {.iov_base = data, .iov_len = size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t received;

    do
        received = recvmsg(fd, &message, flags | MSG_TRUNC | MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    return received > 0 && mark != message_mark ? 0 : received;
}

/*
 * In the worker
 */

static void
reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        (void) sigaction(number, &action, NULL); /* SIGKILL, SIGSTOP and glibc's own two refuse */
    sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Not to outlive the helper, nor to leave its memory, which may hold keys, in a core file or to ptrace(2). */
static bool
bind_life_to(pid_t helper)
{
    static const struct rlimit no_core = {0, 0};

    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == helper && prctl(PR_SET_DUMPABLE, 0) == 0 &&
           setrlimit(RLIMIT_CORE, &no_core) == 0;
}

static void
close_from(unsigned first)
{
    struct rlimit limit = {0};
    rlim_t end = DESCRIPTORS_ASSUMED;

#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, UINT_MAX, 0) == 0)
        return;
#endif
    /* Linux before 5.9, or a system call filter that does not know close_range(2). */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        end = limit.rlim_cur;
    for (rlim_t fd = first; fd < end && fd <= INT_MAX; fd++)
        close((int) fd);
}

/* Standard input and output become /dev/null, standard error stays, the socket becomes descriptor 3, all else goes. */
static bool
keep_only(int socket)
{
    int null;

    /* First out of the way of the standard descriptors, any of which may have been closed in the helper. */
    socket = fcntl(socket, F_DUPFD_CLOEXEC, WORKER_SOCKET);
    if (socket < 0)
        return false;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        return false;
    if (fcntl(STDERR_FILENO, F_GETFD) < 0 && dup2(null, STDERR_FILENO) < 0)
        return false;
    if (socket != WORKER_SOCKET && dup3(socket, WORKER_SOCKET, O_CLOEXEC) < 0)
        return false;
    close_from(WORKER_SOCKET + 1);
    return true;
}

/* A request as it comes: which job, and what it is given, with a NUL behind it. */
struct request {
    worker_job *job;
    unsigned char data[WORKER_REQUEST_LIMIT + 1];
};

#define REQUEST_HEAD offsetof(struct request, data)

static void
do_jobs(const void *context)
{
    static struct request request;
    static unsigned char answer[WORKER_ANSWER_LIMIT];
    ssize_t received;

    while ((received = receive_message(WORKER_SOCKET, &request, REQUEST_HEAD + WORKER_REQUEST_LIMIT, 0)) >
               (ssize_t) REQUEST_HEAD &&
           received <= (ssize_t) REQUEST_HEAD + WORKER_REQUEST_LIMIT + 1) {
        size_t given = (size_t) received - 1 - REQUEST_HEAD;
        size_t length;

        request.data[given] = '\0';
        length = request.job(context, request.data, given, answer);
        if (length > sizeof(answer) || !send_message(WORKER_SOCKET, NULL, 0, answer, length, 0))
            return;
        explicit_bzero(&request, sizeof(request));
        explicit_bzero(answer, length);
    }
}

static void __attribute__((noreturn)) live_as_worker(pid_t helper, int socket, const char *name, const void *context)
{
    reset_signals();
    if (bind_life_to(helper) && keep_only(socket)) {
        (void) prctl(PR_SET_NAME, name);
        do_jobs(context);
    }
    _exit(EXIT_SUCCESS); /* not exit(3): what the helper registered for its own end is not the worker's to run */
}

/*
 * In the helper
 */

bool
worker_process_start(struct worker_process *process, const char *name, const void *context)
{
    pid_t helper = getpid();
    sigset_t all, before;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    /* No handler of the helper may run in the worker before its signals are reset. */
    sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, &before);
    process->pid = fork();
    if (process->pid == 0)
        live_as_worker(helper, pair[1], name, context);
    (void) sigprocmask(SIG_SETMASK, &before, NULL);
    close(pair[1]);
    if (process->pid < 0) {
        close(pair[0]);
        return false;
    }
    process->socket = pair[0];
    return true;
}

bool
worker_process_send(const struct worker_process *process, worker_job *job, const void *request, size_t length)
{
    return send_message(process->socket, &job, REQUEST_HEAD, request, length, MSG_DONTWAIT);
}

enum worker_message
worker_process_receive(const struct worker_process *process, void *answer, size_t *length)
{
    ssize_t received = receive_message(process->socket, answer, WORKER_ANSWER_LIMIT, MSG_DONTWAIT);

    if (received < 0 && errno == EAGAIN)
        return WORKER_NO_MESSAGE;
    if (received < 1 || received > WORKER_ANSWER_LIMIT + 1)
        return WORKER_ENDED;
    *length = (size_t) received - 1;
    return WORKER_MESSAGE;
}

void
worker_process_kill(struct worker_process *process)
{
    (void) kill(process->pid, SIGKILL);
    close(process->socket);
    process->socket = -1;
}

bool
worker_process_reap(const struct worker_process *process)
{
    pid_t waited = waitpid(process->pid, NULL, WNOHANG);

    return waited == process->pid || (waited < 0 && errno == ECHILD);
}
