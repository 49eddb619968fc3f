/*
 * One conversation: read the request, find out who asks, have the link made, answer, close.
 *
 * SPDX-License-Identifier: MIT
 */
#include "conversation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "cleanup.h"
#include "eligible_uid.h"
#include "link.h"
#include "message.h"
#include "request_log.h"
#include "stats_answer.h"

#define REFUSALS_LOGGED_PER_MINUTE 10

enum operation {
    OPERATION_ISSUE,
    OPERATION_WHOAMI,
    OPERATION_STATS,
};

struct conversation {
    struct service *service;
    struct loop_source source;
    struct loop_timer timer;
    struct buffer input;
    struct buffer output;
    struct message request;
    enum operation operation;
    struct request_facts facts;
    struct link *link;
    conversation_ended *ended;
    void *owner;
};

uid_t
conversation_peer(const struct conversation *conversation)
{
    return conversation->facts.peer;
}

static void
count_result(struct conversation *conversation, const struct link_result *result)
{
    struct stats *stats = &conversation->service->stats;
    const struct request_facts *facts = &conversation->facts;

    if (result->end == LINK_FAILED)
        stats_failed(stats, result->failure.code);
    else if (result->end == LINK_NOBODY)
        stats->nobody++;
    else if (facts->identity_only)
        stats->identities++;
    else
        stats_link_made(stats, facts->login, monotonic_ms() - facts->started_ms);
}

/*
 * One line, unless a user has filled his share of the log with refusals: he can have them as fast as he connects, and
 * the system log drops everybody's lines when it drops any.
 */
static void
record_result(struct conversation *conversation, const struct link_result *result)
{
    const struct request_facts *facts = &conversation->facts;

    count_result(conversation, result);
    if (result->end != LINK_FAILED || facts->peer == 0 ||
        rate_take(&conversation->service->rates, facts->peer, RATE_LOG, REFUSALS_LOGGED_PER_MINUTE, monotonic_ms()))
        request_log(facts, result);
}

static struct link_result
refusal(const struct failure *failure)
{
    return (struct link_result){.end = LINK_FAILED, .failure = *failure, .request_id = "", .role = "", .region = ""};
}

/* AWS may have been asked already. */
static void
record_abandoned(struct conversation *conversation)
{
    struct failure failure;
    struct link_result result;

    failure_set(&failure, "caller-gone", "whoever asked for the link hung up before it came");
    result = refusal(&failure);
    record_result(conversation, &result);
}

static void
end(struct conversation *conversation)
{
    if (conversation->link != NULL)
        record_abandoned(conversation);
    loop_forget(conversation->service->loop, &conversation->source);
    loop_timer_stop(conversation->service->loop, &conversation->timer);
    if (conversation->link != NULL)
        link_cancel(conversation->link);
    close(conversation->source.fd);
    buffer_free(&conversation->input);
    buffer_free(&conversation->output);
    message_free(&conversation->request);
    conversation->service->stats.conversations--;
    conversation->ended(conversation->owner, conversation);
    free(conversation);
}

static void
took_too_long(void *owner)
{
    end(owner);
}

