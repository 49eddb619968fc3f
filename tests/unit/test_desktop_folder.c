/*
 * Where the icons lie: what user-dirs.dirs says in any language, and the first login, when it says nothing yet.
 *
 * SPDX-License-Identifier: MIT
 */
#include "desktop_folder.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cleanup.h"
#include "private_folder.h"

#define HOME   "/home/alice"
#define LENGTH 100000

static char home[PRIVATE_PATH_SIZE];

static void
assert_named(const char *text, const char *expected)
{
    AUTO_FREE char *path = desktop_folder_named(text, HOME);

    if (expected == NULL)
        assert_null(path);
    else
        assert_string_equal(path, expected);
}

static void
the_folder_may_have_any_name_below_home(void **state)
{
    (void) state;
    assert_named("XDG_DESKTOP_DIR=\"$HOME/Desktop\"\n", HOME "/Desktop");
    assert_named("XDG_DESKTOP_DIR=\"$HOME/デスクトップ\"\n", HOME "/デスクトップ");
    assert_named("XDG_DESKTOP_DIR=\"$HOME/Área de trabalho\"\n", HOME "/Área de trabalho");
    assert_named("XDG_DESKTOP_DIR=\"$HOME/a/b\"", HOME "/a/b");
}

static void
the_folder_may_lie_elsewhere(void **state)
{
    (void) state;
    assert_named("XDG_DESKTOP_DIR=\"/srv/desktops/alice\"\n", "/srv/desktops/alice");
}

static void
the_whole_file_of_a_desktop_is_understood(void **state)
{
    (void) state;
    assert_named("# This file is written by xdg-user-dirs-update\n"
                 "# Format is XDG_xxx_DIR=\"$HOME/yyy\"\n"
                 "# \n"
                 "XDG_DESKTOP_DIR=\"$HOME/Schreibtisch\"\n"
                 "XDG_DOWNLOAD_DIR=\"$HOME/Downloads\"\n"
                 "XDG_TEMPLATES_DIR=\"$HOME/Vorlagen\"\n",
                 HOME "/Schreibtisch");
}

static void
blanks_are_allowed_where_the_reference_reader_allows_them(void **state)
{
    (void) state;
    assert_named(" \tXDG_DESKTOP_DIR \t= \"$HOME/Desktop\"  # mine\n", HOME "/Desktop");
}

static void
a_backslash_takes_the_meaning_from_what_follows(void **state)
{
    (void) state;
    assert_named("XDG_DESKTOP_DIR=\"$HOME/a\\\"b\\\\c\\$d\\`e\"\n", HOME "/a\"b\\c$d`e");
}

static void
no_shell_reads_the_file(void **state)
{
    (void) state;
    assert_named("XDG_DESKTOP_DIR=\"$HOME/$(touch x)`id`${PATH}~\"\n", HOME "/$(touch x)`id`${PATH}~");
}

static void
the_last_line_that_can_be_used_counts(void **state)
{
    (void) state;
    assert_named("XDG_DESKTOP_DIR=\"$HOME/One\"\nXDG_DESKTOP_DIR=\"$HOME/Two\"\nXDG_DESKTOP_DIR=\"Three\"\n",
                 HOME "/Two");
}

static void
home_itself_is_named_with_or_without_a_slash(void **state)
{
    (void) state;
    assert_named("XDG_DESKTOP_DIR=\"$HOME/\"\n", HOME "/");
    assert_named("XDG_DESKTOP_DIR=\"$HOME\"\n", HOME);
}

