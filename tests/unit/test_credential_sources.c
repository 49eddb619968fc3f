/*
 * test_credential_sources.c: the store of credentials over its other sources: a file that somebody rotates, a program,
 * a container, and roles that a profile names.  In a scripted world.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws_call.h"
#include "credentials.h"
#include "private_folder.h"
#include "scripted_process.h"
#include "scripted_world.h"
#include "settings.h"

#define CONTAINER "http://127.0.0.1:1338/v2/credentials/0123"
#define IMDS      "http://127.0.0.1:1339"
#define STS       "https://sts.eu-west-1.amazonaws.com/"

static struct credential_store *store;
static struct aws_client *aws;
static char folder[PRIVATE_PATH_SIZE];
static char file[PATH_MAX];
static struct settings settings;

struct outcome {
    int calls;
    char keys[64], region[64], role[128];
    struct failure failure;
};

static void
keys_came(void *owner, const struct credentials *credentials, const struct failure *failure)
{
    struct outcome *outcome = owner;
    outcome->calls++;
    if (credentials == NULL) {
        outcome->failure = *failure;
        return;
    }
    snprintf(outcome->keys, sizeof(outcome->keys), "%s", credentials->access_key_id);
    snprintf(outcome->role, sizeof(outcome->role), "%s", credentials->role);
}

static void
region_came(void *owner, const char *region, const struct failure *failure)
{
    struct outcome *outcome = owner;
    outcome->calls++;
    if (region != NULL)
        snprintf(outcome->region, sizeof(outcome->region), "%s", region);
    else
        outcome->failure = *failure;
}

/* The answer may come a turn of the loop later, or when the test lets somebody speak. */
static void
ask(struct outcome *outcome)
{
    struct failure failure = {0};
    *outcome = (struct outcome){0};
    assert_non_null(credentials_get(store, deadline_in_ms(3000), keys_came, outcome, &failure));
    assert_int_equal(outcome->calls, 0);
    turn_of_the_loop();
}

static void
expect_keys(const struct outcome *outcome, const char *access_key_id)
{
    if (outcome->failure.code[0] != '\0')
        fail_msg("%s: %s", outcome->failure.code, outcome->failure.message);
    assert_int_equal(outcome->calls, 1);
    assert_string_equal(outcome->keys, access_key_id);
}

