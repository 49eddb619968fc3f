/*
 * test_resolver.c: host names: one look-up for all, kept answers, names that hang.
 *
 * The look-up is a stand-in whose answers the names say, but for the last tests, which use the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock_ahead.h"
#include "host_lookup.h"
#include "loop.h"
#include "loop_guard.h"
#include "resolver.h"

#define SOON_MS 50
#define LONG_MS 60000

/* Shared with the workers. */
struct world {
    unsigned look_ups;
    bool is_down;
};

static struct world *world;

static size_t
say(void *answer, const char *text)
{
    size_t length = strlen(text);

    memcpy(answer, text, length);
    return length;
}

static size_t
stand_in(const void *context, const void *request, size_t length, void *answer)
{
    char counted[64];
    unsigned number = __atomic_add_fetch(&world->look_ups, 1, __ATOMIC_SEQ_CST);

    (void) context;
    (void) length;
    if (strncmp(request, "hang", 4) == 0) {
        for (;;)
            pause();
    }
    if (strcmp(request, "crash.test") == 0)
        _exit(1);
    if (strcmp(request, "garbage.test") == 0)
        return say(answer, "+10.0.0.1\n,evil");
    if (strcmp(request, "empty.test") == 0)
        return say(answer, "+");
    if (world->is_down || strcmp(request, "unknown.test") == 0)
        return say(answer, "-Name or service not known");
    (void) snprintf(counted, sizeof(counted), "+10.0.0.%u,[2001:db8::%u]", number, number);
    return say(answer, counted);
}

struct fixture {
    struct loop *loop;
    struct resolver *resolver;
    unsigned answered;
    unsigned stop_at;
};

struct outcome {
    struct fixture *fixture;
    struct resolver_call *call;
    unsigned times;
    char addresses[512]; /* "" when there are none */
    struct failure failure;
    struct outcome *cancels;
    bool frees_resolver;
};

static void
done(void *owner, const char *addresses, const struct failure *failure)
{
    struct outcome *outcome = owner;
    struct fixture *fixture = outcome->fixture;

    outcome->times++;
    fixture->answered++;
    if (addresses)
        (void) snprintf(outcome->addresses, sizeof(outcome->addresses), "%s", addresses);
    else
        outcome->failure = *failure;
    if (outcome->cancels)
        resolver_cancel(outcome->cancels->call);
    if (outcome->frees_resolver) {
        resolver_free(fixture->resolver);
        fixture->resolver = NULL;
    }
    if (fixture->answered == fixture->stop_at)
        loop_stop(fixture->loop);
}

static int
make_resolver(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    *world = (struct world){0};
    fixture->loop = loop_create(NULL);
    fixture->resolver = resolver_create_with(fixture->loop, stand_in, NULL);
    *state = fixture;
    return fixture->loop && fixture->resolver ? 0 : -1;
}

static int
free_resolver(void **state)
{
    struct fixture *fixture = *state;

    resolver_free(fixture->resolver);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void
start(struct fixture *fixture, struct outcome *outcome, const char *host, int64_t milliseconds)
{
    outcome->fixture = fixture;
    outcome->call = resolver_start(fixture->resolver, host, deadline_in_ms(milliseconds), done, outcome, NULL);
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
ask(struct fixture *fixture, struct outcome *outcome, const char *host)
{
    start(fixture, outcome, host, LONG_MS);
    run_until_answered(fixture, 1);
}

static void
a_name_that_resolves_gives_its_addresses(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "one.test");
    assert_string_equal(outcome.addresses, "10.0.0.1,[2001:db8::1]");
}

static void
any_number_that_wait_for_one_name_share_one_look_up(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcomes[10] = {0};

    for (size_t i = 0; i < 10; i++)
        start(fixture, &outcomes[i], i % 2 ? "one.test" : "ONE.test", LONG_MS);
    run_until_answered(fixture, 10);
    for (size_t i = 0; i < 10; i++)
        assert_string_equal(outcomes[i].addresses, "10.0.0.1,[2001:db8::1]");
    assert_int_equal(world->look_ups, 1);
}

static void
an_answer_is_kept_and_given_without_a_look_up(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0}, second = {0};

    assert_null(resolver_known(fixture->resolver, "one.test"));
    ask(fixture, &first, "one.test");
    assert_string_equal(resolver_known(fixture->resolver, "one.test"), first.addresses);
    ask(fixture, &second, "one.test");
    assert_string_equal(second.addresses, first.addresses);
    assert_int_equal(world->look_ups, 1);
}

