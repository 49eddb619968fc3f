/*
 * Where the host's keys come from, as settings and an AWS file say it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "credential_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "private_folder.h"
#include "safe_open.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define KEYS_OF(name) "aws_access_key_id = AKIA" name "\naws_secret_access_key = " name "/secret\n"
#define ROLE(name)    "role_arn = arn:aws:iam::123456789012:role/" name "\n"

static char folder[PRIVATE_PATH_SIZE];
static struct credentials_settings settings;
static struct credential_plan plan;
static struct failure failure;

static int
set_up(void **state)
{
    static char path[PATH_MAX];

    (void) state;
    private_folder_make(folder);
    snprintf(path, sizeof(path), "%s/credentials", folder);
    settings = (struct credentials_settings){
        .source = CREDENTIALS_AUTO, .shared_credentials_file = path, .profile = (char *) (uintptr_t) "default"};
    plan = (struct credential_plan){0};
    failure = (struct failure){0};
    return 0;
}

static int
tear_down(void **state)
{
    (void) state;
    credential_plan_free(&plan);
    private_folder_remove(folder);
    return 0;
}

/* A name in place of its address is what the settings want; they never write to it. */
static char *
named(const char *text)
{
    return (char *) (uintptr_t) text;
}

static bool
make(void)
{
    credential_plan_free(&plan);
    failure = (struct failure){0};
    return credential_plan_make(&settings, geteuid(), &plan, &failure);
}

static void
must_make(void)
{
    if (!make())
        fail_msg("%s", failure.message);
}

/* The message may hold %s: the path of the file. */
static void
assert_refused(const char *message)
{
    char expected[FAILURE_MESSAGE_SIZE];
    const char *path = strstr(message, "FILE");
    static const struct credential_plan nothing;

    assert_false(make());
    assert_string_equal(failure.code, "credentials");
    if (path == message)
        snprintf(expected, sizeof(expected), "%s%s", settings.shared_credentials_file, message + 4);
    else
        snprintf(expected, sizeof(expected), "%s", message);
    assert_string_equal(failure.message, expected);
    assert_memory_equal(&plan, &nothing, sizeof(plan));
}

static void
write_file(const char *text)
{
    write_text(settings.shared_credentials_file, text, 0600);
}

/* ---- which source ------------------------------------------------------------------------------------------------ */

static void
a_source_that_is_named_is_taken_whatever_else_is_there(void **state)
{
    (void) state;
    write_file("[default]\n" KEYS_OF("FILE"));
    settings.credential_process = named("/bin/keys --all");
    settings.container_credentials_relative_uri = named("/v2/credentials/x");
    settings.source = CREDENTIALS_IMDS;
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_IMDS);
    assert_string_equal(plan.description, "the instance metadata service");
    settings.source = CREDENTIALS_CONTAINER;
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_CONTAINER);
    settings.source = CREDENTIALS_PROCESS;
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_PROCESS);
    assert_string_equal(plan.process, "/bin/keys --all");
    assert_string_equal(plan.description, "the program /bin/keys");
    settings.source = CREDENTIALS_FILE;
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_KEYS);
    assert_string_equal(plan.keys.access_key_id, "AKIAFILE");
    assert_string_equal(plan.keys.secret_access_key, "FILE/secret");
    assert_null(plan.keys.session_token);
    assert_int_equal(plan.keys.expires_at, 0);
    assert_non_null(strstr(plan.description, "profile default of /tmp/"));
}

static void
auto_takes_process_then_file_then_container_then_imds(void **state)
{
    (void) state;
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_IMDS);
    settings.container_credentials_full_uri = named("http://127.0.0.1/x");
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_CONTAINER);
    write_file("[default]\n" KEYS_OF("FILE"));
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_KEYS);
    settings.credential_process = named("/bin/keys");
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_PROCESS);
}

static void
auto_without_the_files_folder_goes_on_too(void **state)
{
    (void) state;
    settings.shared_credentials_file = named("/no/such/folder/credentials");
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_IMDS);
}

