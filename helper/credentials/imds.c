/*
 * imds.c: the order of the requests, and what to do when one fails:
 *   next_step -> start_step -> step_done -> take_answer -> next_step … -> finish
 * A step whose request fails in a way that may pass is started again after a short pause (pause_and_retry).
 *
 * SPDX-License-Identifier: MIT
 */
#include "imds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "endpoint.h"
#include "imds_answer.h"
#include "source_pause.h"

#define TOKEN_SECONDS      21600 /* the longest that the service allows */
#define TOKEN_MARGIN_MS    5000
#define CONNECT_TIMEOUT_MS 1000
#define REQUEST_TIMEOUT_MS 2000
#define ATTEMPTS           3
#define PAUSE_MS           50 /* before the second attempt; twice as long before each further, plus up to as much again */
#define BODY_LIMIT         ((size_t) 64 * 1024)
#define STRINGIFY_(value)  #value
#define STRINGIFY(value)   STRINGIFY_(value)

struct imds {
    struct loop *loop;
    struct http *http;
    char *endpoint; /* without a slash at its end */
    char *token;    /* NULL: none */
    struct deadline token_end;
};

enum imds_step { STEP_TOKEN, STEP_ROLE, STEP_CREDENTIALS, STEP_REGION };

struct imds_fetch {
    struct imds *imds;
    struct deadline deadline;
    enum imds_step step;
    int attempt; /* of this step, from 1 */
    bool token_renewed;
    struct http_exchange *exchange;
    struct loop_timer pause;
    struct failure reason; /* of the last attempt that failed; code "" for none */
    char role[IMDS_ROLE_SIZE];
    imds_credentials_done *credentials_done; /* exactly one of the two is set */
    imds_region_done *region_done;
    void *owner;
};

static const char *const step_names[] = {
    [STEP_TOKEN] = "a session token",
    [STEP_ROLE] = "the name of the instance's role",
    [STEP_CREDENTIALS] = "the role's credentials",
    [STEP_REGION] = "the region",
};

static void start_step(void *owner);
static void step_done(void *owner, struct http_answer *answer);

struct imds *
imds_create(struct loop *loop, struct http *http, const char *endpoint, struct failure *failure)
{
    struct imds *imds = calloc(1, sizeof(*imds));
    char *copy = imds != NULL ? strdup(endpoint) : NULL;
    if (copy == NULL) {
        free(imds);
        failure_set(failure, "memory", "There is no memory for the metadata service's client.");
        return NULL;
    }
    size_t length = strlen(copy);
    if (length > 0 && copy[length - 1] == '/')
        copy[length - 1] = '\0';
    *imds = (struct imds){.loop = loop, .http = http, .endpoint = copy};
    char host[264];
    if (endpoint_host(copy, host, sizeof(host)) && (strncmp(copy, "https://", 8) == 0 || endpoint_is_local_http(copy)))
        return imds;
    imds_free(imds);
    failure_set(
        failure, "config",
        "ec2_metadata_service_endpoint is \"%.200s\": expected http://ADDRESS or http://ADDRESS:PORT of a loopback "
        "or link-local address, without a path.",
        endpoint);
    return NULL;
}

void
imds_free(struct imds *imds)
{
    if (imds == NULL)
        return;
    secret_free(&imds->token);
    free(imds->endpoint);
    free(imds);
}

/* Endings */

static void
fetch_free(struct imds_fetch *fetch)
{
    loop_timer_stop(fetch->imds->loop, &fetch->pause);
    if (fetch->exchange != NULL)
        http_cancel(fetch->exchange);
    free(fetch);
}

void
imds_cancel(struct imds_fetch *fetch)
{
    fetch_free(fetch);
}

static void
finish_failed(struct imds_fetch *fetch, const struct failure *failure)
{
    struct imds_fetch ended = *fetch;
    struct failure reason = *failure;
    fetch_free(fetch);
    if (ended.credentials_done != NULL)
        ended.credentials_done(ended.owner, NULL, &reason);
    else
        ended.region_done(ended.owner, NULL, &reason);
}