static void
a_name_that_was_forgotten_is_looked_up_anew(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0}, second = {0};

    ask(fixture, &first, "one.test");
    resolver_forget(fixture->resolver, "one.test");
    assert_null(resolver_known(fixture->resolver, "one.test"));
    ask(fixture, &second, "one.test");
    assert_string_equal(second.addresses, "10.0.0.2,[2001:db8::2]");
}

static void
an_answer_that_was_promised_comes_although_the_name_is_forgotten_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0}, second = {0};

    ask(fixture, &first, "one.test");
    start(fixture, &second, "one.test", LONG_MS);
    resolver_forget(fixture->resolver, "one.test");
    run_until_answered(fixture, 1);
    assert_string_equal(second.addresses, first.addresses);
}

static void
wait_for_look_ups(struct fixture *fixture, unsigned count)
{
    struct deadline patience = deadline_in_ms(LONG_MS);

    while (__atomic_load_n(&world->look_ups, __ATOMIC_SEQ_CST) < count && !deadline_passed(patience))
        run_for_ms(fixture->loop, 5);
    assert_int_equal(world->look_ups, count);
}

static void
an_old_answer_is_given_at_once_while_a_new_one_is_fetched(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0};
    const char *known;

    ask(fixture, &first, "one.test");
    clock_ahead_ms += RESOLVER_FRESH_MS;
    assert_string_equal(resolver_known(fixture->resolver, "one.test"), first.addresses);
    wait_for_look_ups(fixture, 2);
    while ((known = resolver_known(fixture->resolver, "one.test")) && strcmp(known, first.addresses) == 0)
        run_for_ms(fixture->loop, 5);
    assert_string_equal(known, "10.0.0.2,[2001:db8::2]");
    assert_int_equal(world->look_ups, 2);
}

static void
an_answer_that_is_too_old_is_not_given(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0}, second = {0};

    ask(fixture, &first, "one.test");
    clock_ahead_ms += RESOLVER_STALE_MS;
    assert_null(resolver_known(fixture->resolver, "one.test"));
    ask(fixture, &second, "one.test");
    assert_string_equal(second.addresses, "10.0.0.2,[2001:db8::2]");
}

static void
while_the_name_servers_are_down_an_old_answer_serves_and_they_are_not_asked_each_time(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0};

    ask(fixture, &first, "one.test");
    world->is_down = true;
    clock_ahead_ms += RESOLVER_FRESH_MS;
    for (unsigned i = 0; i < 10; i++) {
        assert_string_equal(resolver_known(fixture->resolver, "one.test"), first.addresses);
        run_for_ms(fixture->loop, 5);
    }
    wait_for_look_ups(fixture, 2);
    do {
        clock_ahead_ms += RESOLVER_AGAIN_MS;
        assert_string_equal(resolver_known(fixture->resolver, "one.test"), first.addresses);
        run_for_ms(fixture->loop, 5);
    } while (__atomic_load_n(&world->look_ups, __ATOMIC_SEQ_CST) == 2);
}

static void
a_look_up_that_hangs_is_given_up_and_begun_anew_for_those_who_still_wait(void **state)
{
    struct fixture *fixture = *state;
    struct outcome patient = {0};

    start(fixture, &patient, "hang.test", RESOLVER_LOOK_UP_MS + LONG_MS);
    wait_for_look_ups(fixture, 1);
    clock_ahead_ms += RESOLVER_LOOK_UP_MS;
    wait_for_look_ups(fixture, 2);
    assert_int_equal(patient.times, 0);
    resolver_cancel(patient.call);
}

static void
an_unknown_name_is_a_dns_failure_that_gives_name_and_reason(void **state)
{
    struct outcome outcome = {0};

    ask(*state, &outcome, "unknown.test");
    assert_string_equal(outcome.addresses, "");
    assert_string_equal(outcome.failure.code, "dns");
    assert_non_null(strstr(outcome.failure.message, "unknown.test"));
    assert_non_null(strstr(outcome.failure.message, "Name or service not known"));
}

static void
a_failed_look_up_is_not_kept(void **state)
{
    struct fixture *fixture = *state;
    struct outcome first = {0}, second = {0};

    world->is_down = true;
    ask(fixture, &first, "one.test");
    assert_string_equal(first.failure.code, "dns");
    world->is_down = false;
    ask(fixture, &second, "one.test");
    assert_string_equal(second.addresses, "10.0.0.2,[2001:db8::2]");
}

static void
an_answer_that_is_not_addresses_is_refused(void **state)
{
    struct outcome garbage = {0}, empty = {0};

    ask(*state, &garbage, "garbage.test");
    assert_string_equal(garbage.failure.code, "dns");
    ask(*state, &empty, "empty.test");
    assert_string_equal(empty.failure.code, "dns");
}

