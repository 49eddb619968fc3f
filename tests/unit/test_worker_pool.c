/*
 * test_worker_pool.c: jobs that answer, hang, crash and are called off, and what workers may hold.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock_ahead.h"
#include "loop.h"
#include "loop_guard.h"
#include "worker_pool.h"

#define SOON_MS  50    /* a deadline that is meant to pass */
#define LONG_MS  60000 /* one that is not */
#define FD_LIMIT 256

/* Shared with the workers. */
struct world {
    unsigned jobs_marked; /* how many jobs that say so were begun */
    bool may_end;         /* those that wait for it */
};

static struct world *world;

/*
 * The job: its first letter says what to do.
 */

static size_t
list_descriptors(char *answer)
{
    size_t length = 0;

    for (int fd = 0; fd < FD_LIMIT; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            length += (size_t) snprintf(answer + length, WORKER_ANSWER_LIMIT - length, "%d ", fd);
    }
    return length;
}

/* Every signal that is blocked or not at its default, and what protects the memory. */
static size_t
describe_state(char *answer)
{
    struct rlimit core = {1, 1};
    int death_signal = 0;
    size_t length = 0;
    sigset_t mask;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action = {.sa_handler = SIG_DFL};

        if (sigismember(&mask, number) == 1)
            length += (size_t) snprintf(answer + length, WORKER_ANSWER_LIMIT - length, "blocked=%d ", number);
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
            length += (size_t) snprintf(answer + length, WORKER_ANSWER_LIMIT - length, "handled=%d ", number);
    }
    getrlimit(RLIMIT_CORE, &core);
    prctl(PR_GET_PDEATHSIG, &death_signal);
    length += (size_t) snprintf(answer + length, WORKER_ANSWER_LIMIT - length, "dumpable=%d core=%d death=%d",
                                prctl(PR_GET_DUMPABLE), (int) core.rlim_max, death_signal);
    return length;
}

static size_t
job(const void *context, const void *request, size_t length, void *answer)
{
    const char *text = request;
    const char *context_text = context;

    switch (text[0]) {
    case 'm':
        world->jobs_marked++;
        return 0;
    case 'e':
        memcpy(answer, request, length);
        return length;
    case 'h':
        for (;;)
            pause();
    case 'c':
        world->jobs_marked++;
        _exit(7);
    case 'k':
        world->jobs_marked++;
        raise(SIGKILL);
        return 0;
    case 'w':
        while (!__atomic_load_n(&world->may_end, __ATOMIC_SEQ_CST))
            usleep(1000);
        return 0;
    case 'p':
        return (size_t) snprintf(answer, WORKER_ANSWER_LIMIT, "%d", (int) getpid());
    case 'x':
        return (size_t) snprintf(answer, WORKER_ANSWER_LIMIT, "%s", context_text);
    case 'b':
        memset(answer, 'B', WORKER_ANSWER_LIMIT);
        return WORKER_ANSWER_LIMIT;
    case 'f':
        return list_descriptors(answer);
    case 's':
        return describe_state(answer);
    default:
        return 0;
    }
}

/*
 * The helper's side
 */

struct fixture {
    struct loop *loop;
    struct worker_pool *pool;
    unsigned answered;
    unsigned stop_at;
};

/* Another job than the pool's: the process, and what it was asked. */
static size_t
other_job(const void *context, const void *request, size_t length, void *answer)
{
    (void) context;
    return (size_t) snprintf(answer, WORKER_ANSWER_LIMIT, "%d was told %.*s", (int) getpid(), (int) length,
                             (const char *) request);
}

static size_t
other_job_that_hangs(const void *context, const void *request, size_t length, void *answer)
{
    (void) context, (void) request, (void) answer;
    while (length > 0)
        pause();
    return 0;
}

struct outcome {
    struct fixture *fixture;
    struct worker_call *call;
    unsigned times;
    unsigned order;
    bool has_answer;
    size_t length;
    char answer[WORKER_ANSWER_LIMIT + 1];
    struct failure failure;
    struct outcome *cancels;
    bool frees_pool;
};

