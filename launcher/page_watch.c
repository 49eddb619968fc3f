/*
 * page_watch.c: what happens to a page and to the browser that was started on it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "page_watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "descriptor.h"

#define PATH_SIZE 128 /* of /proc/self/fd/N/NAME */

/* SIGHUP is blocked and not waited for: the end of a terminal is not the end of the browser that was started there. */
static int
watch_signals(void)
{
    sigset_t blocked, waited_for;

    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGCHLD);
    sigaddset(&waited_for, SIGTERM);
    sigaddset(&waited_for, SIGINT);
    blocked = waited_for;
    sigaddset(&blocked, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &blocked, NULL) != 0)
        return -1;
    (void) signal(SIGCHLD, SIG_DFL); /* ignored, as somebody may have left it to us, it would reap the browser */
    return descriptor_lift(signalfd(-1, &waited_for, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* By way of the folder's descriptor.  IN_OPEN tells of any open(2) but those with O_PATH.  -1 with errno. */
static int
watch_opening(int folder, const char *name)
{
    char path[PATH_SIZE];
    int opening = descriptor_lift(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));

    snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", folder, name);
    if (opening >= 0 && inotify_add_watch(opening, path, IN_OPEN | IN_DONT_FOLLOW) >= 0)
        return opening;
    int saved_errno = errno;
    if (opening >= 0)
        close(opening);
    errno = saved_errno;
    return -1;
}

/* A user may have 128 instances of inotify (max_user_instances), and editors and notebooks take many. */
static bool
none_is_left(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOSPC || error == ENOMEM;
}

static int
watch_life(int64_t seconds)
{
    const struct itimerspec when = {.it_value = {.tv_sec = seconds > 0 ? seconds : 1}};
    int life = descriptor_lift(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));

    if (life >= 0)
        (void) timerfd_settime(life, 0, &when, NULL);
    return life;
}

bool
page_watch_begin(struct page_watch *watch, int folder, const char *name, int64_t seconds_left, int lock)
{
    *watch = PAGE_WATCH_NONE;
    watch->lock = lock;
    watch->lock_until = deadline_in_ms(LOCK_AT_MOST_MS);
    watch->trouble_until = deadline_in_ms(BROWSER_TROUBLE_MS);
    watch->signals = watch_signals();
    watch->life = watch_life(seconds_left);
    if (watch->signals < 0 || watch->life < 0)
        return false;
    watch->opening = watch_opening(folder, name);
    if (watch->opening >= 0)
        return true;
    watch->lock_until = deadline_earlier(watch->lock_until, watch->trouble_until);
    return none_is_left(errno);
}

static void
give_lock_back(struct page_watch *watch)
{
    if (watch->lock >= 0)
        close(watch->lock);
    watch->lock = -1;
}

static void
note_opening(struct page_watch *watch, uint32_t mask)
{
    if ((mask & IN_IGNORED) != 0) /* the page is gone: the session has ended, or the user has removed it */
        watch->over = true;
    if ((mask & IN_OPEN) == 0 || watch->opened)
        return;
    watch->opened = true;
    watch->lock_until = deadline_earlier(watch->lock_until, deadline_in_ms(LOCK_AFTER_OPENED_MS));
}

static void
read_openings(struct page_watch *watch)
{
    _Alignas(struct inotify_event) char events[4096];
    ssize_t size;

    while ((size = read(watch->opening, events, sizeof(events))) > 0) {
        for (const char *at = events; at < events + size;) {
            const struct inotify_event *event = (const struct inotify_event *) (const void *) at;
            note_opening(watch, event->mask);
            at += sizeof(*event) + event->len;
        }
    }
}

static void
reap_browser(struct page_watch *watch)
{
    if (watch->browser <= 0 || waitpid(watch->browser, &watch->status, WNOHANG) != watch->browser)
        return;
    watch->browser = 0;
    if (WIFEXITED(watch->status) && WEXITSTATUS(watch->status) == 0)
        return;
    give_lock_back(watch);
    watch->browser_failed = !watch->opened && !deadline_passed(watch->trouble_until);
    watch->over = watch->over || watch->browser_failed;
}

static void
read_signals(struct page_watch *watch)
{
    struct signalfd_siginfo information;

    while (read(watch->signals, &information, sizeof(information)) == (ssize_t) sizeof(information)) {
        if (information.ssi_signo == SIGCHLD)
            reap_browser(watch);
        else
            watch->over = true;
    }
}

/* How long to wait at most: the lock has to be given back, and the caller has something to do too.  -1: for ever. */
static int
milliseconds_left(const struct page_watch *watch, const struct deadline *until)
{
    int64_t left = until != NULL ? deadline_left_ms(*until) : INT_MAX;

    if (watch->lock >= 0 && deadline_left_ms(watch->lock_until) < left)
        left = deadline_left_ms(watch->lock_until);
    return left < INT_MAX ? (int) left : -1;
}

/* Openings before signals: a browser that read the page and then failed has done its part. */
static void
wait_once(struct page_watch *watch, const struct deadline *until)
{
    struct pollfd waited_for[] = {
        {.fd = watch->opening, .events = POLLIN},
        {.fd = watch->signals, .events = POLLIN},
        {.fd = watch->life, .events = POLLIN},
    };

    if (poll(waited_for, sizeof(waited_for) / sizeof(waited_for[0]), milliseconds_left(watch, until)) < 0) {
        watch->over = watch->over || errno != EINTR;
        return;
    }
    read_openings(watch);
    read_signals(watch);
    if (waited_for[2].revents != 0)
        watch->over = true;
    if (watch->lock >= 0 && deadline_passed(watch->lock_until))
        give_lock_back(watch);
}

void
page_watch_first_moment(struct page_watch *watch, pid_t browser)
{
    struct deadline moment = deadline_in_ms(BROWSER_MOMENT_MS);

    watch->browser = browser;
    while (!watch->over && !watch->opened && watch->browser > 0 && !deadline_passed(moment))
        wait_once(watch, &moment);
}

void
page_watch_wait(struct page_watch *watch)
{
    while (!watch->over)
        wait_once(watch, NULL);
}

void
page_watch_end(struct page_watch *watch)
{
    const int descriptors[] = {watch->signals, watch->opening, watch->life};

    give_lock_back(watch);
    for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++) {
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    }
    watch->signals = watch->opening = watch->life = -1;
}
