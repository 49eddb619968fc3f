/*
 * container_credentials.c: the request, and when to make it again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "container_credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "container_answer.h"
#include "descriptor.h"
#include "source_pause.h"

#define ECS_ENDPOINT       "http://169.254.170.2"
#define CONNECT_TIMEOUT_MS 1000
#define REQUEST_TIMEOUT_MS 2000
#define ATTEMPTS           3
#define PAUSE_MS           100 /* before the second attempt, twice as long before the third, plus up to as much again */
#define BODY_LIMIT         ((size_t) 64 * 1024)

struct container_credentials {
    struct loop *loop;
    struct http *http;
    char *url;   /* NULL: none is set */
    char *shown; /* in messages: without the path, since whoever knows ECS's path can ask for the keys */
    char *token_file;
    char *ca_bundle;
};

struct container_fetch {
    struct container_credentials *container;
    struct deadline deadline;
    int attempt; /* from 1 */
    struct http_exchange *exchange;
    struct loop_timer pause;
    struct failure reason; /* of the last attempt that failed; code "" for none */
    container_credentials_done *done;
    void *owner;
};

static void answered(void *owner, struct http_answer *answer);

/* Copies; NULL stays NULL. */
static bool
copy_text(char **copy, const char *text)
{
    *copy = text != NULL ? strdup(text) : NULL;
    return text == NULL || *copy != NULL;
}

static bool
form_shown(struct container_credentials *container)
{
    const char *authority = container->url != NULL ? strstr(container->url, "://") : NULL;
    if (authority == NULL)
        return true;
    container->shown =
        strndup(container->url, (size_t) (authority - container->url) + 3 + strcspn(authority + 3, "/?"));
    return container->shown != NULL;
}

static bool
form_url(char **url, const struct credentials_settings *settings)
{
    if (settings->container_credentials_relative_uri == NULL)
        return copy_text(url, settings->container_credentials_full_uri);
    if (asprintf(url, "%s%s", ECS_ENDPOINT, settings->container_credentials_relative_uri) < 0)
        *url = NULL;
    return *url != NULL;
}

struct container_credentials *
container_credentials_create(struct loop *loop, struct http *http, const struct credentials_settings *settings,
                             const char *ca_bundle, struct failure *failure)
{
    struct container_credentials *container = calloc(1, sizeof(*container));
    if (container != NULL && form_url(&container->url, settings) && form_shown(container) &&
        copy_text(&container->token_file, settings->container_authorization_token_file) &&
        copy_text(&container->ca_bundle, ca_bundle)) {
        container->loop = loop;
        container->http = http;
        return container;
    }
    container_credentials_free(container);
    failure_set(failure, "memory", "There is no memory for the client of container credentials.");
    return NULL;
}

void
container_credentials_free(struct container_credentials *container)
{
    if (container == NULL)
        return;
    free(container->url);
    free(container->shown);
    free(container->token_file);
    free(container->ca_bundle);
    free(container);
}

/* Endings */

static void
fetch_free(struct container_fetch *fetch)
{
    loop_timer_stop(fetch->container->loop, &fetch->pause);
    if (fetch->exchange != NULL)
        http_cancel(fetch->exchange);
    free(fetch);
}

void
container_credentials_cancel(struct container_fetch *fetch)
{
    fetch_free(fetch);
}

static void
finish(struct container_fetch *fetch, struct credentials *credentials, const struct failure *failure)
{
    container_credentials_done *done = fetch->done;
    void *owner = fetch->owner;
    struct failure reason;
    if (failure != NULL)
        reason = *failure;
    fetch_free(fetch);
    done(owner, credentials, failure != NULL ? &reason : NULL);
}

/* The token */

/* No O_NOFOLLOW: what Kubernetes puts there is a symbolic link, which it changes as it replaces the token. */
static bool
read_token_file(const char *path, struct buffer *token, struct failure *failure)
{
    struct stat status;
    AUTO_CLOSE int fd = descriptor_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0 || fstat(fd, &status) != 0)
        return failure_set(failure, "credentials",
                           "container_authorization_token_file %s cannot be read by this account (uid %ju): %s. In a "
                           "pod, its securityContext decides on that (fsGroup).",
                           path, (uintmax_t) geteuid(), strerror(errno));
    if (!S_ISREG(status.st_mode))
        return failure_set(failure, "credentials", "container_authorization_token_file %s is no regular file.", path);
    if (descriptor_read_all(fd, token))
        return true;
    return failure_set(failure, "credentials", "container_authorization_token_file %s cannot be read: %s.", path,
                       errno == EFBIG ? "it has more than 64 KiB" : strerror(errno));
}

/* Without the line break at its end. */
static bool
token_is_good(struct buffer *token)
{
    while (token->length > 0 && (token->data[token->length - 1] == '\n' || token->data[token->length - 1] == '\r'))
        token->data[--token->length] = '\0';
    for (size_t i = 0; i < token->length; i++) {
        if (token->data[i] < 0x20 || token->data[i] > 0x7e)
            return false;
    }
    return token->length > 0;
}