static void
done(void *owner, const void *answer, size_t length, const struct failure *failure)
{
    struct outcome *outcome = owner;
    struct fixture *fixture = outcome->fixture;

    outcome->times++;
    outcome->order = ++fixture->answered;
    outcome->has_answer = answer != NULL;
    outcome->length = length;
    if (answer)
        memcpy(outcome->answer, answer, length);
    else
        outcome->failure = *failure;
    if (outcome->cancels)
        worker_call_cancel(outcome->cancels->call);
    if (outcome->frees_pool) {
        worker_pool_free(fixture->pool);
        fixture->pool = NULL;
    }
    if (fixture->answered == fixture->stop_at)
        loop_stop(fixture->loop);
}

static int
make_pool(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    *world = (struct world){0};
    fixture->loop = loop_create(NULL);
    fixture->pool = worker_pool_create(fixture->loop, "test", job, "first", 2, NULL);
    *state = fixture;
    return fixture->loop && fixture->pool ? 0 : -1;
}

static int
free_pool(void **state)
{
    struct fixture *fixture = *state;

    worker_pool_free(fixture->pool);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void
start(struct fixture *fixture, struct outcome *outcome, const char *request, int64_t milliseconds)
{
    outcome->fixture = fixture;
    outcome->call =
        worker_call_start(fixture->pool, request, strlen(request), deadline_in_ms(milliseconds), done, outcome, NULL);
    assert_non_null(outcome->call);
    assert_int_equal(outcome->times, 0);
}

static void
run_until_answered(struct fixture *fixture, unsigned count)
{
    fixture->stop_at = fixture->answered + count;
    run_until_stopped(fixture->loop);
}

static void
ask(struct fixture *fixture, struct outcome *outcome, const char *request)
{
    start(fixture, outcome, request, LONG_MS);
    run_until_answered(fixture, 1);
    assert_true(outcome->has_answer);
}

static bool
has_children(void)
{
    siginfo_t information;

    return waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void
assert_no_child_is_left(struct fixture *fixture)
{
    struct deadline patience = deadline_in_ms(LONG_MS);

    while (has_children() && !deadline_passed(patience))
        run_for_ms(fixture->loop, 5);
    assert_false(has_children());
}

/*
 * Answers
 */

static void
a_job_gets_its_request_and_gives_its_answer(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "echo this");
    assert_int_equal(outcome.length, 9);
    assert_string_equal(outcome.answer, "echo this");
    assert_int_equal(outcome.times, 1);
}

static void
an_empty_answer_is_an_answer(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "");
    assert_int_equal(outcome.length, 0);
}

static void
the_largest_request_and_answer_pass(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0}, big = {0};
    char request[WORKER_REQUEST_LIMIT + 1];

    memset(request, 'e', WORKER_REQUEST_LIMIT);
    request[WORKER_REQUEST_LIMIT] = '\0';
    ask(fixture, &outcome, request);
    assert_int_equal(outcome.length, WORKER_REQUEST_LIMIT);
    ask(fixture, &big, "big");
    assert_int_equal(big.length, WORKER_ANSWER_LIMIT);
    assert_int_equal(big.answer[WORKER_ANSWER_LIMIT - 1], 'B');
}

static void
a_request_that_is_too_long_is_refused_at_once(void **state)
{
    const struct fixture *fixture = *state;
    static const char request[WORKER_REQUEST_LIMIT + 1] = "e";
    struct failure failure;

    assert_null(
        worker_call_start(fixture->pool, request, sizeof(request), deadline_in_ms(LONG_MS), done, NULL, &failure));
    assert_string_equal(failure.code, "worker");
}

static void
a_worker_is_used_again(void **state)
{
    struct outcome one = {0}, other = {0};

    ask(*state, &one, "pid");
    ask(*state, &other, "pid");
    assert_string_equal(one.answer, other.answer);
    assert_int_not_equal(atoi(one.answer), (int) getpid());
}

static void
no_more_workers_than_the_maximum_share_all_the_calls(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcomes[20] = {0};

    for (size_t i = 0; i < 20; i++)
        start(fixture, &outcomes[i], "pid", LONG_MS);
    run_until_answered(fixture, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_true(outcomes[i].has_answer);
        assert_true(strcmp(outcomes[i].answer, outcomes[0].answer) == 0 ||
                    strcmp(outcomes[i].answer, outcomes[1].answer) == 0);
    }
}

