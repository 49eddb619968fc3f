/*
 * worker_pool.h: work that may block, done in a few processes that can be killed.
 *
 * A hung NSS or resolver call cannot be cancelled in a thread; a process can be.  A pool forks workers from the helper
 * (which has no threads) as they are needed, up to a maximum; each does one job at a time, on a socketpair
 * (SOCK_SEQPACKET).  Workers die with the helper (PR_SET_PDEATHSIG and EOF), hold no descriptor of it but their own
 * socket, and have default signal handling.
 *
 * A call ends for its caller at once when its deadline passes or it is cancelled.  If its job has begun by then, the
 * job goes on without a caller, and its worker serves the next call when it is done.  Only a worker whose job does not
 * end is killed (SIGKILL): at the call's deadline, but not before the job has run for WORKER_JOB_MIN_MS, and if the
 * call was cancelled at the latest when it has run for WORKER_ABANDONED_MAX_MS.  A fork costs the helper several
 * milliseconds in which it serves nobody, so a user who hangs up, or gives a tiny budget, again and again must not be
 * able to make it fork each time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "deadline.h"
#include "failure.h"
#include "loop.h"

#define WORKER_REQUEST_LIMIT 4096
#define WORKER_ANSWER_LIMIT  16384

#define WORKER_JOB_MIN_MS       1000
#define WORKER_ABANDONED_MAX_MS 10000

struct worker_pool;
struct worker_call;

/*
 * Runs in the worker: fill answer (at most WORKER_ANSWER_LIMIT bytes), return its length.  A NUL byte, not counted,
 * follows the request.  A job opens what it needs itself; it cannot use the journal, whose descriptor is not there.
 */
typedef size_t worker_job(const void *context, const void *request, size_t length, void *answer);

/*
 * Runs in the helper, once for each call that was not cancelled, never from inside worker_call_start.  answer is NULL
 * when there is none, and the failure says why: code "timeout" (deadline passed, in the queue or at work) or "worker"
 * (it died).
 */
typedef void worker_done(void *owner, const void *answer, size_t length, const struct failure *failure);

/* context is handed to the job as it is when the worker is forked; see worker_pool_renew. */
struct worker_pool *worker_pool_create(struct loop *loop, const char *name, worker_job *job, const void *context,
                                       unsigned maximum, struct failure *failure);

/* Kills all workers; calls still under way are dropped without their callback. */
void worker_pool_free(struct worker_pool *pool);

/* Fork one worker now if there is none, so that the first job does not wait for it. */
void worker_pool_warm(struct worker_pool *pool);

/* From now on jobs get workers that were forked with this context; the older ones end with the job that they have. */
void worker_pool_renew(struct worker_pool *pool, const void *context);

/* Returns NULL with the failure only when memory is short or the request is too long.  Calls queue in order. */
struct worker_call *worker_call_start(struct worker_pool *pool, const void *request, size_t length,
                                      struct deadline deadline, worker_done *done, void *owner,
                                      struct failure *failure);

/* Another job than the pool's own, for whose sake nobody wants to fork one more process.  Context and limits are the
 * pool's; name is what failures call the process, and lives as long as the program. */
struct worker_task {
    const char *name;
    worker_job *job;
};
struct worker_call *worker_call_start_task(struct worker_pool *pool, const struct worker_task *task,
                                           const void *request, size_t length, struct deadline deadline,
                                           worker_done *done, void *owner, struct failure *failure);

/* The callback will not come.  A job that has not begun will not begin. */
void worker_call_cancel(struct worker_call *call);

/* The same, and a job that has begun ends at once, with its worker: for work that nobody can begin again and again. */
void worker_call_kill(struct worker_call *call);

#endif
