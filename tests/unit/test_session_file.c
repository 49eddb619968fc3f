/*
 * The files that carry a link, and the folders they lie in, with a user who plants things there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "session_file.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "cleanup.h"
#include "private_folder.h"

#define ID      "0123456789abcdef0123456789abcdef"
#define FRESH   "session-" ID
#define SPENT   "spent-" ID
#define CONTENT "proto=1\nurl=https://studio\n\n"

static char base[PRIVATE_PATH_SIZE]; /* what the folder of the session files lies in */
static char path[2 * PRIVATE_PATH_SIZE];
static int folder;

static int
set_up(void **state)
{
    (void) state;
    private_folder_make(base);
    snprintf(path, sizeof(path), "%s/sagemaker-studio", base);
    folder = session_folder_open(path, true, NULL);
    return folder < 0;
}

static int
tear_down(void **state)
{
    (void) state;
    close(folder);
    private_folder_remove(base);
    return 0;
}

static const char *
inside(const char *name)
{
    return in_folder(path, name);
}

static bool
write_link(void)
{
    AUTO_BUFFER struct buffer content = BUFFER(MESSAGE_LIMIT);

    assert_true(buffer_append_text(&content, CONTENT));
    return session_file_write(folder, ID, &content, NULL);
}

static bool
read_link(void)
{
    AUTO_MESSAGE struct message link = MESSAGE_EMPTY;
    struct failure failure = {0};
    bool read = session_file_read(folder, ID, &link, &failure);

    if (read)
        assert_string_equal(message_get(&link, "url"), "https://studio");
    else
        assert_string_equal(failure.code, "session");
    return read;
}

static mode_t
mode_of(const char *of)
{
    struct stat status;

    assert_int_equal(lstat(of, &status), 0);
    return status.st_mode & 07777;
}

/* What a hostile user may leave in the place of a file. */
static void
plant_symlink(const char *at)
{
    write_text(in_folder(base, "victim"), CONTENT, 0600);
    assert_int_equal(symlink(in_folder(base, "victim"), at), 0);
}

static void
plant_dangling_symlink(const char *at)
{
    assert_int_equal(symlink(in_folder(base, "victim"), at), 0);
}

static void
plant_hard_link(const char *at)
{
    write_text(in_folder(base, "victim"), CONTENT, 0600);
    assert_int_equal(link(in_folder(base, "victim"), at), 0);
}

static void
plant_fifo(const char *at)
{
    assert_int_equal(mkfifo(at, 0600), 0);
}

static void
plant_folder(const char *at)
{
    assert_int_equal(mkdir(at, 0600), 0);
}

static void
plant_socket(const char *at)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(strlen(at) < sizeof(address.sun_path));
    memcpy(address.sun_path, at, strnlen(at, sizeof(address.sun_path) - 1));
    assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof(address)), 0);
    assert_int_equal(chmod(at, 0600), 0);
}

static void
plant_readable_file(const char *at)
{
    write_text(at, CONTENT, 0644);
}

static void
plant_damaged_file(const char *at)
{
    write_text(at, "proto=1\nurl=https://st", 0600);
}

static void
plant_empty_file(const char *at)
{
    write_text(at, "", 0600);
}

typedef void plant(const char *at);

static plant *const PLANTS[] = {plant_symlink,       plant_dangling_symlink, plant_hard_link,
                                plant_fifo,          plant_folder,           plant_socket,
                                plant_readable_file, plant_damaged_file,     plant_empty_file};

#define PLANT_COUNT (sizeof(PLANTS) / sizeof(PLANTS[0]))

static void
an_id_is_128_random_bits_in_hex(void **state)
{
    char one[SESSION_ID_SIZE], other[SESSION_ID_SIZE];

    (void) state;
    assert_true(session_id_make(one, NULL));
    assert_true(session_id_make(other, NULL));
    assert_true(session_id_is_valid(one));
    assert_string_not_equal(one, other);
    assert_false(session_id_is_valid(""));
    assert_false(session_id_is_valid(ID "0"));
    assert_false(session_id_is_valid("0123456789ABCDEF0123456789ABCDEF"));
    assert_false(session_id_is_valid("../../../../../../../../etc/pass"));
}