static void
finish_credentials(struct imds_fetch *fetch, struct credentials *credentials)
{
    imds_credentials_done *done = fetch->credentials_done;
    void *owner = fetch->owner;
    snprintf(credentials->role, sizeof(credentials->role), "%s", fetch->role);
    fetch_free(fetch);
    done(owner, credentials, NULL);
}

static void
finish_region(struct imds_fetch *fetch, const char *region)
{
    imds_region_done *done = fetch->region_done;
    void *owner = fetch->owner;
    fetch_free(fetch);
    done(owner, region, NULL);
}

/* One request */

static bool
put_path(struct buffer *url, const struct imds_fetch *fetch)
{
    switch (fetch->step) {
    case STEP_TOKEN:
        return buffer_append_text(url, "/latest/api/token");
    case STEP_ROLE:
        return buffer_append_text(url, "/latest/meta-data/iam/security-credentials/");
    case STEP_CREDENTIALS:
        return buffer_append_format(url, "/latest/meta-data/iam/security-credentials/%s", fetch->role);
    case STEP_REGION:
    default:
        return buffer_append_text(url, "/latest/meta-data/placement/region");
    }
}

static bool
send_request(struct imds_fetch *fetch, struct failure *failure)
{
    struct imds *imds = fetch->imds;
    bool put = fetch->step == STEP_TOKEN;
    AUTO_BUFFER struct buffer url = BUFFER(1024);
    AUTO_BUFFER struct buffer token = BUFFER(8192);
    if (!buffer_append_text(&url, imds->endpoint) || !put_path(&url, fetch) ||
        (!put && !buffer_append_format(&token, "X-aws-ec2-metadata-token: %s", imds->token)))
        return failure_set(failure, "memory",
                           "The request to the metadata service could not be made: memory is short.");
    struct http_request request = {
        .method = put ? "PUT" : "GET",
        .url = url.data,
        .headers = {put ? "X-aws-ec2-metadata-token-ttl-seconds: " STRINGIFY(TOKEN_SECONDS) : token.data},
        .body = put ? "" : NULL,
        .allow_http = endpoint_is_local_http(imds->endpoint),
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .deadline = deadline_earlier(fetch->deadline, deadline_in_ms(REQUEST_TIMEOUT_MS)),
        .body_limit = BODY_LIMIT,
    };
    fetch->exchange = http_start(imds->http, &request, step_done, fetch, failure);
    return fetch->exchange != NULL;
}

static bool
token_is_good(const struct imds *imds)
{
    return imds->token != NULL && !deadline_passed(imds->token_end);
}

static enum imds_step
first_step(const struct imds_fetch *fetch)
{
    if (!token_is_good(fetch->imds))
        return STEP_TOKEN;
    return fetch->credentials_done != NULL ? STEP_ROLE : STEP_REGION;
}

static void
next_step(struct imds_fetch *fetch, enum imds_step step)
{
    fetch->step = step;
    fetch->attempt = 0;
    start_step(fetch);
}

/* Also what the pause's timer calls.  Another fetch may have lost the token meanwhile. */
static void
start_step(void *owner)
{
    struct imds_fetch *fetch = owner;
    struct failure failure;
    if (fetch->step != STEP_TOKEN && !token_is_good(fetch->imds)) {
        fetch->step = STEP_TOKEN;
        fetch->attempt = 0;
    }
    fetch->attempt++;
    if (!send_request(fetch, &failure))
        finish_failed(fetch, &failure);
}

/* Trouble */

/* The last attempt's reason is in the fetch; try again where that may help and time is left, else end with it. */
static void
pause_and_retry(struct imds_fetch *fetch)
{
    int64_t pause = source_pause_ms(PAUSE_MS, fetch->attempt + 1);
    if (fetch->attempt < ATTEMPTS && deadline_left_ms(fetch->deadline) > pause)
        loop_timer_start(fetch->imds->loop, &fetch->pause, deadline_in_ms(pause));
    else
        finish_failed(fetch, &fetch->reason);
}

