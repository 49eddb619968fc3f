/*
 * Which applications open https links for the user, by the lists that desktops keep.
 *
 * SPDX-License-Identifier: MIT
 */
#include "https_handler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "desktop_home.h"

#define DEFAULT(id) "[Default Applications]\nx-scheme-handler/https=" id "\n"
#define ADDED(id)   "[Added Associations]\nx-scheme-handler/https=" id "\n"
#define REMOVED(id) "[Removed Associations]\nx-scheme-handler/https=" id "\n"
#define CACHE(id)   "[MIME Cache]\nx-scheme-handler/https=" id "\n"

/* The IDs in their order, with a blank between them. */
static void
expect_handlers(const char *expected)
{
    AUTO_TEXT_LIST struct text_list ids = TEXT_LIST_EMPTY;
    char found[4096] = "";

    https_handlers_find(&ids);
    for (size_t i = 0; i < ids.count; i++) {
        size_t used = strlen(found);
        snprintf(found + used, sizeof(found) - used, "%s%s", i > 0 ? " " : "", ids.items[i]);
    }
    assert_string_equal(found, expected);
}

static void
without_any_list_there_is_no_handler(void **state)
{
    (void) state;
    expect_handlers("");
}

static void
lists_are_taken_in_the_order_of_the_specification(void **state)
{
    (void) state;
    setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME", 1);
    add_file("config/ubuntu-mimeapps.list", DEFAULT("1.desktop"));
    add_file("config/gnome-mimeapps.list", DEFAULT("2.desktop"));
    add_file("config/mimeapps.list", DEFAULT("3.desktop;4.desktop;"));
    add_file("etc/gnome-mimeapps.list", DEFAULT("5.desktop"));
    add_file("etc/mimeapps.list", DEFAULT("6.desktop"));
    add_file("data/applications/mimeapps.list", DEFAULT("7.desktop"));
    add_file("system/applications/gnome-mimeapps.list", DEFAULT("8.desktop"));
    add_file("system/applications/mimeapps.list", DEFAULT("9.desktop"));
    add_file("system/applications/defaults.list", DEFAULT("10.desktop"));
    add_file("far/applications/mimeapps.list", DEFAULT("11.desktop"));
    expect_handlers("1.desktop 2.desktop 3.desktop 4.desktop 5.desktop 6.desktop 7.desktop 8.desktop 9.desktop "
                    "10.desktop 11.desktop");
}

static void
another_desktops_list_is_not_read(void **state)
{
    (void) state;
    setenv("XDG_CURRENT_DESKTOP", "XFCE", 1);
    add_file("config/gnome-mimeapps.list", DEFAULT("gnome.desktop"));
    add_file("config/xfce-mimeapps.list", DEFAULT("xfce.desktop"));
    expect_handlers("xfce.desktop");
}

static void
the_desktops_name_cannot_lead_out_of_the_folder(void **state)
{
    (void) state;
    make_folder("config/x");
    setenv("XDG_CURRENT_DESKTOP", "../etc/x:x/y::", 1);
    add_file("etc/x-mimeapps.list", DEFAULT("a.desktop"));
    add_file("config/x/y-mimeapps.list", DEFAULT("b.desktop"));
    expect_handlers("");
}

static void
associations_come_after_every_default(void **state)
{
    (void) state;
    add_file("config/mimeapps.list", ADDED("added.desktop"));
    add_file("system/applications/mimeapps.list", DEFAULT("default.desktop"));
    add_file("data/applications/mimeinfo.cache", CACHE("own.desktop;"));
    add_file("system/applications/mimeinfo.cache", CACHE("system.desktop;own.desktop;"));
    expect_handlers("default.desktop added.desktop own.desktop system.desktop");
}

static void
what_the_user_removed_is_no_handler_even_where_the_system_says_so(void **state)
{
    (void) state;
    add_file("config/mimeapps.list", REMOVED("gone.desktop;"));
    add_file("system/applications/mimeapps.list", DEFAULT("gone.desktop;kept.desktop"));
    add_file("system/applications/mimeinfo.cache", CACHE("gone.desktop;kept.desktop;"));
    expect_handlers("kept.desktop");
}

static void
what_the_system_removes_stays_when_the_user_chose_it(void **state)
{
    (void) state;
    add_file("config/mimeapps.list", DEFAULT("chosen.desktop") ADDED("added.desktop"));
    add_file("system/applications/mimeapps.list", REMOVED("chosen.desktop;added.desktop"));
    expect_handlers("chosen.desktop added.desktop");
}

static void
what_the_user_added_cannot_be_removed_by_the_system(void **state)
{
    (void) state;
    add_file("config/mimeapps.list", ADDED("first.desktop;added.desktop"));
    add_file("etc/mimeapps.list", DEFAULT("other.desktop;added.desktop") REMOVED("added.desktop;other.desktop"));
    expect_handlers("added.desktop first.desktop");
}