static void
make_single_pool(struct fixture *fixture)
{
    worker_pool_free(fixture->pool);
    fixture->pool = worker_pool_create(fixture->loop, "single", job, "first", 1, NULL);
    assert_non_null(fixture->pool);
}

static void
calls_in_the_queue_are_served_in_their_order(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcomes[20] = {0};

    make_single_pool(fixture);
    for (size_t i = 0; i < 20; i++)
        start(fixture, &outcomes[i], "echo", LONG_MS);
    run_until_answered(fixture, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(outcomes[i].order, i + 1);
}

/*
 * Hanging, crashing, calling off
 */

static void
a_job_that_hangs_ends_with_its_deadline_and_the_next_is_served(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung = {0}, next = {0};

    start(fixture, &hung, "hang", SOON_MS);
    run_until_answered(fixture, 1);
    assert_false(hung.has_answer);
    assert_string_equal(hung.failure.code, "timeout");
    ask(fixture, &next, "echo");
    assert_int_equal(hung.times, 1);
}

static void
one_hung_job_does_not_delay_the_others(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung = {0}, others[5] = {0};

    start(fixture, &hung, "hang", LONG_MS);
    for (size_t i = 0; i < 5; i++)
        ask(fixture, &others[i], "echo");
    assert_int_equal(hung.times, 0);
    worker_call_cancel(hung.call);
}

static void
a_deadline_that_passes_in_the_queue_ends_the_call_there(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung[2] = {0}, queued = {0};

    start(fixture, &hung[0], "hang", LONG_MS);
    start(fixture, &hung[1], "hang", LONG_MS);
    start(fixture, &queued, "mark", SOON_MS);
    run_until_answered(fixture, 1);
    assert_int_equal(queued.times, 1);
    assert_string_equal(queued.failure.code, "timeout");
    assert_int_equal(world->jobs_marked, 0);
    worker_call_cancel(hung[0].call);
    worker_call_cancel(hung[1].call);
}

static void
what_waits_behind_hung_jobs_is_served_when_they_time_out(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung[2] = {0}, queued = {0};

    start(fixture, &hung[0], "hang", SOON_MS);
    start(fixture, &hung[1], "hang", LONG_MS);
    start(fixture, &queued, "echo", LONG_MS);
    run_until_answered(fixture, 2);
    assert_string_equal(hung[0].failure.code, "timeout");
    assert_true(queued.has_answer);
    worker_call_cancel(hung[1].call);
}

static void
a_deadline_that_has_passed_already_still_calls_back_by_the_loop(void **state)
{
    struct fixture *fixture = *state;
    struct outcome late = {0};

    start(fixture, &late, "hang", -1);
    run_until_answered(fixture, 1);
    assert_string_equal(late.failure.code, "timeout");
}

static void
a_job_that_crashes_costs_one_worker_and_is_not_tried_again(void **state)
{
    struct fixture *fixture = *state;
    struct outcome crashed = {0}, killed = {0}, next = {0};

    start(fixture, &crashed, "crash", LONG_MS);
    run_until_answered(fixture, 1);
    assert_string_equal(crashed.failure.code, "worker");
    start(fixture, &killed, "kill", LONG_MS);
    run_until_answered(fixture, 1);
    assert_string_equal(killed.failure.code, "worker");
    assert_int_equal(world->jobs_marked, 2);
    assert_no_child_is_left(fixture);
    ask(fixture, &next, "echo");
}

static void
a_worker_that_died_while_idle_is_replaced_without_anybody_noticing(void **state)
{
    struct fixture *fixture = *state;
    struct outcome one = {0}, other = {0};
    siginfo_t information;
    int pid;

    ask(fixture, &one, "pid");
    pid = atoi(one.answer);
    assert_int_equal(kill(pid, SIGKILL), 0);
    /* Dead for certain, but the loop has not had a chance to see it. */
    assert_int_equal(waitid(P_PID, (id_t) pid, &information, WEXITED | WNOWAIT), 0);
    ask(fixture, &other, "pid");
    assert_int_not_equal(atoi(other.answer), pid);
}

static void
a_cancelled_call_at_work_never_calls_back_and_frees_its_place(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung[2] = {0}, queued = {0};

    start(fixture, &hung[0], "hang", SOON_MS);
    start(fixture, &hung[1], "hang", LONG_MS);
    start(fixture, &queued, "echo", LONG_MS);
    worker_call_cancel(hung[0].call);
    run_until_answered(fixture, 1);
    assert_true(queued.has_answer);
    run_for_ms(fixture->loop, 2 * SOON_MS);
    assert_int_equal(hung[0].times, 0);
    worker_call_cancel(hung[1].call);
}

static void
a_cancelled_call_in_the_queue_is_never_begun(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung[2] = {0}, queued = {0}, last = {0};

    start(fixture, &hung[0], "hang", SOON_MS);
    start(fixture, &hung[1], "hang", LONG_MS);
    start(fixture, &queued, "mark", LONG_MS);
    worker_call_cancel(queued.call);
    worker_call_cancel(hung[0].call);
    ask(fixture, &last, "echo");
    assert_int_equal(queued.times, 0);
    assert_int_equal(world->jobs_marked, 0);
    worker_call_cancel(hung[1].call);
}

static bool
is_one_of(const struct outcome *outcome, const struct outcome others[2])
{
    return strcmp(outcome->answer, others[0].answer) == 0 || strcmp(outcome->answer, others[1].answer) == 0;
}

static void
two_hundred_cancelled_calls_leave_the_workers_that_there_are(void **state)
{
    struct fixture *fixture = *state;
    struct outcome before[2] = {0}, cancelled[200] = {0}, after[20] = {0};

    start(fixture, &before[0], "pid", LONG_MS);
    start(fixture, &before[1], "pid", LONG_MS);
    run_until_answered(fixture, 2);
    for (size_t i = 0; i < 200; i++) {
        start(fixture, &cancelled[i], "echo", LONG_MS);
        if (i % 2 == 0)
            run_for_ms(fixture->loop, 0);
        if (cancelled[i].times == 0)
            worker_call_cancel(cancelled[i].call);
    }
    for (size_t i = 0; i < 20; i++)
        start(fixture, &after[i], "pid", LONG_MS);
    run_until_answered(fixture, 20);
    for (size_t i = 0; i < 20; i++)
        assert_true(is_one_of(&after[i], before));
}

static void
a_deadline_too_short_for_the_job_does_not_cost_the_worker_its_life(void **state)
{
    struct fixture *fixture = *state;
    struct outcome before = {0}, late = {0}, after = {0};

    make_single_pool(fixture);
    ask(fixture, &before, "pid");
    start(fixture, &late, "wait", 5);
    run_until_answered(fixture, 1);
    assert_string_equal(late.failure.code, "timeout");
    __atomic_store_n(&world->may_end, true, __ATOMIC_SEQ_CST);
    ask(fixture, &after, "pid");
    assert_string_equal(after.answer, before.answer);
    assert_int_equal(late.times, 1);
}

static void
a_job_that_hangs_beyond_a_short_deadline_is_killed_after_the_least_time_and_the_pool_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct outcome before = {0}, hung = {0}, after = {0};
    struct deadline least;

    make_single_pool(fixture);
    ask(fixture, &before, "pid");
    least = deadline_in_ms(WORKER_JOB_MIN_MS);
    start(fixture, &hung, "hang", 5);
    run_until_answered(fixture, 1);
    ask(fixture, &after, "pid");
    assert_string_not_equal(after.answer, before.answer);
    assert_true(deadline_passed(least));
    assert_int_equal(hung.times, 1);
}

