/*
 * One conversation with the helper.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ask_for_link.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "helper_client.h"
#include "program.h"
#include "safe_open.h"
#include "service_account.h"
#include "socket_pair.h"

/* What is kept of the deadline for the session's part, at least. */
#define RESERVE_MS 150

static int64_t
reserve_ms(struct deadline deadline)
{
    int64_t tenth = deadline_left_ms(deadline) / 10;

    return tenth > RESERVE_MS ? tenth : RESERVE_MS;
}

/* /proc/self/loginuid of the audit system: who began this session, whoever the process has become since. */
static bool
read_login_uid(char *text, size_t size)
{
    AUTO_CLOSE int fd = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

    if (length <= 0)
        return false;
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text[0] != '\0' && strcmp(text, "4294967295") != 0;
}

/* For the helper's log; it takes these from root alone. */
static bool
put_login_facts(struct buffer *request, const struct login *login)
{
    char login_uid[16];

    if (geteuid() != 0)
        return true;
    if (text_is_printable(login->service, strlen(login->service)) && !message_put(request, "service", login->service))
        return false;
    return !read_login_uid(login_uid, sizeof(login_uid)) || message_put(request, "loginuid", login_uid);
}

static bool
compose_request(struct buffer *request, const struct arguments *arguments, const struct login *login, int64_t budget_ms)
{
    return message_begin(request) && message_put(request, "op", arguments->login_link ? "issue" : "whoami") &&
           message_put_number(request, "uid", login->uid) && put_login_facts(request, login) &&
           message_put_number(request, "budget_ms", budget_ms) && message_end(request);
}

/*
 * The helper must report before we stop listening, and we must stop listening before the login's deadline.  Its budget
 * begins when it reads the request, so one that has yet to start gets less.
 */
static bool
converse(int fd, const struct arguments *arguments, const struct login *login, struct deadline deadline,
         bool has_to_start, struct message *answer, struct failure *failure)
{
    AUTO_BUFFER struct buffer request = BUFFER(MESSAGE_LIMIT);
    int64_t reserve = reserve_ms(deadline);
    int64_t budget_ms = deadline_left_ms(deadline) - reserve - (has_to_start ? reserve : 0);
    struct deadline listen_until = {deadline.at_ms - reserve / 2};

    if (budget_ms < 1)
        return failure_set(failure, "timeout", "no time was left to ask the helper");
    if (!compose_request(&request, arguments, login, budget_ms))
        return failure_set(failure, "memory", "the request to the helper could not be composed");
    return helper_ask(fd, &request, listen_until, answer, failure);
}

/* root's helper runs as the service account, an ordinary user's (a demo, a test) as himself. */
static bool
choose_account(struct service_account *account, struct failure *failure)
{
    if (geteuid() == 0)
        return service_account_find(account, failure);
    *account = (struct service_account){.uid = geteuid(), .gid = getegid()};
    return true;
}

static bool
start_helper(struct running_program *running, const struct arguments *arguments, int standard_input,
             struct deadline deadline, struct failure *failure)
{
    const char *words[] = {arguments->helper, arguments->config_dir != NULL ? "--config-dir" : NULL,
                           arguments->config_dir, NULL};
    struct program helper = {.path = arguments->helper,
                             .arguments = words,
                             .standard_input = standard_input,
                             .makes_processes = true,
                             .deadline = {deadline.at_ms - reserve_ms(deadline) / 4}};
    struct service_account account;

    if (!safe_program(arguments->helper, geteuid(), failure) || !choose_account(&account, failure))
        return false;
    helper.uid = account.uid;
    helper.gid = account.gid;
    return program_start(running, &helper, failure);
}

/* When it did not answer, how it ended says more than that it did. */
static bool
wait_for_helper(struct running_program *running, const char *path, bool answered, struct failure *failure)
{
    int status;
    enum program_end end = program_wait(running, &status);

    if (answered || (end == PROGRAM_EXITED && status == 0) || end == PROGRAM_TIMED_OUT)
        return answered;
    return program_failure(path, end, status, failure);
}

static bool
ask_started_helper(const struct arguments *arguments, const struct login *login, struct deadline deadline,
                   struct message *answer, struct failure *failure)
{
    struct running_program running;
    struct socket_pair pair;
    bool answered;

    if (!socket_pair_make(&pair, failure))
        return false;
    answered = start_helper(&running, arguments, pair.theirs, deadline, failure);
    close(pair.theirs);
    if (!answered) {
        close(pair.ours);
        return false;
    }
    answered = converse(pair.ours, arguments, login, deadline, true, answer, failure);
    close(pair.ours);
    return wait_for_helper(&running, arguments->helper, answered, failure);
}

static bool
ask(const struct arguments *arguments, const struct login *login, struct deadline deadline, struct message *answer,
    struct failure *failure)
{
    AUTO_CLOSE int fd = -1;

    switch (helper_connect(arguments->socket, deadline, &fd, failure)) {
    case HELPER_CONNECTED:
        return converse(fd, arguments, login, deadline, false, answer, failure);
    case HELPER_ABSENT:
        return ask_started_helper(arguments, login, deadline, answer, failure);
    case HELPER_UNREACHABLE:
        break;
    }
    return false;
}

/* Does an answer that says `ok` hold what goes with it? */
static bool
is_complete(const struct message *answer, const struct arguments *arguments)
{
    const char *url = message_get(answer, "url");

    return message_get(answer, "user_profile_name") != NULL && message_get(answer, "domain_id") != NULL &&
           (!arguments->login_link || (url != NULL && strncmp(url, "https://", strlen("https://")) == 0));
}

enum link_answer
ask_for_link(const struct arguments *arguments, const struct login *login, struct deadline deadline,
             struct message *answer, struct failure *failure)
{
    const char *status, *code;

    if (!ask(arguments, login, deadline, answer, failure))
        return LINK_NO_ANSWER;
    status = message_get(answer, "status");
    code = message_get(answer, "code");
    if (status != NULL && strcmp(status, "none") == 0)
        return LINK_NONE;
    if (status != NULL && strcmp(status, "ok") == 0 && is_complete(answer, arguments))
        return arguments->login_link ? LINK_GIVEN : LINK_LATER;
    if (status != NULL && strcmp(status, "error") == 0 && code != NULL)
        return strcmp(code, "rate-limited") == 0 ? LINK_LATER : LINK_REFUSED;
    failure_set(failure, "protocol",
                "the helper's answer has no usable status; are helper and module of the same package?");
    return LINK_NO_ANSWER;
}
