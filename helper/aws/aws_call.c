/*
 * The life of a call: attempt, then the answer or a pause and the next attempt.
 *
 *   start_attempt -> answer_came -> deliver
 *        ^------------- | (at once for AWS's time, or after a pause)
 *
 * SPDX-License-Identifier: MIT
 */
#include "aws_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "aws_clock.h"
#include "aws_error.h"
#include "retry_policy.h"

#define SERVICES_MAX 4

/* An attempt that has less than this, or less than the one before took, would only turn AWS's own reason into "too
 * late".  A new connection with TLS takes some four round trips. */
#define ATTEMPT_LEAST_MS 200

struct service_quota {
    char service[32];
    struct retry_quota quota;
};

TAILQ_HEAD(aws_calls, aws_call);

struct aws_client {
    struct loop *loop;
    struct http *http;
    struct aws_calls calls; /* under way */
    struct service_quota quotas[SERVICES_MAX];
    int64_t clock_offset;
};

struct aws_call {
    TAILQ_ENTRY(aws_call) entry;
    struct aws_client *client;
    struct retry_quota *quota;
    struct aws_request request;
    struct credentials credentials;
    struct deadline deadline;
    aws_call_done *done;
    void *owner;
    struct http_exchange *exchange; /* NULL in a pause */
    struct loop_timer pause;
    unsigned attempts;
    int taken;            /* from the quota, by the last retry */
    bool clock_corrected; /* once a call */
    time_t sent_at;       /* by this host's clock */
    int64_t sent_at_ms;   /* CLOCK_MONOTONIC */
    int64_t signed_offset;
    long last_status; /* of an attempt before that was answered; else 0 */
    char trouble[256];
};

/*
 * The client
 */

struct aws_client *
aws_client_create(struct loop *loop, struct http *http, struct failure *failure)
{
    struct aws_client *client = calloc(1, sizeof(*client));
    if (client == NULL) {
        failure_set(failure, "memory", "There is no memory for calls to AWS.");
        return NULL;
    }
    client->loop = loop;
    client->http = http;
    TAILQ_INIT(&client->calls);
    return client;
}

void
aws_client_free(struct aws_client *client)
{
    if (client == NULL)
        return;
    for (struct aws_call *call = TAILQ_FIRST(&client->calls); call != NULL;) {
        struct aws_call *next = TAILQ_NEXT(call, entry);
        aws_call_cancel(call);
        call = next;
    }
    free(client);
}

int64_t
aws_client_clock_offset(const struct aws_client *client)
{
    return client->clock_offset;
}

/* There are two services, in truth; were there more than fit, the last ones would share. */
static struct retry_quota *
quota_of(struct aws_client *client, const char *service)
{
    for (size_t i = 0; i < SERVICES_MAX; i++) {
        struct service_quota *entry = &client->quotas[i];
        if (entry->service[0] == '\0') {
            (void) snprintf(entry->service, sizeof(entry->service), "%s", service);
            entry->quota.tokens = RETRY_QUOTA;
        }
        if (i == SERVICES_MAX - 1 || strcmp(entry->service, service) == 0)
            return &entry->quota;
    }
    return NULL;
}

/*
 * A call and what it owns
 */

static bool
copy_text(const char **target, const char *text)
{
    *target = text != NULL ? strdup(text) : NULL;
    return *target != NULL || text == NULL;
}

/* Whatever was copied belongs to the call, also after a failure. */
static bool
copy_request(struct aws_request *copy, const struct aws_request *request)
{
    char *body = malloc(request->body_length + 1);
    if (body != NULL && request->body_length > 0)
        memcpy(body, request->body, request->body_length);
    copy->body = body;
    copy->body_length = request->body_length;
    return body != NULL && copy_text(&copy->service, request->service) &&
           copy_text(&copy->endpoint_url, request->endpoint_url) && copy_text(&copy->region, request->region) &&
           copy_text(&copy->content_type, request->content_type) && copy_text(&copy->target, request->target) &&
           copy_text(&copy->accept, request->accept) && copy_text(&copy->ca_bundle, request->ca_bundle) &&
           copy_text(&copy->proxy_url, request->proxy_url);
}