static void
a_cancelled_job_that_hangs_is_killed_after_the_most_time_and_the_pool_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct outcome before = {0}, hung = {0}, after = {0};

    make_single_pool(fixture);
    ask(fixture, &before, "pid");
    start(fixture, &hung, "hang", LONG_MS);
    worker_call_cancel(hung.call);
    start(fixture, &after, "pid", LONG_MS);
    clock_ahead_ms += WORKER_JOB_MIN_MS;
    run_for_ms(fixture->loop, SOON_MS);
    assert_int_equal(after.times, 0);
    clock_ahead_ms += WORKER_ABANDONED_MAX_MS - WORKER_JOB_MIN_MS;
    run_until_answered(fixture, 1);
    assert_string_not_equal(after.answer, before.answer);
    assert_int_equal(hung.times, 0);
}

static void
a_killed_call_ends_its_worker_at_once_and_the_next_is_served_by_another(void **state)
{
    struct fixture *fixture = *state;
    struct outcome before = {0}, hung = {0}, after = {0};

    make_single_pool(fixture);
    ask(fixture, &before, "pid");
    start(fixture, &hung, "hang", LONG_MS);
    worker_call_kill(hung.call);
    ask(fixture, &after, "pid");
    assert_string_not_equal(after.answer, before.answer);
    assert_int_equal(hung.times, 0);
}

