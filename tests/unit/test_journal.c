/*
 * test_journal.c: what a log line looks like, and where it goes when the log is absent, restarted, full or stopped.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "journal.h"

#define LINES_MANY 5000 /* more than any socket or pipe takes */

/* A system log and a standard error of our own. */
struct fixture {
    char folder[64];
    char path[96];
    int log;
    int saved_stderr;
    int stderr_reader;
};

static int
log_listen(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
    return fd;
}

static void
stderr_becomes(struct fixture *fixture, int reader, int writer)
{
    close(fixture->stderr_reader);
    fixture->stderr_reader = reader;
    dup2(writer, STDERR_FILENO);
    close(writer);
}

static int
make_log(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    int ends[2];

    (void) snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/test_journal.XXXXXX");
    if (!mkdtemp(fixture->folder) || pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    (void) snprintf(fixture->path, sizeof(fixture->path), "%s/log", fixture->folder);
    fixture->log = log_listen(fixture->path);
    fixture->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    fixture->stderr_reader = -1;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    stderr_becomes(fixture, ends[0], ends[1]);
    journal_open_with(JOURNAL_SYSLOG, false, fixture->path);
    *state = fixture;
    return 0;
}

static int
free_log(void **state)
{
    struct fixture *fixture = *state;

    dup2(fixture->saved_stderr, STDERR_FILENO);
    close(fixture->saved_stderr);
    close(fixture->stderr_reader);
    close(fixture->log);
    unlink(fixture->path);
    rmdir(fixture->folder);
    unsetenv("JOURNAL_STREAM");
    free(fixture);
    return 0;
}

/* The next datagram, "" when there is none. */
static const char *
next_log_line(const struct fixture *fixture)
{
    static char line[20000];
    ssize_t length = recv(fixture->log, line, sizeof(line) - 1, 0);

    line[length > 0 ? length : 0] = '\0';
    return line;
}

/* What follows "sagemaker-studio[pid]: ". */
static const char *
next_log_text(const struct fixture *fixture)
{
    const char *line = next_log_line(fixture);
    const char *text = strstr(line, "]: ");

    return text ? text + 3 : line;
}

static const char *
what_stderr_got(const struct fixture *fixture)
{
    static char text[20000];
    ssize_t length = read(fixture->stderr_reader, text, sizeof(text) - 1);

    text[length > 0 ? length : 0] = '\0';
    return text;
}

static void
write_line(int priority, const char *value)
{
    struct journal_line line = journal_begin(priority, "test");

    journal_put(&line, "value", value);
    journal_end(&line);
}

/*
 * Lines
 */

static void
a_line_has_its_fields_in_the_order_they_were_put(void **state)
{
    struct journal_line line = journal_begin(LOG_INFO, "link");

    journal_put(&line, "user", "alice");
    journal_put_number(&line, "uid", 1001);
    journal_put(&line, "absent", NULL);
    journal_put(&line, "empty", "");
    journal_put_number(&line, "left", -5);
    journal_end(&line);
    assert_string_equal(next_log_text(*state), "event=link user=alice uid=1001 left=-5");
}

static void
values_that_could_be_misread_are_quoted(void **state)
{
    static const char *const cases[][2] = {
        {"two words", "value=\"two words\""},
        {"a=b", "value=\"a=b\""},
        {"say \"yes\"", "value=\"say \\\"yes\\\"\""},
        {"it's", "value=\"it's\""},
        {"CORP\\alice", "value=\"CORP\\\\alice\""},
        {"plain-text/1:2", "value=plain-text/1:2"},
        {"\xe6\x97\xa5\xe6\x9c\xac", "value=\xe6\x97\xa5\xe6\x9c\xac"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_line(LOG_INFO, cases[i][0]);
        assert_string_equal(next_log_text(*state) + strlen("event=test "), cases[i][1]);
    }
}

static void
control_bytes_and_what_is_not_utf_8_are_escaped(void **state)
{
    static const char *const cases[][2] = {
        {"a\nevent=forged", "value=\"a\\x0Aevent=forged\""},
        {"\x1b[31m", "value=\\x1B[31m"},
        {"a\x7f\r", "value=a\\x7F\\x0D"},
        {"\xff\xfe", "value=\\xFF\\xFE"},
        {"\xc2\x85", "value=\\xC2\\x85"},          /* U+0085, a control character */
        {"\xed\xa0\x80", "value=\\xED\\xA0\\x80"}, /* a surrogate */
        {"\xe6\x97", "value=\\xE6\\x97"},          /* cut off */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_line(LOG_INFO, cases[i][0]);
        assert_string_equal(next_log_text(*state) + strlen("event=test "), cases[i][1]);
    }
}

static void
debug_lines_come_only_when_asked_for(void **state)
{
    const struct fixture *fixture = *state;

    write_line(LOG_DEBUG, "x");
    assert_string_equal(next_log_line(fixture), "");
    journal_open_with(JOURNAL_SYSLOG, true, fixture->path);
    write_line(LOG_DEBUG, "x");
    assert_string_equal(next_log_text(fixture), "event=test value=x");
}

static void
a_long_line_is_cut_between_characters(void **state)
{
    char value[12001];
    const char *text;
    size_t length;

    for (size_t i = 0; i < 12000; i += 3)
        memcpy(value + i, "\xe6\x97\xa5", 3);
    value[12000] = '\0';
    write_line(LOG_INFO, value);
    text = next_log_text(*state);
    length = strlen(text);
    assert_in_range(length, JOURNAL_LINE_LIMIT - 4, JOURNAL_LINE_LIMIT);
    assert_string_equal(text + length - 6, "\xe6\x97\xa5...");
}

static void
a_value_longer_than_any_line_does_no_harm(void **state)
{
    static char value[200000];

    memset(value, 'x', sizeof(value) - 1);
    write_line(LOG_INFO, value);
    assert_int_equal(strlen(next_log_text(*state)), JOURNAL_LINE_LIMIT);
}

/*
 * The system log
 */

static void
the_system_log_gets_facility_priority_time_name_and_pid(void **state)
{
    static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    const char *line;
    char month[4];
    int priority, day, hour, minute, second, pid;

    write_line(LOG_WARNING, "x");
    line = next_log_line(*state);
    assert_int_equal(sscanf(line, "<%d>%3s %2d %2d:%2d:%2d sagemaker-studio[%d]: ", &priority, month, &day, &hour,
                            &minute, &second, &pid),
                     7);
    assert_int_equal(priority, LOG_AUTHPRIV | LOG_WARNING);
    assert_non_null(strstr(months, month));
    assert_int_equal(pid, (int) getpid());
    assert_string_equal(line + strlen("<84>Jan  1 00:00:00 "), strstr(line, "sagemaker-studio["));
}

static void
a_log_that_was_started_again_gets_the_next_line(void **state)
{
    struct fixture *fixture = *state;

    write_line(LOG_INFO, "before");
    assert_string_equal(next_log_text(fixture), "event=test value=before");
    close(fixture->log);
    unlink(fixture->path);
    fixture->log = log_listen(fixture->path);
    write_line(LOG_INFO, "after");
    assert_string_equal(next_log_text(fixture), "event=test value=after");
}

static void
without_a_log_lines_go_to_stderr_until_there_is_one(void **state)
{
    struct fixture *fixture = *state;

    close(fixture->log);
    unlink(fixture->path);
    write_line(LOG_INFO, "x");
    assert_string_equal(what_stderr_got(fixture), "sagemaker-studio: event=test value=x\n");
    fixture->log = log_listen(fixture->path);
    write_line(LOG_INFO, "y");
    assert_string_equal(next_log_text(fixture), "event=test value=y");
    assert_string_equal(what_stderr_got(fixture), "");
}

static void
a_log_that_is_stopped_does_not_stop_us_and_learns_later_what_it_missed(void **state)
{
    const struct fixture *fixture = *state;
    unsigned kept = 0;
    unsigned lost = 0;

    for (unsigned i = 0; i < LINES_MANY; i++)
        write_line(LOG_INFO, "x");
    while (next_log_line(fixture)[0])
        kept++;
    assert_in_range(kept, 1, LINES_MANY - 1);
    write_line(LOG_INFO, "y");
    assert_string_equal(next_log_text(fixture), "event=test value=y");
    assert_int_equal(sscanf(next_log_text(fixture), "event=log-lines-lost count=%u", &lost), 1);
    assert_int_equal(kept + lost, LINES_MANY);
    write_line(LOG_INFO, "z");
    assert_string_equal(next_log_text(fixture), "event=test value=z");
    assert_string_equal(next_log_line(fixture), "");
}

/*
 * Standard error
 */

static void
stderr_gets_plain_lines_when_asked_for(void **state)
{
    const struct fixture *fixture = *state;

    journal_open_with(JOURNAL_STDERR, false, fixture->path);
    write_line(LOG_INFO, "x");
    assert_string_equal(what_stderr_got(fixture), "sagemaker-studio: event=test value=x\n");
    assert_string_equal(next_log_line(fixture), "");
}

static void
a_reader_of_stderr_that_is_stopped_does_not_stop_us(void **state)
{
    const struct fixture *fixture = *state;
    char value[5000];

    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    journal_open_with(JOURNAL_STDERR, false, fixture->path);
    for (unsigned i = 0; i < 100; i++)
        write_line(LOG_INFO, value);
    assert_string_not_equal(what_stderr_got(fixture), "");
}

static void
stderr_is_the_journal(struct fixture *fixture)
{
    struct stat status;
    char stream[64];
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    stderr_becomes(fixture, ends[0], ends[1]);
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    (void) snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) status.st_dev, (uintmax_t) status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
}

static void
under_systemd_stderr_is_the_journal_and_gets_the_priority(void **state)
{
    struct fixture *fixture = *state;

    stderr_is_the_journal(fixture);
    journal_open_with(JOURNAL_AUTO, false, fixture->path);
    write_line(LOG_WARNING, "x");
    assert_string_equal(what_stderr_got(fixture), "<4>event=test value=x\n");
    assert_string_equal(next_log_line(fixture), "");
}

static void
a_journal_that_is_stopped_does_not_stop_us_and_lines_stay_whole(void **state)
{
    struct fixture *fixture = *state;
    const char *got;

    stderr_is_the_journal(fixture);
    journal_open_with(JOURNAL_AUTO, false, fixture->path);
    for (unsigned i = 0; i < LINES_MANY; i++)
        write_line(LOG_INFO, "x");
    while (what_stderr_got(fixture)[0])
        ;
    write_line(LOG_INFO, "y");
    got = what_stderr_got(fixture);
    if (got[0] == '\n')
        got++;
    assert_memory_equal(got, "<6>event=test value=y\n<4>event=log-lines-lost count=", 52);
}

static void
an_inherited_journal_stream_that_is_not_stderr_does_not_count(void **state)
{
    const struct fixture *fixture = *state;

    setenv("JOURNAL_STREAM", "1:2", 1);
    journal_open_with(JOURNAL_AUTO, false, fixture->path);
    write_line(LOG_INFO, "x");
    assert_string_equal(next_log_text(fixture), "event=test value=x");
    assert_string_equal(what_stderr_got(fixture), "");
}

#define JOURNAL_TEST(function) cmocka_unit_test_setup_teardown(function, make_log, free_log)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(a_line_has_its_fields_in_the_order_they_were_put),
        JOURNAL_TEST(values_that_could_be_misread_are_quoted),
        JOURNAL_TEST(control_bytes_and_what_is_not_utf_8_are_escaped),
        JOURNAL_TEST(debug_lines_come_only_when_asked_for),
        JOURNAL_TEST(a_long_line_is_cut_between_characters),
        JOURNAL_TEST(a_value_longer_than_any_line_does_no_harm),
        JOURNAL_TEST(the_system_log_gets_facility_priority_time_name_and_pid),
        JOURNAL_TEST(a_log_that_was_started_again_gets_the_next_line),
        JOURNAL_TEST(without_a_log_lines_go_to_stderr_until_there_is_one),
        JOURNAL_TEST(a_log_that_is_stopped_does_not_stop_us_and_learns_later_what_it_missed),
        JOURNAL_TEST(stderr_gets_plain_lines_when_asked_for),
        JOURNAL_TEST(a_reader_of_stderr_that_is_stopped_does_not_stop_us),
        JOURNAL_TEST(under_systemd_stderr_is_the_journal_and_gets_the_priority),
        JOURNAL_TEST(a_journal_that_is_stopped_does_not_stop_us_and_lines_stay_whole),
        JOURNAL_TEST(an_inherited_journal_stream_that_is_not_stderr_does_not_count),
    };

    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
