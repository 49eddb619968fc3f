/*
 * credential_fetch.c: the order of the steps:
 *   start_base -> base_came -> next_role -> (find_region -> region_came ->) assume -> role_answered -> next_role … ->
 *   finish
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_fetch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assume_role.h"
#include "buffer.h"
#include "cleanup.h"
#include "container_credentials.h"
#include "credential_process.h"
#include "credential_text.h"
#include "endpoint.h"
#include "imds_answer.h"
#include "role_session.h"

struct credential_sources {
    struct loop *loop;
    struct http *http;
    struct aws_client *aws;
    const struct credential_settings *settings;
    uid_t also_owner;
    struct imds *imds;
    struct container_credentials *container;
    struct credential_processes *processes; /* NULL until a program is to be started */
};

/* At most one of the five is under way. */
struct credential_fetch {
    struct credential_sources *sources;
    const struct credential_plan *plan;
    struct loop_timer turn; /* for what must not come from inside the start function */
    struct imds_fetch *imds;
    struct container_fetch *container;
    struct credential_process *process;
    struct aws_call *role_call;
    struct credentials keys; /* so far */
    size_t role;             /* which one is next */
    struct assume_role_parameters parameters;
    char region[IMDS_REGION_SIZE];
    char endpoint_url[512];
    char session_name[ROLE_SESSION_NAME_SIZE];
    credential_fetch_done *done;
    void *owner;
};

struct credential_sources *
credential_sources_create(struct loop *loop, struct http *http, struct aws_client *aws,
                          const struct credential_settings *settings, uid_t also_owner, struct failure *failure)
{
    struct credential_sources *sources = calloc(1, sizeof(*sources));
    if (sources == NULL) {
        failure_set(failure, "memory", "There is no memory for the sources of credentials.");
        return NULL;
    }
    const struct credentials_settings *credentials = &settings->credentials;
    *sources = (struct credential_sources){
        .loop = loop, .http = http, .aws = aws, .settings = settings, .also_owner = also_owner};
    sources->imds = imds_create(loop, http, credentials->ec2_metadata_service_endpoint, failure);
    if (sources->imds != NULL)
        sources->container = container_credentials_create(loop, http, credentials, settings->ca_bundle, failure);
    if (sources->container != NULL)
        return sources;
    credential_sources_free(sources);
    return NULL;
}

void
credential_sources_free(struct credential_sources *sources)
{
    if (sources == NULL)
        return;
    if (sources->processes != NULL)
        credential_processes_free(sources->processes);
    container_credentials_free(sources->container);
    imds_free(sources->imds);
    free(sources);
}

struct imds *
credential_sources_imds(const struct credential_sources *sources)
{
    return sources->imds;
}

/* Endings */

static void
fetch_free(struct credential_fetch *fetch)
{
    loop_timer_stop(fetch->sources->loop, &fetch->turn);
    if (fetch->imds != NULL)
        imds_cancel(fetch->imds);
    if (fetch->container != NULL)
        container_credentials_cancel(fetch->container);
    if (fetch->process != NULL)
        credential_process_cancel(fetch->process);
    if (fetch->role_call != NULL)
        aws_call_cancel(fetch->role_call);
    credentials_wipe(&fetch->keys);
    free(fetch);
}

void
credential_fetch_cancel(struct credential_fetch *fetch)
{
    fetch_free(fetch);
}

static void
finish_failed(struct credential_fetch *fetch, const struct failure *failure)
{
    credential_fetch_done *done = fetch->done;
    void *owner = fetch->owner;
    struct failure reason = *failure;
    fetch_free(fetch);
    done(owner, NULL, &reason);
}

static void
finish(struct credential_fetch *fetch)
{
    credential_fetch_done *done = fetch->done;
    void *owner = fetch->owner;
    struct credentials keys = fetch->keys;
    fetch->keys = (struct credentials){0};
    fetch_free(fetch);
    done(owner, &keys, NULL);
    credentials_wipe(&keys);
}

/* Roles */

static void next_role(struct credential_fetch *fetch);

