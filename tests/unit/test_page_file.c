/*
 * The pages on disk: written whole and for the user alone, swept when they are over, and nothing else touched.
 *
 * SPDX-License-Identifier: MIT
 */
#include "page_file.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "private_folder.h"

#define LINK "https://d-1.studio.eu-west-1.sagemaker.aws/auth?token=eyJ"

static char path[PRIVATE_PATH_SIZE];
static int folder;

static int
set_up(void **state)
{
    (void) state;
    private_folder_make(path);
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0;
}

static int
tear_down(void **state)
{
    (void) state;
    close(folder);
    private_folder_remove(path);
    return 0;
}

static bool
exists(const char *name)
{
    struct stat status;

    return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A file of the user's that was last written so many seconds ago. */
static void
leave_file(const char *name, time_t age)
{
    const struct timespec then[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};

    write_text(in_folder(path, name), "old", 0600);
    assert_int_equal(utimensat(folder, name, then, 0), 0);
}

static void
a_page_is_for_the_user_alone_whatever_the_umask(void **state)
{
    char name[PAGE_NAME_SIZE];
    struct stat status;
    mode_t before = umask(0);

    (void) state;
    assert_true(page_file_write(folder, LINK, name, NULL));
    (void) umask(before);
    assert_int_equal(fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0600);
    assert_int_equal(strlen(name), strlen("open-XXXXXX.html"));
    assert_int_equal(count_entries(path), 1);
}

static void
no_two_pages_have_the_same_name(void **state)
{
    char first[PAGE_NAME_SIZE];
    char second[PAGE_NAME_SIZE];

    (void) state;
    assert_true(page_file_write(folder, LINK, first, NULL));
    assert_true(page_file_write(folder, LINK, second, NULL));
    assert_string_not_equal(first, second);
    assert_int_equal(count_entries(path), 2);
}

/* A limit on file size stands for a full disk: write(2) stores some bytes and then no more. */
static void
a_full_disk_leaves_no_half_page(void **state)
{
    struct rlimit before;
    struct rlimit small;
    struct failure failure = {0};
    char name[PAGE_NAME_SIZE];

    (void) state;
    (void) signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 50;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool written = page_file_write(folder, LINK, name, &failure);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(written);
    assert_string_equal(failure.code, "page");
    assert_null(strstr(failure.message, "token"));
    assert_int_equal(count_entries(path), 0);
}

static void
pages_that_are_over_are_swept_and_living_ones_are_not(void **state)
{
    (void) state;
    leave_file("open-aaaaaa.html", PAGE_LIFE_SECONDS);
    leave_file(".open-aaaaaa", PAGE_LIFE_SECONDS);
    leave_file("open-bbbbbb.html", PAGE_LIFE_SECONDS - 100);
    page_file_sweep(folder);
    assert_false(exists("open-aaaaaa.html"));
    assert_false(exists(".open-aaaaaa"));
    assert_true(exists("open-bbbbbb.html"));
}

/* Otherwise a clock that was set back would keep a page for as long as it was wrong. */
static void
a_page_of_the_future_is_over(void **state)
{
    (void) state;
    leave_file("open-aaaaaa.html", -3600);
    page_file_sweep(folder);
    assert_false(exists("open-aaaaaa.html"));
}

static void
what_only_looks_like_a_page_stays(void **state)
{
    static const char *const NAMES[] = {
        "open-.html",  "open-aaaaa.html",   "open-aaaaaaa.html",   "open-aaaaaa.htm",  "open-AAAAAA.html",
        "open-aaaaaa", ".open-aaaaaa.html", "session-aaaaaa.html", "open-aa.aaa.html", "open.lock"};

    (void) state;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        leave_file(NAMES[i], 100000);
    page_file_remove_all(folder);
    assert_int_equal(count_entries(path), sizeof(NAMES) / sizeof(NAMES[0]));
}

static void
links_folders_and_pipes_with_the_name_of_a_page_stay(void **state)
{
    (void) state;
    leave_file("victim", 100000);
    assert_int_equal(symlinkat("victim", folder, "open-aaaaaa.html"), 0);
    assert_int_equal(mkdirat(folder, "open-bbbbbb.html", 0700), 0);
    assert_int_equal(mkfifoat(folder, "open-cccccc.html", 0600), 0);
    page_file_remove_all(folder);
    assert_int_equal(count_entries(path), 4);
}

static void
files_of_somebody_else_stay(void **state)
{
    (void) state;
    if (geteuid() != 0)
        skip();
    leave_file("open-aaaaaa.html", 100000);
    assert_int_equal(fchownat(folder, "open-aaaaaa.html", STRANGER, (gid_t) -1, 0), 0);
    page_file_remove_all(folder);
    assert_true(exists("open-aaaaaa.html"));
}

static void
the_end_of_the_session_takes_living_pages_too(void **state)
{
    char name[PAGE_NAME_SIZE];

    (void) state;
    assert_true(page_file_write(folder, LINK, name, NULL));
    page_file_remove_all(folder);
    assert_int_equal(count_entries(path), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_is_for_the_user_alone_whatever_the_umask),
        TEST(no_two_pages_have_the_same_name),
        TEST(a_full_disk_leaves_no_half_page),
        TEST(pages_that_are_over_are_swept_and_living_ones_are_not),
        TEST(a_page_of_the_future_is_over),
        TEST(what_only_looks_like_a_page_stays),
        TEST(links_folders_and_pipes_with_the_name_of_a_page_stay),
        TEST(files_of_somebody_else_stay),
        TEST(the_end_of_the_session_takes_living_pages_too),
    };

    return cmocka_run_group_tests_name("page file", tests, NULL, NULL);
}
