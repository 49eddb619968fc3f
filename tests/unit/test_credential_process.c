/*
 * Keys that a program prints: the programs here are sh(1) with a line of its own, which root owns wherever this runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "credential_process_job.h"
#include "loop_guard.h"
#include "private_folder.h"
#include "program_path.h"
#include "safe_open.h"

#define PLENTY_MS 30000
#define SOON_MS   300 /* a deadline that is meant to pass */

#define KEYS "{\"Version\": 1, \"AccessKeyId\": \"AKIATEST\", \"SecretAccessKey\": \"secret/+=\"}"
#define SH   "/bin/sh -c "

static struct loop *loop;
static struct credential_processes *processes;
static char folder[PRIVATE_PATH_SIZE];

struct outcome {
    unsigned calls;
    struct credentials credentials;
    struct failure failure;
};

static int
set_up(void **state)
{
    struct failure failure;

    (void) state;
    private_folder_make(folder);
    loop = loop_create(&failure);
    assert_non_null(loop);
    processes = credential_processes_create(loop, geteuid(), &failure);
    return processes == NULL;
}

static int
tear_down(void **state)
{
    (void) state;
    credential_processes_free(processes);
    loop_free(loop);
    private_folder_remove(folder);
    return 0;
}

static void
note_outcome(void *owner, struct credentials *credentials, const struct failure *failure)
{
    struct outcome *outcome = owner;

    outcome->calls++;
    if (credentials != NULL) {
        outcome->credentials = *credentials;
        *credentials = (struct credentials){0};
    } else {
        outcome->failure = *failure;
    }
    loop_stop(loop);
}

static void
run(const char *command, int64_t milliseconds, struct outcome *outcome)
{
    struct failure failure = {0};
    struct credential_process *process =
        credential_process_start(processes, command, deadline_in_ms(milliseconds), note_outcome, outcome, &failure);

    if (process == NULL)
        fail_msg("%s", failure.message);
    assert_int_equal(outcome->calls, 0);
    run_until_stopped(loop);
    assert_int_equal(outcome->calls, 1);
}

