/*
 * failure_advice.c: what a user can do about a failure, in his own words.
 *
 * SPDX-License-Identifier: MIT
 */
#include "failure_advice.h"

#include <stdio.h>
#include <string.h>

#define CONTACT_SIZE 256

/* What comes after the sentence; the %s is whom to tell. */
#define ASK   "If you need it, ask your administrator%s."
#define TELL  "Tell your administrator%s."
#define AGAIN "Try again in a minute; if it stays so, tell your administrator%s."
#define LOGIN "Log out and in again; if it stays so, tell your administrator%s."

struct advice {
    const char *code;
    const char *sentence;
    const char *then;
};

static const struct advice REASONS[] = {
    {"no-rule", "No SageMaker Studio user profile is assigned to you on this computer.", ASK},
    {"refused", "Your account is one of those that do not use SageMaker Studio on this computer.", ASK},
    {"not-configured", "SageMaker Studio has not been set up on this computer yet.", ASK},
};

#define UNREACHABLE    "SageMaker Studio cannot be reached from this computer right now."
#define NO_CREDENTIALS "This computer has no valid permission of its own to ask AWS with at the moment."
#define NOT_RUNNING    "The service that makes Studio links does not run on this computer."
#define BAD_NAME       "The name of your account does not lead to a SageMaker Studio user profile."
#define NO_FILE        "SageMaker Studio could not be opened, since a file of your session cannot be written."
#define MISFIT         "The parts of the Studio software on this computer do not understand each other."

static const struct advice ADVICE[] = {
    /* What AWS says */
    {"access-denied", "This computer is not allowed to open SageMaker Studio for you.", TELL},
    {"not-found", "Your SageMaker Studio user profile does not exist: it has not been made yet, or it was removed.",
     TELL},
    {"identity-center",
     "Your Studio domain signs people in with IAM Identity Center, so this icon cannot open it. Open Studio from your "
     "company's AWS access portal instead.",
     ASK},
    {"invalid-request", "SageMaker does not take the request that this computer makes for you.", TELL},
    {"refused", "SageMaker refuses to open Studio for you.", TELL},
    {"throttled", "Many people are opening SageMaker Studio right now, and AWS lets no more in for the moment.", AGAIN},
    {"service-error", "SageMaker itself has a problem at the moment.", AGAIN},
    {"clock", "The clock of this computer is wrong, and AWS answers no computer whose clock is.", TELL},
    {"bad-signature", "AWS does not recognise this computer.", TELL},
    {"bad-answer", "Something that is not SageMaker answered in its place.", TELL},
    /* The way there */
    {"network", UNREACHABLE, AGAIN},
    {"dns", UNREACHABLE, AGAIN},
    {"timeout", UNREACHABLE, AGAIN},
    {"unavailable", UNREACHABLE, AGAIN},
    {"tls", "This computer has no secure connection to SageMaker, so it asked for nothing.", TELL},
    /* This computer's own permissions */
    {"expired-credentials", NO_CREDENTIALS, AGAIN},
    {"credentials", NO_CREDENTIALS, AGAIN},
    {"role-denied", "This computer is not allowed to act for you in AWS.", TELL},
    {"container-unreachable", NO_CREDENTIALS, AGAIN},
    {"imds-unreachable", NO_CREDENTIALS, AGAIN},
    {"imds-throttled", NO_CREDENTIALS, AGAIN},
    {"imds-refused", NO_CREDENTIALS, AGAIN},
    {"imds-bad-answer", NO_CREDENTIALS, AGAIN},
    {"imds-forbidden", NO_CREDENTIALS, TELL},
    {"imds-no-role", NO_CREDENTIALS, TELL},
    /* Its configuration */
    {"config", "The Studio settings of this computer have an error, so nobody gets a link.", TELL},
    {"profile-name", BAD_NAME, TELL},
    {"lossy", BAD_NAME, TELL},
    {"account", "Your account cannot be looked up on this computer.", TELL},
    {"directory", "Your account and its groups cannot be looked up on this computer right now.", AGAIN},
    {"landing-uri", "This page of Studio is not among those that can be opened from here.", ASK},
    {"not-eligible", "This account is not a person's. Log in with your own account to open SageMaker Studio.", ASK},
    /* The helper */
    {"rate-limited", "You have opened SageMaker Studio too often within a minute.", AGAIN},
    {"helper-absent", NOT_RUNNING, TELL},
    {"helper-down", NOT_RUNNING, TELL},
    {"helper-socket", NOT_RUNNING, TELL},
    {"helper-untrusted", "Something that is not the service for Studio links answered in its place.", TELL},
    {"helper-gone", "The service that makes Studio links stopped while it made yours.", AGAIN},
    {"restarting", "The service that makes Studio links is being restarted.", AGAIN},
    {"resources", "The service that makes Studio links has more to do than it can at the moment.", AGAIN},
    {"memory", "The service that makes Studio links has more to do than it can at the moment.", AGAIN},
    {"protocol", MISFIT, TELL},
    {"not-allowed", MISFIT, TELL},
    /* The desktop */
    {"lock", NO_FILE, LOGIN},
    {"page", NO_FILE, LOGIN},
    {"page-folder", NO_FILE, LOGIN},
    {"browser", "Your web browser did not open SageMaker Studio.", AGAIN},
    {"no-browser", "There is no web browser here that SageMaker Studio could be opened in.", TELL},
};

