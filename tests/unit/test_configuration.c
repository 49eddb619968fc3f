/*
 * test_configuration.c: which files are read, in which order, who may have written them, and when they count as
 * changed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "configuration.h"
#include "private_folder.h"

#define DOMAIN "[domain research]\ndomain_id = d-abcdefghij12\n"

/* A folder with a vendor's and an administrator's part; files are named from there: "etc/users.map". */
struct fixture {
    char top[PRIVATE_PATH_SIZE];
    char vendor[PRIVATE_PATH_SIZE + 8];
    char etc[PRIVATE_PATH_SIZE + 8];
    char read[1024]; /* paths from there, each with a newline, of what the last load read */
    struct configuration *configuration;
    struct failure failure;
};

static int
make(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL)
        return -1;
    private_folder_make(fixture->top);
    snprintf(fixture->vendor, sizeof fixture->vendor, "%s/vendor", fixture->top);
    snprintf(fixture->etc, sizeof fixture->etc, "%s/etc", fixture->top);
    if (mkdir(fixture->vendor, 0755) != 0 || mkdir(fixture->etc, 0755) != 0)
        return -1;
    *state = fixture;
    return 0;
}

static int
clear(void **state)
{
    struct fixture *fixture = *state;
    configuration_free(fixture->configuration);
    private_folder_remove(fixture->top);
    free(fixture);
    return 0;
}

static void
put(struct fixture *fixture, const char *name, const char *text)
{
    const char *path = in_folder(fixture->top, name);
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    mkdir(folder, 0755);
    write_text(path, text, 0644);
}

static void
note_read(void *owner, const char *path)
{
    struct fixture *fixture = owner;
    size_t length = strlen(fixture->read);
    snprintf(fixture->read + length, sizeof fixture->read - length, "%s\n", path + strlen(fixture->top) + 1);
}

static enum configuration_state
load_with(struct fixture *fixture, const char *map_file)
{
    const struct configuration_source source = {.vendor_folder = fixture->vendor,
                                                .folder = fixture->etc,
                                                .also_owner = geteuid(),
                                                .map_file = map_file,
                                                .was_read = note_read,
                                                .owner = fixture};
    configuration_free(fixture->configuration);
    fixture->read[0] = '\0';
    memset(&fixture->failure, 0, sizeof fixture->failure);
    return configuration_load_from(&source, &fixture->configuration, &fixture->failure);
}

static enum configuration_state
load(struct fixture *fixture)
{
    return load_with(fixture, NULL);
}

static void
expect_broken(struct fixture *fixture, const char *part)
{
    assert_int_equal(load(fixture), CONFIGURATION_BROKEN);
    assert_null(fixture->configuration);
    assert_string_equal(fixture->failure.code, "config");
    if (strstr(fixture->failure.message, part) == NULL)
        fail_msg("'%s' is not in: %s", part, fixture->failure.message);
}

static void
a_host_without_a_map_is_not_configured(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture), CONFIGURATION_ABSENT);
    put(fixture, "etc/studio.conf", DOMAIN);
    mkdir(in_folder(fixture->etc, "users.map.d"), 0755);
    put(fixture, "etc/users.map.d/README", "no map\n");
    assert_int_equal(load(fixture), CONFIGURATION_ABSENT);
    assert_string_equal(fixture->failure.message, "");
    put(fixture, "etc/studio.conf", "nonsense\n");
    assert_int_equal(load(fixture), CONFIGURATION_ABSENT);
    assert_non_null(strstr(fixture->failure.message, "studio.conf:1:"));
    private_folder_remove(fixture->etc);
    assert_int_equal(load(fixture), CONFIGURATION_ABSENT);
}

static void
a_map_needs_no_settings(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "etc/users.map", "alice d-abcdefghij12 alice\n");
    assert_int_equal(load(fixture), CONFIGURATION_LOADED);
    assert_int_equal(fixture->configuration->map->count, 1);
    assert_int_equal(fixture->configuration->settings->defaults.expires_in_seconds, 300);
}

static void
drop_ins_without_a_map_are_an_error(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "etc/users.map.d/10.map", "alice d-abcdefghij12 alice\n");
    expect_broken(fixture, "users.map.d/10.map is there and users.map is not");
}