/* The file's name for the session, or one by which CloudTrail's reader knows the host. */
static bool
name_session(struct credential_fetch *fetch, const struct credential_role *role)
{
    char host[HOST_NAME_MAX + 1] = "";
    if (role->role_session_name != NULL)
        return (size_t) snprintf(fetch->session_name, sizeof(fetch->session_name), "%s", role->role_session_name) <
               sizeof(fetch->session_name); /* a legal one, as credential_profile.c knows */
    (void) gethostname(host, sizeof(host) - 1);
    host[strcspn(host, ".")] = '\0';
    AUTO_FREE char *name = NULL;
    if (asprintf(&name, "sagemaker-studio-%s", host[0] != '\0' ? host : "host") < 0)
        name = NULL;
    return name != NULL && role_session_name(name, fetch->session_name);
}

/* Whoever has named a source by hand wants to know in which file the role stands. */
static void
finish_role_failed(struct credential_fetch *fetch, const struct failure *failure)
{
    struct failure reason;
    failure_set(&reason, failure->code, "The role %s, which %s says, was not assumed: %s", fetch->parameters.role_arn,
                fetch->plan->description, failure->message);
    finish_failed(fetch, &reason);
}

static void
role_answered(void *owner, struct http_answer *answer, time_t sent_at)
{
    struct credential_fetch *fetch = owner;
    struct failure failure;
    struct credentials keys = {0};
    (void) sent_at;
    fetch->role_call = NULL;
    if (!assume_role_answer(&fetch->parameters, answer, &keys, &failure)) {
        finish_role_failed(fetch, &failure);
        return;
    }
    credentials_wipe(&fetch->keys);
    fetch->keys = keys;
    fetch->role++;
    next_role(fetch);
}

static void
assume(struct credential_fetch *fetch)
{
    const struct credential_role *role = &fetch->plan->roles[fetch->role];
    const struct credential_settings *settings = fetch->sources->settings;
    struct failure failure;
    fetch->parameters = (struct assume_role_parameters){
        .endpoint_url = fetch->endpoint_url,
        .region = fetch->region,
        .ca_bundle = settings->ca_bundle,
        .proxy_url = settings->proxy_url,
        .role_arn = role->role_arn,
        .role_session_name = fetch->session_name,
        .external_id = role->external_id,
        .duration_seconds = role->duration_seconds,
    };
    if (!name_session(fetch, role))
        failure_set(&failure, "memory", "There is no memory for the name of the role's session.");
    else if (endpoint_sts(fetch->region, settings->sts_endpoint_url, settings->use_fips_endpoint,
                          settings->use_dualstack_endpoint, fetch->endpoint_url, sizeof(fetch->endpoint_url),
                          &failure) &&
             assume_role_check(&fetch->parameters, &failure))
        fetch->role_call =
            assume_role_start(fetch->sources->aws, &fetch->parameters, &fetch->keys,
                              deadline_in_ms(CREDENTIAL_STEP_TIMEOUT_MS), role_answered, fetch, &failure);
    if (fetch->role_call == NULL)
        finish_role_failed(fetch, &failure);
}

static void
region_came(void *owner, const char *region, const struct failure *failure)
{
    struct credential_fetch *fetch = owner;
    struct failure reason;
    fetch->imds = NULL;
    if (region == NULL) {
        failure_set(&reason, failure->code,
                    "In which region to assume %s is not known: set region in [defaults] of studio.conf, or in the "
                    "profile. (%s)",
                    fetch->plan->roles[fetch->role].role_arn, failure->message);
        finish_failed(fetch, &reason);
        return;
    }
    snprintf(fetch->region, sizeof(fetch->region), "%s", region);
    assume(fetch);
}

static void
ask_for_region(struct credential_fetch *fetch)
{
    struct failure failure;
    fetch->imds =
        imds_region(fetch->sources->imds, deadline_in_ms(CREDENTIAL_STEP_TIMEOUT_MS), region_came, fetch, &failure);
    if (fetch->imds == NULL)
        finish_failed(fetch, &failure);
}

/* The next role, or the end; the fetch may be gone when this returns. */
static void
next_role(struct credential_fetch *fetch)
{
    const char *region = fetch->plan->region != NULL ? fetch->plan->region : fetch->sources->settings->region;
    if (fetch->role == fetch->plan->role_count) {
        finish(fetch);
    } else if (fetch->region[0] != '\0') {
        assume(fetch);
    } else if (region != NULL) {
        snprintf(fetch->region, sizeof(fetch->region), "%s", region);
        assume(fetch);
    } else {
        ask_for_region(fetch);
    }
}

