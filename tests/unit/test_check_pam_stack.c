/*
 * What check says of PAM stacks: read as libpam reads them, and every way in which the module's line can be wrong.
 *
 * SPDX-License-Identifier: MIT
 */
#include "check_pam_stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "buffer.h"
#include "cleanup.h"
#include "private_folder.h"

#define OURS "pam_sagemaker_studio.so"

static char host[PRIVATE_PATH_SIZE]; /* etc, vendor: PAM services; modules: where libpam finds modules */

static int
set_up(void **state)
{
    (void) state;
    private_folder_make(host);
    mkdir(in_folder(host, "etc"), 0755);
    mkdir(in_folder(host, "vendor"), 0755);
    mkdir(in_folder(host, "modules"), 0755);
    write_text(in_folder(host, "modules/" OURS), "", 0644);
    return 0;
}

static int
tear_down(void **state)
{
    (void) state;
    private_folder_remove(host);
    return 0;
}

static void
write_service(const char *name, const char *text)
{
    write_text(in_folder(host, name), text, 0644);
}

/* Everything that check says of this host's stacks; its folder is left out of it, and the status is checked. */
static char *
check(int status)
{
    char etc[PRIVATE_PATH_SIZE + 16], vendor[PRIVATE_PATH_SIZE + 16], modules[PRIVATE_PATH_SIZE + 16];
    const char *folders[] = {etc, vendor, NULL};
    const char *module_folders[] = {modules, NULL};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    struct check_report *report = check_report_begin(out, false);

    snprintf(etc, sizeof(etc), "%s/etc", host);
    snprintf(vendor, sizeof(vendor), "%s/vendor", host);
    snprintf(modules, sizeof(modules), "%s/modules", host);
    struct pam_survey survey = pam_survey_read(folders);
    assert_non_null(report);
    check_pam_stack(&survey, module_folders, report);
    pam_survey_free(&survey);
    assert_int_equal(check_report_end(report), status);
    fclose(out);
    for (char *at; (at = strstr(text, host)) != NULL;)
        memmove(at, at + strlen(host) + 1, strlen(at + strlen(host) + 1) + 1);
    return text;
}

static void
assert_says(const char *text, const char *sentence)
{
    if (strstr(text, sentence) == NULL)
        fail_msg("expected:\n%s\nin:\n%s", sentence, text);
}

static void
assert_silent_about(const char *text, const char *words)
{
    if (strstr(text, words) != NULL)
        fail_msg("unexpected:\n%s\nin:\n%s", words, text);
}

/* ---- good stacks ------------------------------------------------------------------------------------------------- */

static void
what_pam_auth_update_writes_is_good(void **state)
{
    (void) state;
    write_service("etc/common-session", "session [default=1] pam_permit.so\n"
                                        "session requisite pam_deny.so\n"
                                        "session required pam_permit.so\n"
                                        "session required pam_unix.so \n"
                                        "session optional pam_systemd.so \n"
                                        "session optional " OURS "\n");
    write_service("etc/lightdm", "auth required pam_unix.so\n@include common-session\n");
    write_service("etc/login", "session required pam_limits.so\n@include common-session\n");
    AUTO_FREE char *text = check(CHECK_GOOD);
    assert_string_equal(text, "✓ pam: The module is in the session stacks of lightdm, login.\nAll is well.\n");
}

static void
stacks_without_the_module_are_named_beside_those_with_it(void **state)
{
    (void) state;
    write_service("etc/xrdp-sesman", "session optional " OURS " debug\n");
    write_service("etc/login", "session required pam_unix.so\n");
    AUTO_FREE char *text = check(CHECK_GOOD);
    assert_says(text, "✓ pam: The module is in the session stacks of xrdp-sesman; not of login.\n");
}

static void
lines_are_read_as_libpam_reads_them(void **state)
{
    (void) state;
    write_service("etc/system-auth", "-SESSION [success=ok new_authtok_reqd=ok\\\n  default=ignore] " OURS " \\\n"
                                     "   [services=login] # a comment \\\n");
    write_service("etc/login", "# session required " OURS "\n"
                               "auth required " OURS "\n"
                               "session substack system-auth");
    AUTO_FREE char *text = check(CHECK_GOOD);
    assert_says(text, "✓ pam: The module is in the session stacks of login.\n");
}

static void
the_vendors_file_counts_where_the_administrator_has_none(void **state)
{
    (void) state;
    write_service("vendor/lightdm", "session required " OURS "\n");
    write_service("vendor/login", "session required " OURS "\n");
    write_service("etc/login", "session optional " OURS "\n");
    AUTO_FREE char *text = check(CHECK_CRITICAL);
    assert_says(text, "In vendor/lightdm:1 the control is required.");
    assert_silent_about(text, "login:1");
}