static void
a_pointer_to_a_session_is_split_and_anything_else_is_refused(void **state)
{
    static const char *const BAD[] = {"",
                                      "/",
                                      FRESH,
                                      "/" FRESH,
                                      "run/" FRESH,
                                      "/run/" SPENT,
                                      "/run/" FRESH "0",
                                      "/run/" FRESH "/",
                                      "/run/session-../x",
                                      "/run/"};
    char split_folder[SESSION_PATH_SIZE], id[SESSION_ID_SIZE], long_path[SESSION_PATH_SIZE + 64];

    (void) state;
    assert_true(session_path_split("/run/user/1000/sagemaker-studio/" FRESH, split_folder, id));
    assert_string_equal(split_folder, "/run/user/1000/sagemaker-studio");
    assert_string_equal(id, ID);
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
        assert_false(session_path_split(BAD[i], split_folder, id));
    memset(long_path, 'a', sizeof(long_path));
    long_path[0] = '/';
    snprintf(long_path + SESSION_PATH_SIZE, 64, "/%s", FRESH);
    assert_false(session_path_split(long_path, split_folder, id));
}

static void
only_a_runtime_folder_in_good_order_is_chosen(void **state)
{
    char chosen[SESSION_PATH_SIZE];
    char long_path[SESSION_PATH_SIZE + 1];

    (void) state;
    assert_true(session_folder_choose(4242, NULL, "/run/s", chosen, NULL));
    assert_string_equal(chosen, "/run/s/users/4242");
    /* Right owner and mode, but not /run/user/UID: the environment does not choose where root's child writes. */
    assert_int_equal(chmod(base, 0700), 0);
    assert_true(session_folder_choose(geteuid(), base, "/run/s", chosen, NULL));
    assert_memory_equal(chosen, "/run/s/users/", 13);
    assert_true(session_folder_choose(4242, "/run/user/4242/", "/run/s", chosen, NULL));
    assert_string_equal(chosen, "/run/s/users/4242");
    assert_true(session_folder_choose(4242, "/run/user/4242", "/run/s", chosen, NULL)); /* there is none */
    assert_string_equal(chosen, "/run/s/users/4242");
    memset(long_path, 'a', SESSION_PATH_SIZE);
    long_path[SESSION_PATH_SIZE] = '\0';
    assert_false(session_folder_choose(4242, NULL, long_path, chosen, NULL));
}

static void
a_folder_is_made_private_whatever_the_umask(void **state)
{
    static const mode_t UMASKS[] = {0, 027, 077, 0177};

    (void) state;
    for (size_t i = 0; i < sizeof(UMASKS) / sizeof(UMASKS[0]); i++) {
        const char *made = in_folder(base, "made");
        mode_t before = umask(UMASKS[i]);
        AUTO_CLOSE int opened = session_folder_open(made, true, NULL);
        assert_int_equal(umask(before), UMASKS[i]); /* and the umask is as it was */
        assert_in_range(opened, 3, INT_MAX);
        assert_int_equal(mode_of(made), 0700);
        assert_int_equal(rmdir(made), 0);
    }
}

