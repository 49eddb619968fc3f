/*
 * Finding and reading desktop entries, and their Exec lines as arguments.
 *
 * SPDX-License-Identifier: MIT
 */
#include "desktop_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "desktop_home.h"
#include "exec_line.h"
#include "user_browser.h"

#define ENTRY(lines) "[Desktop Entry]\nType=Application\nName=Browser\n" lines "\n"
#define PAGE         "PAGE" /* as BROWSER_PAGE is shown here */

static bool
parse(const char *text, struct desktop_entry *entry)
{
    AUTO_BUFFER struct buffer copy = BUFFER(DESKTOP_ENTRY_LIMIT);

    assert_true(buffer_append_text(&copy, text));
    return desktop_entry_parse(&copy, entry);
}

/* The Name of the entry that an ID finds. */
static void
expect_found(const char *id, const char *name)
{
    AUTO_DESKTOP_ENTRY struct desktop_entry entry = DESKTOP_ENTRY_NONE;

    if (name == NULL) {
        assert_false(desktop_entry_find(id, &entry));
        return;
    }
    assert_true(desktop_entry_find(id, &entry));
    assert_string_equal(entry.name, name);
}

static void
show_argument(char *shown, size_t size, const char *argument)
{
    const char *place = strstr(argument, BROWSER_PAGE);
    size_t used = strlen(shown);

    if (place == NULL)
        snprintf(shown + used, size - used, "[%s]", argument);
    else
        snprintf(shown + used, size - used, "[%.*s" PAGE "%s]", (int) (place - argument), argument,
                 place + strlen(BROWSER_PAGE));
}

/* The arguments that an Exec line makes, each in brackets; NULL: it makes none. */
static void
expect_arguments(const char *exec, const char *expected)
{
    AUTO_TEXT_LIST struct text_list arguments = TEXT_LIST_EMPTY;
    AUTO_DESKTOP_ENTRY struct desktop_entry entry = DESKTOP_ENTRY_NONE;
    char text[512];
    char shown[1024] = "";

    snprintf(text, sizeof(text), "[Desktop Entry]\nName=My Browser\nIcon=globe\nExec=%s\n", exec);
    assert_true(parse(text, &entry));
    entry.path = strdup("/a/b.desktop");
    if (expected == NULL) {
        assert_false(exec_line_expand(&entry, &arguments));
        return;
    }
    assert_true(exec_line_expand(&entry, &arguments));
    for (size_t i = 0; i < arguments.count; i++)
        show_argument(shown, sizeof(shown), arguments.items[i]);
    assert_string_equal(shown, expected);
}

static void
the_group_desktop_entry_is_read_and_no_other(void **state)
{
    AUTO_DESKTOP_ENTRY struct desktop_entry entry = DESKTOP_ENTRY_NONE;

    (void) state;
    assert_true(parse("# comment\n\n"
                      "[Desktop Entry]\r\n"
                      "Type = Application \r\n"
                      "Name=Fire\\sfox\\\\\n"
                      "Name[de]=Feuerfuchs\n"
                      "Exec=firefox %u\n"
                      "TryExec=firefox\n"
                      "Icon=globe\n"
                      "Terminal=true\n"
                      "X-SnapInstanceName=firefox\n"
                      "X-Flatpak=org.mozilla.firefox\n"
                      "no line of this format\n"
                      "[Desktop Action new-window]\n"
                      "Name=New window\n"
                      "Exec=firefox -new-window\n"
                      "[Desktop Entry]\n"
                      "Hidden=true\n",
                      &entry));
    assert_string_equal(entry.type, "Application");
    assert_string_equal(entry.name, "Fire fox\\");
    assert_string_equal(entry.exec, "firefox %u");
    assert_string_equal(entry.try_exec, "firefox");
    assert_string_equal(entry.icon, "globe");
    assert_string_equal(entry.snap_instance, "firefox");
    assert_string_equal(entry.flatpak, "org.mozilla.firefox");
    assert_true(entry.terminal);
    assert_false(entry.hidden);
}