/* ---- not there --------------------------------------------------------------------------------------------------- */

static void
a_module_in_no_stack_makes_no_link(void **state)
{
    (void) state;
    write_service("etc/lightdm", "session required pam_unix.so\n");
    write_service("etc/sshd", "session optional " OURS "\n"); /* no service of ours */
    AUTO_FREE char *text = check(CHECK_CRITICAL);
    assert_says(text, "✗ pam: The module is in no session stack (looked at: lightdm): no login gets a link.\n"
                      "  → Run: `pam-auth-update --enable aws-sagemaker-studio`. ");
}

static void
a_host_without_login_services_is_told_to_name_its_own(void **state)
{
    (void) state;
    AUTO_FREE char *text = check(CHECK_WARNING);
    assert_says(text, "! pam: This host has none of the services xrdp-sesman,lightdm,");
}

static void
a_module_that_libpam_will_not_find_is_critical(void **state)
{
    (void) state;
    write_service("etc/lightdm", "session optional pam_sagemaker_studio\n");
    write_service("etc/login", "session optional /nowhere/" OURS "\n");
    AUTO_FREE char *text = check(CHECK_CRITICAL);
    assert_says(text,
                "✗ pam: In etc/lightdm:1 the module is pam_sagemaker_studio, which is in none of the folders of PAM "
                "modules (modules).\n");
    assert_says(text, "✗ pam: In etc/login:1 the module is /nowhere/" OURS ", which cannot be read: No such file or "
                      "directory.\n");
}

/* ---- wrong lines ------------------------------------------------------------------------------------------------- */

static void
any_control_but_optional_is_critical(void **state)
{
    static const char *const controls[] = {
        "required",
        "requisite",
        "sufficient",
        "[success=ok default=bad]",
        "[success=ok new_authtok_reqd=ok ignore=ignore default=die]",
        "[success=done default=ignore]",
        "[success=1 default=ignore]",
        "[success=ok session_err=bad default=ignore]",
        "[success=ok]",
        "[default=ignore]",
        "[sucess=ok default=ignore]",
        "[success=ok mistyped=ignore default=ignore]",
        "[success ok default=ignore]",
    };

    (void) state;
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        char line[256];
        char sentence[256];

        snprintf(line, sizeof(line), "session %s " OURS "\n", controls[i]);
        snprintf(sentence, sizeof(sentence), "✗ pam: In etc/login:1 the control is %s. It must be optional, ",
                 controls[i]);
        write_service("etc/login", line);
        AUTO_FREE char *text = check(CHECK_CRITICAL);
        assert_says(text, sentence);
        assert_says(text, "  → Write there: `session optional " OURS "`.\n");
    }
}

static void
what_means_the_same_as_optional_is_good(void **state)
{
    static const char *const controls[] = {"OPTIONAL", "[success=ok new_authtok_reqd=ok default=ignore]",
                                           "[ default = ignore  success = ok session_err=ignore ]"};

    (void) state;
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        char line[256];

        snprintf(line, sizeof(line), "session %s " OURS "\n", controls[i]);
        write_service("etc/login", line);
        AUTO_FREE char *text = check(CHECK_GOOD);
        assert_says(text, "All is well.");
    }
}

static void
the_module_belongs_behind_the_one_that_makes_the_runtime_folder(void **state)
{
    (void) state;
    write_service("etc/common-session", "session required pam_unix.so\nsession optional pam_systemd.so\n");
    write_service("etc/login", "session optional " OURS "\n@include common-session\n");
    AUTO_FREE char *text = check(CHECK_WARNING);
    assert_says(text, "! pam: In etc/login:1 the module is before pam_systemd.so (etc/common-session:2), and "
                      "$XDG_RUNTIME_DIR is not there yet when it runs.\n");
}

static void
a_line_that_many_services_include_is_told_of_once(void **state)
{
    (void) state;
    write_service("etc/common-session",
                  "session required " OURS " verbose timeout=300\nsession optional pam_systemd.so\n");
    write_service("etc/login", "session include common-session\n");
    write_service("etc/lightdm", "session include common-session\n");
    write_service("etc/lxdm", "session include common-session\n");
    AUTO_FREE char *text = check(CHECK_CRITICAL);
    assert_says(text,
                "! pam: In etc/common-session:1 the argument 'verbose' is unknown, expected timeout=, services=, ");
    assert_says(
        text,
        "! pam: In etc/common-session:1 the argument 'timeout=300' is bad, expected timeout=SECONDS, from 1 to 30.\n");
    assert_says(text, "Something is wrong: critical: 1, warnings: 3.\n");
}

