/*
 * service.h: what one helper process holds for all its conversations: the loop, the configuration in force, the workers
 * that map accounts, the host's credentials, and the memory of outages, rates and what was done.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "aws_call.h"
#include "configuration.h"
#include "credentials.h"
#include "failure.h"
#include "http.h"
#include "loop.h"
#include "outage.h"
#include "rate.h"
#include "stats.h"
#include "worker_pool.h"

/* Logins and clicks have workers of their own: a user whose clicks hang in the directory delays no login. */
#define MAPPING_WORKERS 4

/*
 * The host's keys, as the settings say where they come from.  An older one stays while a configuration of it does, and
 * ends with a later service_refresh: it may hold keys, and processes.
 */
struct credential_origin {
    struct credential_store *store;
    unsigned configurations; /* that say the same of it */
    struct credential_origin *next;
};

/* A configuration that lives as long as somebody uses it, while a newer one may already be in force. */
struct shared_configuration {
    struct configuration *configuration;
    struct credential_origin *origin;
    unsigned users;
};

TAILQ_HEAD(links, link);

struct service_options {
    const char *config_folder;
    uid_t also_owner; /* safe_open.h */
};

struct service {
    struct service_options options;
    uid_t uid_min;
    struct loop *loop;
    struct http *http;
    struct aws_client *aws;
    struct worker_pool *mappers[2];    /* RATE_LOGIN, RATE_CLICK */
    struct links links;                /* under way */
    struct credential_origin *origins; /* the one in force first */
    enum configuration_state state;
    struct configuration_stamp stamp;
    struct shared_configuration *current; /* NULL unless CONFIGURATION_LOADED */
    struct failure broken;                /* why, when CONFIGURATION_BROKEN */
    struct outages outages;
    struct rates rates;
    struct stats stats;
};

struct service *service_create(const struct service_options *options, struct failure *failure);
void service_free(struct service *service);

/*
 * Read the configuration if anything in its folder changed since the last time.  A new version that is broken takes the
 * old one out of force, with one log line.  Where there are no descriptors to look, what is in force stays so.
 */
void service_refresh(struct service *service);

/* Hold on to the configuration in force (not NULL), and let it go. */
struct shared_configuration *configuration_hold(struct shared_configuration *shared);
void configuration_release(struct shared_configuration *shared);

#endif