static void
a_look_up_that_crashes_is_a_dns_failure_and_the_next_works(void **state)
{
    struct outcome crashed = {0}, next = {0};

    ask(*state, &crashed, "crash.test");
    assert_string_equal(crashed.failure.code, "dns");
    ask(*state, &next, "one.test");
    assert_string_not_equal(next.addresses, "");
}

static void
who_waits_for_a_name_that_hangs_is_told_at_his_own_deadline(void **state)
{
    struct fixture *fixture = *state;
    struct outcome early = {0}, late = {0};

    start(fixture, &late, "hang.test", LONG_MS);
    wait_for_look_ups(fixture, 1);
    start(fixture, &early, "hang.test", SOON_MS);
    run_until_answered(fixture, 1);
    assert_int_equal(late.times, 0);
    assert_string_equal(early.failure.code, "timeout");
    assert_non_null(strstr(early.failure.message, "hang.test"));
    assert_int_equal(world->look_ups, 1);
    resolver_cancel(late.call);
}

static void
a_name_that_hangs_holds_one_worker_however_many_wait_and_come_again(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung[20] = {0}, other = {0};

    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 10; i++)
            start(fixture, &hung[round * 10 + i], "hang.test", SOON_MS);
        run_until_answered(fixture, 10);
    }
    wait_for_look_ups(fixture, 1);
    ask(fixture, &other, "one.test");
    assert_string_not_equal(other.addresses, "");
    assert_int_equal(world->look_ups, 2);
}

static void
three_names_that_hang_do_not_delay_a_fourth(void **state)
{
    struct fixture *fixture = *state;
    struct outcome hung[3] = {0}, other = {0};

    start(fixture, &hung[0], "hang1.test", LONG_MS);
    start(fixture, &hung[1], "hang2.test", LONG_MS);
    start(fixture, &hung[2], "hang3.test", LONG_MS);
    ask(fixture, &other, "one.test");
    assert_string_not_equal(other.addresses, "");
    assert_int_equal(hung[0].times + hung[1].times + hung[2].times, 0);
}

static void
who_cancels_hears_nothing_and_the_others_hear_all(void **state)
{
    struct fixture *fixture = *state;
    struct outcome cancelled = {0}, other = {0};

    start(fixture, &cancelled, "one.test", LONG_MS);
    start(fixture, &other, "one.test", LONG_MS);
    resolver_cancel(cancelled.call);
    run_until_answered(fixture, 1);
    assert_string_not_equal(other.addresses, "");
    assert_int_equal(cancelled.times, 0);
}

static void
a_callback_may_cancel_one_that_waits_for_the_same_name(void **state)
{
    struct fixture *fixture = *state;
    struct outcome second = {0}, first = {.cancels = &second};

    start(fixture, &first, "one.test", LONG_MS);
    start(fixture, &second, "one.test", LONG_MS);
    run_until_answered(fixture, 1);
    run_for_ms(fixture->loop, SOON_MS);
    assert_int_equal(first.times, 1);
    assert_int_equal(second.times, 0);
}

static void
a_callback_may_free_the_resolver(void **state)
{
    struct fixture *fixture = *state;
    struct outcome second = {0}, hung = {0}, first = {.frees_resolver = true};

    start(fixture, &first, "one.test", LONG_MS);
    start(fixture, &second, "one.test", LONG_MS);
    start(fixture, &hung, "hang.test", LONG_MS);
    run_until_answered(fixture, 1);
    run_for_ms(fixture->loop, SOON_MS);
    assert_int_equal(second.times + hung.times, 0);
}

static void
what_is_not_a_host_name_is_refused_before_any_look_up(void **state)
{
    static const char *const names[] = {"",    "a b",   "a/b",           "-a", ".a", "a:80", "a,b",
                                        "a\n", "[::1]", "\xc3\xa9.test", "a_b"};
    const struct fixture *fixture = *state;
    char long_name[HOST_NAME_LIMIT + 2];
    struct failure failure;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_null(resolver_start(fixture->resolver, names[i], deadline_in_ms(LONG_MS), done, NULL, &failure));
        assert_string_equal(failure.code, "dns");
    }
    memset(long_name, 'a', HOST_NAME_LIMIT + 1);
    long_name[HOST_NAME_LIMIT + 1] = '\0';
    assert_null(resolver_start(fixture->resolver, long_name, deadline_in_ms(LONG_MS), done, NULL, &failure));
    assert_int_equal(world->look_ups, 0);
}

