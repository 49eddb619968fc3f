/*
 * Opening what an administrator wrote, and nothing that anybody else put in its place.
 *
 * SPDX-License-Identifier: MIT
 */
#include "safe_open.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "cleanup.h"
#include "private_folder.h"

static char folder_path[PRIVATE_PATH_SIZE];
static int folder;

static int
set_up(void **state)
{
    (void) state;
    private_folder_make(folder_path);
    folder = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder < 0;
}

static int
tear_down(void **state)
{
    (void) state;
    close(folder);
    private_folder_remove(folder_path);
    return 0;
}

/* The file as its owner asks for it; the failure's message when it is refused. */
static int
open_file(const char *name, struct failure *failure)
{
    return safe_open_file(folder, name, in_folder(folder_path, name), geteuid(), failure);
}

static void
assert_refused(const char *name, const char *why)
{
    struct failure failure = {0};
    AUTO_CLOSE int file = open_file(name, &failure);

    assert_int_equal(file, -1);
    assert_string_equal(failure.code, "config");
    assert_non_null(strstr(failure.message, name));
    assert_non_null(strstr(failure.message, why));
}

static void
a_file_of_the_right_owner_is_read_whole(void **state)
{
    AUTO_BUFFER struct buffer content = BUFFER(9);
    AUTO_CLOSE int file = -1;

    (void) state;
    write_text(in_folder(folder_path, "map"), "one\ntwo\n", 0640);
    file = open_file("map", NULL);
    assert_in_range(file, 3, INT_MAX);
    assert_int_equal(fcntl(file, F_GETFD), FD_CLOEXEC);
    assert_true(safe_read(file, "map", &content, NULL));
    assert_string_equal(content.data, "one\ntwo\n");
}

static void
a_file_that_is_exactly_as_large_as_allowed_is_read_and_a_larger_one_is_not(void **state)
{
    AUTO_BUFFER struct buffer content = BUFFER(8);
    AUTO_BUFFER struct buffer small = BUFFER(9);
    AUTO_CLOSE int file = -1;
    struct failure failure;

    (void) state;
    write_text(in_folder(folder_path, "map"), "one\ntwo\n", 0640);
    file = open_file("map", NULL);
    assert_true(safe_read(file, "map", &content, NULL));
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    assert_true(buffer_append_text(&small, "ab"));
    assert_false(safe_read(file, "map", &small, &failure));
    assert_non_null(strstr(failure.message, "larger"));
    assert_string_equal(small.data, "ab");
}

/* Files of proc(5) say that they are empty, as a file does that grew after it was looked at. */
static void
a_file_that_holds_more_than_it_said_is_refused(void **state)
{
    AUTO_BUFFER struct buffer content = BUFFER(4096);
    AUTO_CLOSE int file = open("/proc/version", O_RDONLY | O_CLOEXEC);
    struct failure failure;

    (void) state;
    assert_false(safe_read(file, "version", &content, &failure));
    assert_non_null(strstr(failure.message, "changed while it was read"));
    assert_int_equal(content.length, 0);
}

static void
a_file_that_is_not_there_says_so_in_errno(void **state)
{
    struct failure failure;

    (void) state;
    assert_int_equal(open_file("map", &failure), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(safe_open_folder(in_folder(folder_path, "absent"), geteuid(), &failure), -1);
    assert_int_equal(errno, ENOENT);
}

static void
a_file_that_others_can_write_is_refused(void **state)
{
    (void) state;
    write_text(in_folder(folder_path, "map"), "x\n", 0660);
    assert_refused("map", "writable");
    write_text(in_folder(folder_path, "map"), "x\n", 0602);
    assert_refused("map", "writable");
}

static void
a_file_of_somebody_else_is_refused(void **state)
{
    struct failure failure = {0};

    (void) state;
    write_text(in_folder(folder_path, "map"), "x\n", 0644);
    if (geteuid() == 0)
        assert_int_equal(chown(in_folder(folder_path, "map"), STRANGER, STRANGER), 0);
    assert_int_equal(safe_open_file(folder, "map", "map", OWNED_BY_ROOT_ALONE, &failure), -1);
    assert_non_null(strstr(failure.message, "belongs to uid"));
}

static void
links_and_things_that_are_no_files_are_refused_at_once(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void) state;
    assert_int_equal(symlink("/etc/passwd", in_folder(folder_path, "link")), 0);
    assert_refused("link", "symbolic link");
    assert_int_equal(mkfifo(in_folder(folder_path, "fifo"), 0600), 0);
    assert_refused("fifo", "not a regular file");
    assert_int_equal(mkdir(in_folder(folder_path, "dir"), 0700), 0);
    assert_refused("dir", "not a regular file");
    snprintf(address.sun_path, sizeof(address.sun_path), "%.63s/socket", folder_path);
    assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof(address)), 0);
    assert_refused("socket", "cannot be opened");
    assert_refused("../x", "not the name of a file");
}

static void
a_folder_must_be_trusted_like_a_file(void **state)
{
    AUTO_CLOSE int opened = safe_open_folder(folder_path, geteuid(), NULL);
    struct failure failure;

    (void) state;
    assert_in_range(opened, 3, INT_MAX);
    assert_int_equal(symlink(folder_path, in_folder(folder_path, "link")), 0);
    assert_int_equal(safe_open_folder(in_folder(folder_path, "link"), geteuid(), &failure), -1);
    assert_non_null(strstr(failure.message, "symbolic link"));
    assert_int_equal(chmod(folder_path, 0770), 0);
    assert_int_equal(safe_open_folder(folder_path, geteuid(), &failure), -1);
    assert_non_null(strstr(failure.message, "chmod go-w"));
    assert_int_equal(safe_open_folder("relative", geteuid(), &failure), -1);
    assert_int_equal(safe_open_folder("/etc/passwd", geteuid(), &failure), -1);
}