static const char *
advice_on(enum http_end end, enum imds_step step)
{
    if (end == HTTP_UNCONNECTED)
        return "Either this is no EC2 instance ([credentials] in studio.conf says where its keys come from), or a "
               "firewall rule keeps this account out.";
    if (end == HTTP_TIMED_OUT && step == STEP_TOKEN)
        return "It was reached, but its token was not: in a container the hop limit is too low (aws ec2 "
               "modify-instance-metadata-options --http-put-response-hop-limit 2), else a firewall rule drops its "
               "answers.";
    return "Check what listens there, and whether a firewall rule drops its answers.";
}

static void
note_silence(struct imds_fetch *fetch, const struct http_answer *answer)
{
    if (answer->end == HTTP_NO_SOCKET) { /* nothing was found out about the service */
        fetch->reason = answer->failure;
        return;
    }
    bool late = deadline_passed(fetch->deadline);
    failure_set(&fetch->reason, late ? "timeout" : "imds-unreachable",
                "The metadata service at %s did not give %s to this account (uid %ju): %s. %s", fetch->imds->endpoint,
                step_names[fetch->step], (uintmax_t) geteuid(), answer->failure.message,
                advice_on(answer->end, fetch->step));
}

static void
fail_with(struct imds_fetch *fetch, const char *code, long status, const char *advice)
{
    struct failure failure;
    failure_set(&failure, code, "The metadata service at %s answered a request for %s with status %ld. %s",
                fetch->imds->endpoint, step_names[fetch->step], status, advice);
    finish_failed(fetch, &failure);
}

static void
retry_after_status(struct imds_fetch *fetch, const char *code, long status, const char *advice)
{
    failure_set(&fetch->reason, code, "The metadata service at %s answered a request for %s with status %ld. %s",
                fetch->imds->endpoint, step_names[fetch->step], status, advice);
    pause_and_retry(fetch);
}

/* The token was good for longer than the service kept it (a stopped and started instance): one new one, once. */
static void
renew_token(struct imds_fetch *fetch)
{
    secret_free(&fetch->imds->token);
    if (fetch->step == STEP_TOKEN || fetch->token_renewed) {
        fail_with(fetch, "imds-refused", 401, "It does not take its own session token. Check what listens there.");
        return;
    }
    fetch->token_renewed = true;
    next_step(fetch, STEP_TOKEN);
}

static void
explain_absence(struct imds_fetch *fetch)
{
    if (fetch->step == STEP_ROLE || fetch->step == STEP_CREDENTIALS)
        fail_with(
            fetch, "imds-no-role", 404,
            "This instance has no instance profile, or its role is gone. Attach a role to it (EC2 console: Security, "
            "Modify IAM role).");
    else
        fail_with(fetch, "imds-refused", 404,
                  "What listens there is not the metadata service, version 2. Check ec2_metadata_service_endpoint.");
}

static void
handle_status(struct imds_fetch *fetch, long status)
{
    switch (status) {
    case 401:
        renew_token(fetch);
        break;
    case 403:
        fail_with(fetch, "imds-forbidden", status,
                  "It is switched off for this instance, or a policy forbids it: aws ec2 "
                  "modify-instance-metadata-options --http-endpoint enabled.");
        break;
    case 404:
        explain_absence(fetch);
        break;
    case 429:
    case 503:
        retry_after_status(fetch, "imds-throttled", status,
                           "It limits the rate of requests: see which program of this instance asks so often.");
        break;
    case 500:
    case 502:
    case 504:
        retry_after_status(fetch, "imds-refused", status, "It has a trouble of its own; it usually passes.");
        break;
    default:
        fail_with(fetch, "imds-refused", status, "Check ec2_metadata_service_endpoint, and what listens there.");
        break;
    }
}

/* Answers */

static bool
keep_token(struct imds_fetch *fetch, const struct buffer *body, struct failure *failure)
{
    struct imds *imds = fetch->imds;
    char *token = imds_read_token(body, failure);
    if (token == NULL)
        return false;
    secret_free(&imds->token);
    imds->token = token;
    imds->token_end = deadline_in_ms(TOKEN_SECONDS * INT64_C(1000) - TOKEN_MARGIN_MS);
    return true;
}