static void
assert_fails_in(const char *command, int64_t milliseconds, const char *code, const char *why)
{
    struct outcome outcome = {0};

    run(command, milliseconds, &outcome);
    assert_null(outcome.credentials.access_key_id);
    assert_string_equal(outcome.failure.code, code);
    if (strstr(outcome.failure.message, why) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", outcome.failure.message, why);
}

static void
assert_fails(const char *command, const char *why)
{
    assert_fails_in(command, PLENTY_MS, "credentials", why);
}

/* What the program prints, as the session token: this is how it tells of itself. */
static void
assert_program_says(const char *script, const char *expected)
{
    struct outcome outcome = {0};
    AUTO_FREE char *command = NULL;

    if (asprintf(&command,
                 SH "'said=$(%s); echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"A\\\", "
                    "\\\"SecretAccessKey\\\": \\\"B\\\", \\\"SessionToken\\\": \\\"$said\\\"}\"'",
                 script) < 0)
        abort();
    run(command, PLENTY_MS, &outcome);
    if (outcome.credentials.session_token == NULL)
        fail_msg("%s", outcome.failure.message);
    assert_string_equal(outcome.credentials.session_token, expected);
    credentials_wipe(&outcome.credentials);
}

/* ---- what it prints ---------------------------------------------------------------------------------------------- */

static void
keys_without_an_end_are_taken(void **state)
{
    struct outcome outcome = {0};

    (void) state;
    run(SH "'echo \"$1\"' sh '" KEYS "'", PLENTY_MS, &outcome);
    if (outcome.credentials.access_key_id == NULL)
        fail_msg("%s", outcome.failure.message);
    assert_string_equal(outcome.credentials.access_key_id, "AKIATEST");
    assert_string_equal(outcome.credentials.secret_access_key, "secret/+=");
    assert_null(outcome.credentials.session_token);
    assert_int_equal(outcome.credentials.expires_at, 0);
    credentials_wipe(&outcome.credentials);
}

struct document {
    const char *text;
    const char *why; /* NULL: it is good */
    int64_t expires_at;
};

#define MEMBERS "\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"B\""

static void
documents_are_read_exactly(void **state)
{
    static const struct document documents[] = {
        {"{\"Version\": 1, " MEMBERS "}\n\n", NULL, 0},
        {"{\"Version\": 1, " MEMBERS ", \"AccountId\": \"123456789012\"}", NULL, 0},
        {"{\"Version\": 1, " MEMBERS ", \"SessionToken\": null, \"Expiration\": null}", NULL, 0},
        {"{\"Version\": 1, " MEMBERS ", \"SessionToken\": \"T\", \"Expiration\": \"2100-01-01T00:00:00Z\"}", NULL,
         4102444800},
        {"{\"Version\": 1, " MEMBERS ", \"Expiration\": \"2100-01-01T09:00:00.123+09:00\"}", NULL, 4102444800},
        {"", "printed nothing", 0},
        {"\n", "printed no JSON object", 0},
        {"AKIA SECRET", "printed no JSON object", 0},
        {"[" KEYS "]", "printed no JSON object", 0},
        {KEYS KEYS, "printed no JSON object", 0},
        {"{\"Version\": 1, " MEMBERS, "printed no JSON object", 0},
        {"{" MEMBERS "}", "printed no Version that is the number 1", 0},
        {"{\"Version\": \"1\", " MEMBERS "}", "printed no Version that is the number 1", 0},
        {"{\"Version\": 2, " MEMBERS "}", "printed no Version that is the number 1", 0},
        {"{\"Version\": 1.5, " MEMBERS "}", "printed no Version that is the number 1", 0},
        {"{\"Version\": 1, \"Version\": 1, " MEMBERS "}", "printed no Version that is the number 1", 0},
        {"{\"Version\": 1, \"SecretAccessKey\": \"B\"}", "printed no AccessKeyId", 0},
        {"{\"Version\": 1, \"AccessKeyId\": \"A\"}", "printed no SecretAccessKey", 0},
        {"{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": 5}", "printed no SecretAccessKey", 0},
        {"{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"B C\"}", "is no key", 0},
        {"{\"Version\": 1, \"AccessKeyId\": \"A\\nX: y\", \"SecretAccessKey\": \"B\"}", "is no key", 0},
        {"{\"Version\": 1, \"AccessKeyId\": \"\", \"SecretAccessKey\": \"B\"}", "is no key", 0},
        {"{\"Version\": 1, " MEMBERS ", \"SessionToken\": 7}", "is no key", 0},
        {"{\"Version\": 1, " MEMBERS ", \"SessionToken\": \"\"}", "is no key", 0},
        {"{\"Version\": 1, " MEMBERS ", \"Expiration\": 4102444800}", "an Expiration that is no time", 0},
        {"{\"Version\": 1, " MEMBERS ", \"Expiration\": \"2100-01-01T00:00:00\"}", "an Expiration that is no time", 0},
        {"{\"Version\": 1, " MEMBERS ", \"Expiration\": \"soon\"}", "an Expiration that is no time", 0},
        {"{\"Version\": 1, " MEMBERS ", \"Expiration\": \"2001-01-01T00:00:00Z\"}", "expired", 0},
    };

    (void) state;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        AUTO_BUFFER struct buffer output = BUFFER(4096);
        struct credentials credentials;
        struct failure failure = {0};
        bool good;

        assert_true(buffer_append_text(&output, documents[i].text));
        good = credential_process_read_output("/x/keys", &output, time(NULL), &credentials, &failure);
        if (good != (documents[i].why == NULL))
            fail_msg("%s: %s", documents[i].text, failure.message);
        assert_int_equal(credentials.expires_at, good ? documents[i].expires_at : 0);
        assert_true(good || strcmp(failure.code, "credentials") == 0);
        if (!good && (strstr(failure.message, documents[i].why) == NULL || strstr(failure.message, "/x/keys") == NULL))
            fail_msg("%s: %s", documents[i].text, failure.message);
        credentials_wipe(&credentials);
    }
}