static void
a_killed_call_in_the_queue_is_never_begun(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0}, queued = {0}, last = {0};

    make_single_pool(fixture);
    start(fixture, &first, "echo", LONG_MS);
    start(fixture, &queued, "mark", LONG_MS);
    worker_call_kill(queued.call);
    start(fixture, &last, "echo", LONG_MS);
    run_until_answered(fixture, 2);
    assert_true(first.has_answer && last.has_answer);
    assert_int_equal(queued.times, 0);
    assert_int_equal(world->jobs_marked, 0);
}

static void
a_cancelled_job_that_crashes_harms_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct outcome crashed = {0}, next = {0};

    make_single_pool(fixture);
    start(fixture, &crashed, "crash", LONG_MS);
    worker_call_cancel(crashed.call);
    ask(fixture, &next, "echo");
    assert_int_equal(crashed.times, 0);
}

static void
a_callback_may_cancel_another_call(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung = {0}, one = {.cancels = &hung};

    start(fixture, &hung, "hang", LONG_MS);
    start(fixture, &one, "echo", LONG_MS);
    run_until_answered(fixture, 1);
    assert_int_equal(hung.times, 0);
    assert_int_equal(one.times, 1);
}

static void
a_callback_may_free_the_pool(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung = {0}, queued = {0}, one = {.frees_pool = true};

    start(fixture, &hung, "hang", LONG_MS);
    start(fixture, &one, "echo", LONG_MS);
    start(fixture, &queued, "echo", LONG_MS);
    run_until_answered(fixture, 1);
    run_for_ms(fixture->loop, SOON_MS);
    assert_int_equal(hung.times + queued.times, 0);
    assert_false(has_children());
}

static void
killed_workers_leave_no_zombies(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung[4] = {0};

    for (size_t i = 0; i < 4; i++)
        start(fixture, &hung[i], "hang", SOON_MS);
    run_until_answered(fixture, 4);
    assert_no_child_is_left(fixture);
}

static void
without_a_process_to_be_had_the_call_fails_by_the_loop(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0}, next = {0};
    struct rlimit files, none;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0); /* no socketpair, and that also holds for root */
    start(fixture, &outcome, "echo", LONG_MS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    run_until_answered(fixture, 1);
    assert_string_equal(outcome.failure.code, "worker");
    ask(fixture, &next, "echo");
}

/*
 * Contexts
 */

static void
after_renew_jobs_see_the_new_context(void **state)
{
    struct fixture *fixture = *state;
    struct outcome before = {0}, after = {0};

    ask(fixture, &before, "x");
    assert_string_equal(before.answer, "first");
    worker_pool_renew(fixture->pool, "second");
    ask(fixture, &after, "x");
    assert_string_equal(after.answer, "second");
}

static void
a_worker_that_is_busy_at_renew_does_its_job_and_no_other(void **state)
{
    struct fixture *fixture = *state;
    struct outcome busy[2] = {0}, queued = {0};

    start(fixture, &busy[0], "x", LONG_MS);
    start(fixture, &busy[1], "x", LONG_MS);
    start(fixture, &queued, "x", LONG_MS);
    worker_pool_renew(fixture->pool, "second");
    run_until_answered(fixture, 3);
    assert_string_equal(busy[0].answer, "first");
    assert_string_equal(busy[1].answer, "first");
    assert_string_equal(queued.answer, "second");
}

