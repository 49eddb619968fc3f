/*
 * user_survey.c: mapping many users, or one, in a process of its own, whose answers come through a pipe.
 *
 * SPDX-License-Identifier: MIT
 */
#include "user_survey.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accounts.h"
#include "cleanup.h"
#include "descriptor.h"
#include "eligible_uid.h"
#include "privileges.h"

#define FIRST_ROOM 64 /* mappings */

/* What the process does, and for whom. */
struct survey_job {
    const struct configuration *configuration;
    const struct service_account *account;
    const char *user; /* NULL: all */
};

/* What comes through the pipe: a mapping each, and a last one without. */
struct survey_record {
    size_t accounts; /* so far */
    enum { RECORD_MAPPING, RECORD_WHOLE, RECORD_MANY } kind;
    struct mapping mapping;
};

/* ---- in the process ---------------------------------------------------------------------------------------------- */

static void
send_record(int pipe, const struct survey_record *record)
{
    if (!descriptor_write_all(pipe, (const char *) record, sizeof(*record)))
        _exit(EXIT_FAILURE);
}

static void
send_everybody(int pipe, const struct configuration *configuration)
{
    struct survey_record record = {.kind = RECORD_MAPPING};
    uid_t uid_min = uid_min_of(LOGIN_DEFS);
    size_t people = 0;
    const struct passwd *entry;

    setpwent();
    while ((entry = getpwent()) != NULL && people < USER_SURVEY_MAX) {
        record.accounts++;
        if (!uid_is_eligible(entry->pw_uid, uid_min))
            continue;
        people++;
        mapping_find(configuration, entry->pw_uid, &record.mapping);
        send_record(pipe, &record);
    }
    record.kind = entry == NULL ? RECORD_WHOLE : RECORD_MANY;
    send_record(pipe, &record);
}

/* By name, or, as getent(1) does it, by uid. */
static enum account_answer
find_account(const char *user, struct account *account, struct failure *failure)
{
    const struct accounts *accounts = accounts_of_this_host();
    enum account_answer answer = accounts->by_name(user, account, failure);
    char *end;
    unsigned long uid;

    if (answer != ACCOUNT_ABSENT || user[0] == '\0' || strlen(user) > 10 || user[strspn(user, "0123456789")] != '\0')
        return answer;
    uid = strtoul(user, &end, 10);
    return uid <= UINT32_MAX - 1 ? accounts->by_uid((uid_t) uid, account, failure) : answer;
}

static void
find_user(const struct configuration *configuration, const char *name, struct mapping *mapping)
{
    struct account account;
    uid_t uid_min = uid_min_of(LOGIN_DEFS);

    *mapping = (struct mapping){.kind = MAPPING_FAILED};
    switch (find_account(name, &account, &mapping->failure)) {
    case ACCOUNT_ABSENT:
        failure_set(&mapping->failure, "account", "there is no account '%s' on this host", name);
        return;
    case ACCOUNT_UNKNOWN:
        return;
    case ACCOUNT_FOUND:
        break;
    }
    if (uid_is_eligible(account.uid, uid_min))
        mapping_find(configuration, account.uid, mapping);
    else
        failure_set(
            &mapping->failure, "account",
            "'%s' (uid %u) is an account of the system, and no person's: people's uids begin at UID_MIN of " LOGIN_DEFS
            ", %u, and those of dynamic users and 65534 are none",
            account.name, (unsigned) account.uid, (unsigned) uid_min);
}

static void
work(int pipe, const struct survey_job *job)
{
    struct survey_record record = {.kind = RECORD_MAPPING};

    (void) signal(SIGPIPE, SIG_DFL);
    if (job->account != NULL && !privileges_drop(job->account, NULL))
        _exit(EXIT_FAILURE);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        _exit(EXIT_FAILURE);
    if (job->user == NULL) {
        send_everybody(pipe, job->configuration);
    } else {
        find_user(job->configuration, job->user, &record.mapping);
        send_record(pipe, &record);
    }
    _exit(EXIT_SUCCESS);
}

/* ---- in ours ----------------------------------------------------------------------------------------------------- */

struct survey_process {
    pid_t pid;
    int pipe; /* its answers */
};

static bool
start(const struct survey_job *job, struct survey_process *process)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    process->pid = fork();
    if (process->pid == 0) {
        close(ends[0]);
        work(ends[1], job);
    }
    close(ends[1]);
    process->pipe = ends[0];
    if (process->pid > 0)
        return true;
    close(ends[0]);
    return false;
}