static void
a_document_with_keys_is_never_quoted(void **state)
{
    struct outcome outcome = {0};

    (void) state;
    run(SH "'echo BROKEN; echo LEAKED >&2; exit 3'", PLENTY_MS, &outcome);
    assert_null(strstr(outcome.failure.message, "BROKEN"));
    assert_null(strstr(outcome.failure.message, "LEAKED"));
}

/* ---- how it ends ------------------------------------------------------------------------------------------------- */

static void
a_program_that_fails_is_named_with_its_status(void **state)
{
    (void) state;
    assert_fails(SH "'echo \"$1\"; exit 3' sh '" KEYS "'", "/bin/sh ended with status 3");
    assert_fails(SH "'kill -SEGV $$'", "/bin/sh was ended by signal 11");
    assert_fails(SH "'kill -KILL $$'", "/bin/sh was ended by signal 9");
}

static void
a_program_that_prints_nothing_is_told_so(void **state)
{
    (void) state;
    assert_fails("/bin/true", "/bin/true printed nothing");
}

static void
a_program_that_prints_for_ever_is_killed(void **state)
{
    (void) state;
    assert_fails(SH "'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done'",
                 "printed more than 65536 bytes");
}

static void
exactly_as_much_as_is_allowed_is_read(void **state)
{
    (void) state;
    assert_fails(SH "'head -c 65536 /dev/zero'", "printed no JSON object");
    assert_fails(SH "'head -c 65537 /dev/zero'", "printed more than 65536 bytes");
}

/* Is there a process that has this word among its arguments? */
static bool
somebody_runs(const char *word)
{
    char command[256];

    snprintf(command, sizeof(command), "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -qx -- '%s'",
             word);
    return system(command) == 0; /* the word stands in a string of sh's, not in an argument of its own */
}

/* What is killed is gone a moment later. */
static void
assert_nobody_runs(const char *word)
{
    struct deadline patience = deadline_in_ms(PLENTY_MS);

    while (somebody_runs(word)) {
        if (deadline_passed(patience))
            fail_msg("somebody still runs with the argument %s", word);
    }
}

static void
a_program_that_hangs_is_killed_and_its_children_too(void **state)
{
    (void) state;
    assert_fails_in(SH "'sleep 12345.678 & sleep 12345.678'", SOON_MS, "timeout", "/bin/sh did not end in time");
    assert_nobody_runs("12345.678");
}

static void
a_program_that_closes_its_output_and_stays_is_killed(void **state)
{
    (void) state;
    assert_fails_in(SH "'echo \"$1\"; exec >/dev/null; sleep 12346.678' sh '" KEYS "'", SOON_MS, "timeout",
                    "did not end in time");
    assert_nobody_runs("12346.678");
}

static void
whom_a_program_leaves_behind_is_not_waited_for_and_killed(void **state)
{
    struct outcome outcome = {0};

    (void) state;
    run(SH "'sleep 12347.678 & echo \"$1\"' sh '" KEYS "'", PLENTY_MS, &outcome);
    assert_non_null(outcome.credentials.access_key_id);
    credentials_wipe(&outcome.credentials);
    assert_nobody_runs("12347.678");
}

static void
a_program_that_ignores_signals_is_killed_all_the_same(void **state)
{
    (void) state;
    assert_fails_in(SH "'trap \"\" TERM INT HUP; while :; do sleep 0.01; done'", SOON_MS, "timeout",
                    "did not end in time");
}

static void
one_after_the_other_leaves_nothing_behind(void **state)
{
    unsigned before;

    (void) state;
    assert_fails("/bin/true", "printed nothing"); /* the worker and its socket are there from now on */
    before = count_entries("/proc/self/fd");
    for (unsigned i = 0; i < 20; i++) {
        assert_fails("/bin/true", "printed nothing");
        assert_fails("/bin/false", "ended with status 1");
    }
    assert_int_equal(count_entries("/proc/self/fd"), before);
    /* In the worker too: it has no child but the guardian of the program that looks. */
    assert_program_says("parent() { sed -n s/^PPid:.//p /proc/$1/status; }; "
                        "grep -l \"^PPid:.$(parent $(parent $$))$\" /proc/[0-9]*/status | wc -l",
                        "1");
}