/* Write what the socket takes; the loop calls again for the rest. */
static void
write_answer(struct conversation *conversation)
{
    struct buffer *output = &conversation->output;
    ssize_t sent = send(conversation->source.fd, output->data, output->length, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (sent > 0)
        buffer_consume(output, (size_t) sent);
    if (sent < 0 || output->length == 0)
        end(conversation);
}

static void
answer(struct conversation *conversation)
{
    loop_timer_start(conversation->service->loop, &conversation->timer, deadline_in_ms(CONVERSATION_REQUEST_MS));
    if (!loop_change(conversation->service->loop, &conversation->source, EPOLLOUT, NULL)) {
        end(conversation);
        return;
    }
    write_answer(conversation);
}

static void
refuse(struct conversation *conversation, const struct failure *failure)
{
    struct link_result result = refusal(failure);

    record_result(conversation, &result);
    if (answer_compose(&conversation->output, &conversation->facts, &result))
        answer(conversation);
    else
        end(conversation);
}

bool
conversation_has_asked(const struct conversation *conversation)
{
    char byte;

    return conversation->request.count > 0 || recv(conversation->source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void
conversation_stop(struct conversation *conversation)
{
    struct failure failure;

    if (conversation->link == NULL) {
        end(conversation);
        return;
    }
    link_cancel(TAKE_POINTER(conversation->link));
    failure_set(&failure, "restarting", "the service that makes Studio links is being restarted; try again");
    refuse(conversation, &failure);
}

static void
link_came(void *owner, const struct link_result *result)
{
    struct conversation *conversation = owner;
    struct failure failure;

    conversation->link = NULL;
    if (!answer_compose(&conversation->output, &conversation->facts, result)) {
        failure_set(&failure, "memory", "the answer does not fit a message");
        refuse(conversation, &failure);
        return;
    }
    record_result(conversation, result);
    answer(conversation);
}

static const struct operation_words {
    const char *name;
    const char *keys[7]; /* that the request may have */
} operations[] = {
    [OPERATION_ISSUE] = {"issue", {"op", "uid", "budget_ms", "service", "loginuid", "landing_uri"}},
    [OPERATION_WHOAMI] = {"whoami", {"op", "uid", "budget_ms", "service", "loginuid"}},
    [OPERATION_STATS] = {"stats", {"op", "budget_ms"}},
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static bool
key_is_known(const char *const *known, const char *key)
{
    while (*known != NULL && strcmp(*known, key) != 0)
        known++;
    return *known != NULL;
}

/* Each request has its keys; any other is refused, so that nobody believes in an option that this version ignores. */
static bool
keys_are_known(const struct message *request, enum operation operation, struct failure *failure)
{
    for (size_t i = 0; i < request->count; i++)
        if (!key_is_known(operations[operation].keys, request->fields[i].key))
            return failure_set(failure, "protocol", "the request has a key that this version does not know");
    return true;
}

static bool
read_operation(struct conversation *conversation, struct failure *failure)
{
    const char *name = message_get(&conversation->request, "op");
    size_t i = 0;

    while (i < OPERATIONS && (name == NULL || strcmp(name, operations[i].name) != 0))
        i++;
    if (i == OPERATIONS)
        return failure_set(failure, "protocol", "unknown op, expected issue, whoami or stats");
    conversation->operation = (enum operation) i;
    conversation->facts.identity_only = conversation->operation == OPERATION_WHOAMI;
    return keys_are_known(&conversation->request, conversation->operation, failure);
}

/* Whose link is asked for?  Only root may name somebody else. */
static bool
read_uid(struct conversation *conversation, struct failure *failure)
{
    const struct message *request = &conversation->request;
    struct request_facts *facts = &conversation->facts;
    int64_t uid = facts->peer;

    if (message_get(request, "uid") != NULL && !message_get_number(request, "uid", 0, UINT32_MAX - 1, &uid))
        return failure_set(failure, "protocol", "uid must be a number");
    facts->uid = (uid_t) uid;
    facts->login = facts->peer == 0;
    if (facts->peer != 0 && facts->uid != facts->peer)
        return failure_set(failure, "not-allowed", "a user gets links for himself alone");
    if (!uid_is_eligible(facts->uid, conversation->service->uid_min))
        return failure_set(failure, "not-eligible", "uid %u is not a person's: root and system accounts get no links",
                           (unsigned) facts->uid);
    return true;
}

/* What only root may add: it is for the log, and a user could write somebody else's words there. */
static bool
read_login_facts(struct conversation *conversation, struct failure *failure)
{
    const struct message *request = &conversation->request;
    struct request_facts *facts = &conversation->facts;

    facts->service = message_get(request, "service");
    if (facts->peer != 0 && (facts->service != NULL || message_get(request, "loginuid") != NULL))
        return failure_set(failure, "not-allowed", "service and loginuid are root's to say");
    facts->loginuid = -1;
    if (message_get(request, "loginuid") != NULL &&
        !message_get_number(request, "loginuid", 0, UINT32_MAX - 1, &facts->loginuid))
        return failure_set(failure, "protocol", "loginuid must be a number");
    return true;
}

static bool
start_link(struct conversation *conversation, struct failure *failure)
{
    const struct request_facts *facts = &conversation->facts;
    struct link_request request = {
        .uid = facts->uid,
        .identity_only = facts->identity_only,
        .kind = facts->login ? RATE_LOGIN : RATE_CLICK,
        .landing_uri = message_get(&conversation->request, "landing_uri"),
    };
    int64_t budget_ms = CONVERSATION_BUDGET_MS;

    if (message_get(&conversation->request, "budget_ms") != NULL &&
        !message_get_number(&conversation->request, "budget_ms", 1, CONVERSATION_BUDGET_MAX, &budget_ms))
        return failure_set(failure, "protocol", "budget_ms must be a number from 1 to %d", CONVERSATION_BUDGET_MAX);
    if (!facts->login && budget_ms > CONVERSATION_CLICK_MAX)
        budget_ms = CONVERSATION_CLICK_MAX;
    request.deadline = deadline_in_ms(budget_ms);
    loop_timer_stop(conversation->service->loop, &conversation->timer);
    conversation->link = link_start(conversation->service, &request, link_came, conversation, failure);
    return conversation->link != NULL;
}

static void
ask_for_link(struct conversation *conversation)
{
    struct failure failure;

    if (!read_uid(conversation, &failure) || !read_login_facts(conversation, &failure) ||
        !start_link(conversation, &failure)) {
        refuse(conversation, &failure);
        return;
    }
    /* Only the peer's hanging up is of interest now. */
    if (!loop_change(conversation->service->loop, &conversation->source, 0, NULL))
        end(conversation);
}

static void
tell_stats(struct conversation *conversation)
{
    struct failure failure;

    if (conversation->facts.peer != 0) {
        failure_set(&failure, "not-allowed", "only root may ask what the helper has done; try it with sudo");
        refuse(conversation, &failure);
        return;
    }
    service_refresh(conversation->service);
    if (stats_answer_compose(&conversation->output, conversation->service)) {
        answer(conversation);
    } else {
        failure_set(&failure, "memory", "the statistics do not fit a message");
        refuse(conversation, &failure);
    }
}

static void
request_came(struct conversation *conversation, size_t length)
{
    struct failure failure;

    conversation->facts.started_ms = monotonic_ms();
    if (!message_parse(&conversation->request, conversation->input.data, length, &failure) ||
        !read_operation(conversation, &failure))
        refuse(conversation, &failure);
    else if (conversation->operation == OPERATION_STATS)
        tell_stats(conversation);
    else
        ask_for_link(conversation);
}

static void
read_request(struct conversation *conversation)
{
    struct buffer *input = &conversation->input;
    struct failure failure;
    char chunk[4096];
    ssize_t got = recv(conversation->source.fd, chunk, sizeof(chunk), MSG_DONTWAIT);
    size_t length;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        end(conversation);
        return;
    }
    if (!buffer_append(input, chunk, (size_t) got)) {
        failure_set(&failure, "protocol", "the request is larger than %d bytes", MESSAGE_LIMIT);
        refuse(conversation, &failure);
        return;
    }
    length = message_length(input->data, input->length);
    if (length > 0)
        request_came(conversation, input->length);
}

static void
socket_ready(void *owner, uint32_t events)
{
    struct conversation *conversation = owner;

    if (conversation->output.length > 0)
        write_answer(conversation);
    else if (conversation->link == NULL && (events & EPOLLIN) != 0)
        read_request(conversation);
    else if ((events & (EPOLLHUP | EPOLLERR)) != 0)
        end(conversation);
}

bool
conversation_peer_of(int fd, uid_t *peer, struct failure *failure)
{
    struct ucred credentials;
    socklen_t length = sizeof(credentials);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return failure_set(failure, "socket", "the peer's credentials cannot be read: %s", strerror(errno));
    *peer = credentials.uid;
    return true;
}

struct conversation *
conversation_start(struct service *service, int fd, uid_t peer, conversation_ended *ended, void *owner,
                   struct failure *failure)
{
    struct conversation *conversation = calloc(1, sizeof(*conversation));

    if (conversation == NULL) {
        close(fd);
        failure_set(failure, "memory", "out of memory");
        return NULL;
    }
    *conversation =
        (struct conversation){.service = service,
                              .input = BUFFER(MESSAGE_LIMIT),
                              .output = BUFFER(MESSAGE_LIMIT),
                              .request = MESSAGE_EMPTY,
                              .source = {.fd = fd, .ready = socket_ready, .owner = conversation},
                              .facts = {.peer = peer, .uid = peer, .loginuid = -1, .started_ms = monotonic_ms()},
                              .timer = {.fire = took_too_long, .owner = conversation},
                              .ended = ended,
                              .owner = owner};
    if (!loop_watch(service->loop, &conversation->source, EPOLLIN, failure)) {
        close(fd);
        free(conversation);
        return NULL;
    }
    loop_timer_start(service->loop, &conversation->timer, deadline_in_ms(CONVERSATION_REQUEST_MS));
    service->stats.connections++;
    service->stats.conversations++;
    return conversation;
}