static void
auto_never_passes_over_a_file_that_is_there(void **state)
{
    (void) state;
    write_file("[default]\nnonsense\n");
    assert_refused("FILE:2: a line without =, expected key = value");
    write_file("[other]\n" KEYS_OF("OTHER") "[profile more]\n");
    assert_refused("FILE has no profile default; its profiles: other and more. Set profile in studio.conf, or add it.");
    write_file("");
    assert_refused("FILE has no profile default; its profiles: none. Set profile in studio.conf, or add it.");
    write_text(settings.shared_credentials_file, "[default]\n" KEYS_OF("A"), 0644);
    assert_false(make());
}

static void
a_source_that_lacks_what_it_needs_is_refused(void **state)
{
    char message[FAILURE_MESSAGE_SIZE];

    (void) state;
    settings.source = CREDENTIALS_PROCESS;
    assert_refused("source is process, and credential_process is not set in studio.conf. Set it, or another source.");
    settings.credential_process = named("keys --all");
    assert_refused("credential_process in studio.conf is no command line: expected the absolute path of a program, and "
                   "its arguments.");
    settings.source = CREDENTIALS_FILE;
    snprintf(message, sizeof(message),
             "There is no file %s with AWS credentials in it. Put it there (chown root:sagemaker-studio; chmod 0640), "
             "or set source or shared_credentials_file in studio.conf.",
             settings.shared_credentials_file);
    assert_refused(message);
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static void
a_file_that_others_can_read_or_write_is_refused(void **state)
{
    char message[FAILURE_MESSAGE_SIZE];
    const char *path = settings.shared_credentials_file;

    (void) state;
    snprintf(message, sizeof(message),
             "%s can be read by everybody on this host. Take that away: chgrp sagemaker-studio %s; chmod 0640 %s", path,
             path, path);
    write_text(path, "[default]\n" KEYS_OF("A"), 0644);
    assert_refused(message);
    write_text(path, "[default]\n" KEYS_OF("A"), 0660);
    assert_refused("FILE is writable by its group or by others; take that away (chmod go-w)");
    write_text(path, "[default]\n" KEYS_OF("A"), 0640);
    must_make();
}

static void
a_link_or_a_folder_in_place_of_the_file_is_refused(void **state)
{
    (void) state;
    write_text(in_folder(folder, "real"), "[default]\n" KEYS_OF("A"), 0600);
    assert_int_equal(symlink("real", settings.shared_credentials_file), 0);
    assert_refused("FILE is a symbolic link; put the file itself there");
    assert_int_equal(unlink(settings.shared_credentials_file), 0);
    assert_int_equal(mkdir(settings.shared_credentials_file, 0700), 0);
    assert_refused("FILE is not a regular file");
}

static void
a_strangers_file_is_refused(void **state)
{
    (void) state;
    if (geteuid() != 0)
        skip();
    write_file("[default]\n" KEYS_OF("A"));
    assert_int_equal(chown(settings.shared_credentials_file, STRANGER, STRANGER), 0);
    assert_refused("FILE belongs to uid 54321; it must belong to root (chown root)");
}

static void
a_file_that_the_helper_cannot_read_is_told_how_to_be(void **state)
{
    char message[FAILURE_MESSAGE_SIZE];
    const char *path = settings.shared_credentials_file;
    pid_t child;
    int status;

    (void) state;
    if (geteuid() != 0)
        skip();
    snprintf(message, sizeof(message),
             "%s cannot be read by the account of the helper. Let it: chgrp sagemaker-studio %s; chmod 0640 %s", path,
             path, path);
    write_file("[default]\n" KEYS_OF("A"));
    assert_int_equal(chmod(folder, 0755), 0);
    child = fork();
    if (child == 0)
        _exit(setresuid(STRANGER, STRANGER, STRANGER) == 0 &&
                      !credential_plan_make(&settings, OWNED_BY_ROOT_ALONE, &plan, &failure) &&
                      strcmp(failure.message, message) == 0
                  ? 0
                  : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void
a_file_that_is_too_large_is_refused(void **state)
{
    char expected[FAILURE_MESSAGE_SIZE];

    (void) state;
    write_file("[default]\n");
    assert_int_equal(truncate(settings.shared_credentials_file, 1048577), 0);
    snprintf(expected, sizeof(expected), "%s is larger than the 1048576 bytes allowed",
             settings.shared_credentials_file);
    assert_refused(expected);
}

static void
a_plan_is_current_until_its_file_changes(void **state)
{
    (void) state;
    must_make();
    assert_true(credential_plan_is_current(&plan, &settings));
    write_file("[default]\n" KEYS_OF("A"));
    assert_false(credential_plan_is_current(&plan, &settings));
    must_make();
    assert_true(credential_plan_is_current(&plan, &settings));
    assert_int_equal(chmod(settings.shared_credentials_file, 0640), 0);
    assert_false(credential_plan_is_current(&plan, &settings));
    must_make();
    write_text(in_folder(folder, "new"), "[default]\n" KEYS_OF("A"), 0640);
    assert_int_equal(rename(in_folder(folder, "new"), settings.shared_credentials_file), 0);
    assert_false(credential_plan_is_current(&plan, &settings));
    must_make();
    assert_int_equal(unlink(settings.shared_credentials_file), 0);
    assert_false(credential_plan_is_current(&plan, &settings));
}

static void
a_plan_without_a_file_does_not_depend_on_one(void **state)
{
    (void) state;
    settings.source = CREDENTIALS_IMDS;
    must_make();
    write_file("[default]\n");
    assert_true(credential_plan_is_current(&plan, &settings));
    settings.source = CREDENTIALS_AUTO;
    settings.credential_process = named("/bin/keys");
    must_make();
    write_file("[other]\n");
    assert_true(credential_plan_is_current(&plan, &settings));
}

/* ---- profiles ---------------------------------------------------------------------------------------------------- */

static void
roles_stand_in_the_order_in_which_they_are_assumed(void **state)
{
    (void) state;
    write_file("[profile default]\n" ROLE(
        "Last") "source_profile = middle\nrole_session_name = studio\n"
                "external_id = x/1\nduration_seconds = 900\nregion = eu-west-1\n"
                "[profile middle]\n" ROLE("First") "source_profile = base\nregion = us-east-1\n"
                                                   "[base]\n" KEYS_OF("BASE") "aws_session_token = token\n");
    must_make();
    assert_int_equal(plan.base, CREDENTIAL_BASE_KEYS);
    assert_string_equal(plan.keys.access_key_id, "AKIABASE");
    assert_string_equal(plan.keys.session_token, "token");
    assert_int_equal(plan.role_count, 2);
    assert_string_equal(plan.roles[0].role_arn, "arn:aws:iam::123456789012:role/First");
    assert_null(plan.roles[0].role_session_name);
    assert_null(plan.roles[0].external_id);
    assert_int_equal(plan.roles[0].duration_seconds, 3600);
    assert_string_equal(plan.roles[1].role_arn, "arn:aws:iam::123456789012:role/Last");
    assert_string_equal(plan.roles[1].role_session_name, "studio");
    assert_string_equal(plan.roles[1].external_id, "x/1");
    assert_int_equal(plan.roles[1].duration_seconds, 900);
    assert_string_equal(plan.region, "eu-west-1");
}

static void
a_chain_of_five_roles_is_the_longest(void **state)
{
    AUTO_BUFFER struct buffer text = BUFFER(8192);

    (void) state;
    assert_true(buffer_append_text(&text, "[default]\n" ROLE("R") "source_profile = p1\n"));
    for (unsigned i = 1; i < CREDENTIAL_ROLES_MAX; i++)
        assert_true(buffer_append_format(&text, "[p%u]\n" ROLE("R") "source_profile = p%u\n", i, i + 1));
    size_t before = text.length;
    assert_true(buffer_append_text(&text, "[p5]\n" KEYS_OF("END")));
    write_file(text.data);
    must_make();
    assert_int_equal(plan.role_count, CREDENTIAL_ROLES_MAX);
    text.length = before;
    buffer_terminate(&text);
    assert_true(buffer_append_text(&text, "[p5]\n" ROLE("R") "source_profile = p6\n[p6]\n" KEYS_OF("END")));
    write_file(text.data);
    assert_refused("FILE:16: one role more to assume before those of other profiles, expected at most 5");
}

struct wrong {
    const char *text; /* of the profile default, and what else there is */
    const char *message;
};

#define NO_CREDENTIALS                                                                                       \
    "FILE:1: the profile default has no credentials: expected aws_access_key_id and aws_secret_access_key, " \
    "credential_process, or role_arn with source_profile or credential_source"
#define NO_KEY                                                                                             \
    "FILE:2: aws_access_key_id, aws_secret_access_key or aws_session_token is no key: expected printable " \
    "characters without blanks, each in one line (a comment needs a line of its own)"
#define NO_SSO                                                                                                \
    ", which is not supported here: a person has to sign in for it in a browser, and again every few hours; " \
    "expected keys, a credential_process or a role_arn"

static const struct wrong wrong_profiles[] = {
    {"", NO_CREDENTIALS},
    {"region = eu-west-1\n", NO_CREDENTIALS},
    {"aws_secret_access_key = x\n", NO_CREDENTIALS},
    {"aws_access_key_id = x\n", "FILE:2: an aws_access_key_id, and no aws_secret_access_key with it in its section"},
    {"aws_access_key_id = x\naws_secret_access_key = y # mine\n", NO_KEY},
    {"aws_access_key_id = x\naws_secret_access_key = y\n  z\n", NO_KEY},
    {"aws_access_key_id =\naws_secret_access_key = y\n", NO_KEY},
    {"aws_access_key_id = \xe2\x80\x9cx\xe2\x80\x9d\naws_secret_access_key = y\n", NO_KEY},
    {"aws_access_key_id = x\naws_secret_access_key = \"y\"\n",
     "FILE:2: aws_access_key_id or aws_secret_access_key in quotes, which the AWS SDKs take for a part of it; expected "
     "it without them"},
    {KEYS_OF("A") "region = Tokyo\n", "FILE:4: a wrong region, expected a region like ap-northeast-1"},
    {KEYS_OF("A") "region =\n", "FILE:4: region without a value; give it one, or take the line out"},
    {"credential_process =\n", "FILE:2: credential_process without a value; give it one, or take the line out"},
    {"credential_process = /bin/keys\n  --all\n",
     "FILE:2: credential_process, which goes on in an indented line; expected its value in one line"},
    {"credential_process = keys\n",
     "FILE:2: a wrong credential_process, expected the absolute path of a program, and its arguments"},
    {"credential_process = /bin/keys 'x\n",
     "FILE:2: a wrong credential_process, expected a ' that ends what the first ' begins"},
    {"sso_session = corp\nsso_account_id = 1\n[sso-session corp]\n", "FILE:2: sso_session" NO_SSO},
    {KEYS_OF("A") "sso_start_url = https://x\n", "FILE:4: sso_start_url" NO_SSO},
    {"web_identity_token_file = /x\n" ROLE("A"),
     "FILE:2: web_identity_token_file, which is not supported here: expected keys, a credential_process, or a role_arn "
     "with a source_profile"},
    {ROLE("A"), "FILE:2: a role_arn, and no source_profile or credential_source to assume it with"},
    {"role_arn =\n" KEYS_OF("A"), "FILE:2: role_arn without a value; give it one, or take the line out"},
    {"role_arn = MyRole\ncredential_source = EcsContainer\n",
     "FILE:2: a wrong role_arn, expected a role's ARN like arn:aws:iam::123456789012:role/StudioLinks"},
    {KEYS_OF("A") "source_profile = b\n", "FILE:4: source_profile without a role_arn to assume with it"},
    {"credential_source = Ec2InstanceMetadata\n", "FILE:2: credential_source without a role_arn to assume with it"},
    {ROLE("A") "source_profile = b\ncredential_source = EcsContainer\n[b]\n" KEYS_OF("B"),
     "FILE:4: both a source_profile and a credential_source, expected one of them"},
    {ROLE("A") "credential_source = Environment\n",
     "FILE:3: credential_source = Environment, which is not supported here: the helper takes no keys from its "
     "environment; expected Ec2InstanceMetadata, EcsContainer, or a source_profile in its place"},
    {ROLE("A") "credential_source = Vault\n",
     "FILE:3: a wrong credential_source, expected Ec2InstanceMetadata or EcsContainer"},
    {ROLE("A") "source_profile = b\n", "FILE:3: source_profile names a profile that is not in this file"},
    {ROLE("A") "source_profile = default\n",
     "FILE:3: source_profile goes in a circle: the profile default comes again before any keys"},
    {ROLE("A") "source_profile = b\n[b]\n" ROLE("B") "source_profile = default\n",
     "FILE:6: source_profile goes in a circle: the profile default comes again before any keys"},
    {ROLE("A") "source_profile = b\nmfa_serial = arn:aws:iam::1:mfa/x\n[b]\n" KEYS_OF("B"),
     "FILE:4: mfa_serial, which is not supported here: nobody is there to type the code of a device"},
    {ROLE("A") "credential_source = EcsContainer\nduration_seconds = 1h\n",
     "FILE:4: a wrong duration_seconds, expected a number from 900 to 43200"},
    {ROLE("A") "credential_source = EcsContainer\nduration_seconds = 43201\n",
     "FILE:4: a wrong duration_seconds, expected a number from 900 to 43200"},
    {ROLE("A") "credential_source = EcsContainer\nduration_seconds = 7200\n",
     "FILE:4: a wrong duration_seconds, expected at most 3600 for a role that is assumed with the keys of another "
     "role"},
    {ROLE("A") "source_profile = b\nduration_seconds = 7200\n[b]\n" ROLE("B") "source_profile = c\n[c]\n" KEYS_OF("C"),
     "FILE:4: a wrong duration_seconds, expected at most 3600 for a role that is assumed with the keys of another "
     "role"},
    {ROLE("A") "credential_source = EcsContainer\nrole_session_name = a b\n",
     "FILE:4: a wrong role_session_name, expected 2 to 64 letters, digits and characters of _+=,.@-"},
    {ROLE("A") "credential_source = EcsContainer\nexternal_id = ?\n",
     "FILE:4: a wrong external_id, expected 2 to 1224 letters, digits and characters of _+=,.@:/-"},
};

static void
each_wrong_profile_has_its_sentence(void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT(wrong_profiles); i++) {
        AUTO_BUFFER struct buffer text = BUFFER(8192);

        assert_true(buffer_append_text(&text, "[default]\n") && buffer_append_text(&text, wrong_profiles[i].text));
        write_file(text.data);
        assert_refused(wrong_profiles[i].message);
    }
}

static void
a_first_role_may_be_assumed_for_twelve_hours(void **state)
{
    (void) state;
    write_file("[default]\n" ROLE("A") "source_profile = default\nduration_seconds = 43200\n" KEYS_OF("A"));
    must_make();
    assert_int_equal(plan.roles[0].duration_seconds, 43200);
}

static void
no_message_quotes_a_secret(void **state)
{
    (void) state;
    write_file("[default]\naws_access_key_id = AKIASECRET\naws_secret_access_key = SECRET SECRET\nSECRET\n");
    assert_false(make());
    assert_null(strstr(failure.message, "SECRET"));
    write_file("[default]\naws_access_key_id = AKIASECRET\naws_secret_access_key = SECRET SECRET\n");
    assert_false(make());
    assert_null(strstr(failure.message, "SECRET"));
}

/* ---- as botocore, and so the AWS CLI, has it -----------------------------------------------------------------------
 */

struct twin {
    const char *profile;
    const char *text;
    bool refused; /* by both */
};

static const struct twin twins[] = {
    {"default", "[default]\n" KEYS_OF("A"), false},
    {"default", "[default]\n" KEYS_OF("A") "aws_session_token = T\nregion = eu-west-1\n", false},
    {"default", "[default]\n" KEYS_OF("A") "aws_security_token = S\naws_session_token = T\n", false},
    {"default", "[default]\n" KEYS_OF("A") "aws_session_token =\n", false},
    {"default", "# x\r\n[default]\r\naws_access_key_id: A\r\nAWS_Secret_Access_Key : B\r\n", false},
    {"default", "[default]\n  aws_access_key_id=A\n  aws_secret_access_key=B\n", false},
    {"default", "[default]\naws_access_key_id = A\n; c\n\n   # d\naws_secret_access_key = B=C:D#E;F", false},
    {"default", "[default] # x\n" KEYS_OF("A"), false},
    {"studio", "[profile studio]\n" KEYS_OF("A") "region = us-gov-west-1\n", false},
    {"my name", "[profile \"my name\"]\n" KEYS_OF("A"), false},
    {"my name", "[profile 'my name']\n" KEYS_OF("A") "[my name]\nregion = eu-west-1\n", false},
    {"x", "[profile x]\n" KEYS_OF("CONFIG") "aws_session_token = T\n[x]\n" KEYS_OF("CREDENTIALS"), false},
    {"x", "[x]\n" KEYS_OF("CREDENTIALS") "[profile x]\n" KEYS_OF("CONFIG") "region = eu-west-1\n", false},
    {"x", "[profile x]\nregion = eu-west-1\n[x]\nregion = us-east-1\n" KEYS_OF("A"), false},
    {"x", "[x]\n" KEYS_OF("A") "credential_process = /bin/keys 'a b'\n", false},
    {"x", "[profile x]\n" KEYS_OF("A") "credential_process = /bin/keys 'a b'\n", false},
    {"x", "[profile x]\ncredential_process = /bin/keys # all\n", false},
    {"x", "[x]\ncredential_process = /bin/keys\n", false},
    {"x", "[x]\ns3 =\n  aws_access_key_id = N\n  region = N\n" KEYS_OF("A"), false},
    {"x", "[x]\n" KEYS_OF("A") ROLE("R") "source_profile = x\n", false},
    {"x", "[profile x]\n" ROLE("R") "source_profile = y\n" KEYS_OF("A") "[y]\n" KEYS_OF("B"), false},
    {"x",
     "[profile x]\n" ROLE("R") "source_profile = y\nexternal_id = e1\nrole_session_name = s1\n"
                               "duration_seconds = 1800\n[profile y]\n" KEYS_OF("B"),
     false},
    {"x",
     "[profile x]\n" ROLE("R") "source_profile = y\n[profile y]\n" ROLE("Q") "source_profile = z\n[z]\n" KEYS_OF("B"),
     false},
    {"x", "[profile x]\n" ROLE("R") "source_profile = y\n[profile y]\n" ROLE("Q") "source_profile = x\n" KEYS_OF("B"),
     false},
    {"x", "[profile x]\n" ROLE("R") "source_profile = y\n[profile y]\ncredential_process = /bin/keys\n", false},
    {"x", "[profile x]\n" ROLE("R") "credential_source = Ec2InstanceMetadata\n", false},
    {"x", "[profile x]\n" ROLE("R") "credential_source = EcsContainer\n", false},
    {"x",
     "[profile x]\n" ROLE("R") "source_profile = y\n[profile y]\n" ROLE(
         "Q") "credential_source = EcsContainer\nexternal_id = e2\n",
     false},
    {"x", "[services s]\ns3 =\n  endpoint_url = y\n[profile x]\nservices = s\n" KEYS_OF("A"), false},
    {"x", "[y]\n" KEYS_OF("A"), true},
    {"x", "[X]\n" KEYS_OF("A"), true},
    {"x", "[x]\nregion = eu-west-1\n", true},
    {"x", "[x]\n" KEYS_OF("A") "[x]\nregion = eu-west-1\n", true},
    {"x", "[x]\n" KEYS_OF("A") "AWS_ACCESS_KEY_ID = B\n", true},
    {"x", "[x]\n" KEYS_OF("A") "region\n", true},
    {"x", "region = eu-west-1\n[x]\n" KEYS_OF("A"), true},
    {"x", "[x]\naws_access_key_id = A\n", true},
    {"x", "[profile x]\n" ROLE("R") KEYS_OF("A"), true},
    {"x", "[profile x]\n" ROLE("R") "source_profile = x\n", true},
    {"x", "[profile x]\n" ROLE("R") "source_profile = y\n", true},
    {"x", "[profile x]\n" ROLE("R") "source_profile = y\n[profile y]\nregion = eu-west-1\n", true},
    {"x", "[profile x]\n" ROLE("R") "source_profile = y\n[profile y]\n" ROLE("Q") "source_profile = x\n", true},
    {"x", "[profile x]\n" ROLE("R") "source_profile = y\ncredential_source = EcsContainer\n[y]\n" KEYS_OF("B"), true},
    {"x", "[profile x]\n" ROLE("R") "credential_source = Nowhere\n", true},
    {"x", "[profile x]\n" ROLE("R") "credential_source = ecscontainer\n", true},
    {"x", "\xef\xbb\xbf[x]\n" KEYS_OF("A"), true},
};

static const char *
or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* In the words of botocore_profiles.py. */
static void
describe_plan(struct buffer *line)
{
    static const char *const names[] = {
        [CREDENTIAL_BASE_PROCESS] = "process",
        [CREDENTIAL_BASE_CONTAINER] = "ecscontainer",
        [CREDENTIAL_BASE_IMDS] = "ec2instancemetadata",
    };
    bool keys = plan.base == CREDENTIAL_BASE_KEYS;

    assert_true(buffer_append_format(line, "%s|%s|%s|", keys ? plan.keys.access_key_id : names[plan.base],
                                     keys ? plan.keys.secret_access_key : or_empty(plan.process),
                                     or_empty(plan.keys.session_token)));
    for (size_t i = 0; i < plan.role_count; i++)
        assert_true(buffer_append_format(line, "%s%s,%s,%s,%d", i > 0 ? ";" : "", plan.roles[i].role_arn,
                                         or_empty(plan.roles[i].role_session_name), or_empty(plan.roles[i].external_id),
                                         plan.roles[i].duration_seconds));
    assert_true(buffer_append_format(line, "|%s", or_empty(plan.region)));
}

/* The source of this test lies where it was compiled. */
static FILE *
ask_botocore(const char *cases)
{
    char command[3 * PATH_MAX];

    snprintf(command, sizeof(command),
             "env -i PATH=/usr/bin:/bin HOME=%s /usr/bin/python3 -B %.*s/botocore_profiles.py %s", cases,
             (int) (strrchr(__FILE__, '/') - __FILE__), __FILE__, cases);
    return popen(command, "re");
}

static void
the_same_comes_out_as_of_botocore(void **state)
{
    char cases[PATH_MAX], answer[4096];
    FILE *botocore;

    (void) state;
    snprintf(cases, sizeof(cases), "%s", in_folder(folder, "cases"));
    assert_int_equal(mkdir(cases, 0700), 0);
    settings.source = CREDENTIALS_FILE;
    for (size_t i = 0; i < COUNT(twins); i++) {
        char path[PATH_MAX + 64];

        snprintf(path, sizeof(path), "%s/%02zu", cases, i);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof(path), "%s/%02zu/%s", cases, i, twins[i].profile);
        write_text(path, twins[i].text, 0600);
    }
    botocore = ask_botocore(cases);
    assert_non_null(botocore);
    for (size_t i = 0; i < COUNT(twins); i++) {
        AUTO_BUFFER struct buffer line = BUFFER(4096);
        char path[PATH_MAX + 64];

        snprintf(path, sizeof(path), "%s/%02zu/%s", cases, i, twins[i].profile);
        settings.shared_credentials_file = path;
        settings.profile = named(twins[i].profile);
        if (make())
            describe_plan(&line);
        else
            assert_true(buffer_append_text(&line, "refused"));
        assert_non_null(fgets(answer, sizeof(answer), botocore));
        answer[strcspn(answer, "\n")] = '\0';
        if (strcmp(line.data, answer) != 0 || (strcmp(answer, "refused") == 0) != twins[i].refused)
            fail_msg("%s\nhere: %s (%s)\nbotocore: %s", twins[i].text, line.data, failure.message, answer);
    }
    assert_null(fgets(answer, sizeof(answer), botocore));
    assert_int_equal(pclose(botocore), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_source_that_is_named_is_taken_whatever_else_is_there),
        TEST(auto_takes_process_then_file_then_container_then_imds),
        TEST(auto_without_the_files_folder_goes_on_too),
        TEST(auto_never_passes_over_a_file_that_is_there),
        TEST(a_source_that_lacks_what_it_needs_is_refused),
        TEST(a_file_that_others_can_read_or_write_is_refused),
        TEST(a_link_or_a_folder_in_place_of_the_file_is_refused),
        TEST(a_strangers_file_is_refused),
        TEST(a_file_that_the_helper_cannot_read_is_told_how_to_be),
        TEST(a_file_that_is_too_large_is_refused),
        TEST(a_plan_is_current_until_its_file_changes),
        TEST(a_plan_without_a_file_does_not_depend_on_one),
        TEST(roles_stand_in_the_order_in_which_they_are_assumed),
        TEST(a_chain_of_five_roles_is_the_longest),
        TEST(each_wrong_profile_has_its_sentence),
        TEST(a_first_role_may_be_assumed_for_twelve_hours),
        TEST(no_message_quotes_a_secret),
        TEST(the_same_comes_out_as_of_botocore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