static void
a_cancelled_call_is_never_called_back(void **state)
{
    struct outcome cancelled = {0};
    struct failure failure = {0};
    struct credential_process *process;

    (void) state;
    process =
        credential_process_start(processes, "/bin/true", deadline_in_ms(PLENTY_MS), note_outcome, &cancelled, &failure);
    assert_non_null(process);
    credential_process_cancel(process);
    assert_fails("/bin/true", "printed nothing");
    run_for_ms(loop, 50);
    assert_int_equal(cancelled.calls, 0);
}

static void
the_end_of_all_may_come_while_a_program_runs(void **state)
{
    struct outcome outcome = {0};
    struct failure failure = {0};

    (void) state;
    assert_non_null(credential_process_start(processes, "/bin/sleep 12348.678", deadline_in_ms(PLENTY_MS), note_outcome,
                                             &outcome, &failure));
    while (!somebody_runs("12348.678"))
        run_for_ms(loop, 5);
    credential_processes_free(processes);
    processes = credential_processes_create(loop, geteuid(), &failure);
    assert_non_null(processes);
    assert_nobody_runs("12348.678");
    assert_int_equal(outcome.calls, 0);
}

static void
the_end_of_all_ends_what_a_program_has_started_too(void **state)
{
    struct outcome outcome = {0};
    struct failure failure = {0};

    (void) state;
    assert_non_null(credential_process_start(processes, SH "'sleep 12349.678 & sleep 12349.678'",
                                             deadline_in_ms(PLENTY_MS), note_outcome, &outcome, &failure));
    while (!somebody_runs("12349.678"))
        run_for_ms(loop, 5);
    credential_processes_free(processes);
    processes = NULL;
    assert_nobody_runs("12349.678");
}

static void
a_program_that_signals_its_whole_group_is_read_all_the_same(void **state)
{
    struct outcome outcome = {0};

    (void) state;
    run(SH "'trap \"\" TERM; kill 0; echo \"$1\"' sh '" KEYS "'", PLENTY_MS, &outcome);
    if (outcome.credentials.access_key_id == NULL)
        fail_msg("%s", outcome.failure.message);
    credentials_wipe(&outcome.credentials);
    assert_fails(SH "'kill -KILL 0'", "was ended by signal 9");
}

/* ---- what it gets ------------------------------------------------------------------------------------------------ */

static void
the_environment_is_empty_but_for_three(void **state)
{
    (void) state;
    setenv("AWS_SECRET_ACCESS_KEY", "of-the-helper", 1);
    assert_program_says("tr \"\\0\" , </proc/$$/environ | tr -d \" \"",
                        "PATH=/usr/sbin:/usr/bin:/sbin:/bin,HOME=/,LANG=C,");
    unsetenv("AWS_SECRET_ACCESS_KEY");
}

static void
no_descriptor_is_inherited(void **state)
{
    struct outcome outcome = {0};
    int spare = open("/dev/zero", O_RDONLY); /* without O_CLOEXEC */

    (void) state;
    assert_true(spare >= 0);
    /* Not by the shell, which opens some itself as it looks. */
    run("/usr/bin/python3 -c 'import os; open = [os.readlink(f\"/proc/self/fd/{n}\").split(\":\")[0] for n in "
        "range(256) "
        "if os.path.exists(f\"/proc/self/fd/{n}\")]; print(\"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"A\\\", "
        "\\\"SecretAccessKey\\\": \\\"%s\\\"}\" % \",\".join(open))'",
        PLENTY_MS, &outcome);
    if (outcome.credentials.secret_access_key == NULL)
        fail_msg("%s", outcome.failure.message);
    assert_string_equal(outcome.credentials.secret_access_key, "/dev/null,pipe,/dev/null");
    credentials_wipe(&outcome.credentials);
    close(spare);
}

static void
its_folder_is_the_root(void **state)
{
    (void) state;
    assert_program_says("readlink /proc/$$/cwd", "/");
}

static void
no_signal_is_blocked_or_ignored(void **state)
{
    /* But for 32 and 33, glibc's own, which sigaction(2) through glibc cannot change and somebody above may ignore. */
    (void) state;
    assert_program_says(
        "grep -E \"^Sig(Blk|Ign)\" /proc/$$/status | tr -d \"\\t\\n\" | sed s/:00000001800/:00000000000/",
        "SigBlk:0000000000000000SigIgn:0000000000000000");
}

