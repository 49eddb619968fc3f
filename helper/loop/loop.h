/*
 * loop.h: the single-threaded event loop (epoll(7)) that everything in the helper hangs on.
 *
 * Sources and timers belong to their owners, usually as members of a larger struct; the loop only links them.  A
 * handler may start, change or stop any source or timer, its own included.
 *
 * A descriptor may be closed before its source is forgotten: libcurl (7.88.1, lib/cf-socket.c) closes the socket of an
 * attempt to connect that failed first and says CURL_POLL_REMOVE afterwards.  epoll(7) then cannot remove the
 * registration any more, and keeps it for as long as any process holds a duplicate, such as one that was forked a
 * moment ago.  The loop therefore knows its sources by numbers that are never used twice, and takes no notice of what
 * epoll still says about others.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "deadline.h"
#include "failure.h"

struct loop;

struct loop_source {
    int fd;
    uint32_t events; /* EPOLLIN | EPOLLOUT …; EPOLLERR and EPOLLHUP always come */
    void (*ready)(void *owner, uint32_t events);
    void *owner;
    bool watched;
    uint64_t number; /* the loop's own */
    TAILQ_ENTRY(loop_source) link;
};

struct loop_timer {
    struct deadline due;
    void (*fire)(void *owner);
    void *owner;
    bool running;
    TAILQ_ENTRY(loop_timer) link;
};

struct loop *loop_create(struct failure *failure);
void loop_free(struct loop *loop);

/*
 * Watch, change what is watched for, stop watching.  The descriptor must be open at the first two; loop_forget may come
 * after it was closed, even when its number belongs to another source by then.  A source that is watched is linked, so
 * it must be forgotten before its memory goes, unless the loop has gone before.
 */
bool loop_watch(struct loop *loop, struct loop_source *source, uint32_t events, struct failure *failure);
bool loop_change(struct loop *loop, struct loop_source *source, uint32_t events, struct failure *failure);
void loop_forget(struct loop *loop, struct loop_source *source);

/* A timer fires once, at or after its deadline, however busy the descriptors are; a deadline that has passed already
 * means the loop's next turn, never now.  Starting a running one moves it. */
void loop_timer_start(struct loop *loop, struct loop_timer *timer, struct deadline due);
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

/* Run until loop_stop, which may have been called before.  False with the failure when epoll itself fails. */
bool loop_run(struct loop *loop, struct failure *failure);
void loop_stop(struct loop *loop);

#endif