static void
a_second_line_in_one_stack_does_nothing(void **state)
{
    (void) state;
    write_service("etc/common-session", "session optional " OURS "\n");
    write_service("etc/lightdm", "@include common-session\nsession optional " OURS "\n");
    AUTO_FREE char *text = check(CHECK_WARNING);
    assert_says(text, "! pam: In etc/lightdm:2 the module is in the stack of lightdm a second time (first: "
                      "etc/common-session:1); only the first does anything.\n");
}

static void
a_line_that_does_not_name_its_own_service_is_told_of(void **state)
{
    (void) state;
    write_service("etc/common-session", "session optional " OURS " services=sshd,lightdm\n");
    write_service("etc/lightdm", "@include common-session\n");
    write_service("etc/login", "@include common-session\n");
    write_service("etc/sshd", "@include common-session\n");
    AUTO_FREE char *text = check(CHECK_WARNING);
    assert_says(text, "! pam: In etc/common-session:1 services= does not name login, in whose stack the line is: its "
                      "logins get no link.\n");
    assert_says(text, "✓ pam: The module is in the session stacks of lightdm, login, sshd.\n");
}

/* ---- broken and hostile files ------------------------------------------------------------------------------------ */

static void
an_included_file_that_is_missing_is_told_of(void **state)
{
    (void) state;
    write_service("etc/login", "session include nowhere\nsession optional " OURS "\n");
    AUTO_FREE char *text = check(CHECK_WARNING);
    assert_says(text, "! pam: etc/login:1: the file 'nowhere' cannot be included: No such file or directory.\n");
    assert_says(text, "✓ pam: The module is in the session stacks of login.\n");
}

static void
files_that_include_each_other_come_to_an_end(void **state)
{
    (void) state;
    write_service("etc/login", "@include lightdm\n@include lightdm\nsession optional " OURS "\n");
    write_service("etc/lightdm", "@include login\n@include login\nsession optional " OURS "\n");
    AUTO_FREE char *text = check(CHECK_WARNING);
    assert_says(text, "too many files include each other.\n");
}

/* Without a bound on the files, these would be read 8^16 times. */
static void
files_that_hold_nothing_but_each_other_come_to_an_end(void **state)
{
    AUTO_BUFFER struct buffer includes = BUFFER(1024);

    (void) state;
    for (int i = 0; i < 8; i++)
        assert_true(buffer_append_text(&includes, "@include lightdm\n"));
    write_service("etc/lightdm", includes.data);
    AUTO_FREE char *text = check(CHECK_CRITICAL);
    assert_says(text, "too many files include each other.\n");
}

static void
a_file_without_end_or_sense_is_survived(void **state)
{
    AUTO_BUFFER struct buffer large = BUFFER(1 << 20);

    (void) state;
    while (large.length < 300000)
        assert_true(buffer_append_text(&large, "session optional pam_unix.so\n"));
    write_service("etc/lightdm", large.data);
    write_service("etc/login", "session\nsession [\nsession [unclosed " OURS "\nsession optional\n@include\n-\n\\");
    mkdir(in_folder(host, "etc/lxdm"), 0755);
    mkfifo(in_folder(host, "etc/sddm"), 0644);
    AUTO_FREE char *text = check(CHECK_CRITICAL);
    assert_says(text, "etc/lightdm cannot be read: File too large.\n");
    assert_says(text, "etc/sddm cannot be opened: it is no regular file.\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_pam_auth_update_writes_is_good),
        TEST(stacks_without_the_module_are_named_beside_those_with_it),
        TEST(lines_are_read_as_libpam_reads_them),
        TEST(the_vendors_file_counts_where_the_administrator_has_none),
        TEST(a_module_in_no_stack_makes_no_link),
        TEST(a_host_without_login_services_is_told_to_name_its_own),
        TEST(a_module_that_libpam_will_not_find_is_critical),
        TEST(any_control_but_optional_is_critical),
        TEST(what_means_the_same_as_optional_is_good),
        TEST(the_module_belongs_behind_the_one_that_makes_the_runtime_folder),
        TEST(a_line_that_many_services_include_is_told_of_once),
        TEST(a_second_line_in_one_stack_does_nothing),
        TEST(a_line_that_does_not_name_its_own_service_is_told_of),
        TEST(an_included_file_that_is_missing_is_told_of),
        TEST(files_that_include_each_other_come_to_an_end),
        TEST(files_that_hold_nothing_but_each_other_come_to_an_end),
        TEST(a_file_without_end_or_sense_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
