/*
 * The process that reads is forked for each reading; what it has read stays in memory that it shares with the helper
 * (frozen_map.h), and ends with it for all else.
 *
 * SPDX-License-Identifier: MIT
 */
#include "map_reader.h"

#include <stdlib.h>
#include <string.h>

#include "frozen_map.h"
#include "worker_pool.h"

struct map_reader {
    struct configuration_source source;
    struct worker_pool *pool;
    struct worker_call *call; /* NULL: nothing is being read */
    struct frozen_map *frozen;
    map_reader_done *done;
    void *owner;
};

/* The answer of the process. */
struct report {
    enum configuration_state state;
    struct failure failure;
    size_t used; /* of the frozen map */
};

_Static_assert(sizeof(struct report) <= WORKER_ANSWER_LIMIT, "a report fits a worker's answer");

/* Runs in the process that reads, which ends after it: nothing is freed there. */
static size_t
read_in_worker(const void *context, const void *request, size_t length, void *answer)
{
    const struct map_reader *reader = context;
    struct report *report = answer;
    struct configuration *configuration;

    (void) request;
    (void) length;
    memset(report, 0, sizeof(*report));
    report->state = configuration_load_from(&reader->source, &configuration, &report->failure);
    if (report->state == CONFIGURATION_LOADED &&
        !frozen_map_fill(reader->frozen, configuration->map, &report->used, &report->failure))
        report->state = CONFIGURATION_BROKEN;
    return sizeof(*report);
}

struct map_reader *
map_reader_create(struct loop *loop, const struct configuration_source *source, map_reader_done *done, void *owner,
                  struct failure *failure)
{
    struct map_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        failure_set(failure, "memory", "out of memory");
        return NULL;
    }
    reader->source = *source;
    reader->done = done;
    reader->owner = owner;
    reader->pool = worker_pool_create(loop, "map-reader", read_in_worker, NULL, 1, failure);
    if (reader->pool != NULL)
        return reader;
    free(reader);
    return NULL;
}

void
map_reader_free(struct map_reader *reader)
{
    if (reader == NULL)
        return;
    worker_pool_free(reader->pool);
    frozen_map_free(reader->frozen);
    free(reader);
}

static void
say_lost(const struct failure *failure, struct map_verdict *verdict)
{
    verdict->lost = true;
    failure_set(&verdict->failure, "worker", "the configuration could not be read: %s",
                failure != NULL ? failure->message : "the map-reader process gave no answer");
}

static void
say_report(struct map_reader *reader, const struct report *report, struct map_verdict *verdict)
{
    struct failure failure;

    verdict->state = report->state;
    verdict->failure = report->failure;
    if (report->state != CONFIGURATION_LOADED)
        return;
    verdict->map = frozen_map_open(reader->frozen, report->used, &failure);
    if (verdict->map != NULL)
        reader->frozen = NULL;
    else
        say_lost(&failure, verdict);
}

/* The process has nothing more to do, and its memory may be large: renewing ends it. */
static void
reading_ended(void *owner, const void *answer, size_t length, const struct failure *failure)
{
    struct map_reader *reader = owner;
    struct map_verdict verdict = {.lost = false};
    struct report report;

    reader->call = NULL;
    worker_pool_renew(reader->pool, NULL);
    if (answer != NULL && length == sizeof(report)) {
        memcpy(&report, answer, sizeof(report));
        say_report(reader, &report, &verdict);
    } else {
        say_lost(failure, &verdict);
    }
    frozen_map_free(reader->frozen);
    reader->frozen = NULL;
    reader->done(reader->owner, &verdict);
}

bool
map_reader_start(struct map_reader *reader, size_t map_bytes, struct failure *failure)
{
    reader->frozen = frozen_map_prepare(map_bytes, failure);
    if (reader->frozen == NULL)
        return false;
    worker_pool_renew(reader->pool, reader);
    reader->call =
        worker_call_start(reader->pool, NULL, 0, deadline_in_ms(MAP_READING_MAX_MS), reading_ended, reader, failure);
    if (reader->call != NULL)
        return true;
    frozen_map_free(reader->frozen);
    reader->frozen = NULL;
    return false;
}

void
map_reader_cancel(struct map_reader *reader)
{
    if (reader->call == NULL)
        return;
    worker_call_kill(reader->call);
    reader->call = NULL;
    frozen_map_free(reader->frozen);
    reader->frozen = NULL;
}

bool
map_reader_is_reading(const struct map_reader *reader)
{
    return reader->call != NULL;
}