static void
words_arrive_as_they_were_quoted(void **state)
{
    struct outcome outcome = {0};

    (void) state;
    run(SH "'[ \"$#\" = 2 ] && [ \"$1\" = \"a b\" ] && [ \"$2\" = \"\\$HOME\" ] && echo \"$0\"' '" KEYS
           "' \"a b\" $HOME",
        PLENTY_MS, &outcome);
    if (outcome.credentials.access_key_id == NULL)
        fail_msg("%s", outcome.failure.message);
    credentials_wipe(&outcome.credentials);
}

/* ---- what may be run --------------------------------------------------------------------------------------------- */

static void
a_command_that_is_none_is_not_started(void **state)
{
    static const char *const commands[] = {"", "keys --all", "./keys", "/bin/sh 'a", "'' a"};
    char too_long[CREDENTIAL_PROCESS_COMMAND_MAX + 2];
    struct failure failure = {0};

    (void) state;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        assert_non_null(credential_process_command_check(commands[i]));
        assert_null(
            credential_process_start(processes, commands[i], deadline_in_ms(PLENTY_MS), note_outcome, NULL, &failure));
        assert_string_equal(failure.code, "credentials");
    }
    memset(too_long, 'a', sizeof(too_long) - 1);
    too_long[0] = '/';
    too_long[sizeof(too_long) - 1] = '\0';
    assert_string_equal(credential_process_command_check(too_long), "at most 4000 bytes");
    too_long[CREDENTIAL_PROCESS_COMMAND_MAX] = '\0';
    assert_null(credential_process_command_check(too_long));
}

static void
a_program_that_is_not_there_is_told_so(void **state)
{
    (void) state;
    assert_fails("/usr/bin/no-such-program", "/usr/bin/no-such-program cannot be opened: No such file");
    assert_fails("/etc/passwd", "/etc/passwd is not an executable file");
    assert_fails("/usr/bin", "/usr/bin is not an executable file");
}

/* Below /tmp, which everybody can write to: the folder is refused, whoever the file belongs to. */
static void
a_program_below_a_folder_of_everybodys_is_refused(void **state)
{
    const char *program = in_folder(folder, "keys");

    (void) state;
    write_text(program, "#!/bin/sh\necho\n", 0755);
    assert_fails(program, "/tmp is writable by its group or by others");
}

static void
a_link_in_a_folder_of_everybodys_is_refused(void **state)
{
    const char *program = in_folder(folder, "link");

    (void) state;
    assert_int_equal(symlink("/usr/bin/true", program), 0);
    assert_fails(program, "/tmp is writable by its group or by others");
}

static void
a_path_is_walked_to_its_end(void **state)
{
    char resolved[PATH_MAX], expected[PATH_MAX];
    struct failure failure = {0};

    (void) state;
    assert_non_null(realpath("/bin/sh", expected)); /* two links, where /bin is one */
    assert_true(program_path_resolve("/bin/sh", OWNED_BY_ROOT_ALONE, resolved, &failure));
    assert_string_equal(resolved, expected);
    assert_true(program_path_resolve("/../usr//lib/../bin/./env", OWNED_BY_ROOT_ALONE, resolved, &failure));
    assert_string_equal(resolved, "/usr/bin/env");
    assert_false(program_path_resolve("usr/bin/env", OWNED_BY_ROOT_ALONE, resolved, &failure));
    assert_string_equal(failure.code, "program");
}

/* A folder beside this program: below /tmp everything is refused.  False where the folders above belong to others. */
static bool
make_trusted_folder(char path[PATH_MAX])
{
    char resolved[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 16);

    assert_true(length > 0);
    path[length] = '\0';
    if (!program_path_resolve(path, geteuid(), resolved, NULL))
        return false;
    memcpy(strrchr(path, '/'), "/links-XXXXXX", sizeof("/links-XXXXXX"));
    return mkdtemp(path) != NULL;
}

