/*
 * Reaching the helper and talking to it, whatever it does.
 *
 * SPDX-License-Identifier: MIT
 */
#include "helper_client.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "cleanup.h"
#include "private_folder.h"

#define PATIENCE_MS 10000
#define SHORT_MS    100

static char folder[PRIVATE_PATH_SIZE];
static char socket_path[256];

static int
set_up(void **state)
{
    (void) state;
    private_folder_make(folder);
    if (chmod(folder, 0777) != 0) /* a stranger's server has to make its socket here */
        return 1;
    snprintf(socket_path, sizeof(socket_path), "%s/helper.sock", folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void) state;
    private_folder_remove(folder);
    return 0;
}

static int
listen_here(int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, socket_path, strnlen(socket_path, sizeof(address.sun_path) - 1));
    assert_int_equal(bind(listener, (struct sockaddr *) &address, sizeof(address)), 0);
    assert_int_equal(chmod(socket_path, 0666), 0);
    assert_int_equal(listen(listener, backlog), 0);
    return listener;
}

/* What a server does with the one connection it takes. */
typedef void behaviour(int connection);

/* The listener is made before the fork, so the client finds it whatever the child is doing. */
static pid_t
serve(behaviour *behave)
{
    int listener = listen_here(5);
    pid_t child = fork();

    if (child == 0) {
        signal(SIGPIPE, SIG_IGN);
        alarm(60);
        behave(accept(listener, NULL, NULL));
        _exit(0);
    }
    close(listener);
    return child;
}