static void
files_are_read_in_order_and_a_drop_in_masks_the_vendors_of_its_name(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "vendor/studio.conf", "[helper]\nidle_timeout = 1\n");
    put(fixture, "vendor/studio.conf.d/10-a.conf", "[helper]\nidle_timeout = 3\n");
    put(fixture, "vendor/studio.conf.d/30-c.conf", "[helper]\nidle_timeout = 5\n[desktop]\nicon = no\n");
    put(fixture, "etc/studio.conf", "[helper]\nidle_timeout = 2\n");
    put(fixture, "etc/studio.conf.d/20-b.conf", "[helper]\nidle_timeout = 4\n");
    put(fixture, "etc/studio.conf.d/30-c.conf", "# masks the vendor's\n");
    put(fixture, "etc/studio.conf.d/.40-d.conf", "nonsense\n");
    put(fixture, "etc/studio.conf.d/40-d.conf~", "nonsense\n");
    put(fixture, "vendor/users.map", "nobody reads this\n");
    put(fixture, "etc/users.map", "# first\n");
    put(fixture, "etc/users.map.d/Z.map", "# before a: C order\n");
    put(fixture, "etc/users.map.d/a.map", "alice d-abcdefghij12 alice\n");
    assert_int_equal(load(fixture), CONFIGURATION_LOADED);
    assert_string_equal(fixture->read, "vendor/studio.conf\netc/studio.conf\nvendor/studio.conf.d/10-a.conf\n"
                                       "etc/studio.conf.d/20-b.conf\netc/studio.conf.d/30-c.conf\netc/users.map\n"
                                       "etc/users.map.d/Z.map\netc/users.map.d/a.map\n");
    assert_int_equal(fixture->configuration->settings->helper.idle_timeout, 4);
    assert_true(fixture->configuration->settings->desktop.icon);
    assert_string_equal(fixture->configuration->map->files[2], "users.map.d/a.map");
}

static void
an_error_in_any_file_breaks_the_whole(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "etc/users.map", "alice d-abcdefghij12 alice\n");
    put(fixture, "etc/users.map.d/a.map", "bob\n");
    expect_broken(fixture, "users.map.d/a.map:1: ");
    put(fixture, "etc/users.map.d/a.map", "* d-abcdefghij12 {user}");
    expect_broken(fixture, "users.map.d/a.map:1: no newline");
    put(fixture, "etc/users.map.d/a.map", "");
    expect_broken(fixture, "users.map.d/a.map:1: the file is empty");
    put(fixture, "etc/users.map.d/a.map", "# good\n");
    put(fixture, "etc/studio.conf", "[helper]\nx\n");
    expect_broken(fixture, "studio.conf:2: ");
    put(fixture, "etc/studio.conf", "# good\n");
    put(fixture, "vendor/studio.conf", "[helper]\nx\n");
    expect_broken(fixture, "/vendor/studio.conf:2: ");
}

static void
what_others_may_write_is_not_read(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "etc/users.map", "alice d-abcdefghij12 alice\n");
    assert_int_equal(load(fixture), CONFIGURATION_LOADED);
    chmod(in_folder(fixture->etc, "users.map"), 0664);
    expect_broken(fixture, "/etc/users.map is writable by its group or by others");
    chmod(in_folder(fixture->etc, "users.map"), 0644);
    chmod(fixture->etc, 0777);
    expect_broken(fixture, "/etc is writable by its group or by others");
    chmod(fixture->etc, 0755);
    mkdir(in_folder(fixture->etc, "users.map.d"), 0755);
    chmod(in_folder(fixture->etc, "users.map.d"), 0775);
    expect_broken(fixture, "/etc/users.map.d is writable by its group or by others");
}

static void
files_of_strangers_are_not_read(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() != 0)
        skip();
    put(fixture, "etc/users.map", "alice d-abcdefghij12 alice\n");
    assert_int_equal(chown(in_folder(fixture->etc, "users.map"), STRANGER, 0), 0);
    expect_broken(fixture, "belongs to uid 54321");
}