static void
a_folder_is_made_only_when_asked_for_and_only_its_last_part(void **state)
{
    (void) state;
    assert_int_equal(session_folder_open(in_folder(base, "absent"), false, NULL), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(session_folder_open(in_folder(base, "absent/leaf"), true, NULL), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(session_folder_open("relative", true, NULL), -1);
    assert_int_equal(session_folder_open("/", true, NULL), -1);
    assert_int_equal(session_folder_open(in_folder(base, ""), true, NULL), -1);
}

static void
a_folder_that_others_may_enter_or_that_is_none_is_refused(void **state)
{
    (void) state;
    for (size_t i = 0; i < PLANT_COUNT; i++) {
        PLANTS[i](in_folder(base, "planted"));
        assert_int_equal(session_folder_open(in_folder(base, "planted"), true, NULL), -1);
        (void) unlink(in_folder(base, "victim"));
        assert_int_equal(remove(in_folder(base, "planted")), 0);
    }
    assert_int_equal(symlink(path, in_folder(base, "link")), 0);
    assert_int_equal(session_folder_open(in_folder(base, "link"), true, NULL), -1);
    assert_int_equal(session_folder_open(in_folder(base, "link/leaf"), true, NULL), -1);
    assert_int_equal(chmod(path, 0750), 0);
    assert_int_equal(session_folder_open(path, true, NULL), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(mode_of(path), 0750); /* and it is not put right behind the user's back */
}

static void
somebody_elses_folder_is_refused(void **state)
{
    (void) state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(path, STRANGER, STRANGER), 0);
    assert_int_equal(session_folder_open(path, true, NULL), -1);
    assert_int_equal(errno, EPERM);
}

static bool
prepare(uid_t uid, char prepared[SESSION_PATH_SIZE])
{
    const char *run = in_folder(base, "run");

    assert_true(session_folder_choose(uid, NULL, run, prepared, NULL));
    return session_folder_prepare(prepared, uid, uid, run, NULL);
}

static void
an_ordinary_user_prepares_his_own_folder(void **state)
{
    char prepared[SESSION_PATH_SIZE];
    mode_t before = umask(027);

    (void) state;
    assert_true(prepare(geteuid(), prepared));
    assert_true(prepare(geteuid(), prepared)); /* the second login */
    umask(before);
    assert_int_equal(mode_of(in_folder(base, "run")), 0755);
    assert_int_equal(mode_of(in_folder(base, "run/users")), 0711);
    assert_int_equal(mode_of(prepared), 0700);
}

static void
root_prepares_a_folder_that_the_user_owns(void **state)
{
    char prepared[SESSION_PATH_SIZE];
    struct stat status;

    (void) state;
    if (geteuid() != 0)
        skip();
    assert_true(prepare(STRANGER, prepared));
    assert_int_equal(lstat(prepared, &status), 0);
    assert_int_equal(status.st_uid, STRANGER);
    assert_int_equal(status.st_gid, STRANGER);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_true(prepare(STRANGER, prepared));
    /* Another login of the same user has made it and not yet handed it over. */
    assert_int_equal(chown(prepared, 0, 0), 0);
    assert_true(prepare(STRANGER, prepared));
    assert_int_equal(lstat(prepared, &status), 0);
    assert_int_equal(status.st_uid, STRANGER);
    /* Anything else in its place is not touched. */
    assert_int_equal(chown(prepared, STRANGER + 1, 0), 0);
    assert_false(prepare(STRANGER, prepared));
    assert_int_equal(chown(prepared, STRANGER, 0), 0);
    assert_int_equal(chmod(prepared, 0750), 0);
    assert_false(prepare(STRANGER, prepared));
}

static void
users_must_belong_to_nobody_else(void **state)
{
    char prepared[SESSION_PATH_SIZE];

    (void) state;
    assert_true(prepare(geteuid(), prepared));
    assert_int_equal(chmod(in_folder(base, "run/users"), 0733), 0);
    assert_false(prepare(geteuid(), prepared));
    assert_int_equal(chmod(in_folder(base, "run/users"), 0711), 0);
    assert_int_equal(rename(in_folder(base, "run/users"), in_folder(base, "elsewhere")), 0);
    assert_int_equal(symlink(in_folder(base, "elsewhere"), in_folder(base, "run/users")), 0);
    assert_false(prepare(geteuid(), prepared));
}

static void
a_runtime_folder_needs_no_preparation(void **state)
{
    (void) state;
    assert_true(session_folder_prepare("/run/user/4242/sagemaker-studio", 4242, 4242, in_folder(base, "run"), NULL));
    assert_int_equal(access(in_folder(base, "run"), F_OK), -1);
}

static void
a_link_is_read_as_it_was_written_by_its_user_alone(void **state)
{
    static const mode_t UMASKS[] = {0, 077, 0777};

    (void) state;
    for (size_t i = 0; i < sizeof(UMASKS) / sizeof(UMASKS[0]); i++) {
        mode_t before = umask(UMASKS[i]);
        assert_true(write_link());
        umask(before);
        assert_int_equal(mode_of(inside(FRESH)), 0600);
        assert_int_equal(count_entries(path), 1);
        assert_true(read_link());
        assert_int_equal(unlink(inside(FRESH)), 0);
    }
    assert_false(read_link());
    assert_int_equal(errno, ENOENT);
}

static void
nothing_that_was_planted_is_written_to_or_read(void **state)
{
    (void) state;
    for (size_t i = 0; i < PLANT_COUNT; i++) {
        PLANTS[i](inside(FRESH));
        unsigned before = count_entries(path);
        assert_false(read_link());
        assert_false(write_link());
        assert_int_equal(errno, EEXIST);
        assert_int_equal(count_entries(path), before);
        if (PLANTS[i] == plant_dangling_symlink)
            assert_int_equal(access(in_folder(base, "victim"), F_OK), -1);
        (void) unlink(in_folder(base, "victim"));
        assert_int_equal(remove(inside(FRESH)), 0);
    }
}

static void
a_plant_under_the_name_of_the_unfinished_file_is_not_followed(void **state)
{
    (void) state;
    for (size_t i = 0; i < PLANT_COUNT; i++) {
        PLANTS[i](inside(".session-" ID));
        assert_false(write_link());
        if (PLANTS[i] == plant_dangling_symlink)
            assert_int_equal(access(in_folder(base, "victim"), F_OK), -1);
        (void) unlink(in_folder(base, "victim"));
        assert_int_equal(remove(inside(".session-" ID)), 0);
    }
}

static void
somebody_elses_file_is_not_read(void **state)
{
    (void) state;
    if (geteuid() != 0)
        skip();
    assert_true(write_link());
    assert_int_equal(chown(inside(FRESH), STRANGER, STRANGER), 0);
    assert_false(read_link());
}

static void
a_file_that_is_too_large_is_not_read(void **state)
{
    (void) state;
    assert_true(write_link());
    assert_int_equal(truncate(inside(FRESH), MESSAGE_LIMIT + 1), 0);
    assert_false(read_link());
}

/* A file size limit fails as a full disk does: some bytes are written, then no more. */
static void
a_write_that_fails_leaves_nothing_behind(void **state)
{
    struct rlimit before, small;
    bool written;

    (void) state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    written = write_link();
    int saved_errno = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_false(written);
    assert_int_equal(saved_errno, EFBIG);
    assert_int_equal(count_entries(path), 0);
}

static void
a_link_is_claimed_once(void **state)
{
    AUTO_MESSAGE struct message link = MESSAGE_EMPTY;

    (void) state;
    assert_true(write_link());
    assert_true(session_file_claim(folder, ID, NULL));
    assert_false(session_file_claim(folder, ID, NULL));
    assert_int_equal(errno, ENOENT);
    assert_false(read_link());
    assert_true(session_file_read_spent(folder, ID, &link, NULL));
    assert_string_equal(message_get(&link, "url"), "https://studio");
}

/* rename(2) of two names of one file does nothing and succeeds: without care the link could be used for ever. */
static void
a_second_name_does_not_make_a_second_use(void **state)
{
    (void) state;
    assert_true(write_link());
    assert_int_equal(link(inside(FRESH), inside(SPENT)), 0);
    assert_false(session_file_claim(folder, ID, NULL));
    assert_int_equal(errno, EEXIST);
}

static void
of_many_who_claim_at_once_one_gets_it(void **state)
{
    pid_t children[8];
    int winners = 0;

    (void) state;
    assert_true(write_link());
    for (size_t i = 0; i < 8; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(session_file_claim(folder, ID, NULL) ? 0 : 1);
    }
    for (size_t i = 0; i < 8; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        winners += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    assert_int_equal(winners, 1);
}

static void
logout_removes_its_own_files_and_no_others(void **state)
{
    (void) state;
    write_text(inside("session-ffffffffffffffffffffffffffffffff"), CONTENT, 0600);
    write_text(inside(SPENT), CONTENT, 0600);
    write_text(inside(".session-" ID), CONTENT, 0600); /* of a write that was killed */
    assert_true(session_file_remove(folder, ID, NULL));
    assert_true(write_link());
    assert_true(session_file_remove(folder, ID, NULL));
    assert_true(session_file_remove(folder, ID, NULL));
    assert_int_equal(count_entries(path), 1);
    assert_int_equal(access(inside("session-ffffffffffffffffffffffffffffffff"), F_OK), 0);
}

static void
removing_a_planted_link_leaves_what_it_points_at(void **state)
{
    (void) state;
    plant_symlink(inside(FRESH));
    plant_folder(inside(SPENT));
    assert_false(session_file_remove(folder, ID, NULL)); /* a folder is not ours to remove */
    assert_int_equal(access(in_folder(base, "victim"), F_OK), 0);
    assert_int_equal(count_entries(path), 1);
}

static void
an_id_cannot_lead_out_of_the_folder(void **state)
{
    AUTO_BUFFER struct buffer content = BUFFER(MESSAGE_LIMIT);
    AUTO_MESSAGE struct message link = MESSAGE_EMPTY;

    (void) state;
    assert_true(buffer_append_text(&content, CONTENT));
    assert_false(session_file_write(folder, "../x", &content, NULL));
    assert_false(session_file_read(folder, "/../../victim", &link, NULL));
    assert_false(session_file_claim(folder, "", NULL));
    assert_false(session_file_remove(folder, "../../../../../../../etc/passwd1", NULL));
}

/* How long a link with this clock lives; the key named is left out, or has another value. */
static int64_t
seconds_left_with(int64_t seconds, const char *changed, const char *value)
{
    AUTO_BUFFER struct buffer clock = BUFFER(MESSAGE_LIMIT);
    AUTO_BUFFER struct buffer out = BUFFER(MESSAGE_LIMIT);
    AUTO_MESSAGE struct message link = MESSAGE_EMPTY;
    AUTO_MESSAGE struct message other = MESSAGE_EMPTY;

    assert_true(message_begin(&clock) && session_put_clock(&clock, seconds) && message_end(&clock));
    assert_true(message_parse(&link, clock.data, clock.length, NULL));
    assert_true(message_begin(&out));
    for (size_t i = 0; i < link.count; i++) {
        bool same = strcmp(link.fields[i].key, changed) != 0;
        if (same || value != NULL)
            assert_true(message_put(&out, link.fields[i].key, same ? link.fields[i].value : value));
    }
    assert_true(message_end(&out));
    assert_true(message_parse(&other, out.data, out.length, NULL));
    return session_link_seconds_left(&other);
}

static void
a_link_lives_by_the_boot_time_clock(void **state)
{
    (void) state;
    assert_in_range(seconds_left_with(300, "", NULL), 290, 300);
    assert_int_equal(seconds_left_with(0, "", NULL), 0);
    assert_false(session_put_clock(&BUFFER(100), -1));
}

static void
a_link_of_another_boot_or_without_a_sound_clock_is_dead(void **state)
{
    static const char *const KEYS[] = {"boot_id", "issued_boottime", "expires_boottime"};

    (void) state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(seconds_left_with(300, KEYS[i], NULL), 0);
        assert_int_equal(seconds_left_with(300, KEYS[i], ""), 0);
        assert_int_equal(seconds_left_with(300, KEYS[i], "-1"), 0);
    }
    assert_int_equal(seconds_left_with(300, "boot_id", "01234567-89ab-cdef-0123-456789abcdef"), 0);
    assert_int_equal(seconds_left_with(300, "issued_boottime", "99999999999"), 0);
    assert_int_equal(seconds_left_with(300, "expires_boottime", "1"), 0);
}

static void
descriptors_0_to_2_are_never_used_even_when_they_are_free(void **state)
{
    int status;
    pid_t child = fork();

    (void) state;
    if (child == 0) {
        AUTO_MESSAGE struct message link = MESSAGE_EMPTY;
        close(0);
        close(1);
        close(2);
        bool done = write_link() && session_file_read(folder, ID, &link, NULL);
        int opened = session_folder_open(path, false, NULL);
        bool free = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
        _exit(done && opened > 2 && free && fcntl(opened, F_GETFD) == FD_CLOEXEC ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_128_random_bits_in_hex),
        cmocka_unit_test(a_pointer_to_a_session_is_split_and_anything_else_is_refused),
        IN_A_FOLDER(only_a_runtime_folder_in_good_order_is_chosen),
        IN_A_FOLDER(a_folder_is_made_private_whatever_the_umask),
        IN_A_FOLDER(a_folder_is_made_only_when_asked_for_and_only_its_last_part),
        IN_A_FOLDER(a_folder_that_others_may_enter_or_that_is_none_is_refused),
        IN_A_FOLDER(somebody_elses_folder_is_refused),
        IN_A_FOLDER(an_ordinary_user_prepares_his_own_folder),
        IN_A_FOLDER(root_prepares_a_folder_that_the_user_owns),
        IN_A_FOLDER(users_must_belong_to_nobody_else),
        IN_A_FOLDER(a_runtime_folder_needs_no_preparation),
        IN_A_FOLDER(a_link_is_read_as_it_was_written_by_its_user_alone),
        IN_A_FOLDER(nothing_that_was_planted_is_written_to_or_read),
        IN_A_FOLDER(a_plant_under_the_name_of_the_unfinished_file_is_not_followed),
        IN_A_FOLDER(somebody_elses_file_is_not_read),
        IN_A_FOLDER(a_file_that_is_too_large_is_not_read),
        IN_A_FOLDER(a_write_that_fails_leaves_nothing_behind),
        IN_A_FOLDER(a_link_is_claimed_once),
        IN_A_FOLDER(a_second_name_does_not_make_a_second_use),
        IN_A_FOLDER(of_many_who_claim_at_once_one_gets_it),
        IN_A_FOLDER(logout_removes_its_own_files_and_no_others),
        IN_A_FOLDER(removing_a_planted_link_leaves_what_it_points_at),
        IN_A_FOLDER(an_id_cannot_lead_out_of_the_folder),
        cmocka_unit_test(a_link_lives_by_the_boot_time_clock),
        cmocka_unit_test(a_link_of_another_boot_or_without_a_sound_clock_is_dead),
        IN_A_FOLDER(descriptors_0_to_2_are_never_used_even_when_they_are_free),
    };

    return cmocka_run_group_tests_name("session_file", tests, NULL, NULL);
}
