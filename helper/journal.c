/*
 * journal.c: lines of fields, and the ways to the log that never wait.
 *
 * syslog(3) is not used: it blocks while /dev/log is full, and a stopped or slow log must not stop logins.
 *
 * SPDX-License-Identifier: MIT
 */
#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <paths.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "message.h"

#define IDENT      "sagemaker-studio"
#define CUT        "..."
#define FIELDS_MAX 65536 /* bytes that a line may have before it is cut */
#define PIPE_BYTES 4096  /* PIPE_BUF of pipe(7): so much at least fits when poll(2) says that a pipe is writable */

static struct {
    enum journal_target target;
    bool debug;
    bool stderr_is_journal;
    bool stderr_line_is_open; /* the journal took only a part of the last line */
    const char *log_socket;
    int fd; /* connected to log_socket, or -1 */
    unsigned lost;
} journal = {.target = JOURNAL_STDERR, .log_socket = _PATH_LOG, .fd = -1};

/*
 * Where to
 */

/* $JOURNAL_STREAM is device and inode of the stream that systemd made (systemd.exec(5)); a shell may have redirected
 * standard error since. */
static bool
is_journal_stream(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    char expected[64];

    if (!stream || fstat(fd, &status) != 0)
        return false;
    (void) snprintf(expected, sizeof(expected), "%ju:%ju", (uintmax_t) status.st_dev, (uintmax_t) status.st_ino);
    return strcmp(stream, expected) == 0;
}

void
journal_open_with(enum journal_target target, bool debug, const char *log_socket)
{
    if (journal.fd >= 0)
        close(journal.fd);
    journal.fd = -1;
    journal.log_socket = log_socket;
    journal.debug = debug;
    journal.lost = 0;
    journal.stderr_line_is_open = false;
    journal.stderr_is_journal = is_journal_stream(STDERR_FILENO);
    if (target == JOURNAL_AUTO)
        target = journal.stderr_is_journal || isatty(STDERR_FILENO) ? JOURNAL_STDERR : JOURNAL_SYSLOG;
    journal.target = target;
}

void
journal_open(enum journal_target target, bool debug)
{
    journal_open_with(target, debug, _PATH_LOG);
}

/*
 * Standard error
 */

/* The journal's stream is a socket.  When it takes only a part, the next line begins with the newline that is missing.
 */