static void
descriptors_0_to_2_are_never_used_even_when_they_are_free(void **state)
{
    int status;
    pid_t child;

    (void) state;
    write_text(in_folder(folder_path, "map"), "x\n", 0600);
    child = fork();
    if (child == 0) {
        close(0);
        close(1);
        close(2);
        int opened = open_file("map", NULL);
        int opened_folder = safe_open_folder(folder_path, geteuid(), NULL);
        bool free = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
        _exit(opened > 2 && opened_folder > 2 && free && fcntl(opened, F_GETFD) == FD_CLOEXEC ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Beside the test program, as the folders above /tmp/... are not trusted: anybody may write to /tmp. */
static bool
make_folder_beside_program(char path[PATH_MAX])
{
    char program[PATH_MAX] = "";

    if (readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
        return false;
    snprintf(path, PATH_MAX, "%.3000s/safe-program-XXXXXX", dirname(program));
    return mkdtemp(path) != NULL;
}

/* A checkout that others can write to is fine to build in, but nothing in it can be trusted. */
static bool
is_writable_by_others(const char *path)
{
    char folder_above[PATH_MAX];
    struct stat status;

    snprintf(folder_above, sizeof(folder_above), "%s", path);
    for (char *at = folder_above; strcmp(at, "/") != 0; at = dirname(at)) {
        if (stat(at, &status) != 0 || (status.st_mode & 022) != 0)
            return true;
        if (status.st_uid != 0 && status.st_uid != geteuid())
            return true;
    }
    return stat("/", &status) != 0 || status.st_uid != 0;
}

static void
judge_programs(const char *path)
{
    struct failure failure = {0};

    write_text(in_folder(path, "program"), "#!/bin/sh\n", 0755);
    if (!safe_program(in_folder(path, "program"), geteuid(), &failure))
        fail_msg("%s", failure.message);
    assert_int_equal(chmod(in_folder(path, "program"), 0644), 0);
    assert_false(safe_program(in_folder(path, "program"), geteuid(), &failure));
    assert_non_null(strstr(failure.message, "not an executable"));
    assert_int_equal(chmod(in_folder(path, "program"), 0775), 0);
    assert_false(safe_program(in_folder(path, "program"), geteuid(), &failure));
    assert_non_null(strstr(failure.message, "writable"));
    assert_int_equal(chmod(in_folder(path, "program"), 0755), 0);
    assert_int_equal(symlink("program", in_folder(path, "link")), 0);
    assert_false(safe_program(in_folder(path, "link"), geteuid(), &failure));
    assert_non_null(strstr(failure.message, "symbolic link"));
    assert_int_equal(symlink(".", in_folder(path, "here")), 0);
    assert_false(safe_program(in_folder(path, "here/program"), geteuid(), &failure));
    assert_non_null(strstr(failure.message, "symbolic link"));
    assert_int_equal(chmod(path, 0777), 0);
    assert_false(safe_program(in_folder(path, "program"), geteuid(), &failure));
    assert_non_null(strstr(failure.message, "writable"));
    assert_string_equal(failure.code, "program");
}

static void
a_program_is_started_only_from_where_nobody_else_can_write(void **state)
{
    char path[PATH_MAX];
    bool untrusted;

    (void) state;
    assert_true(make_folder_beside_program(path));
    untrusted = is_writable_by_others(path);
    if (!untrusted)
        judge_programs(path);
    private_folder_remove(path);
    if (untrusted)
        skip();
}

static void
a_program_needs_a_plain_absolute_path(void **state)
{
    static const char *const PATHS[] = {"sh",
                                        "./sh",
                                        "/",
                                        "//usr/bin/env",
                                        "/usr/../usr/bin/env",
                                        "/usr/./bin/env",
                                        "/usr/bin/env/",
                                        "/usr/bin",
                                        "/usr/bin/absent",
                                        ""};
    struct failure failure;

    (void) state;
    for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++) {
        failure.code[0] = '\0';
        assert_false(safe_program(PATHS[i], geteuid(), &failure));
        assert_string_equal(failure.code, "program");
    }
    assert_true(safe_program("/usr/bin/env", OWNED_BY_ROOT_ALONE, &failure));
}

static void
a_program_below_tmp_is_refused(void **state)
{
    struct failure failure;

    (void) state;
    write_text(in_folder(folder_path, "program"), "#!/bin/sh\n", 0755);
    assert_false(safe_program(in_folder(folder_path, "program"), geteuid(), &failure));
    assert_non_null(strstr(failure.message, "/tmp is writable"));
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_file_of_the_right_owner_is_read_whole),
        IN_A_FOLDER(a_file_that_is_exactly_as_large_as_allowed_is_read_and_a_larger_one_is_not),
        cmocka_unit_test(a_file_that_holds_more_than_it_said_is_refused),
        IN_A_FOLDER(a_file_that_is_not_there_says_so_in_errno),
        IN_A_FOLDER(a_file_that_others_can_write_is_refused),
        IN_A_FOLDER(a_file_of_somebody_else_is_refused),
        IN_A_FOLDER(links_and_things_that_are_no_files_are_refused_at_once),
        IN_A_FOLDER(a_folder_must_be_trusted_like_a_file),
        IN_A_FOLDER(descriptors_0_to_2_are_never_used_even_when_they_are_free),
        cmocka_unit_test(a_program_is_started_only_from_where_nobody_else_can_write),
        cmocka_unit_test(a_program_needs_a_plain_absolute_path),
        IN_A_FOLDER(a_program_below_tmp_is_refused),
    };

    return cmocka_run_group_tests_name("safe_open", tests, NULL, NULL);
}