static void
expect_failure(const struct outcome *outcome, const char *code, const char *words)
{
    assert_int_equal(outcome->calls, 1);
    assert_string_equal(outcome->keys, "");
    assert_string_equal(outcome->failure.code, code);
    if (strstr(outcome->failure.message, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, outcome->failure.message);
}

static void
ask_for_keys(const char *access_key_id)
{
    struct outcome outcome;
    ask(&outcome);
    expect_keys(&outcome, access_key_id);
}

/* What the program prints; 0 seconds: keys without an end. */
static void
program_prints(const char *access_key_id, int64_t seconds_left)
{
    struct credentials keys = {.access_key_id = strdup(access_key_id),
                               .secret_access_key = strdup("hush"),
                               .expires_at = seconds_left == 0 ? 0 : time(NULL) + seconds_left};
    assert_true(program.running);
    program.running = false;
    program.done(program.owner, &keys, NULL);
    credentials_wipe(&keys);
    turn_of_the_loop();
}

static void
program_fails(void)
{
    struct failure failure;
    failure_set(&failure, "credentials", "The credential_process /opt/vault ended with status 1.");
    assert_true(program.running);
    program.running = false;
    program.done(program.owner, NULL, &failure);
    turn_of_the_loop();
}

static void
write_file(const char *text)
{
    write_text(file, text, 0600);
}

static void
write_keys(const char *access_key_id)
{
    char text[256];
    snprintf(text, sizeof(text), "[default]\naws_access_key_id = %s\naws_secret_access_key = hush\n", access_key_id);
    write_file(text);
}

static void
restart_store(void)
{
    struct failure failure;
    credential_store_free(store);
    store = credential_store_create(NULL, NULL, aws, &settings, geteuid(), &failure);
    assert_non_null(store);
}

static int
begin(void **state)
{
    (void) state;
    static char imds[] = IMDS;
    static char profile[] = "default";
    struct failure failure;
    begin_world();
    programs_started = 0;
    program.running = false;
    private_folder_make(folder);
    snprintf(file, sizeof(file), "%s/credentials", folder);
    settings = (struct settings){
        .credentials = {.shared_credentials_file = file, .profile = profile, .ec2_metadata_service_endpoint = imds}};
    aws = aws_client_create(NULL, NULL, &failure);
    restart_store();
    return 0;
}

static int
end(void **state)
{
    (void) state;
    credential_store_free(store);
    store = NULL;
    aws_client_free(aws);
    private_folder_remove(folder);
    return requests_waiting() != 0 || program.running || !TAILQ_EMPTY(&timers);
}

/* Files */

static void
keys_of_a_file_come_without_asking_anybody(void **state)
{
    (void) state;
    write_keys("AKIAFILE");
    restart_store();
    ask_for_keys("AKIAFILE");
    assert_int_equal(requests_started, 0);
    assert_null(credential_store_peer(store));
    char expected[PATH_MAX + 32];
    snprintf(expected, sizeof(expected), "profile default of %s", file);
    assert_string_equal(credential_store_description(store), expected);
}

static void
a_rotated_file_is_read_again(void **state)
{
    (void) state;
    write_keys("AKIAOLD");
    ask_for_keys("AKIAOLD");
    write_keys("AKIANEWER");
    ask_for_keys("AKIANEWER");
    /* As most programs write it: beside it, then in its place. */
    write_text(in_folder(folder, "new"), "[default]\naws_access_key_id=AKIATHIRD\naws_secret_access_key=x\n", 0600);
    assert_int_equal(rename(in_folder(folder, "new"), file), 0);
    ask_for_keys("AKIATHIRD");
}

static void
keys_without_an_end_do_not_outlive_their_file(void **state)
{
    (void) state;
    struct outcome outcome;
    write_keys("AKIAOLD");
    ask_for_keys("AKIAOLD");
    write_file("[default]\naws_access_key_id = AKIAHALF\n");
    ask(&outcome);
    expect_failure(&outcome, "credentials", file);
    write_keys("AKIANEW");
    ask_for_keys("AKIANEW");
}

static void
a_file_that_is_open_to_others_is_refused(void **state)
{
    (void) state;
    struct outcome outcome;
    write_keys("AKIAOPEN");
    assert_int_equal(chmod(file, 0644), 0);
    restart_store();
    ask(&outcome);
    expect_failure(&outcome, "credentials", "can be read by everybody on this host");
    assert_null(credential_store_peer(store));
    assert_int_equal(chmod(file, 0640), 0);
    ask_for_keys("AKIAOPEN");
}

static void
keys_that_end_serve_while_their_file_is_broken(void **state)
{
    (void) state;
    struct outcome outcome;
    write_file("[default]\ncredential_process = /opt/vault\n");
    ask(&outcome);
    program_prints("ASIA1", 3600);
    expect_keys(&outcome, "ASIA1");
    write_file("[default]\ncredential_process = vault\n");
    ask_for_keys("ASIA1");
    write_file("[default]\ncredential_process = /opt/vault --new\n");
    ask(&outcome);
    assert_string_equal(program.command, "/opt/vault --new");
    program_prints("ASIA2", 3600);
    expect_keys(&outcome, "ASIA2");
}

static void
keys_of_a_file_that_are_refused_cost_one_login_its_second_try(void **state)
{
    (void) state;
    struct outcome outcome;
    write_keys("AKIABAD");
    ask_for_keys("AKIABAD");
    uint64_t bad = credentials_kept(store)->serial;
    credentials_reject(store, bad);
    for (int i = 0; i < 3; i++) {
        ask(&outcome);
        expect_failure(&outcome, "expired-credentials", "AWS refused the keys of profile default of");
    }
    pass_time(15000);
    ask_for_keys("AKIABAD");
    credentials_reject(store, credentials_kept(store)->serial);
    ask(&outcome);
    expect_failure(&outcome, "expired-credentials", "Put new keys there");
    write_keys("AKIAGOOD");
    ask_for_keys("AKIAGOOD");
    credentials_reject(store, bad);
    ask_for_keys("AKIAGOOD");
}

static void
a_file_that_comes_and_goes_decides_for_auto(void **state)
{
    (void) state;
    struct outcome outcome;
    assert_string_equal(credential_store_peer(store), "the instance metadata service");
    write_keys("AKIAFILE");
    ask_for_keys("AKIAFILE");
    assert_int_equal(unlink(file), 0);
    ask(&outcome);
    assert_string_equal(credential_store_peer(store), "the instance metadata service");
    deliver_bytes(IMDS "/latest/api/token", 403, "", 0);
    expect_failure(&outcome, "imds-forbidden", "metadata service");
}

/* The order of auto */

static void
auto_takes_a_program_before_a_file_before_a_container_before_the_instance(void **state)
{
    (void) state;
    static char command[] = "/opt/vault";
    static char uri[] = CONTAINER;
    struct outcome outcome;
    write_keys("AKIAFILE");
    settings.credentials.container_credentials_full_uri = uri;
    settings.credentials.credential_process = command;
    restart_store();
    assert_string_equal(credential_store_peer(store), "the program of credential_process");
    ask(&outcome);
    program_prints("ASIAPROGRAM", 3600);
    expect_keys(&outcome, "ASIAPROGRAM");
    settings.credentials.credential_process = NULL;
    assert_false(credential_store_serves(store, &settings));
    restart_store();
    assert_true(credential_store_serves(store, &settings));
    ask_for_keys("AKIAFILE");
    assert_int_equal(unlink(file), 0);
    ask(&outcome);
    assert_string_equal(credential_store_peer(store), "the endpoint of container credentials");
    deliver_bytes(CONTAINER, 404, "", 0);
    /* What is configured decides, and not what answers. */
    expect_failure(&outcome, "credentials", "It does not know this container");
    settings.credentials.container_credentials_full_uri = NULL;
    restart_store();
    ask(&outcome);
    deliver_bytes(IMDS "/latest/api/token", 403, "", 0);
    expect_failure(&outcome, "imds-forbidden", "metadata service");
}

/* Programs */

static void
a_program_runs_once_for_all_who_wait_and_ahead_of_the_end(void **state)
{
    (void) state;
    static char command[] = "/opt/vault --role studio";
    struct outcome outcomes[10];
    settings.credentials.source = CREDENTIALS_PROCESS;
    settings.credentials.credential_process = command;
    restart_store();
    for (size_t i = 0; i < 10; i++)
        ask(&outcomes[i]);
    assert_string_equal(program.command, command);
    program_prints("ASIA1", 800);
    for (size_t i = 0; i < 10; i++)
        expect_keys(&outcomes[i], "ASIA1");
    assert_int_equal(programs_started, 1);
    pass_time(60000);
    ask_for_keys("ASIA1"); /* less than 900 s: renewed beside */
    assert_int_equal(programs_started, 2);
    program_fails();
    ask_for_keys("ASIA1");
    pass_time(60000);
    ask_for_keys("ASIA1");
    program_prints("ASIA2", 3600);
    ask_for_keys("ASIA2");
    assert_int_equal(programs_started, 3);
}

static void
whoever_cannot_wait_for_a_program_is_told_which(void **state)
{
    (void) state;
    static char command[] = "/opt/vault";
    struct outcome outcome;
    settings.credentials.credential_process = command;
    restart_store();
    ask(&outcome);
    pass_time(3000);
    expect_failure(&outcome, "timeout", "/opt/vault has not given keys in time");
    program_prints("ASIA1", 3600); /* late for him, and not for the next */
    ask_for_keys("ASIA1");
    assert_int_equal(programs_started, 1);
}

static void
what_a_program_gives_without_an_end_stays_until_it_is_refused(void **state)
{
    (void) state;
    static char command[] = "/opt/vault";
    struct outcome outcome;
    settings.credentials.credential_process = command;
    restart_store();
    ask(&outcome);
    program_prints("AKIA1", 0);
    pass_time(INT64_C(86400000));
    ask_for_keys("AKIA1");
    credentials_reject(store, credentials_kept(store)->serial);
    ask(&outcome);
    program_prints("AKIA2", 0);
    expect_keys(&outcome, "AKIA2");
    assert_int_equal(programs_started, 2);
}

/* Regions */

static void
the_profiles_region_goes_before_the_instances(void **state)
{
    (void) state;
    struct outcome outcome = {0};
    struct failure failure;
    write_file("[default]\naws_access_key_id = A\naws_secret_access_key = B\nregion = eu-west-1\n");
    restart_store();
    assert_null(credential_store_region_peer(store));
    assert_non_null(credential_region_get(store, deadline_in_ms(3000), region_came, &outcome, &failure));
    turn_of_the_loop();
    assert_string_equal(outcome.region, "eu-west-1");
    assert_int_equal(requests_started, 0);
    write_keys("AKIAX");
    outcome = (struct outcome){0};
    assert_non_null(credential_region_get(store, deadline_in_ms(3000), region_came, &outcome, &failure));
    assert_string_equal(credential_store_region_peer(store), "the instance metadata service");
    deliver_bytes(IMDS "/latest/api/token", 200, "t", 1);
    deliver_bytes(IMDS "/latest/meta-data/placement/region", 404, "", 0);
    assert_non_null(strstr(outcome.failure.message, "Or set region in studio.conf"));
}

/* Roles that a profile names */

#define ROLE(name) "arn:aws:iam::123456789012:role/" name

static void
sts_gives(const char *access_key_id, int64_t seconds_left)
{
    char body[1024];
    snprintf(body, sizeof(body),
             "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":{\"AccessKeyId\":\"%s\","
             "\"SecretAccessKey\":\"hush\",\"SessionToken\":\"token\",\"Expiration\":%lld}}}}",
             access_key_id, (long long) time(NULL) + seconds_left);
    deliver_bytes(STS, 200, body, strlen(body));
}

/* Does the request to STS that waits hold these words? */
static void
expect_sts(const char *words)
{
    const char *body = request_for_url(STS)->body;
    if (strstr(body, words) == NULL)
        fail_msg("no \"%s\" in: %s", words, body);
}

static void
a_chain_of_roles_is_assumed_one_after_the_other(void **state)
{
    (void) state;
    struct outcome outcome;
    write_file("[default]\nregion = eu-west-1\nrole_arn = " ROLE(
        "Last") "\nsource_profile = middle\n"
                "external_id = from-us\nrole_session_name = desk-7\n"
                "[profile middle]\nrole_arn = " ROLE(
                    "First") "\nsource_profile = user\n"
                             "[user]\naws_access_key_id = AKIAUSER\naws_secret_access_key = x\n");
    restart_store();
    ask(&outcome);
    expect_sts("role%2FFirst");
    expect_sts("RoleSessionName=sagemaker-studio-");
    assert_non_null(strstr(request_for_url(STS)->headers_text, "Credential=AKIAUSER/"));
    sts_gives("ASIAFIRST", 3600);
    expect_sts("role%2FLast");
    expect_sts("RoleSessionName=desk-7");
    expect_sts("ExternalId=from-us");
    assert_non_null(strstr(request_for_url(STS)->headers_text, "Credential=ASIAFIRST/"));
    sts_gives("ASIALAST", 3600);
    expect_keys(&outcome, "ASIALAST");
    assert_string_equal(outcome.role, "Last");
    ask_for_keys("ASIALAST");
    assert_int_equal(requests_started, 2);
}

static void
a_role_that_is_denied_is_told_with_the_file_that_names_it(void **state)
{
    (void) state;
    static const char denial[] =
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: x is "
        "not authorized to perform: sts:AssumeRole on resource: y</Message></Error>"
        "<RequestId>1</RequestId></ErrorResponse>";
    struct outcome outcome;
    write_file("[default]\nregion = eu-west-1\nrole_arn = " ROLE(
        "Last") "\nsource_profile = user\n"
                "[user]\naws_access_key_id = AKIAUSER\naws_secret_access_key = x\n");
    ask(&outcome);
    deliver_bytes(STS, 403, denial, strlen(denial));
    expect_failure(&outcome, "role-denied", "profile default of ");
    expect_failure(&outcome, "role-denied", "sts:AssumeRole");
    assert_null(credentials_kept(store)); /* never the user's own keys instead */
}

static void
a_role_waits_for_the_instances_region_where_nobody_says_one(void **state)
{
    (void) state;
    struct outcome outcome;
    write_file(
        "[default]\nrole_arn = " ROLE("Last") "\nsource_profile = user\n"
                                              "[user]\naws_access_key_id = AKIAUSER\naws_secret_access_key = x\n");
    ask(&outcome);
    deliver_bytes(IMDS "/latest/api/token", 200, "t", 1);
    deliver_bytes(IMDS "/latest/meta-data/placement/region", 200, "eu-west-1", 9);
    sts_gives("ASIALAST", 3600);
    expect_keys(&outcome, "ASIALAST");
    pass_time(10000);
    write_file(
        "[default]\nrole_arn = " ROLE("Other") "\nsource_profile = user\n"
                                               "[user]\naws_access_key_id = AKIAUSER\naws_secret_access_key = x\n");
    credentials_reject(store, credentials_kept(store)->serial);
    ask(&outcome);
    deliver_bytes(IMDS "/latest/meta-data/placement/region", 404, "", 0);
    expect_failure(&outcome, "imds-refused", "set region in [defaults] of studio.conf");
}

#define in_a_new_store(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_new_store(keys_of_a_file_come_without_asking_anybody),
        in_a_new_store(a_rotated_file_is_read_again),
        in_a_new_store(keys_without_an_end_do_not_outlive_their_file),
        in_a_new_store(a_file_that_is_open_to_others_is_refused),
        in_a_new_store(keys_that_end_serve_while_their_file_is_broken),
        in_a_new_store(keys_of_a_file_that_are_refused_cost_one_login_its_second_try),
        in_a_new_store(a_file_that_comes_and_goes_decides_for_auto),
        in_a_new_store(auto_takes_a_program_before_a_file_before_a_container_before_the_instance),
        in_a_new_store(a_program_runs_once_for_all_who_wait_and_ahead_of_the_end),
        in_a_new_store(whoever_cannot_wait_for_a_program_is_told_which),
        in_a_new_store(what_a_program_gives_without_an_end_stays_until_it_is_refused),
        in_a_new_store(the_profiles_region_goes_before_the_instances),
        in_a_new_store(a_chain_of_roles_is_assumed_one_after_the_other),
        in_a_new_store(a_role_that_is_denied_is_told_with_the_file_that_names_it),
        in_a_new_store(a_role_waits_for_the_instances_region_where_nobody_says_one),
    };
    return cmocka_run_group_tests_name("sources of credentials", tests, NULL, NULL);
}
