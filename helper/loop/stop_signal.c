/*
 * Signals that end the helper, by signalfd(2).
 *
 * SPDX-License-Identifier: MIT
 */
#include "stop_signal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void
signal_came(void *owner, uint32_t events)
{
    const struct stop_signal *signal = owner;
    struct signalfd_siginfo info;

    (void) events;
    if (read(signal->source.fd, &info, sizeof(info)) == (ssize_t) sizeof(info) && info.ssi_signo != SIGHUP)
        signal->asked(signal->owner);
}

bool
stop_signal_watch(struct stop_signal *signal, struct loop *loop, void (*asked)(void *owner), void *owner,
                  struct failure *failure)
{
    sigset_t signals;

    *signal = (struct stop_signal){.loop = loop, .asked = asked, .owner = owner};
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    signal->source = (struct loop_source){
        .fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), .ready = signal_came, .owner = signal};
    if (signal->source.fd < 0 || sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        failure_set(failure, "system", "signals cannot be watched: %s", strerror(errno));
        stop_signal_forget(signal);
        return false;
    }
    if (loop_watch(loop, &signal->source, EPOLLIN, failure))
        return true;
    stop_signal_forget(signal);
    return false;
}

void
stop_signal_forget(struct stop_signal *signal)
{
    loop_forget(signal->loop, &signal->source);
    if (signal->source.fd >= 0)
        close(signal->source.fd);
    signal->source.fd = -1;
}