static const struct advice OTHERWISE = {NULL, "SageMaker Studio could not be opened.", AGAIN};

static const struct advice *
find_advice(const struct advice *all, size_t count, const char *code, const struct advice *otherwise)
{
    for (size_t i = 0; code != NULL && i < count; i++) {
        if (strcmp(all[i].code, code) == 0)
            return &all[i];
    }
    return otherwise;
}

/* " (it-desk@example.com)" of "ask it-desk@example.com", since the sentence says to ask already. */
static void
describe_contact(const char *contact, char text[CONTACT_SIZE])
{
    static const char ask[] = "ask ";

    text[0] = '\0';
    if (contact == NULL || contact[0] == '\0')
        return;
    if (strncasecmp(contact, ask, strlen(ask)) == 0 && contact[strlen(ask)] != '\0')
        contact += strlen(ask);
    (void) snprintf(text, CONTACT_SIZE, " (%.*s)", CONTACT_SIZE - 4, contact);
}

static void
describe_then(const struct advice *advice, const char *contact, char *text, size_t size)
{
    char whom[CONTACT_SIZE];
    const char *place = strstr(advice->then, "%s");

    describe_contact(contact, whom);
    (void) snprintf(text, size, "%.*s%s%s", (int) (place - advice->then), advice->then, whom, place + strlen("%s"));
}

bool
failure_advise(struct failure *failure, const char *contact, const char *request_id)
{
    const struct advice *advice = find_advice(ADVICE, sizeof(ADVICE) / sizeof(ADVICE[0]), failure->code, &OTHERWISE);
    bool has_id = request_id != NULL && request_id[0] != '\0';
    char then[CONTACT_SIZE + 128];

    describe_then(advice, contact, then, sizeof(then));
    return failure_set(failure, failure->code, "%s %s" ADVICE_DETAILS "%s%s%s%s%s", advice->sentence, then,
                       failure->code, has_id ? ", request id " : "", has_id ? request_id : "",
                       failure->message[0] != '\0' ? ": " : "", failure->message);
}

bool
failure_advise_nobody(struct failure *failure, const char *reason, const char *contact)
{
    const struct advice *advice = find_advice(REASONS, sizeof(REASONS) / sizeof(REASONS[0]), reason, &REASONS[0]);
    char then[CONTACT_SIZE + 128];

    describe_then(advice, contact, then, sizeof(then));
    return failure_set(failure, "not-mapped", "%s %s", advice->sentence, then);
}
