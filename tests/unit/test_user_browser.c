/*
 * Which program opens https links for the user, and with which arguments.
 *
 * SPDX-License-Identifier: MIT
 */
#include "user_browser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "desktop_home.h"

#define URL                "file:///run/user/1000/page.html"
#define ENTRY(name, lines) "[Desktop Entry]\nType=Application\nName=" name "\n" lines "\n"
#define HANDLER(id)        "[Default Applications]\nx-scheme-handler/https=" id "\n"
#define BROWSER_SCRIPT     "#!/bin/sh\n"

/* Program and arguments with the page, each in brackets. */
static void
show_command(const struct user_browser *browser, char *shown, size_t size)
{
    char **arguments = user_browser_arguments(browser, URL);
    size_t used = (size_t) snprintf(shown, size, "%s:", browser->program);

    assert_non_null(arguments);
    for (char **argument = arguments; *argument != NULL; argument++)
        used += (size_t) snprintf(shown + used, size - used, "[%s]", *argument);
    user_browser_free_arguments(arguments);
}

/* The browser is called so, is this program of the test's folder, and is started with these arguments. */
static void
expect_browser(const char *preferred, const char *name, const char *program, const char *arguments)
{
    AUTO_USER_BROWSER struct user_browser browser = USER_BROWSER_NONE;
    struct failure failure = {.message = ""};
    char shown[4096];
    char expected[4096];

    if (!user_browser_find(preferred, &browser, &failure))
        fail_msg("%s", failure.message);
    show_command(&browser, shown, sizeof(shown));
    snprintf(expected, sizeof(expected), "%s:%s", at_home(program), arguments);
    assert_string_equal(shown, expected);
    assert_string_equal(browser.name, name);
}

static void
expect_confinement(enum browser_confinement confinement, const char *name)
{
    AUTO_USER_BROWSER struct user_browser browser = USER_BROWSER_NONE;

    assert_true(user_browser_find(NULL, &browser, NULL));
    assert_int_equal(browser.confinement, confinement);
    assert_string_equal(browser.confined_name, name);
}

/* An entry that is the handler of https, and one that is next in line. */
static void
add_handler(const char *entry)
{
    add_program("bin/next", BROWSER_SCRIPT);
    add_file("config/mimeapps.list", HANDLER("first.desktop;next.desktop"));
    add_file("data/applications/first.desktop", entry);
    add_file("data/applications/next.desktop", ENTRY("Next", "Exec=next %u"));
}

static void
expect_next(void)
{
    expect_browser(NULL, "Next", "bin/next", "[next][" URL "]");
}

static void
the_administrators_choice_comes_before_the_users(void **state)
{
    (void) state;
    add_program("bin/managed", BROWSER_SCRIPT);
    add_program("bin/own", BROWSER_SCRIPT);
    add_handler(ENTRY("First", "Exec=next"));
    setenv("BROWSER", "own", 1);
    expect_browser("managed", "managed", "bin/managed", "[managed][" URL "]");
    expect_browser("", "own", "bin/own", "[own][" URL "]");
    unsetenv("BROWSER");
    expect_browser(NULL, "First", "bin/next", "[next][" URL "]");
}

static void
an_absolute_path_may_be_preferred(void **state)
{
    char argument[PATH_MAX];

    (void) state;
    add_program("far/program", BROWSER_SCRIPT);
    snprintf(argument, sizeof(argument), "[%s][" URL "]", at_home("far/program"));
    expect_browser(at_home("far/program"), "program", "far/program", argument);
}

static void
a_preferred_program_that_cannot_be_started_is_passed_over(void **state)
{
    (void) state;
    add_handler(ENTRY("First", "Exec=next"));
    add_file("bin/data", BROWSER_SCRIPT);
    make_folder("bin/folder");
    expect_browser("nonsense", "First", "bin/next", "[next][" URL "]");
    expect_browser("data", "First", "bin/next", "[next][" URL "]");
    expect_browser("folder", "First", "bin/next", "[next][" URL "]");
    expect_browser("../bin/next", "First", "bin/next", "[next][" URL "]");
}

static void
the_variable_is_a_list_of_commands_without_a_shell(void **state)
{
    (void) state;
    add_program("bin/own", BROWSER_SCRIPT);
    setenv("BROWSER", "nonsense:own --app=%s $HOME 'a;b' 50%% a%cb %20", 1);
    expect_browser(NULL, "own", "bin/own", "[own][--app=" URL "][$HOME]['a;b'][50%][a:b][%20]");
    setenv("BROWSER", "::  own   -x \"%s\" &  ", 1);
    expect_browser(NULL, "own", "bin/own", "[own][-x][" URL "]");
    setenv("BROWSER", "own\t-x", 1);
    expect_browser(NULL, "own", "bin/own", "[own][-x][" URL "]");
}

static void
what_would_open_an_editor_or_a_terminal_is_passed_over(void **state)
{
    (void) state;
    add_handler(ENTRY("First", "Exec=xdg-open %u"));
    add_program("bin/xdg-open", BROWSER_SCRIPT);
    add_program("bin/lynx", BROWSER_SCRIPT);
    add_program("bin/exo-open", BROWSER_SCRIPT);
    add_program("bin/env", BROWSER_SCRIPT);
    setenv("BROWSER", "xdg-open:lynx:exo-open:env A=b lynx", 1);
    expect_next();
}