static void
end(const struct survey_process *process)
{
    close(process->pipe);
    (void) kill(process->pid, SIGKILL);
    (void) waitpid(process->pid, NULL, WNOHANG); /* one that hangs in the kernel is not waited for */
}

enum received { RECEIVED, RECEIVED_LATE, RECEIVED_NOTHING };

static enum received
receive(int pipe, struct deadline deadline, struct survey_record *record)
{
    size_t length = 0;

    while (length < sizeof(*record)) {
        ssize_t now;

        switch (deadline_poll(pipe, POLLIN, deadline)) {
        case 0:
            return RECEIVED_LATE;
        case 1:
            break;
        default:
            return RECEIVED_NOTHING;
        }
        now = read(pipe, (char *) record + length, sizeof(*record) - length);
        if (now == 0 || (now < 0 && errno != EINTR))
            return RECEIVED_NOTHING;
        length += now > 0 ? (size_t) now : 0;
    }
    return RECEIVED;
}

static bool
keep(struct user_survey *survey, const struct mapping *mapping, size_t *room)
{
    if (survey->count == *room) {
        size_t more = *room == 0 ? FIRST_ROOM : 2 * *room;
        struct mapping *larger = reallocarray(survey->mappings, more, sizeof(*larger));

        if (larger == NULL)
            return false;
        survey->mappings = larger;
        *room = more;
    }
    survey->mappings[survey->count++] = *mapping;
    return true;
}

static void
collect(int pipe, struct deadline deadline, struct user_survey *survey)
{
    AUTO_FREE struct survey_record *record = malloc(sizeof(*record));
    size_t room = 0;

    survey->end = USER_SURVEY_BROKEN;
    while (record != NULL) {
        enum received received = receive(pipe, deadline, record);

        if (received == RECEIVED_LATE)
            survey->end = USER_SURVEY_LATE;
        if (received != RECEIVED)
            return;
        survey->accounts = record->accounts;
        if (record->kind != RECORD_MAPPING) {
            survey->end = record->kind == RECORD_WHOLE ? USER_SURVEY_WHOLE : USER_SURVEY_MANY;
            return;
        }
        if (!keep(survey, &record->mapping, &room))
            return;
    }
}

static int
compare_uids(const void *one, const void *other)
{
    const struct mapping *first = one;
    const struct mapping *second = other;

    return first->uid < second->uid ? -1 : first->uid > second->uid;
}

/* A user may be in two directories, and then comes twice. */
static void
sort_out(struct user_survey *survey)
{
    size_t kept = 0;

    if (survey->count == 0)
        return;
    qsort(survey->mappings, survey->count, sizeof(*survey->mappings), compare_uids);
    for (size_t i = 1; i < survey->count; i++)
        if (survey->mappings[i].uid != survey->mappings[kept].uid)
            survey->mappings[++kept] = survey->mappings[i];
    survey->count = kept + 1;
}

void
user_survey_make(const struct configuration *configuration, const struct service_account *account,
                 struct deadline deadline, struct user_survey *survey)
{
    struct survey_process process;

    *survey = (struct user_survey){.end = USER_SURVEY_BROKEN};
    if (!start(&(struct survey_job){.configuration = configuration, .account = account}, &process))
        return;
    collect(process.pipe, deadline, survey);
    end(&process);
    sort_out(survey);
}

void
user_survey_free(struct user_survey *survey)
{
    free(survey->mappings);
    *survey = (struct user_survey){0};
}

void
user_survey_find(const struct configuration *configuration, const struct service_account *account, const char *name,
                 struct deadline deadline, struct mapping *mapping)
{
    const struct survey_job job = {.configuration = configuration, .account = account, .user = name};
    struct survey_process process;
    struct survey_record record;
    enum received received = RECEIVED_NOTHING;

    *mapping = (struct mapping){.kind = MAPPING_FAILED};
    if (start(&job, &process)) {
        received = receive(process.pipe, deadline, &record);
        end(&process);
    }
    if (received == RECEIVED)
        *mapping = record.mapping;
    else if (received == RECEIVED_LATE)
        failure_set(&mapping->failure, "timeout",
                    "the directory has not said in time who '%s' is; check the services that nsswitch.conf names",
                    name);
    else
        failure_set(&mapping->failure, "worker", "it could not be found out who '%s' is: the process for it ended",
                    name);
}