static void
free_request(struct aws_request *request)
{
    free((void *) request->service);
    free((void *) request->endpoint_url);
    free((void *) request->region);
    free((void *) request->content_type);
    free((void *) request->target);
    free((void *) request->accept);
    free((void *) request->body);
    free((void *) request->ca_bundle);
    free((void *) request->proxy_url);
}

static char *
copy_key(const char *key)
{
    return key != NULL ? strdup(key) : NULL;
}

static bool
copy_credentials(struct credentials *copy, const struct credentials *credentials)
{
    copy->access_key_id = copy_key(credentials->access_key_id);
    copy->secret_access_key = copy_key(credentials->secret_access_key);
    copy->session_token = copy_key(credentials->session_token);
    return (copy->access_key_id != NULL || credentials->access_key_id == NULL) &&
           (copy->secret_access_key != NULL || credentials->secret_access_key == NULL) &&
           (copy->session_token != NULL || credentials->session_token == NULL);
}

static void
call_free(struct aws_call *call)
{
    TAILQ_REMOVE(&call->client->calls, call, entry);
    loop_timer_stop(call->client->loop, &call->pause);
    if (call->exchange != NULL)
        http_cancel(call->exchange);
    free_request(&call->request);
    credentials_wipe(&call->credentials);
    free(call);
}

void
aws_call_cancel(struct aws_call *call)
{
    call_free(call);
}

const char *
aws_call_trouble(const struct aws_call *call)
{
    return call->trouble;
}

/*
 * Attempts
 */

/* What the attempts before met, unless it was the same. */
static void
tell_trouble(const struct aws_call *call, struct failure *failure)
{
    struct failure without = *failure;
    if (call->trouble[0] != '\0' && strncmp(without.message, call->trouble, strlen(call->trouble)) != 0)
        failure_set(failure, without.code, "%s (before that: %s)", without.message, call->trouble);
}

/* Tell the owner, the very last thing. */
static void
deliver(struct aws_call *call, struct http_answer *answer)
{
    aws_call_done *done = call->done;
    void *owner = call->owner;
    time_t sent_at = call->sent_at;
    if (answer->end != HTTP_ANSWERED) {
        answer->status = call->last_status;
        tell_trouble(call, &answer->failure);
    }
    call_free(call);
    done(owner, answer, sent_at);
}

static void answer_came(void *owner, struct http_answer *answer);

static bool
start_attempt(struct aws_call *call, struct failure *failure)
{
    struct aws_client *client = call->client;
    call->sent_at = time(NULL);
    call->sent_at_ms = monotonic_ms();
    call->signed_offset = client->clock_offset;
    call->exchange =
        aws_request_send(client->http, &call->request, &call->credentials,
                         (time_t) (call->sent_at + call->signed_offset), call->deadline, answer_came, call, failure);
    return call->exchange != NULL;
}

/* One that cannot even be sent has found out nothing about AWS. */
static void
attempt_again(void *owner)
{
    struct aws_call *call = owner;
    struct http_answer unsent = {.end = HTTP_NO_SOCKET};
    if (!start_attempt(call, &unsent.failure))
        deliver(call, &unsent);
}

/* Does one more attempt fit that begins so much later? */
static bool
has_time_after(const struct aws_call *call, const struct http_answer *answer, int64_t pause_ms)
{
    int64_t least_ms = ATTEMPT_LEAST_MS;
    int64_t took_ms = monotonic_ms() - call->sent_at_ms;
    if (answer->end == HTTP_ANSWERED && took_ms > least_ms)
        least_ms = took_ms;
    return deadline_left_ms(call->deadline) >= pause_ms + least_ms;
}

static bool
is_more_than_skew(int64_t seconds)
{
    return seconds > AWS_CLOCK_SKEW_S || seconds < -AWS_CLOCK_SKEW_S;
}