static bool
take_token(struct imds_fetch *fetch, const struct buffer *body, struct failure *failure)
{
    if (!keep_token(fetch, body, failure))
        return false;
    next_step(fetch, first_step(fetch));
    return true;
}

static bool
take_role(struct imds_fetch *fetch, const struct buffer *body, struct failure *failure)
{
    if (!imds_read_role(body, fetch->role, failure))
        return false;
    next_step(fetch, STEP_CREDENTIALS);
    return true;
}

static bool
take_credentials(struct imds_fetch *fetch, const struct buffer *body, struct failure *failure)
{
    struct credentials credentials;
    if (!imds_read_credentials(body, time(NULL), &credentials, failure))
        return false;
    finish_credentials(fetch, &credentials);
    return true;
}

static bool
take_region(struct imds_fetch *fetch, const struct buffer *body, struct failure *failure)
{
    char region[IMDS_REGION_SIZE];
    if (!imds_read_region(body, region, failure))
        return false;
    finish_region(fetch, region);
    return true;
}

/* The fetch may be gone when this returns. */
static void
take_answer(struct imds_fetch *fetch, const struct buffer *body)
{
    static bool (*const takers[])(struct imds_fetch *, const struct buffer *, struct failure *) = {
        [STEP_TOKEN] = take_token,
        [STEP_ROLE] = take_role,
        [STEP_CREDENTIALS] = take_credentials,
        [STEP_REGION] = take_region,
    };
    struct failure failure;
    if (!takers[fetch->step](fetch, body, &failure))
        finish_failed(fetch, &failure);
}

static void
step_done(void *owner, struct http_answer *answer)
{
    struct imds_fetch *fetch = owner;
    fetch->exchange = NULL;
    if (answer->end != HTTP_ANSWERED) {
        note_silence(fetch, answer);
        pause_and_retry(fetch);
    } else if (answer->status == 200) {
        take_answer(fetch, &answer->body);
    } else {
        handle_status(fetch, answer->status);
    }
}

/* Beginnings */

static struct imds_fetch *
fetch_start(struct imds *imds, const struct imds_fetch *wanted, struct failure *failure)
{
    struct imds_fetch *fetch = calloc(1, sizeof(*fetch));
    if (fetch == NULL) {
        failure_set(failure, "memory", "There is no memory for a request to the metadata service.");
        return NULL;
    }
    *fetch = *wanted;
    fetch->imds = imds;
    fetch->pause = (struct loop_timer){.fire = start_step, .owner = fetch};
    fetch->step = first_step(fetch);
    fetch->attempt = 1;
    if (send_request(fetch, failure))
        return fetch;
    fetch_free(fetch);
    return NULL;
}

struct imds_fetch *
imds_credentials(struct imds *imds, struct deadline deadline, imds_credentials_done *done, void *owner,
                 struct failure *failure)
{
    struct imds_fetch wanted = {.deadline = deadline, .credentials_done = done, .owner = owner};
    return fetch_start(imds, &wanted, failure);
}

struct imds_fetch *
imds_region(struct imds *imds, struct deadline deadline, imds_region_done *done, void *owner, struct failure *failure)
{
    struct imds_fetch wanted = {.deadline = deadline, .region_done = done, .owner = owner};
    return fetch_start(imds, &wanted, failure);
}

void
imds_explain_wait(const struct imds_fetch *fetch, struct failure *failure)
{
    if (fetch->reason.code[0] != '\0')
        failure_set(failure, "timeout", "%s", fetch->reason.message);
    else
        failure_set(
            failure, "timeout",
            "The metadata service at %s has not given %s to this account (uid %ju) in time. Either this is no EC2 "
            "instance, or a firewall rule drops requests of this account, or in a container the hop limit is too "
            "low (aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2).",
            fetch->imds->endpoint, step_names[fetch->step], (uintmax_t) geteuid());
}