static void
stop(pid_t child)
{
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static int
connect_now(void)
{
    struct failure failure = {0};
    int fd = -1;

    if (helper_connect(socket_path, deadline_in_ms(PATIENCE_MS), &fd, &failure) != HELPER_CONNECTED)
        fail_msg("%s", failure.message);
    assert_in_range(fd, 3, 1000);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    return fd;
}

/* Connects and asks; the failure's code is empty when there was an answer. */
static void
ask_within(int64_t milliseconds, const char *request, struct message *answer, struct failure *failure)
{
    AUTO_BUFFER struct buffer bytes = BUFFER(1 << 20);
    AUTO_CLOSE int fd = connect_now();

    failure->code[0] = '\0';
    assert_true(buffer_append_text(&bytes, request));
    bool answered = helper_ask(fd, &bytes, deadline_in_ms(milliseconds), answer, failure);
    assert_int_equal(answered, failure->code[0] == '\0');
    assert_int_equal(answered, answer->count > 0);
}

static void
assert_ends_with(behaviour *behave, int64_t milliseconds, const char *code)
{
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    struct failure failure;
    pid_t server = serve(behave);

    ask_within(milliseconds, "proto=1\nop=issue\n\n", &answer, &failure);
    stop(server);
    assert_string_equal(failure.code, code);
}

static void
say(int connection, const char *text)
{
    (void) !write(connection, text, strlen(text));
}

static void
wait_until_asked(int connection)
{
    char bytes[4096];

    (void) !read(connection, bytes, sizeof(bytes));
}

static void
echoes_the_request(int connection)
{
    char bytes[4096];
    ssize_t got = read(connection, bytes, sizeof(bytes));

    for (ssize_t i = 0; i < got; i++)
        (void) !write(connection, bytes + i, 1);
    pause();
}

static void
a_request_gets_its_answer_even_in_pieces(void **state)
{
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    struct failure failure;
    pid_t server = serve(echoes_the_request);

    (void) state;
    ask_within(PATIENCE_MS, "proto=1\nop=issue\nbudget_ms=2900\n\n", &answer, &failure);
    stop(server);
    assert_string_equal(failure.code, "");
    assert_string_equal(message_get(&answer, "op"), "issue");
    assert_string_equal(message_get(&answer, "budget_ms"), "2900");
}

static void
says_nothing(int connection)
{
    (void) connection;
    pause();
}

static void
says_half(int connection)
{
    say(connection, "proto=1\nstatus=ok\n");
    pause();
}

static void
a_silent_helper_costs_the_deadline_and_no_more(void **state)
{
    (void) state;
    assert_ends_with(says_nothing, SHORT_MS, "timeout");
    assert_int_equal(unlink(socket_path), 0);
    assert_ends_with(says_half, SHORT_MS, "timeout");
}

static void
talks_garbage(int connection)
{
    wait_until_asked(connection);
    say(connection, "HTTP/1.1 200 OK\r\n\r\n\n\n");
    pause();
}

static void
talks_on_after_the_end(int connection)
{
    wait_until_asked(connection);
    say(connection, "proto=1\nstatus=ok\n\nmore");
    pause();
}

static void
garbage_is_a_protocol_failure(void **state)
{
    (void) state;
    assert_ends_with(talks_garbage, PATIENCE_MS, "protocol");
    assert_int_equal(unlink(socket_path), 0);
    assert_ends_with(talks_on_after_the_end, PATIENCE_MS, "protocol");
}

static void
talks_without_end(int connection)
{
    char bytes[4096];

    memset(bytes, 'x', sizeof(bytes));
    while (write(connection, bytes, sizeof(bytes)) > 0)
        ;
}

/* 64 KiB and one byte, its empty line included. */
static void
talks_a_byte_too_much(int connection)
{
    static char text[MESSAGE_LIMIT + 2];

    memset(text, 'x', MESSAGE_LIMIT + 1);
    memcpy(text, "proto=1\na=", 10);
    memcpy(text + MESSAGE_LIMIT - 1, "\n\n", 2);
    say(connection, text);
    pause();
}

static void
a_flood_is_cut_off(void **state)
{
    (void) state;
    assert_ends_with(talks_without_end, PATIENCE_MS, "protocol");
    assert_int_equal(unlink(socket_path), 0);
    assert_ends_with(talks_a_byte_too_much, PATIENCE_MS, "protocol");
}

static void
hangs_up(int connection)
{
    close(connection);
}

static void
hangs_up_half_way(int connection)
{
    say(connection, "proto=1\nstatus=");
    close(connection);
}

static void
a_helper_that_hangs_up_raises_no_signal(void **state)
{
    (void) state;
    assert_ends_with(hangs_up, PATIENCE_MS, "helper-gone");
    assert_int_equal(unlink(socket_path), 0);
    assert_ends_with(hangs_up_half_way, PATIENCE_MS, "helper-gone");
}

static void
answers_unasked_and_hangs_up(int connection)
{
    say(connection, "proto=1\nstatus=error\ncode=busy\n\n");
    close(connection);
}

static void
an_answer_that_came_before_the_helper_hung_up_is_heard(void **state)
{
    AUTO_BUFFER struct buffer request = BUFFER(1 << 20);
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    pid_t server = serve(answers_unasked_and_hangs_up);
    AUTO_CLOSE int fd = connect_now();
    struct pollfd waited = {.fd = fd, .events = POLLRDHUP};

    (void) state;
    assert_int_equal(poll(&waited, 1, PATIENCE_MS), 1); /* now sending breaks the pipe */
    assert_true(buffer_append_text(&request, "proto=1\nop=issue\n\n"));
    assert_true(helper_ask(fd, &request, deadline_in_ms(PATIENCE_MS), &answer, NULL));
    assert_string_equal(message_get(&answer, "code"), "busy");
    stop(server);
}

static void
a_helper_that_does_not_read_a_long_request_costs_the_deadline(void **state)
{
    AUTO_BUFFER struct buffer request = BUFFER(16 << 20);
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    struct failure failure;
    pid_t server = serve(says_nothing);
    AUTO_CLOSE int fd = connect_now();

    (void) state;
    assert_true(buffer_reserve(&request, 16 << 20));
    memset(request.data, 'x', 16 << 20);
    request.length = 16 << 20;
    assert_false(helper_ask(fd, &request, deadline_in_ms(SHORT_MS), &answer, &failure));
    assert_string_equal(failure.code, "timeout");
    stop(server);
}

static enum helper_reach
reach(struct failure *failure)
{
    int fd = 1234;
    enum helper_reach result = helper_connect(socket_path, deadline_in_ms(SHORT_MS), &fd, failure);

    if (result == HELPER_CONNECTED)
        close(fd);
    else
        assert_int_equal(fd, -1);
    return result;
}

static void
no_socket_means_that_there_is_no_helper(void **state)
{
    struct failure failure;

    (void) state;
    assert_int_equal(reach(&failure), HELPER_ABSENT);
    snprintf(socket_path, sizeof(socket_path), "%s/absent/helper.sock", folder);
    assert_int_equal(reach(&failure), HELPER_ABSENT);
}

/* A user's own stale socket is a helper that ended; root's is a unit that is stopped. */
static void
a_refused_socket_means_what_its_owner_says(void **state)
{
    struct failure failure;

    (void) state;
    close(listen_here(1));
    assert_int_equal(reach(&failure), geteuid() == 0 ? HELPER_UNREACHABLE : HELPER_ABSENT);
    assert_string_equal(failure.code, geteuid() == 0 ? "helper-down" : "helper-absent");
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(socket_path, STRANGER, STRANGER), 0);
    assert_int_equal(reach(&failure), HELPER_UNREACHABLE);
}

static void
a_file_in_the_place_of_the_socket_is_no_helper(void **state)
{
    struct failure failure;

    (void) state;
    write_text(socket_path, "", 0600);
    assert_int_equal(reach(&failure), HELPER_UNREACHABLE);
}