static void
more_names_than_can_be_kept_still_resolve(void **state)
{
    struct fixture *fixture = *state;
    char name[32];

    for (unsigned i = 0; i < 300; i++) {
        struct outcome outcome = {0};

        (void) snprintf(name, sizeof(name), "host%u.test", i);
        ask(fixture, &outcome, name);
        assert_string_not_equal(outcome.addresses, "");
    }
    assert_non_null(resolver_known(fixture->resolver, "host299.test"));
    assert_null(resolver_known(fixture->resolver, "host0.test"));
}

static void
localhost_resolves_with_the_real_look_up(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};

    resolver_free(fixture->resolver);
    fixture->resolver = resolver_create(fixture->loop, NULL);
    assert_non_null(fixture->resolver);
    ask(fixture, &outcome, "localhost");
    assert_non_null(strstr(outcome.addresses, "127.0.0.1"));
}

static void
an_address_is_its_own_answer_with_the_real_look_up(void **state)
{
    struct fixture *fixture = *state;
    struct outcome outcome = {0};

    resolver_free(fixture->resolver);
    fixture->resolver = resolver_create(fixture->loop, NULL);
    assert_non_null(fixture->resolver);
    ask(fixture, &outcome, "192.0.2.7");
    assert_string_equal(outcome.addresses, "192.0.2.7");
}

static size_t
no_job(const void *context, const void *request, size_t length, void *answer)
{
    (void) context, (void) request, (void) length, (void) answer;
    return 0;
}

static void
the_workers_of_another_pool_look_up_as_well_and_outlive_the_resolver(void **state)
{
    struct fixture *fixture = *state;
    struct worker_pool *pool = worker_pool_create(fixture->loop, "other", no_job, NULL, 1, NULL);
    struct outcome outcome = {0};

    resolver_free(fixture->resolver);
    fixture->resolver = resolver_create_beside(fixture->loop, pool, NULL);
    assert_non_null(fixture->resolver);
    ask(fixture, &outcome, "192.0.2.7");
    assert_string_equal(outcome.addresses, "192.0.2.7");
    assert_non_null(resolver_start(fixture->resolver, "192.0.2.8", deadline_in_ms(60000), done, &outcome, NULL));
    resolver_free(fixture->resolver); /* with a look-up under way */
    fixture->resolver = NULL;
    worker_pool_free(pool);
}

#define RESOLVER_TEST(function) cmocka_unit_test_setup_teardown(function, make_resolver, free_resolver)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        RESOLVER_TEST(a_name_that_resolves_gives_its_addresses),
        RESOLVER_TEST(the_workers_of_another_pool_look_up_as_well_and_outlive_the_resolver),
        RESOLVER_TEST(any_number_that_wait_for_one_name_share_one_look_up),
        RESOLVER_TEST(an_answer_is_kept_and_given_without_a_look_up),
        RESOLVER_TEST(a_name_that_was_forgotten_is_looked_up_anew),
        RESOLVER_TEST(an_answer_that_was_promised_comes_although_the_name_is_forgotten_meanwhile),
        RESOLVER_TEST(an_old_answer_is_given_at_once_while_a_new_one_is_fetched),
        RESOLVER_TEST(an_answer_that_is_too_old_is_not_given),
        RESOLVER_TEST(while_the_name_servers_are_down_an_old_answer_serves_and_they_are_not_asked_each_time),
        RESOLVER_TEST(a_look_up_that_hangs_is_given_up_and_begun_anew_for_those_who_still_wait),
        RESOLVER_TEST(an_unknown_name_is_a_dns_failure_that_gives_name_and_reason),
        RESOLVER_TEST(a_failed_look_up_is_not_kept),
        RESOLVER_TEST(an_answer_that_is_not_addresses_is_refused),
        RESOLVER_TEST(a_look_up_that_crashes_is_a_dns_failure_and_the_next_works),
        RESOLVER_TEST(who_waits_for_a_name_that_hangs_is_told_at_his_own_deadline),
        RESOLVER_TEST(a_name_that_hangs_holds_one_worker_however_many_wait_and_come_again),
        RESOLVER_TEST(three_names_that_hang_do_not_delay_a_fourth),
        RESOLVER_TEST(who_cancels_hears_nothing_and_the_others_hear_all),
        RESOLVER_TEST(a_callback_may_cancel_one_that_waits_for_the_same_name),
        RESOLVER_TEST(a_callback_may_free_the_resolver),
        RESOLVER_TEST(what_is_not_a_host_name_is_refused_before_any_look_up),
        RESOLVER_TEST(more_names_than_can_be_kept_still_resolve),
        RESOLVER_TEST(localhost_resolves_with_the_real_look_up),
        RESOLVER_TEST(an_address_is_its_own_answer_with_the_real_look_up),
    };

    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (world == MAP_FAILED)
        return EXIT_FAILURE;
    return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
