/*
 * link_host.c: what this host itself knows, or asks about itself: its region and its own keys.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "link_steps.h"

/* A source that refuses is there; one that cannot be reached, or says nothing, is not. */
static void
end_attempt(struct peer_attempt *attempt, const struct failure *failure)
{
    enum peer_end end = PEER_ANSWERED;

    if (failure != NULL && strcmp(failure->code, "resources") == 0)
        return;
    if (failure != NULL && strcmp(failure->code, "timeout") == 0)
        end = PEER_UNCONNECTED;
    else if (failure != NULL && credentials_source_was_silent(failure))
        end = PEER_FAILED;
    peer_attempt_end(attempt, end);
}

/*
 * The region
 */

/* One attempt where both come from the same peer, so that a probe after an outage may go on to the keys. */
static struct peer_attempt *
region_attempt(struct link *link)
{
    const char *key_peer = credential_store_peer(link->store);
    const char *region_peer = credential_store_region_peer(link->store);
    bool is_same = key_peer != NULL && region_peer != NULL && strcmp(key_peer, region_peer) == 0;
    struct peer_attempt *attempt = is_same ? &link->key_source : &link->region_source;

    peer_attempt_aim(attempt, region_peer);
    return attempt;
}

static void
region_came(void *owner, const char *region, const struct failure *failure)
{
    struct link *link = owner;

    link->credential_call = NULL;
    if (!link->region_was_kept)
        end_attempt(link->region_attempt, region == NULL ? failure : NULL);
    if (region != NULL)
        link_region_known(link, region);
    else
        link_fail(link, failure);
}

static void
ask_for_region(struct link *link)
{
    struct peer_attempt *attempt = region_attempt(link);
    struct failure failure;

    link->region_attempt = attempt;
    link->region_was_kept = credential_region_kept(link->store) != NULL;
    if (!link->region_was_kept && !peer_attempt_admit(attempt, link->request.deadline, &failure)) {
        link_fail(link, &failure);
        return;
    }
    peer_attempt_ask(attempt);
    link_await(link, attempt->peer[0] != '\0' ? attempt->peer : "the region of this host");
    link->credential_call = credential_region_get(link->store, link_step_deadline(link), region_came, link, &failure);
    if (link->credential_call == NULL)
        link_fail(link, &failure);
}

/* The domain's own region, else the host's. */
void
link_find_region(struct link *link)
{
    if (link->domain->region != NULL)
        link_region_known(link, link->domain->region);
    else
        ask_for_region(link);
}

/*
 * The keys
 */

static void
credentials_came(void *owner, const struct credentials *credentials, const struct failure *failure)
{
    struct link *link = owner;

    link->credential_call = NULL;
    if (!link->keys_were_kept)
        end_attempt(&link->key_source, credentials == NULL ? failure : NULL);
    if (credentials != NULL)
        link_keys_known(link, credentials);
    else
        link_fail(link, failure);
}

/* Where nobody is asked over the network, the file or the program that the keys come from. */
static void
await_keys(struct link *link)
{
    char whom[OUTAGE_NAME_SIZE];

    snprintf(whom, sizeof(whom), "the keys of %s", credential_store_description(link->store));
    link_await(link, link->key_source.peer[0] != '\0' ? link->key_source.peer : whom);
}

/* Kept keys need nobody who is asked for them, so an outage there does not stop those. */
void
link_get_keys(struct link *link)
{
    struct failure failure;

    link->keys_were_kept = credentials_kept(link->store) != NULL;
    peer_attempt_aim(&link->key_source, credential_store_peer(link->store));
    if (!link->keys_were_kept && !peer_attempt_admit(&link->key_source, link->request.deadline, &failure)) {
        link_fail(link, &failure);
        return;
    }
    peer_attempt_ask(&link->key_source);
    await_keys(link);
    link->credential_call = credentials_get(link->store, link_step_deadline(link), credentials_came, link, &failure);
    if (link->credential_call == NULL)
        link_fail(link, &failure);
}
