/*
 * test_loop.c: the event loop, as its owners see it.
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
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loop.h"
#include "loop_guard.h"

#define SOON_MS 30

/* How often the loop asked epoll. */
static unsigned turns;

int
epoll_wait(int epoll, struct epoll_event *events, int most, int milliseconds)
{
    turns++;
    return (int) syscall(SYS_epoll_pwait, epoll, events, most, milliseconds, NULL, (size_t) _NSIG / 8);
}

static int
make_loop(void **state)
{
    *state = loop_create(NULL);
    return *state ? 0 : -1;
}

static int
free_loop(void **state)
{
    loop_free(*state);
    return 0;
}

/* A timer that writes its letter down. */
struct noted {
    struct loop *loop;
    struct loop_timer timer;
    char letter;
    char *notes;
    struct loop_timer *stops;  /* a timer that it stops */
    struct loop_timer *starts; /* a timer that it starts, due at once */
    bool is_last;
};

static void
note(void *owner)
{
    struct noted *noted = owner;
    size_t length = strlen(noted->notes);

    noted->notes[length] = noted->letter;
    noted->notes[length + 1] = '\0';
    if (noted->stops)
        loop_timer_stop(noted->loop, noted->stops);
    if (noted->starts)
        loop_timer_start(noted->loop, noted->starts, deadline_in_ms(0));
    if (noted->is_last)
        loop_stop(noted->loop);
}

static void
noted_start(struct noted *noted, struct loop *loop, char letter, char *notes, int64_t milliseconds)
{
    noted->loop = loop;
    noted->timer.fire = note;
    noted->timer.owner = noted;
    noted->letter = letter;
    noted->notes = notes;
    loop_timer_start(loop, &noted->timer, deadline_in_ms(milliseconds));
}

static void
timers_fire_in_the_order_of_their_deadlines(void **state)
{
    struct loop *loop = *state;
    char notes[8] = "";
    struct noted a = {0}, b = {0}, c = {.is_last = true};

    noted_start(&c, loop, 'c', notes, 30);
    noted_start(&a, loop, 'a', notes, 1);
    noted_start(&b, loop, 'b', notes, 15);
    run_until_stopped(loop);
    assert_string_equal(notes, "abc");
    assert_false(a.timer.running || b.timer.running || c.timer.running);
}

static void
timers_of_one_deadline_fire_in_the_order_they_were_started(void **state)
{
    struct loop *loop = *state;
    char notes[8] = "";
    struct noted a = {0}, b = {0}, c = {.is_last = true};

    noted_start(&a, loop, 'a', notes, 0);
    noted_start(&b, loop, 'b', notes, -1000);
    noted_start(&c, loop, 'c', notes, 0);
    run_until_stopped(loop);
    assert_string_equal(notes, "abc");
}

static void
a_timer_never_fires_before_its_deadline(void **state)
{
    struct loop *loop = *state;
    char notes[8] = "";
    struct noted a = {.is_last = true};

    noted_start(&a, loop, 'a', notes, 37);
    run_until_stopped(loop);
    assert_true(deadline_passed(a.timer.due));
}

static void
a_timer_that_is_started_again_is_moved_and_fires_once(void **state)
{
    struct loop *loop = *state;
    char notes[8] = "";
    struct noted a = {0}, b = {0}, c = {.is_last = true};

    noted_start(&a, loop, 'a', notes, 0);
    noted_start(&b, loop, 'b', notes, 1);
    noted_start(&a, loop, 'a', notes, 10);
    noted_start(&c, loop, 'c', notes, 30);
    run_until_stopped(loop);
    assert_string_equal(notes, "bac");
}

static void
a_timer_may_stop_another_that_is_due_as_well(void **state)
{
    struct loop *loop = *state;
    char notes[8] = "";
    struct noted a = {0}, b = {0}, c = {.is_last = true};

    a.stops = &b.timer;
    noted_start(&a, loop, 'a', notes, 0);
    noted_start(&b, loop, 'b', notes, 0);
    noted_start(&c, loop, 'c', notes, 5);
    run_until_stopped(loop);
    assert_string_equal(notes, "ac");
}

static void
a_timer_that_starts_itself_for_at_once_delays_no_other(void **state)
{
    struct loop *loop = *state;
    char notes[64] = "";
    struct noted again = {0}, last = {.is_last = true};

    again.starts = &again.timer;
    noted_start(&again, loop, 'a', notes, 0);
    noted_start(&last, loop, 'b', notes, 0);
    run_until_stopped(loop);
    assert_string_equal(notes, "ab");
    loop_timer_stop(loop, &again.timer);
}

/* A source that is always ready, since nobody reads. */
struct chatter {
    struct loop *loop;
    struct loop_source source;
    unsigned count;
    struct chatter *victim; /* another one, which it forgets and frees */
    unsigned stop_at;
};

static void
chatter_ready(void *owner, uint32_t events)
{
    struct chatter *chatter = owner;

    assert_true(events & EPOLLIN);
    chatter->count++;
    if (chatter->victim) {
        loop_forget(chatter->loop, &chatter->victim->source);
        close(chatter->victim->source.fd);
        free(chatter->victim);
        chatter->victim = NULL;
    }
    if (chatter->stop_at > 0 && chatter->count >= chatter->stop_at)
        loop_stop(chatter->loop);
}

