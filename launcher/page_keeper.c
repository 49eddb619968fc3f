/*
 * page_keeper.c: the process that stays behind when `open` has ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include "page_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "deadline.h"
#include "descriptor.h"
#include "failure_advice.h"
#include "page_watch.h"
#include "redirect_page.h"
#include "subprogram.h"
#include "user_notice.h"

/* A browser on a file system that hangs is none that cannot be started: then nobody waits for it. */
#define START_WITHIN_MS 10000

/* Both ends close-on-exec and above 2.  False with errno. */
static bool
make_pipe(int *reading, int *writing)
{
    int ends[2];

    *reading = *writing = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    *reading = descriptor_lift(ends[0]);
    *writing = descriptor_lift(ends[1]);
    return *reading >= 0 && *writing >= 0;
}

/* What the other side tells.  EPIPE: it ended without a word. */
static int
hear_number(int pipe)
{
    int number = 0;

    return read(pipe, &number, sizeof(number)) == (ssize_t) sizeof(number) ? number : EPIPE;
}

static void
tell_number(int pipe, int number)
{
    (void) descriptor_write_all(pipe, (const char *) &number, sizeof(number));
}

/* ---- in the keeper ---------------------------------------------------------------------------------------------- */

/* Nothing of the terminal, the folder or the mount that `open` was started in is kept busy. */
static void
leave_surroundings(void)
{
    int null = descriptor_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (null < 0 || dup2(null, fd) < 0)
            (void) close(fd);
    }
    if (null >= 0)
        close(null);
    (void) (chdir("/") == 0);
}

/* Of our descriptors only the outputs outlast subprogram_prepare, so one of them keeps the report meanwhile. */
static int
prepare_and_keep(int report)
{
    (void) dup2(report, STDERR_FILENO);
    subprogram_prepare(true);
    report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void) dup2(STDIN_FILENO, STDOUT_FILENO);
    (void) dup2(STDIN_FILENO, STDERR_FILENO);
    return report;
}

static void __attribute__((noreturn)) become_browser(const struct kept_page *page, char **arguments, int report)
{
    report = prepare_and_keep(report);
    (void) execv(page->browser->program, arguments);
    tell_number(report, errno);
    _exit(127);
}

/* 0 or the errno that tells why it does not run.  A successful exec closes the pipe without a word. */
static int
start_browser(const struct kept_page *page, char **arguments, pid_t *browser)
{
    AUTO_CLOSE int reading = -1;
    AUTO_CLOSE int writing = -1;
    int error;

    if (!make_pipe(&reading, &writing))
        return errno;
    *browser = fork();
    if (*browser < 0)
        return errno;
    if (*browser == 0)
        become_browser(page, arguments, writing);
    close(TAKE_FD(writing));
    error = hear_number(reading);
    return error == EPIPE ? 0 : error;
}

static bool
set_browser_failed(const struct kept_page *page, int status, struct failure *failure)
{
    if (WIFSIGNALED(status))
        return failure_set(failure, "browser", "%s was ended by signal %d before it opened the page",
                           page->browser->name, WTERMSIG(status));
    return failure_set(failure, "browser", "%s ended with status %d before it opened the page", page->browser->name,
                       WEXITSTATUS(status));
}

/* Nobody waits any more. */
static void
tell_browser_failed(const struct kept_page *page, int status)
{
    struct failure failure;

    set_browser_failed(page, status, &failure);
    failure_advise(&failure, page->contact, NULL);
    notice_failure(failure.message);
}

/* What `open` hears of the beginning: 0, or the errno that tells why there is none, or, below 0, the status that the
 * browser ended with in its first moment. */
static int
watch_beginning(struct page_watch *watch, pid_t browser, int error)
{
    if (error != 0)
        return error;
    page_watch_first_moment(watch, browser);
    return watch->browser_failed ? -watch->status : 0;
}

static void
keep(const struct kept_page *page, char **arguments, int report)
{
    struct page_watch watch;
    pid_t browser = 0;
    bool watching = page_watch_begin(&watch, page->folder->fd, page->name, page->seconds_left, page->lock);
    int error = watching ? start_browser(page, arguments, &browser) : errno;

    leave_surroundings();
    (void) signal(SIGPIPE, SIG_IGN); /* whoever clicked may have gone without waiting */
    error = watch_beginning(&watch, browser, error);
    tell_number(report, error);
    close(report);
    if (error == 0)
        page_watch_wait(&watch);
    (void) unlinkat(page->folder->fd, page->name, 0);
    page_watch_end(&watch);
    if (error == 0 && watch.browser_failed)
        tell_browser_failed(page, watch.status);
}

/* ---- in the foreground ------------------------------------------------------------------------------------------ */

/* Forks twice, so that the keeper is nobody's child, and no leader of a session that a terminal could become its own
 * (setsid(2), open(2) on O_NOCTTY).  0 in the keeper; otherwise 1, or -1 with errno. */
static int
detach(void)
{
    int status = 0;
    pid_t child = fork();

    if (child < 0)
        return -1;
    if (child == 0) {
        (void) setsid();
        pid_t keeper = fork();
        if (keeper == 0)
            return 0;
        _exit(keeper > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (status == 0)
        return 1;
    errno = EAGAIN; /* what fork(2) says most often */
    return -1;
}

/* What the keeper tells of the beginning; 0 also when it takes long. */
static int
hear_keeper(int report)
{
    if (deadline_poll(report, POLLIN, deadline_in_ms(START_WITHIN_MS)) != 1)
        return 0;
    return hear_number(report);
}

static int
start_keeper(const struct kept_page *page, char **arguments)
{
    AUTO_CLOSE int reading = -1;
    AUTO_CLOSE int writing = -1;

    if (!make_pipe(&reading, &writing))
        return errno;
    switch (detach()) {
    case 0:
        close(TAKE_FD(reading));
        keep(page, arguments, TAKE_FD(writing));
        _exit(EXIT_SUCCESS);
    case 1:
        close(TAKE_FD(writing));
        return hear_keeper(reading);
    default:
        return errno;
    }
}

static char **
browser_arguments(const struct kept_page *page)
{
    AUTO_FREE char *url = redirect_page_url(page->folder->path, page->name);

    return url != NULL ? user_browser_arguments(page->browser, url) : NULL;
}

bool
page_keeper_start(const struct kept_page *page, struct failure *failure)
{
    char **arguments = browser_arguments(page);
    int error = arguments != NULL ? start_keeper(page, arguments) : ENOMEM;

    user_browser_free_arguments(arguments);
    if (error == 0)
        return true;
    (void) unlinkat(page->folder->fd, page->name, 0);
    if (error < 0)
        return set_browser_failed(page, -error, failure);
    errno = error;
    return failure_set(failure, "browser", "%s (%s) cannot be started: %m", page->browser->name,
                       page->browser->program);
}