/* The base */

static void
base_came(struct credential_fetch *fetch, struct credentials *credentials, const struct failure *failure)
{
    if (credentials == NULL) {
        finish_failed(fetch, failure);
        return;
    }
    fetch->keys = *credentials;
    *credentials = (struct credentials){0};
    next_role(fetch);
}

static void
imds_came(void *owner, struct credentials *credentials, const struct failure *failure)
{
    struct credential_fetch *fetch = owner;
    fetch->imds = NULL;
    base_came(fetch, credentials, failure);
}

static void
container_came(void *owner, struct credentials *credentials, const struct failure *failure)
{
    struct credential_fetch *fetch = owner;
    fetch->container = NULL;
    base_came(fetch, credentials, failure);
}

static void
process_came(void *owner, struct credentials *credentials, const struct failure *failure)
{
    struct credential_fetch *fetch = owner;
    fetch->process = NULL;
    base_came(fetch, credentials, failure);
}

/* Keys of the plan itself, a turn of the loop later. */
static void
keys_came(void *owner)
{
    struct credential_fetch *fetch = owner;
    const struct credentials *keys = &fetch->plan->keys;
    struct credential_text text = {keys->access_key_id, keys->secret_access_key, keys->session_token};
    struct credentials copy = {0};
    struct failure failure;
    bool copied = credential_text_copy(&text, &copy, &failure);
    base_came(fetch, copied ? &copy : NULL, &failure);
}

static bool
start_process(struct credential_fetch *fetch, struct failure *failure)
{
    struct credential_sources *sources = fetch->sources;
    if (sources->processes == NULL)
        sources->processes = credential_processes_create(sources->loop, sources->also_owner, failure);
    if (sources->processes != NULL)
        fetch->process =
            credential_process_start(sources->processes, fetch->plan->process,
                                     deadline_in_ms(CREDENTIAL_STEP_TIMEOUT_MS), process_came, fetch, failure);
    return fetch->process != NULL;
}

static bool
start_base(struct credential_fetch *fetch, struct failure *failure)
{
    const struct credential_sources *sources = fetch->sources;
    struct deadline deadline = deadline_in_ms(CREDENTIAL_STEP_TIMEOUT_MS);
    switch (fetch->plan->base) {
    case CREDENTIAL_BASE_PROCESS:
        return start_process(fetch, failure);
    case CREDENTIAL_BASE_CONTAINER:
        fetch->container = container_credentials_start(sources->container, deadline, container_came, fetch, failure);
        return fetch->container != NULL;
    case CREDENTIAL_BASE_IMDS:
        fetch->imds = imds_credentials(sources->imds, deadline, imds_came, fetch, failure);
        return fetch->imds != NULL;
    case CREDENTIAL_BASE_KEYS:
    default:
        loop_timer_start(sources->loop, &fetch->turn, deadline_in_ms(0));
        return true;
    }
}

struct credential_fetch *
credential_fetch_start(struct credential_sources *sources, const struct credential_plan *plan,
                       credential_fetch_done *done, void *owner, struct failure *failure)
{
    struct credential_fetch *fetch = calloc(1, sizeof(*fetch));
    if (fetch == NULL) {
        failure_set(failure, "memory", "There is no memory for a request for credentials.");
        return NULL;
    }
    *fetch = (struct credential_fetch){.sources = sources, .plan = plan, .done = done, .owner = owner};
    fetch->turn = (struct loop_timer){.fire = keys_came, .owner = fetch};
    if (start_base(fetch, failure))
        return fetch;
    fetch_free(fetch);
    return NULL;
}

void
credential_fetch_explain_wait(const struct credential_fetch *fetch, struct failure *failure)
{
    if (fetch->imds != NULL) {
        imds_explain_wait(fetch->imds, failure);
    } else if (fetch->container != NULL) {
        container_credentials_explain_wait(fetch->container, failure);
    } else if (fetch->role_call != NULL) {
        const char *trouble = aws_call_trouble(fetch->role_call);
        failure_set(failure, "timeout", "STS at %s has not given the keys of the role %s in time.%s%s",
                    fetch->endpoint_url, fetch->parameters.role_arn, trouble[0] != '\0' ? " " : "", trouble);
    } else {
        failure_set(failure, "timeout", "%s has not given keys in time.", fetch->plan->description);
    }
}