static struct chatter *
chatter_new(struct loop *loop, int fd)
{
    struct chatter *chatter = calloc(1, sizeof(*chatter));

    assert_non_null(chatter);
    chatter->loop = loop;
    chatter->source = (struct loop_source){.fd = fd, .ready = chatter_ready, .owner = chatter};
    assert_true(loop_watch(loop, &chatter->source, EPOLLIN, NULL));
    return chatter;
}

static void
chatter_free(struct chatter *chatter)
{
    loop_forget(chatter->loop, &chatter->source);
    close(chatter->source.fd);
    free(chatter);
}

/* Both ends readable, at once and for ever. */
static void
make_chatty_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(write(pair[0], "x", 1), 1);
    assert_int_equal(write(pair[1], "x", 1), 1);
}

static void
sockets_that_are_always_ready_do_not_delay_a_timer(void **state)
{
    struct loop *loop = *state;
    char notes[8] = "";
    struct noted last = {.is_last = true};
    struct chatter *one, *other;
    int pair[2];

    make_chatty_pair(pair);
    one = chatter_new(loop, pair[0]);
    other = chatter_new(loop, pair[1]);
    noted_start(&last, loop, 'a', notes, 20);
    run_until_stopped(loop);
    assert_string_equal(notes, "a");
    assert_true(one->count > 0);
    chatter_free(one);
    chatter_free(other);
}

static void
a_timer_that_starts_itself_for_at_once_does_not_delay_sockets(void **state)
{
    struct loop *loop = *state;
    char notes[64] = "";
    struct noted again = {0};
    struct chatter *one;
    int pair[2];

    make_chatty_pair(pair);
    one = chatter_new(loop, pair[0]);
    one->stop_at = 5;
    again.starts = &again.timer;
    noted_start(&again, loop, 'a', notes, 0);
    run_until_stopped(loop);
    assert_in_range(strlen(notes), 4, 6);
    loop_timer_stop(loop, &again.timer);
    chatter_free(one);
    close(pair[1]);
}

static void
two_sockets_that_are_always_ready_get_the_same_share(void **state)
{
    struct loop *loop = *state;
    struct chatter *one, *other;
    int pair[2];

    make_chatty_pair(pair);
    one = chatter_new(loop, pair[0]);
    other = chatter_new(loop, pair[1]);
    one->stop_at = 100;
    run_until_stopped(loop);
    assert_in_range(other->count, 99, 101);
    chatter_free(one);
    chatter_free(other);
}

static void
a_handler_may_free_another_source_that_is_ready_too(void **state)
{
    struct loop *loop = *state;
    struct chatter *one;
    int pair[2];

    make_chatty_pair(pair);
    one = chatter_new(loop, pair[0]);
    one->victim = chatter_new(loop, pair[1]);
    one->stop_at = 3;
    run_until_stopped(loop);
    assert_int_equal(one->count, 3);
    chatter_free(one);
}

static void
a_source_comes_only_for_the_events_it_was_changed_to(void **state)
{
    struct loop *loop = *state;
    char notes[8] = "";
    struct noted last = {.is_last = true};
    struct chatter *one;
    int pair[2];

    make_chatty_pair(pair);
    one = chatter_new(loop, pair[0]);
    assert_true(loop_change(loop, &one->source, 0, NULL));
    noted_start(&last, loop, 'a', notes, 10);
    run_until_stopped(loop);
    assert_int_equal(one->count, 0);
    assert_true(loop_change(loop, &one->source, EPOLLIN, NULL));
    one->stop_at = 1;
    run_until_stopped(loop);
    assert_int_equal(one->count, 1);
    chatter_free(one);
    close(pair[1]);
}

static void
forgetting_twice_does_nothing(void **state)
{
    struct loop *loop = *state;
    struct chatter *one;
    int pair[2];

    make_chatty_pair(pair);
    one = chatter_new(loop, pair[0]);
    loop_forget(loop, &one->source);
    loop_forget(loop, &one->source);
    assert_false(one->source.watched);
    chatter_free(one);
    close(pair[1]);
}

/* What another process does to it that was forked a moment ago: the descriptor is gone, the file it stood for is not.
 */
static int
close_but_keep_a_duplicate(int fd)
{
    int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 100);

    assert_true(duplicate >= 0);
    close(fd);
    return duplicate;
}

static void
a_source_that_was_closed_and_freed_is_not_touched_though_its_file_lives_on(void **state)
{
    struct loop *loop = *state;
    struct chatter *closed, *other;
    int pair[2], duplicate;

    make_chatty_pair(pair);
    closed = chatter_new(loop, pair[0]);
    other = chatter_new(loop, pair[1]);
    duplicate = close_but_keep_a_duplicate(pair[0]);
    loop_forget(loop, &closed->source);
    free(closed);
    other->stop_at = 5;
    run_until_stopped(loop);
    assert_int_equal(other->count, 5);
    chatter_free(other);
    close(duplicate);
}