static void
we_are_never_our_own_browser(void **state)
{
    (void) state;
    add_program("bin/sagemaker-studio", BROWSER_SCRIPT);
    assert_int_equal(symlink("sagemaker-studio", at_home("bin/alias")), 0);
    setenv("BROWSER", "sagemaker-studio open:alias", 1);
    add_handler(ENTRY("First", "Exec=sagemaker-studio open"));
    add_file("config/mimeapps.list", HANDLER("sagemaker-studio.desktop;first.desktop;next.desktop"));
    add_file("data/applications/sagemaker-studio.desktop", ENTRY("Studio", "Exec=next"));
    expect_next();
}

static void
an_entry_that_cannot_be_used_is_passed_over(void **state)
{
    static const char *const entries[] = {
        "rubbish",
        ENTRY("Hidden", "Exec=next\nHidden=true"),
        ENTRY("Terminal", "Exec=next\nTerminal=true"),
        ENTRY("Not there", "Exec=nonsense"),
        ENTRY("Not installed", "Exec=next\nTryExec=nonsense"),
        ENTRY("Nothing to do", ""),
        ENTRY("Open quote", "Exec=next \"%u"),
        ENTRY("Nothing behind env", "Exec=env A=b"),
        ENTRY("Nothing there behind env", "Exec=env A=b nonsense"),
        ENTRY("A link", "Exec=next\nType=Link"),
        "[Desktop Entry]\nName=Without a type\nExec=next\n",
    };

    (void) state;
    add_program("bin/env", BROWSER_SCRIPT);
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        add_handler(entries[i]);
        expect_next();
    }
}

static void
an_entry_that_is_not_there_is_passed_over(void **state)
{
    (void) state;
    add_handler(ENTRY("First", "Exec=next"));
    unlink(at_home("data/applications/first.desktop"));
    expect_next();
}

static void
the_entrys_name_is_shown_as_far_as_it_can_be(void **state)
{
    (void) state;
    add_handler(ENTRY("Sei\377te\001", "Exec=next"));
    expect_browser(NULL, "Sei?te?", "bin/next", "[next][" URL "]");
    add_handler("[Desktop Entry]\nType=Application\nExec=next\n");
    expect_browser(NULL, "first.desktop", "bin/next", "[next][" URL "]");
}

static void
a_long_name_is_cut_between_characters(void **state)
{
    AUTO_USER_BROWSER struct user_browser browser = USER_BROWSER_NONE;
    char entry[1024] = "[Desktop Entry]\nType=Application\nExec=next\nName=a";

    (void) state;
    for (size_t i = 0; i < 100; i++)
        strncat(entry, "é", sizeof(entry) - strlen(entry) - 1);
    add_handler(entry);
    assert_true(user_browser_find(NULL, &browser, NULL));
    assert_int_equal(strlen(browser.name), 127);
    assert_string_equal(browser.name + 125, "é");
}

static void
without_a_handler_browsers_are_known_by_name(void **state)
{
    (void) state;
    add_program("bin/firefox", BROWSER_SCRIPT);
    expect_browser(NULL, "firefox", "bin/firefox", "[firefox][" URL "]");
    add_program("bin/x-www-browser", BROWSER_SCRIPT);
    expect_browser(NULL, "x-www-browser", "bin/x-www-browser", "[x-www-browser][" URL "]");
}

static void
without_any_browser_the_failure_says_what_was_tried(void **state)
{
    AUTO_USER_BROWSER struct user_browser browser = USER_BROWSER_NONE;
    struct failure failure = {.message = ""};

    (void) state;
    if (access("/snap/bin", F_OK) == 0 || access("/var/lib/snapd/snap/bin", F_OK) == 0)
        skip(); /* there may be a browser in it */
    setenv("BROWSER", "wanted -x", 1);
    add_file("config/mimeapps.list", HANDLER("chosen.desktop"));
    assert_false(user_browser_find("managed", &browser, &failure));
    assert_string_equal(failure.code, "no-browser");
    assert_non_null(strstr(failure.message, "managed, wanted -x, chosen.desktop, x-www-browser"));
    assert_null(browser.program);
}

static void
an_entry_says_which_snap_or_flatpak_it_starts(void **state)
{
    (void) state;
    add_handler(ENTRY("Snap", "Exec=next %u\nX-SnapInstanceName=firefox_two"));
    expect_confinement(BROWSER_SNAP, "firefox_two");
    add_handler(ENTRY("Flatpak", "Exec=next %u\nX-Flatpak=org.x.Y"));
    expect_confinement(BROWSER_FLATPAK, "org.x.Y");
    add_handler(ENTRY("Neither", "Exec=next %u\nX-SnapInstanceName=../x\nX-Flatpak=a/b"));
    expect_confinement(BROWSER_FREE, "");
}