static bool
send_to_journal(const char *text, size_t length)
{
    ssize_t sent;

    if (journal.stderr_line_is_open && send(STDERR_FILENO, "\n", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
        return false;
    sent = send(STDERR_FILENO, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    journal.stderr_line_is_open = sent > 0 && (size_t) sent < length;
    return sent == (ssize_t) length;
}

/* A terminal, a file or a pipe: only as much as goes without waiting. */
static bool
write_to_stderr(const char *text, size_t length)
{
    while (length > 0) {
        struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
        ssize_t written;

        if (poll(&writable, 1, 0) != 1 || !(writable.revents & POLLOUT))
            return false;
        written = write(STDERR_FILENO, text, length < PIPE_BYTES ? length : PIPE_BYTES);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text += written;
        length -= (size_t) written;
    }
    return true;
}

static bool
to_stderr(int priority, const char *text)
{
    char *line = NULL;
    int length = journal.stderr_is_journal ? asprintf(&line, "<%d>%s\n", LOG_PRI(priority), text)
                                           : asprintf(&line, IDENT ": %s\n", text);
    bool sent;

    if (length < 0)
        return false;
    sent = journal.stderr_is_journal ? send_to_journal(line, (size_t) length) : write_to_stderr(line, (size_t) length);
    free(line);
    return sent;
}

/*
 * The system log
 */

static bool
connect_to_log(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s", journal.log_socket);

    if (length < 0 || (size_t) length >= sizeof(address.sun_path))
        return false;
    journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (journal.fd < 0)
        return false;
    if (connect(journal.fd, (const struct sockaddr *) &address, sizeof(address)) == 0)
        return true;
    close(journal.fd);
    journal.fd = -1;
    return false;
}

/* RFC 3164, as syslog(3) of glibc writes it: local time, month names in English whatever the locale. */
static size_t
write_log_head(int priority, char *head, size_t size)
{
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm local = {0};
    int length;

    (void) localtime_r(&now, &local);
    length = snprintf(head, size, "<%d>%s %2d %02d:%02d:%02d " IDENT "[%d]: ", LOG_MAKEPRI(LOG_AUTHPRIV, priority),
                      months[local.tm_mon], local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, (int) getpid());
    return length > 0 && (size_t) length < size ? (size_t) length : 0;
}

/* 1 sent, 0 the log is there but takes nothing now, -1 there is no log. */
static int
to_system_log(int priority, const char *text)
{
    char head[128];
    struct iovec parts[] = {{.iov_base = head, .iov_len = write_log_head(priority, head, sizeof(head))},
                            {.iov_base = (void *) (uintptr_t) text, .iov_len = strlen(text)}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    /* A log that was started again listens on a new socket of the same name: connect once more. */
    for (int attempt = 0; attempt < 2; attempt++) {
        if (journal.fd < 0 && !connect_to_log())
            return -1;
        if (sendmsg(journal.fd, &message, MSG_NOSIGNAL) >= 0)
            return 1;
        if (errno == EAGAIN || errno == ENOBUFS)
            return 0;
        close(journal.fd);
        journal.fd = -1;
    }
    return -1;
}

static bool
deliver(int priority, const char *text)
{
    int sent = journal.target == JOURNAL_SYSLOG ? to_system_log(priority, text) : -1;

    return sent < 0 ? to_stderr(priority, text) : sent > 0;
}

/*
 * Lines
 */

/* The bytes of the printable character that the text begins with; 0 when it does not. */
static size_t
character_length(const char *text, size_t length)
{
    for (size_t size = 1; size <= 4 && size <= length; size++) {
        if (text_is_printable(text, size))
            return size;
    }
    return 0;
}

static bool
append_value(struct buffer *out, const char *value)
{
    size_t left = strlen(value);
    bool quoted = value[strcspn(value, " \"'=\\")] != '\0';
    bool fits = !quoted || buffer_append_text(out, "\"");

    while (fits && left > 0) {
        size_t size = character_length(value, left);

        if (size == 0)
            fits = buffer_append_format(out, "\\x%02X", (unsigned char) value[0]);
        else
            fits = (value[0] == '"' || value[0] == '\\' ? buffer_append_text(out, "\\") : true) &&
                   buffer_append(out, value, size);
        value += size > 0 ? size : 1;
        left -= size > 0 ? size : 1;
    }
    return fits && (!quoted || buffer_append_text(out, "\""));
}

struct journal_line
journal_begin(int priority, const char *event)
{
    bool is_wanted = priority != LOG_DEBUG || journal.debug;
    struct journal_line line = {.priority = priority, .text = BUFFER(is_wanted ? FIELDS_MAX : 0)};

    journal_put(&line, "event", event);
    return line;
}

void
journal_put(struct journal_line *line, const char *key, const char *value)
{
    if (!value || !value[0])
        return;
    /* A value that does not fit is cut: journal_end shortens the line much further. */
    if (buffer_append_format(&line->text, "%s%s=", line->text.length > 0 ? " " : "", key))
        (void) append_value(&line->text, value);
}

void
journal_put_number(struct journal_line *line, const char *key, int64_t value)
{
    (void) buffer_append_format(&line->text, "%s%s=%" PRId64, line->text.length > 0 ? " " : "", key, value);
}

/* Not within a character: continuation bytes are 10xxxxxx. */
static void
cut(struct buffer *text)
{
    size_t length = JOURNAL_LINE_LIMIT - strlen(CUT);

    if (text->length <= JOURNAL_LINE_LIMIT)
        return;
    while (length > 0 && ((unsigned char) text->data[length] & 0xC0) == 0x80)
        length--;
    memcpy(text->data + length, CUT, sizeof(CUT));
    text->length = length + strlen(CUT);
}

static void
tell_lost(void)
{
    char text[64];

    (void) snprintf(text, sizeof(text), "event=log-lines-lost count=%u", journal.lost);
    if (deliver(LOG_WARNING, text))
        journal.lost = 0;
}

void
journal_end(struct journal_line *line)
{
    if (line->text.length > 0) {
        cut(&line->text);
        if (!deliver(line->priority, line->text.data))
            journal.lost++;
        else if (journal.lost > 0)
            tell_lost();
    }
    buffer_free(&line->text);
}