static void
what_does_not_begin_with_the_group_is_no_entry(void **state)
{
    AUTO_DESKTOP_ENTRY struct desktop_entry entry = DESKTOP_ENTRY_NONE;

    (void) state;
    assert_false(parse("", &entry));
    assert_false(parse("[Desktop Entry]\n", &entry));
    assert_false(parse("Type=Application\n[Desktop Entry]\nName=a\n", &entry));
    assert_false(parse("[Other]\nName=a\n[Desktop Entry]\nName=b\n", &entry));
    assert_false(parse("[Desktop Entry\nName=a\n", &entry));
    assert_null(entry.name);
}

static void
the_users_own_entry_hides_the_systems(void **state)
{
    (void) state;
    add_file("far/applications/b.desktop", ENTRY("Name=far"));
    expect_found("b.desktop", "far");
    add_file("system/applications/b.desktop", ENTRY("Name=system"));
    expect_found("b.desktop", "system");
    add_file("data/applications/b.desktop", ENTRY("Name=own"));
    expect_found("b.desktop", "own");
    add_file("data/applications/b.desktop", "rubbish");
    expect_found("b.desktop", NULL);
    expect_found("c.desktop", NULL);
}

static void
a_dash_may_stand_for_a_folder(void **state)
{
    (void) state;
    make_folder("system/applications/kde");
    make_folder("system/applications/kde/net-tools");
    add_file("system/applications/kde/browser.desktop", ENTRY("Name=one"));
    add_file("system/applications/kde/net-tools/web-browser.desktop", ENTRY("Name=two"));
    expect_found("kde-browser.desktop", "one");
    expect_found("kde-net-tools-web-browser.desktop", "two");
    expect_found("kde-web-browser.desktop", NULL);
    add_file("system/applications/kde-browser.desktop", ENTRY("Name=three"));
    expect_found("kde-browser.desktop", "three");
}

static void
an_id_cannot_lead_out_of_the_folder(void **state)
{
    (void) state;
    add_file("system/evil.desktop", ENTRY(""));
    expect_found("../evil.desktop", NULL);
    expect_found("..-evil.desktop", NULL);
    expect_found("-evil.desktop", NULL);
    expect_found("", NULL);
}

static void
an_entry_that_is_no_file_holds_nothing_up(void **state)
{
    (void) state;
    assert_int_equal(mkfifo(at_home("data/applications/fifo.desktop"), 0644), 0);
    assert_int_equal(mkfifo(at_home("data/applications/full.desktop"), 0644), 0);
    AUTO_CLOSE int full = open(at_home("data/applications/full.desktop"), O_RDWR | O_CLOEXEC);
    assert_int_equal(write(full, ENTRY(""), strlen(ENTRY(""))), strlen(ENTRY("")));
    make_folder("data/applications/folder.desktop");
    assert_int_equal(symlink("/dev/zero", at_home("data/applications/device.desktop")), 0);
    expect_found("fifo.desktop", NULL);
    expect_found("full.desktop", NULL);
    expect_found("folder.desktop", NULL);
    expect_found("device.desktop", NULL);
}

static void
an_entry_that_is_too_long_is_not_read(void **state)
{
    char text[DESKTOP_ENTRY_LIMIT + 2];

    (void) state;
    memset(text, '\n', sizeof(text));
    memcpy(text, ENTRY("Name=long"), strlen(ENTRY("Name=long")));
    text[sizeof(text) - 1] = '\0';
    add_file("data/applications/a.desktop", text);
    expect_found("a.desktop", NULL);
    text[sizeof(text) - 2] = '\0';
    add_file("data/applications/a.desktop", text);
    expect_found("a.desktop", "long");
}

static void
the_page_comes_in_place_of_the_code_for_it(void **state)
{
    (void) state;
    expect_arguments("firefox %u", "[firefox][" PAGE "]");
    expect_arguments("firefox %U --new", "[firefox][" PAGE "][--new]");
    expect_arguments("firefox %f", "[firefox][" PAGE "]");
    expect_arguments("firefox %F", "[firefox][" PAGE "]");
    expect_arguments("chromium --app=%u", "[chromium][--app=" PAGE "]");
    expect_arguments("flatpak run --file-forwarding org.x.Y @@u %u @@",
                     "[flatpak][run][--file-forwarding][org.x.Y][@@u][" PAGE "][@@]");
}

