/*
 * aws_clock.c: see aws_clock.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "aws_clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "journal.h"

/* TLS was verified by this host's clock, so that it is within the life of a certificate (398 days at most: CA/Browser
 * Forum, Baseline Requirements, 6.3.2).  If a Date is further off, it is the Date that is wrong. */
#define CREDIBLE_S ((int64_t) 400 * 24 * 60 * 60)

bool
aws_clock_offset(const char *date, int64_t *seconds)
{
    struct tm utc = {0};
    const char *end = strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    if (end == NULL || *end != '\0')
        return false;
    *seconds = (int64_t) timegm(&utc) - (int64_t) time(NULL);
    return *seconds >= -CREDIBLE_S && *seconds <= CREDIBLE_S;
}

static void
describe_offset(int64_t offset, char *text, size_t size)
{
    if (offset == 0)
        snprintf(text, size, "The clock of this host agrees with AWS's again; requests are signed for its own time.");
    else
        snprintf(text, size,
                 "The clock of this host is %" PRId64
                 " s %s AWS's. Requests are signed for AWS's time; set the clock (chronyc tracking, timedatectl).",
                 offset < 0 ? -offset : offset, offset < 0 ? "ahead of" : "behind");
}

void
aws_clock_log(int64_t offset, const char *endpoint_url)
{
    char message[256];
    struct journal_line line = journal_begin(LOG_WARNING, "clock-corrected");
    describe_offset(offset, message, sizeof(message));
    journal_put_number(&line, "seconds", offset);
    journal_put(&line, "endpoint", endpoint_url);
    journal_put(&line, "message", message);
    journal_end(&line);
}