/* Where this link leads, as seen with nobody but its owner trusted; NULL with the failure. */
static const char *
follow(const char *tree, const char *name, struct failure *failure)
{
    static char resolved[PATH_MAX];

    return program_path_resolve(in_folder(tree, name), geteuid(), resolved, failure) ? resolved : NULL;
}

static void
link_to(const char *tree, const char *target, const char *name)
{
    assert_int_equal(symlink(target, in_folder(tree, name)), 0);
}

static void
each_link_on_the_way_is_looked_at(void **state)
{
    char tree[PATH_MAX], expected[PATH_MAX];
    struct failure failure = {0};

    (void) state;
    if (!make_trusted_folder(tree))
        skip();
    assert_int_equal(mkdir(in_folder(tree, "v2"), 0755), 0);
    assert_int_equal(mkdir(in_folder(tree, "open"), 0755), 0);
    write_text(in_folder(tree, "v2/keys"), "#!/bin/sh\n", 0755);
    link_to(tree, "v2", "current");
    link_to(tree, "current/keys", "keys");
    link_to(tree, "/bin/sh", "shell");
    link_to(tree, "loop", "loop");
    link_to(tree, "open/hop", "detour");
    link_to(tree, "../v2/keys", "open/hop");

    snprintf(expected, sizeof(expected), "%s", in_folder(tree, "v2/keys"));
    assert_string_equal(follow(tree, "keys", &failure), expected);
    assert_string_equal(follow(tree, "open/../current/../current/keys", &failure), expected);
    assert_string_equal(follow(tree, "detour", &failure), expected);
    assert_non_null(follow(tree, "shell", &failure));
    assert_null(follow(tree, "loop", &failure));
    assert_non_null(strstr(failure.message, "one symbolic link too many"));
    /* Whoever may write to the folder of a link in the middle could choose what is run. */
    assert_int_equal(chmod(in_folder(tree, "open"), 0777), 0);
    assert_null(follow(tree, "detour", &failure));
    assert_non_null(strstr(failure.message, "/open is writable by its group or by others"));
    if (geteuid() == 0) {
        assert_int_equal(lchown(in_folder(tree, "current"), STRANGER, STRANGER), 0);
        assert_null(follow(tree, "keys", &failure));
        assert_non_null(strstr(failure.message, "/current belongs to uid 54321"));
    }
    assert_int_equal(chmod(in_folder(tree, "v2/keys"), 0775), 0);
    assert_null(follow(tree, "v2/keys", &failure));
    assert_non_null(strstr(failure.message, "/keys is writable by its group or by others"));
    private_folder_remove(tree);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_without_an_end_are_taken),
        TEST(documents_are_read_exactly),
        TEST(a_document_with_keys_is_never_quoted),
        TEST(a_program_that_fails_is_named_with_its_status),
        TEST(a_program_that_prints_nothing_is_told_so),
        TEST(a_program_that_prints_for_ever_is_killed),
        TEST(exactly_as_much_as_is_allowed_is_read),
        TEST(a_program_that_hangs_is_killed_and_its_children_too),
        TEST(a_program_that_closes_its_output_and_stays_is_killed),
        TEST(whom_a_program_leaves_behind_is_not_waited_for_and_killed),
        TEST(a_program_that_ignores_signals_is_killed_all_the_same),
        TEST(one_after_the_other_leaves_nothing_behind),
        TEST(a_cancelled_call_is_never_called_back),
        TEST(the_end_of_all_may_come_while_a_program_runs),
        TEST(the_end_of_all_ends_what_a_program_has_started_too),
        TEST(a_program_that_signals_its_whole_group_is_read_all_the_same),
        TEST(the_environment_is_empty_but_for_three),
        TEST(no_descriptor_is_inherited),
        TEST(its_folder_is_the_root),
        TEST(no_signal_is_blocked_or_ignored),
        TEST(words_arrive_as_they_were_quoted),
        TEST(a_command_that_is_none_is_not_started),
        TEST(a_program_that_is_not_there_is_told_so),
        TEST(a_program_below_a_folder_of_everybodys_is_refused),
        TEST(a_link_in_a_folder_of_everybodys_is_refused),
        TEST(a_path_is_walked_to_its_end),
        TEST(each_link_on_the_way_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