/* The header that carries it; empty where there is no token file. */
static bool
make_authorization(const struct container_credentials *container, struct buffer *header, struct failure *failure)
{
    AUTO_BUFFER struct buffer token = BUFFER(CONTAINER_TOKEN_FILE_MAX);
    if (container->token_file == NULL)
        return true;
    if (!read_token_file(container->token_file, &token, failure))
        return false;
    if (!token_is_good(&token))
        return failure_set(
            failure, "credentials",
            "container_authorization_token_file %s holds no token, expected one line of printable ASCII.",
            container->token_file);
    return buffer_append_format(header, "Authorization: %s", token.data) ||
           failure_set(failure, "memory", "There is no memory for the container's token.");
}

/* One request */

static bool
send_request(struct container_fetch *fetch, struct failure *failure)
{
    const struct container_credentials *container = fetch->container;
    AUTO_BUFFER struct buffer authorization = BUFFER(CONTAINER_TOKEN_FILE_MAX + 32);
    if (container->url == NULL)
        return failure_set(failure, "credentials",
                           "The source of credentials is container, and no URI of them is known: set "
                           "container_credentials_relative_uri or container_credentials_full_uri in studio.conf "
                           "(ECS and EKS put it into the environment of a container's first process).");
    if (!make_authorization(container, &authorization, failure))
        return false;
    struct http_request request = {
        .method = "GET",
        .url = container->url,
        .headers = {"Accept: application/json", authorization.data},
        .ca_bundle = container->ca_bundle,
        .allow_http = strncmp(container->url, "http://", 7) == 0, /* where settings allow it (setting_value.h) */
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .deadline = deadline_earlier(fetch->deadline, deadline_in_ms(REQUEST_TIMEOUT_MS)),
        .body_limit = BODY_LIMIT,
    };
    fetch->exchange = http_start(container->http, &request, answered, fetch, failure);
    return fetch->exchange != NULL;
}

/* What the pause's timer calls. */
static void
try_again(void *owner)
{
    struct container_fetch *fetch = owner;
    struct failure failure;
    fetch->attempt++;
    if (!send_request(fetch, &failure))
        finish(fetch, NULL, &failure);
}

/* The last attempt's reason is in the fetch; try again where time is left, else end with it. */
static void
pause_and_retry(struct container_fetch *fetch)
{
    int64_t pause = source_pause_ms(PAUSE_MS, fetch->attempt + 1);
    if (fetch->attempt < ATTEMPTS && deadline_left_ms(fetch->deadline) > pause)
        loop_timer_start(fetch->container->loop, &fetch->pause, deadline_in_ms(pause));
    else
        finish(fetch, NULL, &fetch->reason);
}

static void
note_silence(struct container_fetch *fetch, const struct http_answer *answer)
{
    if (answer->end == HTTP_NO_SOCKET) { /* nothing was found out about the endpoint */
        fetch->reason = answer->failure;
        return;
    }
    failure_set(&fetch->reason, deadline_passed(fetch->deadline) ? "timeout" : "container-unreachable",
                "%s did not give this container's credentials: %s. Either this is no ECS task or EKS pod (EKS: is the "
                "Pod Identity agent running on this node?), or a firewall rule keeps this account out.",
                fetch->container->shown, answer->failure.message);
}

static bool
may_pass(long status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

static void
take_document(struct container_fetch *fetch, const struct buffer *body)
{
    struct credentials credentials = {0};
    struct failure failure;
    if (container_answer_credentials(body, fetch->container->shown, time(NULL), &credentials, &failure))
        finish(fetch, &credentials, NULL);
    else
        finish(fetch, NULL, &failure);
}

static void
answered(void *owner, struct http_answer *answer)
{
    struct container_fetch *fetch = owner;
    fetch->exchange = NULL;
    if (answer->end == HTTP_ANSWERED && answer->status == 200) {
        take_document(fetch, &answer->body);
        return;
    }
    if (answer->end == HTTP_ANSWERED)
        container_answer_refusal(answer->status, &answer->body, fetch->container->shown, &fetch->reason);
    else
        note_silence(fetch, answer);
    if (answer->end != HTTP_ANSWERED || may_pass(answer->status))
        pause_and_retry(fetch);
    else
        finish(fetch, NULL, &fetch->reason);
}

struct container_fetch *
container_credentials_start(struct container_credentials *container, struct deadline deadline,
                            container_credentials_done *done, void *owner, struct failure *failure)
{
    struct container_fetch *fetch = calloc(1, sizeof(*fetch));
    if (fetch == NULL) {
        failure_set(failure, "memory", "There is no memory for a request for container credentials.");
        return NULL;
    }
    *fetch = (struct container_fetch){
        .container = container, .deadline = deadline, .attempt = 1, .done = done, .owner = owner};
    fetch->pause = (struct loop_timer){.fire = try_again, .owner = fetch};
    if (send_request(fetch, failure))
        return fetch;
    fetch_free(fetch);
    return NULL;
}

void
container_credentials_explain_wait(const struct container_fetch *fetch, struct failure *failure)
{
    if (fetch->reason.code[0] != '\0')
        failure_set(failure, "timeout", "%s", fetch->reason.message);
    else
        failure_set(failure, "timeout",
                    "%s has not given this container's credentials in time. A firewall rule may drop this account's "
                    "requests.",
                    fetch->container->shown);
}
