/*
 * stop_signal.h: SIGTERM and SIGINT as events of the loop, so that a helper that is told to stop can finish what it has
 * begun.
 *
 * The signals are blocked and read from a signalfd(2).  A program that the helper starts would inherit the mask:
 * worker_process.c resets it for workers, and whoever else forks must do so too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef STOP_SIGNAL_H
#define STOP_SIGNAL_H

#include <stdbool.h>

#include "failure.h"
#include "loop.h"

struct stop_signal {
    struct loop *loop;
    struct loop_source source;
    void (*asked)(void *owner);
    void *owner;
};

/*
 * From now on, call asked for every SIGTERM or SIGINT.  SIGHUP does nothing any more: it is what daemons are sent to
 * read their configuration again, and the helper does that by itself.
 */
bool stop_signal_watch(struct stop_signal *signal, struct loop *loop, void (*asked)(void *owner), void *owner,
                       struct failure *failure);

/* The signals stay blocked: what comes between this and the end of the process is about what is happening anyway. */
void stop_signal_forget(struct stop_signal *signal);

#endif