static void
the_page_comes_once_and_at_the_end_when_nothing_says_where(void **state)
{
    (void) state;
    expect_arguments("firefox", "[firefox][" PAGE "]");
    expect_arguments("  firefox   --new  ", "[firefox][--new][" PAGE "]");
    expect_arguments("firefox %u %f", "[firefox][" PAGE "]");
}

static void
other_codes_are_filled_in_or_dropped(void **state)
{
    (void) state;
    expect_arguments("b %i %u", "[b][--icon][globe][" PAGE "]");
    expect_arguments("b --title %c %u", "[b][--title][My Browser][" PAGE "]");
    expect_arguments("b --from=%k %u", "[b][--from=/a/b.desktop][" PAGE "]");
    expect_arguments("b 100%% %u", "[b][100%][" PAGE "]");
    expect_arguments("b %d %D %n %N %v %m %u", "[b][" PAGE "]");
    expect_arguments("b -x%z %u %", "[b][-x][" PAGE "]");
}

static void
quotes_hold_an_argument_together(void **state)
{
    (void) state;
    expect_arguments("\"my browser\" \"\" %u", "[my browser][][" PAGE "]");
    expect_arguments("b \"a\\\\\"b\\\\\\\\c\\\\$d\\\\`e\" %u", "[b][a\"b\\c$d`e][" PAGE "]");
    expect_arguments("b \"a\\\\nb\"", "[b][a\\nb][" PAGE "]");
    expect_arguments("b a\"b c\"d", "[b][ab cd][" PAGE "]");
    expect_arguments("b 'a b' \\\\ c", "[b][a b][ c][" PAGE "]");
}

static void
a_shells_characters_mean_nothing(void **state)
{
    (void) state;
    expect_arguments("b $HOME `id` ; x > y | z &", "[b][$HOME][`id`][;][x][>][y][|][z][&][" PAGE "]");
}

static void
a_line_that_is_broken_makes_no_command(void **state)
{
    (void) state;
    expect_arguments("", NULL);
    expect_arguments("   ", NULL);
    expect_arguments("b \"open", NULL);
    expect_arguments("b 'open", NULL);
    expect_arguments("b \"open\\\\", NULL);
    expect_arguments("b open\\\\", NULL);
}

static void
a_line_with_too_many_words_makes_no_command(void **state)
{
    AUTO_TEXT_LIST struct text_list arguments = TEXT_LIST_EMPTY;
    AUTO_DESKTOP_ENTRY struct desktop_entry entry = DESKTOP_ENTRY_NONE;

    (void) state;
    entry.exec = calloc(1, 2 * TEXT_LIST_MAX + 3);
    assert_non_null(entry.exec);
    for (size_t i = 0; i <= TEXT_LIST_MAX; i++)
        memcpy(entry.exec + 2 * i, "x ", 2);
    assert_false(exec_line_expand(&entry, &arguments));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_group_desktop_entry_is_read_and_no_other),
        cmocka_unit_test(what_does_not_begin_with_the_group_is_no_entry),
        AT_HOME(the_users_own_entry_hides_the_systems),
        AT_HOME(a_dash_may_stand_for_a_folder),
        AT_HOME(an_id_cannot_lead_out_of_the_folder),
        AT_HOME(an_entry_that_is_no_file_holds_nothing_up),
        AT_HOME(an_entry_that_is_too_long_is_not_read),
        cmocka_unit_test(the_page_comes_in_place_of_the_code_for_it),
        cmocka_unit_test(the_page_comes_once_and_at_the_end_when_nothing_says_where),
        cmocka_unit_test(other_codes_are_filled_in_or_dropped),
        cmocka_unit_test(quotes_hold_an_argument_together),
        cmocka_unit_test(a_shells_characters_mean_nothing),
        cmocka_unit_test(a_line_that_is_broken_makes_no_command),
        cmocka_unit_test(a_line_with_too_many_words_makes_no_command),
    };

    return cmocka_run_group_tests_name("desktop_entry", tests, NULL, NULL);
}
