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
#include "map_reader.h"
#include "outage.h"
#include "rate.h"
#include "stats.h"
#include "worker_pool.h"

/* Logins and clicks have workers of their own: a user whose clicks hang in the directory delays no login. */
#define MAPPING_WORKERS 4

/* A map of at most so many bytes, some 600 rules, is read at once: within 0.3 ms, or 2 ms where all are patterns. */
#define SMALL_MAP_BYTES 16384

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

/* Somebody who goes on when the configuration has been read. */
struct configuration_waiter {
    void (*go_on)(void *owner);
    void *owner;
    bool waiting;
    TAILQ_ENTRY(configuration_waiter) entry;
};

TAILQ_HEAD(configuration_waiters, configuration_waiter);

struct service_options {
    const char *config_folder;
    uid_t also_owner; /* safe_open.h */
    bool alone; /* one caller, whom nobody waits behind: even a large map is read at once in this process, and hosts
                   are looked up by the worker that mapped him */
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
    enum configuration_state state;    /* of the last one that was read */
    struct configuration_stamp stamp;  /* of the one that was read last, or is being read */
    struct configuration_stamp lost;   /* the version whose reading failed, as was logged */
    struct map_reader *reader;
    struct configuration_waiters waiters;
    struct loop_timer wake;               /* them */
    struct shared_configuration *current; /* NULL unless CONFIGURATION_LOADED */
    struct failure broken;                /* why, when CONFIGURATION_BROKEN */
    struct outages outages;
    struct rates rates;
    struct stats stats;
};

struct service *service_create(const struct service_options *options, struct failure *failure);
void service_free(struct service *service);

/*
 * Read the configuration if anything in its folder changed since the last time.  A new version takes the old one out of
 * force, also when it is broken, with one log line.  One with a large map comes into force later: it is read by another
 * process, and read again from the beginning if it changes meanwhile.  Where there are no descriptors to look, what is
 * in force stays so.
 */
void service_refresh(struct service *service);

/* Is there no configuration in force because it is being read? */
bool service_is_reading(const struct service *service);

/* From now until it goes on, by the loop and once; it may be none of the waiters already.  It may stop waiting at any
 * time. */
void service_await_configuration(struct service *service, struct configuration_waiter *waiter);
void service_stop_awaiting(struct service *service, struct configuration_waiter *waiter);

/* Hold on to the configuration in force (not NULL), and let it go. */
struct shared_configuration *configuration_hold(struct shared_configuration *shared);
void configuration_release(struct shared_configuration *shared);

#endif