static void
a_source_that_was_closed_does_not_keep_the_loop_busy(void **state)
{
    struct loop *loop = *state;
    struct chatter *closed, *closed_yet_watched;
    int pair[2], duplicates[2];

    make_chatty_pair(pair);
    closed = chatter_new(loop, pair[0]);
    closed_yet_watched = chatter_new(loop, pair[1]);
    duplicates[0] = close_but_keep_a_duplicate(pair[0]);
    duplicates[1] = close_but_keep_a_duplicate(pair[1]);
    loop_forget(loop, &closed->source);
    turns = 0;
    run_for_ms(loop, SOON_MS);
    assert_in_range(turns, 1, 10);
    assert_int_equal(closed->count, 0);
    free(closed);
    loop_forget(loop, &closed_yet_watched->source);
    free(closed_yet_watched);
    close(duplicates[0]);
    close(duplicates[1]);
}

static void
forgetting_a_closed_source_leaves_the_one_alone_that_has_its_descriptor_now(void **state)
{
    struct loop *loop = *state;
    struct chatter *closed, *other;
    int pair[2], duplicate;

    make_chatty_pair(pair);
    closed = chatter_new(loop, pair[0]);
    duplicate = close_but_keep_a_duplicate(pair[0]);
    assert_int_equal(dup2(pair[1], pair[0]), pair[0]);
    other = chatter_new(loop, pair[0]);
    other->stop_at = 3;
    run_until_stopped(loop); /* the closed one may come once, and must not take the other's place */
    loop_forget(loop, &closed->source);
    free(closed);
    other->stop_at = 6;
    run_until_stopped(loop);
    assert_int_equal(other->count, 6);
    chatter_free(other);
    close(pair[1]);
    close(duplicate);
}

static void
a_source_can_be_watched_anew_after_its_descriptor_was_closed_and_opened_again(void **state)
{
    struct loop *loop = *state;
    struct chatter *one;
    int pair[2], duplicate;

    make_chatty_pair(pair);
    one = chatter_new(loop, pair[0]);
    duplicate = close_but_keep_a_duplicate(pair[0]);
    assert_int_equal(dup2(pair[1], pair[0]), pair[0]);
    loop_forget(loop, &one->source);
    assert_true(loop_watch(loop, &one->source, EPOLLIN, NULL));
    one->stop_at = 3;
    run_until_stopped(loop);
    assert_int_equal(one->count, 3);
    chatter_free(one);
    close(pair[1]);
    close(duplicate);
}

static void
what_cannot_be_watched_is_a_failure_that_says_why(void **state)
{
    struct loop *loop = *state;
    struct loop_source source = {.fd = -1};
    struct failure failure;

    assert_false(loop_watch(loop, &source, EPOLLIN, &failure));
    assert_string_equal(failure.code, "system");
    assert_non_null(strstr(failure.message, strerror(EBADF)));
    assert_false(source.watched);
}

static void
a_stop_before_the_run_holds_for_that_run_only(void **state)
{
    struct loop *loop = *state;
    char notes[8] = "";
    struct noted last = {.is_last = true};

    noted_start(&last, loop, 'a', notes, 0);
    loop_stop(loop);
    assert_true(loop_run(loop, NULL));
    assert_string_equal(notes, "");
    run_until_stopped(loop);
    assert_string_equal(notes, "a");
}

#define LOOP_TEST(function) cmocka_unit_test_setup_teardown(function, make_loop, free_loop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(timers_fire_in_the_order_of_their_deadlines),
        LOOP_TEST(timers_of_one_deadline_fire_in_the_order_they_were_started),
        LOOP_TEST(a_timer_never_fires_before_its_deadline),
        LOOP_TEST(a_timer_that_is_started_again_is_moved_and_fires_once),
        LOOP_TEST(a_timer_may_stop_another_that_is_due_as_well),
        LOOP_TEST(a_timer_that_starts_itself_for_at_once_delays_no_other),
        LOOP_TEST(sockets_that_are_always_ready_do_not_delay_a_timer),
        LOOP_TEST(a_timer_that_starts_itself_for_at_once_does_not_delay_sockets),
        LOOP_TEST(two_sockets_that_are_always_ready_get_the_same_share),
        LOOP_TEST(a_handler_may_free_another_source_that_is_ready_too),
        LOOP_TEST(a_source_comes_only_for_the_events_it_was_changed_to),
        LOOP_TEST(forgetting_twice_does_nothing),
        LOOP_TEST(a_source_that_was_closed_and_freed_is_not_touched_though_its_file_lives_on),
        LOOP_TEST(a_source_that_was_closed_does_not_keep_the_loop_busy),
        LOOP_TEST(forgetting_a_closed_source_leaves_the_one_alone_that_has_its_descriptor_now),
        LOOP_TEST(a_source_can_be_watched_anew_after_its_descriptor_was_closed_and_opened_again),
        LOOP_TEST(what_cannot_be_watched_is_a_failure_that_says_why),
        LOOP_TEST(a_stop_before_the_run_holds_for_that_run_only),
    };

    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