static void
links_and_fifos_are_not_read(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "etc/real", "alice d-abcdefghij12 alice\n");
    assert_int_equal(symlink("real", in_folder(fixture->etc, "users.map")), 0);
    expect_broken(fixture, "/etc/users.map is a symbolic link");
    unlink(in_folder(fixture->etc, "users.map"));
    assert_int_equal(symlink("nowhere", in_folder(fixture->etc, "users.map")), 0);
    expect_broken(fixture, "/etc/users.map is a symbolic link");
    unlink(in_folder(fixture->etc, "users.map"));
    assert_int_equal(mkfifo(in_folder(fixture->etc, "users.map"), 0600), 0);
    expect_broken(fixture, "/etc/users.map is not a regular file");
}

static void
a_file_of_more_than_16_mib_is_not_read(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "etc/users.map", "# x\n");
    assert_int_equal(truncate(in_folder(fixture->etc, "users.map"), CONFIGURATION_FILE_LIMIT + 1), 0);
    expect_broken(fixture, "/etc/users.map is larger than");
}

static void
a_candidate_takes_the_place_of_the_map_and_may_belong_to_anybody(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "etc/studio.conf", DOMAIN);
    put(fixture, "etc/users.map", "bob\n");
    put(fixture, "git/users.map", "alice research alice\n");
    char candidate[PATH_MAX];
    snprintf(candidate, sizeof candidate, "%s", in_folder(fixture->top, "git/users.map"));
    chmod(candidate, 0666);
    assert_int_equal(load_with(fixture, candidate), CONFIGURATION_LOADED);
    assert_int_equal(fixture->configuration->map->count, 1);
    assert_int_equal(load_with(fixture, fixture->etc), CONFIGURATION_BROKEN);
    assert_non_null(strstr(fixture->failure.message, "is not a regular file"));
}

/* Does the stamp change with what this does? */
static void
expect_change(struct fixture *fixture, struct configuration_stamp *stamp, bool changes, const char *what)
{
    struct configuration_stamp now = configuration_stamp_from(fixture->vendor, fixture->etc);
    if (configuration_stamp_equal(&now, stamp) == changes)
        fail_msg("%s: the stamp should%s have changed", what, changes ? "" : " not");
    *stamp = now;
}

static void
the_stamp_changes_with_every_change_and_with_nothing_else(void **state)
{
    struct fixture *fixture = *state;
    struct configuration_stamp stamp = configuration_stamp_from(fixture->vendor, fixture->etc);
    put(fixture, "etc/users.map", "alice d-abcdefghij12 alice\n");
    expect_change(fixture, &stamp, true, "a new map");
    assert_int_equal(load(fixture), CONFIGURATION_LOADED);
    expect_change(fixture, &stamp, false, "reading");
    put(fixture, "etc/new", "alice d-abcdefghij12 alicf\n");
    expect_change(fixture, &stamp, true, "a file beside it, for it changes the folder");
    rename(in_folder(fixture->etc, "new"), in_folder(fixture->etc, "users.map"));
    expect_change(fixture, &stamp, true, "other content of the same size");
    chmod(in_folder(fixture->etc, "users.map"), 0640);
    expect_change(fixture, &stamp, true, "another mode");
    put(fixture, "etc/users.map.d/a.map", "# a\n");
    expect_change(fixture, &stamp, true, "a drop-in");
    put(fixture, "etc/users.map.d/a.map", "# ab\n");
    expect_change(fixture, &stamp, true, "a drop-in's content");
    unlink(in_folder(fixture->etc, "users.map.d/a.map"));
    expect_change(fixture, &stamp, true, "no drop-in any more");
    put(fixture, "vendor/studio.conf", "# a\n");
    expect_change(fixture, &stamp, true, "the vendor's settings");
    put(fixture, "vendor/studio.conf.d/a.conf", "# a\n");
    expect_change(fixture, &stamp, true, "the vendor's drop-in");
    chmod(fixture->etc, 0700);
    expect_change(fixture, &stamp, true, "the folder's mode");
    if (geteuid() == 0) {
        assert_int_equal(chown(in_folder(fixture->etc, "users.map"), STRANGER, STRANGER), 0);
        expect_change(fixture, &stamp, true, "another owner");
    }
    unlink(in_folder(fixture->etc, "users.map"));
    expect_change(fixture, &stamp, true, "no map any more");
    expect_change(fixture, &stamp, false, "nothing");
}

