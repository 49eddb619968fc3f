/*
 * Does a command start a snap or a Flatpak application?
 *
 * SPDX-License-Identifier: MIT
 */
#include "browser_confinement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "desktop_home.h"

#define WORDS(...) ((char *const[]){__VA_ARGS__, NULL})

static struct user_browser
judge(const char *program, char *const *words)
{
    struct user_browser browser = USER_BROWSER_NONE;

    browser_confine_by_command(&browser, program, words);
    return browser;
}

static void
expect_snap(const char *program, char *const *words, const char *name)
{
    struct user_browser browser = judge(program, words);

    assert_int_equal(browser.confinement, BROWSER_SNAP);
    assert_string_equal(browser.confined_name, name);
}

static void
expect_flatpak(const char *program, char *const *words, const char *name)
{
    struct user_browser browser = judge(program, words);

    assert_int_equal(browser.confinement, BROWSER_FLATPAK);
    assert_string_equal(browser.confined_name, name);
}

static void
expect_free(const char *program, char *const *words)
{
    struct user_browser browser = judge(program, words);

    assert_int_equal(browser.confinement, BROWSER_FREE);
    assert_string_equal(browser.confined_name, "");
}

static void
a_program_of_snapds_folder_is_a_snap(void **state)
{
    (void) state;
    expect_snap("/snap/bin/firefox", WORDS("firefox"), "firefox");
    expect_snap("/snap/bin/chromium.beta", WORDS("chromium.beta"), "chromium");
    expect_snap("/snap/bin/firefox_dev", WORDS("firefox_dev"), "firefox_dev");
    expect_snap("/var/lib/snapd/snap/bin/firefox", WORDS("firefox"), "firefox");
    expect_free("/opt/snap/bin/firefox", WORDS("firefox"));
    expect_free("/snap/binaries/firefox", WORDS("firefox"));
}

static void
snap_run_is_a_snap(void **state)
{
    (void) state;
    expect_snap("/usr/bin/snap", WORDS("snap", "run", "--shell", "firefox.app", "x"), "firefox");
    expect_free("/usr/bin/snap", WORDS("snap", "install", "firefox"));
    expect_free("/usr/bin/snap", WORDS("snap", "run"));
}

static void
a_program_behind_env_is_found(void **state)
{
    (void) state;
    add_program("bin/flatpak", "");
    expect_flatpak("/usr/bin/env", WORDS("env", "-i", "-u", "X", "A=b", "flatpak", "run", "org.x.Y"), "org.x.Y");
    expect_free("/usr/bin/env", WORDS("env"));
    expect_free("/usr/bin/env", WORDS("env", "A=b"));
}

static void
flatpak_run_is_a_flatpak(void **state)
{
    (void) state;
    expect_flatpak("/usr/bin/flatpak",
                   WORDS("/usr/bin/flatpak", "run", "--branch=stable", "--command=firefox", "--file-forwarding",
                         "org.mozilla.firefox", "@@u", "x", "@@"),
                   "org.mozilla.firefox");
    expect_flatpak("/usr/bin/flatpak", WORDS("flatpak", "run", "org.mozilla.firefox//beta"), "org.mozilla.firefox");
    expect_free("/usr/bin/flatpak", WORDS("flatpak", "list"));
    expect_free("/usr/bin/flatpak", WORDS("flatpak", "run", "../../x", ".."));
}

static void
flatpaks_exported_program_is_a_flatpak(void **state)
{
    (void) state;
    expect_flatpak("/var/lib/flatpak/exports/bin/org.x.Y", WORDS("org.x.Y"), "org.x.Y");
    expect_flatpak("/home/a/.local/share/flatpak/exports/bin/org.x.Y", WORDS("org.x.Y"), "org.x.Y");
}

static void
a_link_to_a_snap_is_one(void **state)
{
    (void) state;
    assert_int_equal(symlink("/snap/bin/firefox", at_home("bin/web")), 0);
    assert_int_equal(symlink("web", at_home("bin/x-www-browser")), 0);
    assert_int_equal(symlink("/usr/bin/snap", at_home("bin/brave")), 0);
    assert_int_equal(symlink("loop", at_home("bin/loop")), 0);
    expect_snap(at_home("bin/x-www-browser"), WORDS("x-www-browser"), "firefox");
    expect_snap(at_home("bin/brave"), WORDS("brave"), "brave");
    expect_free(at_home("bin/loop"), WORDS("loop"));
}

static void
a_script_that_ends_in_a_snap_is_one(void **state)
{
    (void) state;
    add_program("bin/firefox", "#!/bin/sh\n"
                               "if ! [ -x /snap/bin/firefox ]; then\n"
                               "    exit 1\n"
                               "fi\n"
                               "exec /snap/bin/firefox \"$@\"\n");
    add_program("bin/other", "#!/bin/sh\n# is not in /snap/bin/firefox\nexec /opt/firefox \"$@\"\n");
    add_program("bin/binary", "\177ELF exec /snap/bin/firefox");
    expect_snap(at_home("bin/firefox"), WORDS("firefox"), "firefox");
    expect_free(at_home("bin/other"), WORDS("other"));
    expect_free(at_home("bin/binary"), WORDS("binary"));
}

static void
a_script_for_a_snap_that_is_not_installed_is_told(void **state)
{
    (void) state;
    add_program("bin/firefox", "#!/bin/sh\nexec /snap/bin/no-such-snap \"$@\"\n");
    add_program("bin/other", "#!/bin/sh\nexec /opt/firefox \"$@\"\n");
    assert_true(snap_is_missing(at_home("bin/firefox")));
    assert_false(snap_is_missing(at_home("bin/other")));
    assert_false(snap_is_missing(at_home("bin/nothing")));
}

static void
a_name_that_could_lead_elsewhere_is_not_taken(void **state)
{
    static const char *const names[] = {"", ".", "..", "../x", "a/b", "-x", "a b", "a\n", ".a"};
    struct user_browser browser = USER_BROWSER_NONE;
    char longest[BROWSER_NAME_SIZE + 1];

    (void) state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_false(browser_confine(&browser, BROWSER_SNAP, names[i]));
        assert_false(browser_confine(&browser, BROWSER_FLATPAK, names[i]));
    }
    memset(longest, 'a', BROWSER_NAME_SIZE);
    longest[BROWSER_NAME_SIZE] = '\0';
    assert_false(browser_confine(&browser, BROWSER_SNAP, longest));
    assert_int_equal(browser.confinement, BROWSER_FREE);
    assert_true(browser_confine(&browser, BROWSER_SNAP, longest + 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_of_snapds_folder_is_a_snap),
        cmocka_unit_test(snap_run_is_a_snap),
        AT_HOME(a_program_behind_env_is_found),
        cmocka_unit_test(flatpak_run_is_a_flatpak),
        cmocka_unit_test(flatpaks_exported_program_is_a_flatpak),
        AT_HOME(a_link_to_a_snap_is_one),
        AT_HOME(a_script_that_ends_in_a_snap_is_one),
        AT_HOME(a_script_for_a_snap_that_is_not_installed_is_told),
        cmocka_unit_test(a_name_that_could_lead_elsewhere_is_not_taken),
    };

    return cmocka_run_group_tests_name("browser_confinement", tests, NULL, NULL);
}