static void
a_worker_that_does_a_cancelled_job_at_renew_does_no_other(void **state)
{
    struct fixture *fixture = *state;
    struct outcome cancelled = {0}, next = {0};

    make_single_pool(fixture);
    start(fixture, &cancelled, "wait", LONG_MS);
    worker_call_cancel(cancelled.call);
    worker_pool_renew(fixture->pool, "second");
    start(fixture, &next, "x", LONG_MS);
    __atomic_store_n(&world->may_end, true, __ATOMIC_SEQ_CST);
    run_until_answered(fixture, 1);
    assert_string_equal(next.answer, "second");
}

static void
warming_forks_one_worker_which_the_first_job_uses(void **state)
{
    struct fixture *fixture = *state;
    struct outcome one = {0};

    assert_false(has_children());
    worker_pool_warm(fixture->pool);
    worker_pool_warm(fixture->pool);
    assert_true(has_children());
    ask(fixture, &one, "pid");
    assert_int_equal(kill(atoi(one.answer), SIGKILL), 0);
    assert_no_child_is_left(fixture);
}

/*
 * What a worker holds
 */

static void
a_worker_holds_only_its_socket_and_the_standard_descriptors(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0}, second = {0};
    int fds[40];

    for (size_t i = 0; i < 40; i++)
        fds[i] = open("/dev/null", O_RDONLY);
    ask(fixture, &first, "fds");
    start(fixture, &second, "hang", LONG_MS); /* keeps the first one busy */
    memset(&first, 0, sizeof(first));
    ask(fixture, &first, "fds");
    assert_string_equal(first.answer, "0 1 2 3 ");
    worker_call_cancel(second.call);
    for (size_t i = 0; i < 40; i++)
        close(fds[i]);
}

static void
a_worker_works_where_the_standard_descriptors_are_closed(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};
    int saved[3];

    for (int fd = 0; fd < 3; fd++) {
        saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 100);
        close(fd);
    }
    start(fixture, &outcome, "fds", LONG_MS); /* the socketpair takes 0 and 1 */
    run_until_answered(fixture, 1);
    worker_pool_free(fixture->pool);
    fixture->pool = NULL;
    for (int fd = 0; fd < 3; fd++) {
        dup2(saved[fd], fd);
        close(saved[fd]);
    }
    assert_string_equal(outcome.answer, "0 1 2 3 ");
}

static void
ignore_signal(int number)
{
    (void) number;
}

static void
a_worker_has_default_signals_and_cannot_be_dumped_or_outlive_the_helper(void **state)
{
    struct outcome outcome = {0};
    struct sigaction ours = {.sa_handler = ignore_signal}, before[2];
    sigset_t blocked, mask;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &mask);
    sigaction(SIGUSR1, &ours, &before[0]);
    ours.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ours, &before[1]);
    ask(*state, &outcome, "state");
    sigaction(SIGUSR1, &before[0], NULL);
    sigaction(SIGPIPE, &before[1], NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    assert_string_equal(outcome.answer, "dumpable=0 core=0 death=9");
}

static void
freeing_the_pool_ends_all_workers_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung[2] = {0}, queued = {0};

    start(fixture, &hung[0], "hang", LONG_MS);
    start(fixture, &hung[1], "hang", LONG_MS);
    start(fixture, &queued, "echo", LONG_MS);
    worker_call_cancel(hung[1].call);
    worker_pool_free(fixture->pool);
    fixture->pool = NULL;
    assert_false(has_children());
    run_for_ms(fixture->loop, SOON_MS);
    assert_int_equal(hung[0].times + hung[1].times + queued.times, 0);
}

static void
start_task(struct fixture *fixture, struct outcome *outcome, const struct worker_task *task, const char *request,
           int64_t milliseconds)
{
    outcome->fixture = fixture;
    outcome->call = worker_call_start_task(fixture->pool, task, request, strlen(request), deadline_in_ms(milliseconds),
                                           done, outcome, NULL);
    assert_non_null(outcome->call);
    run_until_answered(fixture, 1);
}