static void
the_stamp_says_how_many_bytes_the_map_has_at_most(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(configuration_stamp_from(fixture->vendor, fixture->etc).map_bytes, 0);
    put(fixture, "etc/users.map", "alice d-abcdefghij12 alice\n");
    put(fixture, "etc/users.map.d/a.map", "# a\n");
    put(fixture, "etc/studio.conf", "# these are not of the map\n");
    put(fixture, "etc/studio.conf.d/a.conf", "# nor these\n");
    put(fixture, "vendor/users.map", "# nor these, which nobody reads\n");
    assert_int_equal(configuration_stamp_from(fixture->vendor, fixture->etc).map_bytes, 27 + 4);
}

/* Lets this many more descriptors be opened, and returns the limit that was. */
static struct rlimit
leave_descriptors(int count)
{
    struct rlimit before, few;
    int next = dup(STDIN_FILENO);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = (rlim_t) (next + count);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    return before;
}

static void
a_stamp_that_there_were_no_descriptors_for_is_not_complete(void **state)
{
    struct fixture *fixture = *state;
    put(fixture, "etc/users.map", "alice d-abcdefghij12 alice\n");
    put(fixture, "etc/users.map.d/a.map", "# a\n");
    for (int count = 0; count < 3; count++) { /* the folder, the one in it, and what lists that */
        struct rlimit before = leave_descriptors(count);
        struct configuration_stamp stamp = configuration_stamp_from(fixture->vendor, fixture->etc);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_false(stamp.complete);
    }
    assert_true(configuration_stamp_from(fixture->vendor, fixture->etc).complete);
}

static void
the_shipped_samples_are_good_and_map_nobody(void **state)
{
    struct fixture *fixture = *state;
    char candidate[] = "etc/sagemaker-studio/users.map";
    AUTO_FREE char *text = calloc(1, 65536);
    FILE *sample = fopen("etc/sagemaker-studio/studio.conf", "re");
    assert_non_null(text);
    assert_non_null(sample);
    assert_true(fread(text, 1, 65535, sample) > 0);
    fclose(sample);
    put(fixture, "etc/studio.conf", text);
    assert_int_equal(load_with(fixture, candidate), CONFIGURATION_LOADED);
    assert_int_equal(fixture->configuration->map->count, 0);
    assert_int_equal(fixture->configuration->settings->domain_count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_host_without_a_map_is_not_configured, make, clear),
        cmocka_unit_test_setup_teardown(a_map_needs_no_settings, make, clear),
        cmocka_unit_test_setup_teardown(drop_ins_without_a_map_are_an_error, make, clear),
        cmocka_unit_test_setup_teardown(files_are_read_in_order_and_a_drop_in_masks_the_vendors_of_its_name, make,
                                        clear),
        cmocka_unit_test_setup_teardown(an_error_in_any_file_breaks_the_whole, make, clear),
        cmocka_unit_test_setup_teardown(what_others_may_write_is_not_read, make, clear),
        cmocka_unit_test_setup_teardown(files_of_strangers_are_not_read, make, clear),
        cmocka_unit_test_setup_teardown(links_and_fifos_are_not_read, make, clear),
        cmocka_unit_test_setup_teardown(a_file_of_more_than_16_mib_is_not_read, make, clear),
        cmocka_unit_test_setup_teardown(a_candidate_takes_the_place_of_the_map_and_may_belong_to_anybody, make, clear),
        cmocka_unit_test_setup_teardown(the_stamp_changes_with_every_change_and_with_nothing_else, make, clear),
        cmocka_unit_test_setup_teardown(the_stamp_says_how_many_bytes_the_map_has_at_most, make, clear),
        cmocka_unit_test_setup_teardown(a_stamp_that_there_were_no_descriptors_for_is_not_complete, make, clear),
        cmocka_unit_test_setup_teardown(the_shipped_samples_are_good_and_map_nobody, make, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