static void
a_path_that_cannot_be_a_socket_is_refused(void **state)
{
    struct failure failure;

    (void) state;
    memset(socket_path, 'a', 200);
    socket_path[0] = '/';
    socket_path[200] = '\0';
    assert_int_equal(reach(&failure), HELPER_UNREACHABLE);
    snprintf(socket_path, sizeof(socket_path), "relative.sock");
    assert_int_equal(reach(&failure), HELPER_UNREACHABLE);
}

/* Connects until the kernel says that no more will wait. */
static size_t
fill_backlog(int *waiting, size_t most)
{
    size_t count = 0;

    for (; count < most; count++) {
        struct failure failure;
        if (helper_connect(socket_path, deadline_in_ms(0), &waiting[count], &failure) == HELPER_CONNECTED)
            continue;
        assert_string_equal(failure.code, "timeout");
        break;
    }
    return count;
}

static void
a_full_backlog_is_tried_until_the_deadline(void **state)
{
    int waiting[16];
    int listener = listen_here(1);
    size_t count = fill_backlog(waiting, 16);
    struct failure failure;

    (void) state;
    assert_in_range(count, 1, 15);
    assert_int_equal(reach(&failure), HELPER_UNREACHABLE);
    assert_string_equal(failure.code, "timeout");
    while (count > 0)
        close(waiting[--count]);
    close(listener);
}

static void
a_backlog_that_empties_lets_us_in(void **state)
{
    int waiting[16];
    int listener = listen_here(1);
    size_t count = fill_backlog(waiting, 16);
    pid_t server = fork();
    AUTO_CLOSE int fd = -1;

    (void) state;
    if (server == 0) {
        alarm(60);
        (void) poll(NULL, 0, 50); /* so that the client most likely finds it full; it must get in either way */
        for (;;)
            (void) accept(listener, NULL, NULL);
    }
    assert_int_equal(helper_connect(socket_path, deadline_in_ms(PATIENCE_MS), &fd, NULL), HELPER_CONNECTED);
    stop(server);
    while (count > 0)
        close(waiting[--count]);
    close(listener);
}

static void
a_server_of_somebody_else_hears_nothing(void **state)
{
    struct failure failure;
    int ready[2];
    pid_t server;
    char byte;

    (void) state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(pipe(ready), 0);
    server = fork();
    if (server == 0) {
        alarm(60);
        if (setresgid(STRANGER, STRANGER, STRANGER) != 0 || setresuid(STRANGER, STRANGER, STRANGER) != 0)
            _exit(1);
        (void) listen_here(5);
        say(ready[1], "x");
        pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(reach(&failure), HELPER_UNREACHABLE);
    assert_string_equal(failure.code, "helper-untrusted");
    stop(server);
    close(ready[0]);
    close(ready[1]);
}

static void
descriptors_0_to_2_are_never_used_even_when_they_are_free(void **state)
{
    int listener = listen_here(5);
    pid_t child = fork();
    int status;

    (void) state;
    if (child == 0) {
        int fd = -1;
        close(0);
        close(1);
        close(2);
        enum helper_reach reached = helper_connect(socket_path, deadline_in_ms(PATIENCE_MS), &fd, NULL);
        bool free = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
        _exit(reached == HELPER_CONNECTED && fd > 2 && free && fcntl(fd, F_GETFD) == FD_CLOEXEC ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(listener);
}

#define WITH_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_FOLDER(a_request_gets_its_answer_even_in_pieces),
        WITH_A_FOLDER(a_silent_helper_costs_the_deadline_and_no_more),
        WITH_A_FOLDER(garbage_is_a_protocol_failure),
        WITH_A_FOLDER(a_flood_is_cut_off),
        WITH_A_FOLDER(a_helper_that_hangs_up_raises_no_signal),
        WITH_A_FOLDER(an_answer_that_came_before_the_helper_hung_up_is_heard),
        WITH_A_FOLDER(a_helper_that_does_not_read_a_long_request_costs_the_deadline),
        WITH_A_FOLDER(no_socket_means_that_there_is_no_helper),
        WITH_A_FOLDER(a_refused_socket_means_what_its_owner_says),
        WITH_A_FOLDER(a_file_in_the_place_of_the_socket_is_no_helper),
        WITH_A_FOLDER(a_path_that_cannot_be_a_socket_is_refused),
        WITH_A_FOLDER(a_full_backlog_is_tried_until_the_deadline),
        WITH_A_FOLDER(a_backlog_that_empties_lets_us_in),
        WITH_A_FOLDER(a_server_of_somebody_else_hears_nothing),
        WITH_A_FOLDER(descriptors_0_to_2_are_never_used_even_when_they_are_free),
    };

    return cmocka_run_group_tests_name("helper_client", tests, NULL, NULL);
}