static void
another_task_is_done_by_the_worker_that_is_there(void **state)
{
    static const struct worker_task task = {.name = "other", .job = other_job};
    struct outcome own = {0}, other = {0}, again = {0};

    ask(*state, &own, "pid");
    start_task(*state, &other, &task, "hello", LONG_MS);
    ask(*state, &again, "pid");
    assert_int_equal(atoi(other.answer), atoi(own.answer));
    assert_non_null(strstr(other.answer, " was told hello"));
    assert_string_equal(again.answer, own.answer);
}

static void
another_task_that_hangs_is_called_by_its_name(void **state)
{
    static const struct worker_task task = {.name = "other", .job = other_job_that_hangs};
    struct outcome outcome = {0};

    start_task(*state, &outcome, &task, "hello", SOON_MS);
    assert_false(outcome.has_answer);
    assert_string_equal(outcome.failure.code, "timeout");
    assert_non_null(strstr(outcome.failure.message, "the other process"));
}

#define POOL_TEST(function) cmocka_unit_test_setup_teardown(function, make_pool, free_pool)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(a_job_gets_its_request_and_gives_its_answer),
        POOL_TEST(an_empty_answer_is_an_answer),
        POOL_TEST(the_largest_request_and_answer_pass),
        POOL_TEST(a_request_that_is_too_long_is_refused_at_once),
        POOL_TEST(a_worker_is_used_again),
        POOL_TEST(no_more_workers_than_the_maximum_share_all_the_calls),
        POOL_TEST(calls_in_the_queue_are_served_in_their_order),
        POOL_TEST(a_job_that_hangs_ends_with_its_deadline_and_the_next_is_served),
        POOL_TEST(one_hung_job_does_not_delay_the_others),
        POOL_TEST(a_deadline_that_passes_in_the_queue_ends_the_call_there),
        POOL_TEST(what_waits_behind_hung_jobs_is_served_when_they_time_out),
        POOL_TEST(a_deadline_that_has_passed_already_still_calls_back_by_the_loop),
        POOL_TEST(a_job_that_crashes_costs_one_worker_and_is_not_tried_again),
        POOL_TEST(a_worker_that_died_while_idle_is_replaced_without_anybody_noticing),
        POOL_TEST(a_cancelled_call_at_work_never_calls_back_and_frees_its_place),
        POOL_TEST(a_cancelled_call_in_the_queue_is_never_begun),
        POOL_TEST(two_hundred_cancelled_calls_leave_the_workers_that_there_are),
        POOL_TEST(a_deadline_too_short_for_the_job_does_not_cost_the_worker_its_life),
        POOL_TEST(a_job_that_hangs_beyond_a_short_deadline_is_killed_after_the_least_time_and_the_pool_goes_on),
        POOL_TEST(a_cancelled_job_that_hangs_is_killed_after_the_most_time_and_the_pool_goes_on),
        POOL_TEST(a_killed_call_ends_its_worker_at_once_and_the_next_is_served_by_another),
        POOL_TEST(a_killed_call_in_the_queue_is_never_begun),
        POOL_TEST(a_cancelled_job_that_crashes_harms_nobody),
        POOL_TEST(a_callback_may_cancel_another_call),
        POOL_TEST(a_callback_may_free_the_pool),
        POOL_TEST(killed_workers_leave_no_zombies),
        POOL_TEST(without_a_process_to_be_had_the_call_fails_by_the_loop),
        POOL_TEST(after_renew_jobs_see_the_new_context),
        POOL_TEST(a_worker_that_is_busy_at_renew_does_its_job_and_no_other),
        POOL_TEST(a_worker_that_does_a_cancelled_job_at_renew_does_no_other),
        POOL_TEST(warming_forks_one_worker_which_the_first_job_uses),
        POOL_TEST(a_worker_holds_only_its_socket_and_the_standard_descriptors),
        POOL_TEST(a_worker_works_where_the_standard_descriptors_are_closed),
        POOL_TEST(a_worker_has_default_signals_and_cannot_be_dumped_or_outlive_the_helper),
        POOL_TEST(freeing_the_pool_ends_all_workers_at_once),
        POOL_TEST(another_task_is_done_by_the_worker_that_is_there),
        POOL_TEST(another_task_that_hangs_is_called_by_its_name),
    };

    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (world == MAP_FAILED)
        return EXIT_FAILURE;
    return cmocka_run_group_tests_name("worker pool", tests, NULL, NULL);
}
