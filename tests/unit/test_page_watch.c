/*
 * What the keeper of a page makes of what happens to it: the lock, the browser's end, the end of the link.
 *
 * SPDX-License-Identifier: MIT
 */
#include "page_watch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "clock_ahead.h"
#include "private_folder.h"

#define PAGE        "open-aaaaaa.html"
#define LONG_LIFE   300 /* seconds */
#define SHORT_LIFE  1
#define BROWSER_BAD 3

static char path[PRIVATE_PATH_SIZE];
static int folder;
static struct page_watch watch;

static int
set_up(void **state)
{
    (void) state;
    clock_ahead_ms = 0;
    private_folder_make(path);
    write_text(in_folder(path, PAGE), "page", 0600);
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0;
}

static int
tear_down(void **state)
{
    (void) state;
    page_watch_end(&watch);
    close(folder);
    private_folder_remove(path);
    return 0;
}

static void
begin(int64_t seconds_left)
{
    assert_true(page_watch_begin(&watch, folder, PAGE, seconds_left, dup(folder)));
}

static void
open_page(void)
{
    int page = openat(folder, PAGE, O_RDONLY | O_CLOEXEC);

    assert_true(page >= 0);
    close(page);
}

static pid_t
browser_that_exits(int status)
{
    pid_t browser = fork();

    if (browser == 0)
        _exit(status);
    assert_true(browser > 0);
    return browser;
}

static void
wait_with(pid_t browser)
{
    watch.browser = browser;
    page_watch_wait(&watch);
}

static void
it_ends_with_the_link(void **state)
{
    (void) state;
    begin(SHORT_LIFE);
    wait_with(browser_that_exits(0));
    assert_true(watch.over);
    assert_false(watch.browser_failed);
}

static void
a_browser_that_fails_at_once_is_seen_in_its_first_moment(void **state)
{
    (void) state;
    begin(LONG_LIFE);
    page_watch_first_moment(&watch, browser_that_exits(3));
    assert_true(watch.browser_failed);
    assert_int_equal(WEXITSTATUS(watch.status), 3);
}

static void
the_first_moment_is_over_when_the_browser_has_handed_the_page_on(void **state)
{
    (void) state;
    begin(LONG_LIFE);
    page_watch_first_moment(&watch, browser_that_exits(0));
    assert_false(watch.browser_failed || watch.over);
    assert_int_equal(watch.browser, 0);
}

static void
the_first_moment_is_over_when_the_page_is_opened(void **state)
{
    pid_t browser = getppid(); /* one that goes on */

    (void) state;
    begin(LONG_LIFE);
    open_page();
    page_watch_first_moment(&watch, browser);
    assert_true(watch.opened);
    assert_false(watch.over);
    watch.browser = 0;
}

static void
it_ends_when_the_page_is_gone(void **state)
{
    (void) state;
    begin(LONG_LIFE);
    assert_int_equal(unlinkat(folder, PAGE, 0), 0);
    wait_with(0);
    assert_true(watch.over);
}

static void
it_ends_when_it_is_asked_to(void **state)
{
    (void) state;
    begin(LONG_LIFE);
    assert_int_equal(raise(SIGTERM), 0);
    wait_with(0);
    assert_true(watch.over);
}

static void
the_hangup_of_a_terminal_is_no_reason_to_end(void **state)
{
    (void) state;
    begin(SHORT_LIFE);
    assert_int_equal(raise(SIGHUP), 0);
    wait_with(0);
    assert_true(watch.over);
}

/* As when the user's programs have taken all of his inotify instances: room for two more descriptors, not for three. */
static void
begin_unwatched(int64_t seconds_left)
{
    int lock = dup(folder);
    int first = dup(folder);
    int second = dup(folder);
    struct rlimit usual;
    bool begun;

    close(first);
    close(second);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = (rlim_t) second + 1, .rlim_max = usual.rlim_max}), 0);
    begun = page_watch_begin(&watch, folder, PAGE, seconds_left, lock);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_true(begun);
    assert_int_equal(watch.opening, -1);
}

static void
a_page_that_cannot_be_watched_is_kept_until_its_link_is_dead(void **state)
{
    (void) state;
    begin_unwatched(SHORT_LIFE);
    wait_with(browser_that_exits(0));
    assert_true(watch.over);
    assert_false(watch.browser_failed);
}