static void
lines_that_say_nothing_of_use_are_passed_over(void **state)
{
    static const char *const TEXTS[] = {
        "",
        "\n\n",
        "XDG_DESKTOP_DIR",
        "XDG_DESKTOP_DIR=",
        "XDG_DESKTOP_DIR=\"",
        "XDG_DESKTOP_DIR=\"\"",
        "XDG_DESKTOP_DIR=\"$HOME/Desktop\n",
        "XDG_DESKTOP_DIR=\"$HOME/Desktop\\",
        "XDG_DESKTOP_DIR=\"$HOME/Desktop\\\n\"",
        "XDG_DESKTOP_DIR=$HOME/Desktop\n",
        "XDG_DESKTOP_DIR='$HOME/Desktop'\n",
        "XDG_DESKTOP_DIR=\"Desktop\"\n",
        "XDG_DESKTOP_DIR=\"$HOMEWORK/Desktop\"\n",
        "XDG_DESKTOP_DIR=\"$OTHER/Desktop\"\n",
        "#XDG_DESKTOP_DIR=\"$HOME/Desktop\"\n",
        "XDG_DESKTOP_DIRS=\"$HOME/Desktop\"\n",
        "xdg_desktop_dir=\"$HOME/Desktop\"\n",
        "XDG_DOWNLOAD_DIR=\"$HOME/Downloads\"\n",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
        assert_named(TEXTS[i], NULL);
}

/* ---- in a home folder ----------------------------------------------------------------------------------------------
 */

static int
set_up(void **state)
{
    (void) state;
    private_folder_make(home);
    setenv("HOME", home, 1);
    setenv("PATH", "/nonexistent", 1); /* no xdg-user-dirs-update that would be waited for */
    unsetenv("XDG_CONFIG_HOME");
    return mkdir(in_folder(home, ".config"), 0700);
}

static int
tear_down(void **state)
{
    (void) state;
    private_folder_remove(home);
    return 0;
}

static void
say(const char *text)
{
    write_text(in_folder(home, ".config/user-dirs.dirs"), text, 0600);
}

/* Opens the folder, and expects the one of this name in the home folder. */
static void
assert_opens(bool prepare, const char *name)
{
    AUTO_FREE char *path = NULL;
    struct failure failure;
    AUTO_CLOSE int folder = desktop_folder_open(prepare, &path, &failure);
    struct stat opened, expected;

    if (folder < 0)
        fail_msg("%s", failure.message);
    assert_string_equal(path, in_folder(home, name));
    assert_int_equal(stat(path, &expected), 0);
    assert_int_equal(fstat(folder, &opened), 0);
    assert_true(opened.st_ino == expected.st_ino && S_ISDIR(opened.st_mode));
}

static void
assert_does_not_open(bool prepare, const char *code)
{
    AUTO_FREE char *path = NULL;
    struct failure failure;

    assert_int_equal(desktop_folder_open(prepare, &path, &failure), -1);
    assert_string_equal(failure.code, code);
}

static void
what_the_file_names_is_opened(void **state)
{
    (void) state;
    say("XDG_DESKTOP_DIR=\"$HOME/デスクトップ\"\n");
    mkdir(in_folder(home, "デスクトップ"), 0700);
    assert_opens(false, "デスクトップ");
}

static void
the_file_may_lie_elsewhere(void **state)
{
    (void) state;
    mkdir(in_folder(home, "settings"), 0700);
    mkdir(in_folder(home, "Mine"), 0700);
    write_text(in_folder(home, "settings/user-dirs.dirs"), "XDG_DESKTOP_DIR=\"$HOME/Mine\"\n", 0600);
    setenv("XDG_CONFIG_HOME", in_folder(home, "settings"), 1);
    assert_opens(false, "Mine");
}

static void
without_a_word_it_is_desktop_made_at_the_first_login(void **state)
{
    (void) state;
    assert_does_not_open(false, "desktop-folder");
    assert_opens(true, "Desktop");
    assert_opens(false, "Desktop");
}

static void
a_new_folder_is_as_open_as_home_and_never_writable_by_others(void **state)
{
    struct stat status;

    (void) state;
    umask(077);
    chmod(home, 0770);
    assert_opens(true, "Desktop");
    assert_int_equal(stat(in_folder(home, "Desktop"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0750);
}

static void
folders_above_it_are_never_made(void **state)
{
    (void) state;
    say("XDG_DESKTOP_DIR=\"$HOME/not/mounted\"\n");
    assert_does_not_open(true, "desktop-folder");
    assert_int_equal(access(in_folder(home, "not"), F_OK), -1);
}

static void
a_desktop_that_is_home_itself_is_none(void **state)
{
    static const char *const TEXTS[] = {"XDG_DESKTOP_DIR=\"$HOME/\"\n", "XDG_DESKTOP_DIR=\"$HOME\"\n",
                                        "XDG_DESKTOP_DIR=\"$HOME/./\"\n"};

    (void) state;
    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        say(TEXTS[i]);
        assert_does_not_open(true, DESKTOP_FOLDER_UNWANTED);
    }
}

static void
a_desktop_that_is_a_file_is_none(void **state)
{
    (void) state;
    write_text(in_folder(home, "Desktop"), "", 0600);
    assert_does_not_open(true, "desktop-folder");
}

static void
a_fifo_in_the_place_of_the_file_holds_nobody_up(void **state)
{
    (void) state;
    assert_int_equal(mkfifo(in_folder(home, ".config/user-dirs.dirs"), 0600), 0);
    assert_does_not_open(true, "desktop-folder");
}

static void
an_endless_file_is_refused(void **state)
{
    char *text = calloc(LENGTH + 1, 1);

    (void) state;
    memset(text, '\n', LENGTH);
    say(text);
    free(text);
    assert_does_not_open(true, "desktop-folder");
}

static void
nobody_is_at_home_without_a_home(void **state)
{
    static const char *const HOMES[] = {"", "relative", "/nonexistent"};

    (void) state;
    for (size_t i = 0; i < sizeof(HOMES) / sizeof(HOMES[0]); i++) {
        setenv("HOME", HOMES[i], 1);
        assert_does_not_open(true, "desktop-folder");
    }
    unsetenv("HOME");
    assert_does_not_open(true, "desktop-folder");
}

/* A program of that name on the way, and the file with which it would end. */
static void
the_program_that_names_the_folder_is_given_time(void **state)
{
    pid_t pid;

    (void) state;
    mkdir(in_folder(home, "bin"), 0700);
    write_text(in_folder(home, "bin/xdg-user-dirs-update"), "#!/bin/sh\n", 0700);
    setenv("PATH", in_folder(home, "bin"), 1);
    mkdir(in_folder(home, "Bureau"), 0700);
    pid = fork();
    if (pid == 0) {
        poll(NULL, 0, 300); /* later than the first look */
        write_text(in_folder(home, "new"), "XDG_DESKTOP_DIR=\"$HOME/Bureau\"\n", 0600);
        _exit(rename(in_folder(home, "new"), in_folder(home, ".config/user-dirs.dirs")));
    }
    assert_opens(true, "Bureau");
    assert_int_equal(access(in_folder(home, "Desktop"), F_OK), -1);
    waitpid(pid, NULL, 0);
}

#define AT_HOME(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_may_have_any_name_below_home),
        cmocka_unit_test(the_folder_may_lie_elsewhere),
        cmocka_unit_test(the_whole_file_of_a_desktop_is_understood),
        cmocka_unit_test(blanks_are_allowed_where_the_reference_reader_allows_them),
        cmocka_unit_test(a_backslash_takes_the_meaning_from_what_follows),
        cmocka_unit_test(no_shell_reads_the_file),
        cmocka_unit_test(the_last_line_that_can_be_used_counts),
        cmocka_unit_test(home_itself_is_named_with_or_without_a_slash),
        cmocka_unit_test(lines_that_say_nothing_of_use_are_passed_over),
        AT_HOME(what_the_file_names_is_opened),
        AT_HOME(the_file_may_lie_elsewhere),
        AT_HOME(without_a_word_it_is_desktop_made_at_the_first_login),
        AT_HOME(a_new_folder_is_as_open_as_home_and_never_writable_by_others),
        AT_HOME(folders_above_it_are_never_made),
        AT_HOME(a_desktop_that_is_home_itself_is_none),
        AT_HOME(a_desktop_that_is_a_file_is_none),
        AT_HOME(a_fifo_in_the_place_of_the_file_holds_nobody_up),
        AT_HOME(an_endless_file_is_refused),
        AT_HOME(nobody_is_at_home_without_a_home),
        AT_HOME(the_program_that_names_the_folder_is_given_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