static void
flatpaks_exec_line_is_kept_as_it_is(void **state)
{
    (void) state;
    add_program("bin/flatpak", BROWSER_SCRIPT);
    add_handler(ENTRY("Fire", "Exec=flatpak run --file-forwarding org.x.Y @@u %u @@"));
    expect_browser(NULL, "Fire", "bin/flatpak", "[flatpak][run][--file-forwarding][org.x.Y][@@u][" URL "][@@]");
    expect_confinement(BROWSER_FLATPAK, "org.x.Y");
}

static void
a_program_that_env_starts_must_be_there(void **state)
{
    (void) state;
    add_program("bin/env", BROWSER_SCRIPT);
    add_handler(ENTRY("Snap", "Exec=env BAMF_DESKTOP_FILE_HINT=x next %u"));
    expect_browser(NULL, "Snap", "bin/env", "[env][BAMF_DESKTOP_FILE_HINT=x][next][" URL "]");
}

static void
a_script_for_a_snap_that_is_not_installed_is_passed_over(void **state)
{
    (void) state;
    add_program("bin/firefox", BROWSER_SCRIPT "exec /snap/bin/no-such-snap \"$@\"\n");
    add_handler(ENTRY("First", "Exec=firefox %u"));
    expect_next();
}

static void
the_browser_behind_a_relay_is_confined_or_not(void **state)
{
    (void) state;
    add_program("bin/exo-open", BROWSER_SCRIPT);
    add_program("bin/flatpak", BROWSER_SCRIPT);
    add_handler(ENTRY("Web Browser", "Exec=exo-open --launch WebBrowser %u"));
    expect_confinement(BROWSER_FREE, "");

    make_folder("data/xfce4");
    make_folder("data/xfce4/helpers");
    add_file("config/xfce4/helpers.rc", "WebBrowser=custom-WebBrowser\n");
    add_file("data/xfce4/helpers/custom-WebBrowser.desktop",
             ENTRY("Own", "X-XFCE-CommandsWithParameter=flatpak run org.x.Y \"%s\";"));
    expect_confinement(BROWSER_FLATPAK, "org.x.Y");

    assert_int_equal(symlink("/var/lib/flatpak/exports/bin/org.x.Z", at_home("bin/broken")), 0);
    add_program("bin/sensible-browser", BROWSER_SCRIPT);
    make_folder("far/flatpak");
    make_folder("far/flatpak/exports");
    make_folder("far/flatpak/exports/bin");
    add_program("far/flatpak/exports/bin/org.x.Z", BROWSER_SCRIPT);
    assert_int_equal(symlink(at_home("far/flatpak/exports/bin/org.x.Z"), at_home("bin/x-www-browser")), 0);
    add_file("data/xfce4/helpers/custom-WebBrowser.desktop", ENTRY("Own", "X-XFCE-Binaries=broken;sensible-browser;"));
    expect_confinement(BROWSER_FLATPAK, "org.x.Z");
    expect_browser(NULL, "Web Browser", "bin/exo-open", "[exo-open][--launch][WebBrowser][" URL "]");
}

static void
relays_that_start_each_other_come_to_an_end(void **state)
{
    (void) state;
    add_program("bin/sensible-browser", BROWSER_SCRIPT);
    add_program("bin/exo-open", BROWSER_SCRIPT);
    make_folder("data/xfce4");
    make_folder("data/xfce4/helpers");
    add_file("config/xfce4/helpers.rc", "WebBrowser=again\n");
    add_file("data/xfce4/helpers/again.desktop",
             ENTRY("Own", "X-XFCE-CommandsWithParameter=exo-open --launch WebBrowser %s"));
    add_handler(ENTRY("Web Browser", "Exec=exo-open --launch WebBrowser %u"));
    expect_confinement(BROWSER_FREE, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        AT_HOME(the_administrators_choice_comes_before_the_users),
        AT_HOME(an_absolute_path_may_be_preferred),
        AT_HOME(a_preferred_program_that_cannot_be_started_is_passed_over),
        AT_HOME(the_variable_is_a_list_of_commands_without_a_shell),
        AT_HOME(what_would_open_an_editor_or_a_terminal_is_passed_over),
        AT_HOME(we_are_never_our_own_browser),
        AT_HOME(an_entry_that_cannot_be_used_is_passed_over),
        AT_HOME(an_entry_that_is_not_there_is_passed_over),
        AT_HOME(the_entrys_name_is_shown_as_far_as_it_can_be),
        AT_HOME(a_long_name_is_cut_between_characters),
        AT_HOME(without_a_handler_browsers_are_known_by_name),
        AT_HOME(without_any_browser_the_failure_says_what_was_tried),
        AT_HOME(an_entry_says_which_snap_or_flatpak_it_starts),
        AT_HOME(flatpaks_exec_line_is_kept_as_it_is),
        AT_HOME(a_program_that_env_starts_must_be_there),
        AT_HOME(a_script_for_a_snap_that_is_not_installed_is_passed_over),
        AT_HOME(the_browser_behind_a_relay_is_confined_or_not),
        AT_HOME(relays_that_start_each_other_come_to_an_end),
    };

    return cmocka_run_group_tests_name("user_browser", tests, NULL, NULL);
}