static void
a_page_that_cannot_be_watched_holds_clicks_off_for_a_shorter_time(void **state)
{
    (void) state;
    begin_unwatched(LONG_LIFE);
    assert_in_range(deadline_left_ms(watch.lock_until), 0, BROWSER_TROUBLE_MS);
    assert_true(watch.lock >= 0);
}

static void
a_browser_that_fails_before_anybody_read_the_page_has_failed(void **state)
{
    (void) state;
    begin(LONG_LIFE);
    wait_with(browser_that_exits(BROWSER_BAD));
    assert_true(watch.browser_failed);
    assert_int_equal(WEXITSTATUS(watch.status), BROWSER_BAD);
    assert_int_equal(watch.lock, -1);
}

static void
a_browser_that_fails_after_the_page_was_read_only_gives_the_lock_back(void **state)
{
    (void) state;
    begin(SHORT_LIFE);
    open_page();
    wait_with(browser_that_exits(BROWSER_BAD));
    assert_false(watch.browser_failed);
    assert_int_equal(watch.lock, -1);
}

static void
a_browser_that_fails_later_on_is_the_users_own_affair(void **state)
{
    (void) state;
    begin(SHORT_LIFE);
    clock_ahead_ms = BROWSER_TROUBLE_MS;
    wait_with(browser_that_exits(BROWSER_BAD));
    assert_false(watch.browser_failed);
}

static void
the_lock_is_kept_as_long_as_nobody_reads_the_page(void **state)
{
    (void) state;
    begin(SHORT_LIFE);
    wait_with(browser_that_exits(0));
    assert_false(watch.opened);
    assert_true(watch.lock >= 0);
}

static void
the_lock_is_not_kept_for_ever(void **state)
{
    (void) state;
    begin(SHORT_LIFE);
    clock_ahead_ms = LOCK_AT_MOST_MS;
    wait_with(browser_that_exits(0));
    assert_int_equal(watch.lock, -1);
}

static void
the_lock_is_kept_for_no_more_than_a_moment_after_the_page_was_read(void **state)
{
    (void) state;
    begin(SHORT_LIFE);
    open_page();
    wait_with(browser_that_exits(0));
    assert_true(watch.opened);
    assert_true(deadline_left_ms(watch.lock_until) < LOCK_AFTER_OPENED_MS);
}

static void
a_page_that_is_not_there_cannot_be_watched(void **state)
{
    (void) state;
    assert_int_equal(unlinkat(folder, PAGE, 0), 0);
    assert_false(page_watch_begin(&watch, folder, PAGE, LONG_LIFE, -1));
}

static void
a_link_is_not_watched_in_the_place_of_a_page(void **state)
{
    (void) state;
    assert_int_equal(unlinkat(folder, PAGE, 0), 0);
    assert_int_equal(symlinkat("/etc/passwd", folder, PAGE), 0);
    begin(SHORT_LIFE);
    int other = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    assert_true(other >= 0);
    close(other);
    wait_with(0);
    assert_false(watch.opened);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_browser_that_fails_at_once_is_seen_in_its_first_moment),
        TEST(the_first_moment_is_over_when_the_browser_has_handed_the_page_on),
        TEST(the_first_moment_is_over_when_the_page_is_opened),
        TEST(it_ends_with_the_link),
        TEST(it_ends_when_the_page_is_gone),
        TEST(it_ends_when_it_is_asked_to),
        TEST(the_hangup_of_a_terminal_is_no_reason_to_end),
        TEST(a_page_that_cannot_be_watched_is_kept_until_its_link_is_dead),
        TEST(a_page_that_cannot_be_watched_holds_clicks_off_for_a_shorter_time),
        TEST(a_browser_that_fails_before_anybody_read_the_page_has_failed),
        TEST(a_browser_that_fails_after_the_page_was_read_only_gives_the_lock_back),
        TEST(a_browser_that_fails_later_on_is_the_users_own_affair),
        TEST(the_lock_is_kept_as_long_as_nobody_reads_the_page),
        TEST(the_lock_is_not_kept_for_ever),
        TEST(the_lock_is_kept_for_no_more_than_a_moment_after_the_page_was_read),
        TEST(a_page_that_is_not_there_cannot_be_watched),
        TEST(a_link_is_not_watched_in_the_place_of_a_page),
    };

    return cmocka_run_group_tests_name("page watch", tests, NULL, NULL);
}
