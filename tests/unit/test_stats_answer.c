/*
 * However much there is to tell, the answer to op=stats is a message that can be parsed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stats_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal.h"
#include "message.h"

static struct service *
fresh_service(void)
{
    struct service *service = calloc(1, sizeof(*service));

    assert_non_null(service);
    service->stats.started_ms = monotonic_ms();
    return service;
}

static void
compose_and_parse(const struct service *service, struct message *answer)
{
    AUTO_BUFFER struct buffer text = BUFFER(MESSAGE_LIMIT);
    struct failure failure = {0};

    assert_true(stats_answer_compose(&text, service));
    if (!message_parse(answer, text.data, text.length, &failure))
        fail_msg("%s", failure.message);
}

static void
a_helper_that_did_nothing_says_so(void **state)
{
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    struct service *service = fresh_service();

    (void) state;
    service->state = CONFIGURATION_ABSENT;
    compose_and_parse(service, &answer);
    assert_string_equal(message_get(&answer, "status"), "ok");
    assert_string_equal(message_get(&answer, "links_made"), "0");
    assert_string_equal(message_get(&answer, "failed"), "0");
    assert_string_equal(message_get(&answer, "credentials"), "none");
    assert_string_equal(message_get(&answer, "configuration"), "absent");
    assert_string_equal(message_get(&answer, "outages"), "0");
    assert_null(message_get(&answer, "p50_ms"));
    assert_null(message_get(&answer, "failed_by_code"));
    free(service);
}

/* Codes and peers as long as they can be, and more of them than there is room for. */
static void
fill(struct service *service)
{
    char code[FAILURE_CODE_SIZE];
    char peer[OUTAGE_NAME_SIZE];

    for (int i = 0; i < STATS_CODES + 1; i++) {
        snprintf(code, sizeof(code), "%02d-%0*d", i, FAILURE_CODE_SIZE - 4, 7);
        stats_failed(&service->stats, code);
    }
    for (int i = 0; i < OUTAGE_PEERS; i++) {
        snprintf(peer, sizeof(peer), "%02d by proxy %0*d", i, OUTAGE_NAME_SIZE - 14, 7);
        for (int times = 0; times < OUTAGE_FAILURES; times++)
            outage_report(&service->outages, peer, false, monotonic_ms() - 5000);
    }
    stats_link_made(&service->stats, true, 12);
    service->state = CONFIGURATION_BROKEN;
    failure_set(&service->broken, "config", "%0*d", FAILURE_MESSAGE_SIZE - 1, 7);
}

static void
a_helper_with_every_trouble_can_still_tell(void **state)
{
    AUTO_MESSAGE struct message answer = MESSAGE_EMPTY;
    struct service *service = fresh_service();

    (void) state;
    fill(service);
    compose_and_parse(service, &answer);
    assert_string_equal(message_get(&answer, "configuration"), "broken");
    assert_int_equal(strlen(message_get(&answer, "configuration_message")), FAILURE_MESSAGE_SIZE - 1);
    assert_non_null(strstr(message_get(&answer, "failed_by_code"), " other:1"));
    assert_string_equal(message_get(&answer, "outages"), "32");
    assert_memory_equal(message_get(&answer, "outage_16"), "5 15 by proxy ", 14);
    assert_null(message_get(&answer, "outage_17"));
    assert_string_equal(message_get(&answer, "p99_ms"), "12");
    free(service);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_helper_that_did_nothing_says_so),
        cmocka_unit_test(a_helper_with_every_trouble_can_still_tell),
    };

    journal_open(JOURNAL_STDERR, false);
    return cmocka_run_group_tests_name("stats_answer", tests, NULL, NULL);
}