static void
a_list_for_one_desktop_adds_and_removes_nothing(void **state)
{
    (void) state;
    setenv("XDG_CURRENT_DESKTOP", "XFCE", 1);
    add_file("config/xfce-mimeapps.list", ADDED("a.desktop") REMOVED("b.desktop"));
    add_file("config/mimeapps.list", DEFAULT("b.desktop"));
    expect_handlers("b.desktop");
}

static void
handlers_of_other_types_and_in_other_groups_do_not_count(void **state)
{
    (void) state;
    add_file("config/mimeapps.list", "x-scheme-handler/https=early.desktop\n"
                                     "[Default Applications]\n"
                                     "text/html=editor.desktop\n"
                                     "x-scheme-handler/http=http.desktop\n"
                                     "#x-scheme-handler/https=comment.desktop\n"
                                     " x-scheme-handler/https = right.desktop ; \r\n"
                                     "[Other]\n"
                                     "x-scheme-handler/https=other.desktop\n");
    expect_handlers("right.desktop");
}

static void
an_id_that_cannot_be_one_is_passed_over(void **state)
{
    (void) state;
    add_file("config/mimeapps.list",
             DEFAULT("../evil.desktop;/etc/x.desktop;.desktop;.hidden.desktop;firefox;;a.desktop"));
    expect_handlers("a.desktop");
}

static void
a_list_that_is_no_file_holds_nothing_up(void **state)
{
    (void) state;
    assert_int_equal(mkfifo(at_home("config/mimeapps.list"), 0644), 0);
    make_folder("etc/mimeapps.list");
    assert_int_equal(symlink("/dev/zero", at_home("data/applications/mimeapps.list")), 0);
    assert_int_equal(symlink("mimeapps.list", at_home("system/applications/mimeapps.list")), 0);
    add_file("far/applications/mimeapps.list", DEFAULT("a.desktop"));
    expect_handlers("a.desktop");
}

static void
a_list_that_is_too_long_is_not_read(void **state)
{
    char *text = malloc(HANDLER_LIST_LIMIT + 2);

    (void) state;
    assert_non_null(text);
    memset(text, '\n', HANDLER_LIST_LIMIT + 1);
    memcpy(text, DEFAULT("a.desktop"), strlen(DEFAULT("a.desktop")));
    text[HANDLER_LIST_LIMIT + 1] = '\0';
    add_file("config/mimeapps.list", text);
    expect_handlers("");
    text[HANDLER_LIST_LIMIT] = '\0';
    add_file("config/mimeapps.list", text);
    expect_handlers("a.desktop");
    free(text);
}

static void
the_users_own_folders_are_below_the_home_folder_unless_said_otherwise(void **state)
{
    (void) state;
    make_folder(".config");
    make_folder(".local");
    make_folder(".local/share");
    make_folder(".local/share/applications");
    add_file(".config/mimeapps.list", DEFAULT("a.desktop"));
    add_file(".local/share/applications/mimeapps.list", DEFAULT("b.desktop"));
    unsetenv("XDG_CONFIG_HOME");
    setenv("XDG_DATA_HOME", "not/absolute", 1);
    expect_handlers("a.desktop b.desktop");
}

static void
folders_that_are_not_absolute_are_passed_over(void **state)
{
    (void) state;
    add_file("etc/mimeapps.list", DEFAULT("a.desktop"));
    assert_int_equal(chdir(home), 0);
    setenv("XDG_CONFIG_DIRS", "etc:./etc::", 1);
    expect_handlers("");
    assert_int_equal(chdir("/"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        AT_HOME(without_any_list_there_is_no_handler),
        AT_HOME(lists_are_taken_in_the_order_of_the_specification),
        AT_HOME(another_desktops_list_is_not_read),
        AT_HOME(the_desktops_name_cannot_lead_out_of_the_folder),
        AT_HOME(associations_come_after_every_default),
        AT_HOME(what_the_user_removed_is_no_handler_even_where_the_system_says_so),
        AT_HOME(what_the_system_removes_stays_when_the_user_chose_it),
        AT_HOME(what_the_user_added_cannot_be_removed_by_the_system),
        AT_HOME(a_list_for_one_desktop_adds_and_removes_nothing),
        AT_HOME(handlers_of_other_types_and_in_other_groups_do_not_count),
        AT_HOME(an_id_that_cannot_be_one_is_passed_over),
        AT_HOME(a_list_that_is_no_file_holds_nothing_up),
        AT_HOME(a_list_that_is_too_long_is_not_read),
        AT_HOME(the_users_own_folders_are_below_the_home_folder_unless_said_otherwise),
        AT_HOME(folders_that_are_not_absolute_are_passed_over),
    };

    return cmocka_run_group_tests_name("https_handler", tests, NULL, NULL);
}