/* Codes that AWS answers a wrong time with, among them those of a wrong key. */
static bool
may_be_about_the_clock(const struct http_answer *answer)
{
    struct aws_error error;
    enum aws_error_kind kind;
    if (answer->end != HTTP_ANSWERED || (answer->status >= 200 && answer->status <= 299))
        return false;
    aws_error_read(answer, &error);
    kind = aws_error_kind(&error, answer->status);
    return kind == AWS_ERROR_CLOCK || kind == AWS_ERROR_SIGNATURE;
}

/* What all calls go by from now on.  Many may find it out at once, and one says so. */
static void
keep_offset(struct aws_client *client, int64_t offset, const char *endpoint_url)
{
    if (!is_more_than_skew(offset))
        offset = 0;
    if (offset != client->clock_offset && (offset == 0 || is_more_than_skew(offset - client->clock_offset))) {
        client->clock_offset = offset;
        aws_clock_log(offset, endpoint_url);
    }
}

/* Was the request signed for a wrong time, and is there now a better one? */
static bool
corrects_clock(struct aws_call *call, const struct http_answer *answer)
{
    int64_t offset;
    if (call->clock_corrected || !may_be_about_the_clock(answer) || !aws_clock_offset(answer->date, &offset) ||
        !is_more_than_skew(offset - call->signed_offset))
        return false;
    call->clock_corrected = true;
    keep_offset(call->client, offset, call->request.endpoint_url);
    return has_time_after(call, answer, 0);
}

/* Is there to be one more attempt, and after which pause?  If so, it is paid for. */
static bool
takes_retry(struct aws_call *call, const struct http_answer *answer, int64_t *pause_ms)
{
    char trouble[sizeof(call->trouble)];
    enum retry_verdict verdict = retry_verdict(answer, trouble, sizeof(trouble));
    if (verdict == RETRY_NEVER || call->attempts >= AWS_CALL_ATTEMPTS)
        return false;
    *pause_ms = retry_pause_ms(call->attempts);
    if (!has_time_after(call, answer, *pause_ms) || !retry_quota_take(call->quota, retry_cost(verdict)))
        return false;
    if (answer->end == HTTP_ANSWERED)
        call->last_status = answer->status;
    call->taken = retry_cost(verdict);
    memcpy(call->trouble, trouble, sizeof(trouble));
    return true;
}

static void
answer_came(void *owner, struct http_answer *answer)
{
    struct aws_call *call = owner;
    int64_t pause_ms = 0;
    call->exchange = NULL;
    if (corrects_clock(call, answer)) {
        attempt_again(call);
    } else if (takes_retry(call, answer, &pause_ms)) {
        call->attempts++;
        loop_timer_start(call->client->loop, &call->pause, deadline_in_ms(pause_ms));
    } else {
        if (answer->end == HTTP_ANSWERED && answer->status >= 200 && answer->status <= 299)
            retry_quota_give_back(call->quota, call->taken);
        deliver(call, answer);
    }
}

struct aws_call *
aws_call_start(struct aws_client *client, const struct aws_request *request, const struct credentials *credentials,
               struct deadline deadline, aws_call_done *done, void *owner, struct failure *failure)
{
    struct aws_call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        failure_set(failure, "memory", "There is no memory for a call to AWS.");
        return NULL;
    }
    *call = (struct aws_call){.client = client,
                              .quota = quota_of(client, request->service),
                              .deadline = deadline,
                              .done = done,
                              .owner = owner,
                              .pause = {.fire = attempt_again, .owner = call},
                              .attempts = 1};
    TAILQ_INSERT_TAIL(&client->calls, call, entry);
    if (!copy_request(&call->request, request) || !copy_credentials(&call->credentials, credentials))
        failure_set(failure, "memory", "There is no memory for a call to AWS.");
    else if (start_attempt(call, failure))
        return call;
    call_free(call);
    return NULL;
}
