/*
 * check_service.h: does a helper serve the socket that logins and clicks connect to, and how is it?
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHECK_SERVICE_H
#define CHECK_SERVICE_H

#include <stdbool.h>

#include "check_report.h"
#include "failure.h"
#include "helper_client.h"
#include "message.h"

/* What the helper at the socket said: to root, op=stats; to anybody else, op=whoami, which shows that it is there. */
struct service_answer {
    enum helper_reach reach;
    bool answered;
    bool is_stats;
    struct message message;
    struct failure failure; /* of reaching it, or of its answer */
};

/* Asking and judging are two, because only root is told of stats.  Takes at most 5 s. */
void service_ask(const char *socket_path, struct service_answer *answer);
void service_answer_free(struct service_answer *answer);

/* The step "service", and the member "stats" of the JSON object, as `sagemaker-studio stats --json` prints it. */
void check_service(const struct service_answer *answer, struct check_report *report);

#endif
