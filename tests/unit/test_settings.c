/*
 * test_settings.c: studio.conf: what it means, what it refuses, and with which words.
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

#include "settings.h"

#define DOMAIN "[domain research]\ndomain_id = d-abcdefghij12\n"

/* Up to three files, as they would be read; NULL with the failure when the settings are refused. */
static struct settings *
settings_of(const char *const files[3], struct failure *failure)
{
    static const char *const names[] = {"studio.conf", "studio.conf.d/a.conf", "studio.conf.d/b.conf"};
    memset(failure, 0, sizeof *failure);
    struct settings_reader *reader = settings_begin();
    bool good = true;
    for (size_t i = 0; i < 3 && files[i] != NULL && good; i++)
        good = settings_feed(reader, names[i], files[i], strlen(files[i]), failure);
    struct settings *settings = settings_finish(reader, good ? failure : NULL);
    if (!good) {
        settings_free(settings);
        return NULL;
    }
    return settings;
}

static struct settings *
good_settings(const char *one, const char *two, const char *three)
{
    const char *files[] = {one, two, three};
    struct failure failure;
    struct settings *settings = settings_of(files, &failure);
    if (settings == NULL) {
        fail_msg("%s", failure.message);
        abort();
    }
    return settings;
}

static void
expect_failure(const char *one, const char *two, const char *message)
{
    const char *files[] = {one, two, NULL};
    struct failure failure;
    struct settings *settings = settings_of(files, &failure);
    settings_free(settings);
    if (settings != NULL)
        fail_msg("accepted: %s", one);
    assert_string_equal(failure.message, message);
    assert_string_equal(failure.code, "config");
}

static void
no_settings_at_all_are_the_defaults(void **state)
{
    (void) state;
    struct settings *settings = good_settings(NULL, NULL, NULL);
    const struct domain_settings *defaults = &settings->defaults;
    assert_int_equal(settings->domain_count, 0);
    assert_null(settings_domain(settings, "research"));
    assert_int_equal(defaults->expires_in_seconds, 300);
    assert_int_equal(defaults->session_expiration_duration_in_seconds, 43200);
    assert_int_equal(defaults->role_duration_seconds, 3600);
    assert_null(defaults->region);
    assert_null(defaults->landing_uri);
    assert_null(defaults->landing_uris);
    assert_null(defaults->proxy_url);
    assert_null(defaults->role_arn);
    assert_true(defaults->source_identity);
    assert_false(defaults->session_tags);
    assert_true(defaults->session_policy);
    assert_false(defaults->use_fips_endpoint);
    assert_false(defaults->use_dualstack_endpoint);
    assert_int_equal(settings->credentials.source, CREDENTIALS_AUTO);
    assert_string_equal(settings->credentials.profile, "default");
    assert_string_equal(settings->credentials.ec2_metadata_service_endpoint, "http://169.254.169.254");
    assert_int_equal(settings->helper.idle_timeout, 300);
    assert_int_equal(settings->helper.max_links_per_user_per_minute, 20);
    assert_false(settings->desktop.open_at_login);
    assert_true(settings->desktop.icon);
    assert_null(settings->desktop.browser);
    assert_null(settings->desktop.contact);
    settings_free(settings);
}

static void
every_key_reaches_its_member(void **state)
{
    (void) state;
    struct settings *settings = good_settings(
        DOMAIN "region = us-gov-west-1\nexpires_in_seconds = 5\n"
               "session_expiration_duration_in_seconds = 1800\nlanding_uri = studio::\n"
               "landing_uris = app:JupyterLab: studio::jobs?a=b\nsts_endpoint_url = https://sts.example\n"
               "use_fips_endpoint = yes\nuse_dualstack_endpoint = yes\nca_bundle = /etc/ssl/x.pem\n"
               "proxy_url = http://proxy:3128\nstudio_url_suffixes = a.example b.example\n"
               "external_id = ab\nsource_identity = no\nsession_tags = yes\nsession_policy = no\n"
               "role_duration_seconds = 900\n"
               "[domain rooms]\ndomain_id = d-2\nspace_name = room\nendpoint_url = https://x.example:8443\n"
               "role_arn = arn:aws:iam::123456789012:role/StudioLinks\n"
               "[credentials]\nsource = imds\nshared_credentials_file = /a/b\nprofile = p\n"
               "credential_process = /bin/c d\ncontainer_credentials_full_uri = https://x/y\n"
               "container_authorization_token_file = /t\n"
               "ec2_metadata_service_endpoint = http://[fd00:ec2::254]\n"
               "[helper]\nidle_timeout = 7\nmax_links_per_user_per_minute = 1\n"
               "[desktop]\nopen_at_login = yes\nicon = no\nbrowser = firefox\ncontact = ask it-desk@example.com\n",
        NULL, NULL);
    const struct domain_settings *research = settings_domain(settings, "research");
    const struct domain_settings *rooms = settings_domain(settings, "rooms");
    assert_non_null(research);
    assert_non_null(rooms);
    assert_string_equal(research->name, "research");
    assert_string_equal(research->domain_id, "d-abcdefghij12");
    assert_string_equal(research->region, "us-gov-west-1");
    assert_int_equal(research->expires_in_seconds, 5);
    assert_int_equal(research->session_expiration_duration_in_seconds, 1800);
    assert_string_equal(research->landing_uri, "studio::");
    assert_string_equal(research->landing_uris[0], "app:JupyterLab:");
    assert_string_equal(research->landing_uris[1], "studio::jobs?a=b");
    assert_null(research->landing_uris[2]);
    assert_string_equal(research->sts_endpoint_url, "https://sts.example");
    assert_true(research->use_fips_endpoint && research->use_dualstack_endpoint);
    assert_string_equal(research->ca_bundle, "/etc/ssl/x.pem");
    assert_string_equal(research->proxy_url, "http://proxy:3128");
    assert_string_equal(research->studio_url_suffixes[1], "b.example");
    assert_string_equal(research->external_id, "ab");
    assert_true(!research->source_identity && research->session_tags && !research->session_policy);
    assert_int_equal(research->role_duration_seconds, 900);
    assert_string_equal(rooms->space_name, "room");
    assert_string_equal(rooms->endpoint_url, "https://x.example:8443");
    assert_int_equal(settings->credentials.source, CREDENTIALS_IMDS);
    assert_string_equal(settings->credentials.shared_credentials_file, "/a/b");
    assert_string_equal(settings->credentials.profile, "p");
    assert_string_equal(settings->credentials.credential_process, "/bin/c d");
    assert_string_equal(settings->credentials.container_credentials_full_uri, "https://x/y");
    assert_string_equal(settings->credentials.container_authorization_token_file, "/t");
    assert_string_equal(rooms->role_arn, "arn:aws:iam::123456789012:role/StudioLinks");
    assert_string_equal(settings->credentials.ec2_metadata_service_endpoint, "http://[fd00:ec2::254]");
    assert_int_equal(settings->helper.idle_timeout, 7);
    assert_int_equal(settings->helper.max_links_per_user_per_minute, 1);
    assert_true(settings->desktop.open_at_login);
    assert_false(settings->desktop.icon);
    assert_string_equal(settings->desktop.browser, "firefox");
    assert_string_equal(settings->desktop.contact, "ask it-desk@example.com");
    settings_free(settings);
}

static void
a_domain_has_the_defaults_where_it_says_nothing(void **state)
{
    (void) state;
    struct settings *settings =
        good_settings("[domain research]\ndomain_id = d-1\nexpires_in_seconds = 60\nlanding_uri =\n"
                      "[defaults]\nregion = eu-west-1\nexpires_in_seconds = 20\nlanding_uri = studio::\n",
                      NULL, NULL);
    const struct domain_settings *research = settings_domain(settings, "research");
    assert_non_null(research);
    assert_string_equal(research->region, "eu-west-1");
    assert_int_equal(research->expires_in_seconds, 60);
    assert_null(research->landing_uri); /* an empty value undoes the default */
    assert_string_equal(settings->defaults.landing_uri, "studio::");
    assert_null(settings->defaults.name);
    assert_null(settings->defaults.domain_id);
    settings_free(settings);
}

static void
a_later_file_overrides_key_by_key(void **state)
{
    (void) state;
    struct settings *settings =
        good_settings(DOMAIN "region = eu-west-1\nexpires_in_seconds = 60\nspace_name = x\n",
                      "[domain research]\nexpires_in_seconds = 20\n[helper]\nidle_timeout = 9\n",
                      "[domain research]\nexpires_in_seconds = 30\nspace_name =\n");
    const struct domain_settings *research = settings_domain(settings, "research");
    assert_non_null(research);
    assert_string_equal(research->region, "eu-west-1");
    assert_int_equal(research->expires_in_seconds, 30);
    assert_null(research->space_name);
    assert_int_equal(settings->helper.idle_timeout, 9);
    settings_free(settings);
}

static void
a_domain_may_be_completed_by_a_drop_in(void **state)
{
    (void) state;
    struct settings *settings =
        good_settings("[domain research]\nregion = eu-west-1\n", "[domain research]\ndomain_id = d-1\n", NULL);
    assert_string_equal(settings_domain(settings, "research")->domain_id, "d-1");
    settings_free(settings);
    expect_failure("[domain research]\nregion = eu-west-1\n", "# nothing\n",
                   "studio.conf:1: [domain research] has no domain_id, expected `domain_id = d-…`");
}

static void
many_domains_are_all_found(void **state)
{
    (void) state;
    struct settings *settings = good_settings("[domain b]\ndomain_id = d-2\n[domain c]\ndomain_id = d-3\n"
                                              "[domain a]\ndomain_id = d-1\n[domain B.x_y-z]\ndomain_id = d-4\n",
                                              NULL, NULL);
    assert_int_equal(settings->domain_count, 4);
    assert_string_equal(settings_domain(settings, "a")->domain_id, "d-1");
    assert_string_equal(settings_domain(settings, "b")->domain_id, "d-2");
    assert_string_equal(settings_domain(settings, "c")->domain_id, "d-3");
    assert_string_equal(settings_domain(settings, "B.x_y-z")->domain_id, "d-4");
    assert_null(settings_domain(settings, "A"));
    settings_free(settings);
}

static void
blanks_around_equals_and_comments_after_blanks_are_dropped(void **state)
{
    (void) state;
    struct settings *settings =
        good_settings("[desktop] # it\n  contact =  see #help = now\t# not this\n\ticon=no\n", NULL, NULL);
    assert_string_equal(settings->desktop.contact, "see");
    assert_false(settings->desktop.icon);
    settings_free(settings);
    settings = good_settings("[desktop]\ncontact = channel#help = it\n", NULL, NULL);
    assert_string_equal(settings->desktop.contact, "channel#help = it");
    settings_free(settings);
}

static void
what_is_not_written_as_it_should_be_is_refused_with_its_line(void **state)
{
    (void) state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "studio.conf:1: the file is empty, perhaps half written; expected at least a comment"},
        {"[helper]\nidle_timeout = 3",
         "studio.conf:2: no newline at the end of the file, perhaps it is half written; expected a whole line"},
        {"[helper]\nidle_timeout 30\n",
         "studio.conf:2: a line without '=', expected `key = value`, [SECTION] or a comment"},
        {"idle_timeout = 30\n", "studio.conf:1: a key before the first section, expected [SECTION] above it"},
        {"[helper\n", "studio.conf:1: a section without ']' at its end, expected [NAME]"},
        {"[\n", "studio.conf:1: a section without ']' at its end, expected [NAME]"},
        {"[hepler]\n", "studio.conf:1: unknown section [hepler], expected [defaults], [domain NAME], [credentials], "
                       "[helper] or [desktop]"},
        {"[]\n", "studio.conf:1: unknown section [], expected [defaults], [domain NAME], [credentials], [helper] or "
                 "[desktop]"},
        {"[domain]\n", "studio.conf:1: unknown section [domain], expected [defaults], [domain NAME], [credentials], "
                       "[helper] or [desktop]"},
        {"[helper x]\n",
         "studio.conf:1: unknown section [helper x], expected [defaults], [domain NAME], [credentials], "
         "[helper] or [desktop]"},
        {"[helper]\n# x\n[helper]\n", "studio.conf:3: this section comes twice, expected one (the first is in line 1)"},
        {DOMAIN "[desktop]\n[domain research]\n",
         "studio.conf:4: this section comes twice, expected one (the first is in line 1)"},
        {"[helper]\nidle_timeout = 3\n\nidle_timeout = 3\n",
         "studio.conf:4: idle_timeout comes twice in this section, expected once (the first is in line 2)"},
        {"[helper]\nIdle_Timeout = 3\n", "studio.conf:2: unknown key 'Idle_Timeout' in [helper], see "
                                         "sagemaker-studio.conf(5) for those expected"},
        {"[helper]\n= 3\n",
         "studio.conf:2: unknown key '' in [helper], see sagemaker-studio.conf(5) for those expected"},
        {"[desktop]\nidle_timeout = 3\n",
         "studio.conf:2: idle_timeout does not belong in [desktop], expected it in [helper]"},
        {"[defaults]\ndomain_id = d-1\n",
         "studio.conf:2: domain_id does not belong in [defaults], expected it in [domain NAME]"},
        {"[domain a b]\n",
         "studio.conf:1: 'a b' cannot be the name of a domain section, expected letters, digits, '_', "
         "'.' and '-', at most 127, with a letter or digit in front, and not d-… which would look like a "
         "domain id"},
        {"[helper]\nidle_timeout = 3\r\n",
         "studio.conf:2: a carriage return, expected lines that end as on Unix (dos2unix mends the file)"},
        {"[helper]\n# \x01\n", "studio.conf:2: control byte 0x01 in column 3, expected printable text"},
        {"[helper]\n# \xff\n", "studio.conf:2: not printable UTF-8, expected text in UTF-8 or ASCII"},
        {"\xef\xbb\xbf[helper]\n", "studio.conf:1: a byte order mark, expected text in UTF-8 without it"},
        {"[domain x]\ndomain_id =\n", "studio.conf:1: [domain x] has no domain_id, expected `domain_id = d-…`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_failure(cases[i].text, NULL, cases[i].message);
}

static void
a_nul_byte_is_refused(void **state)
{
    (void) state;
    static const char text[] = "[helper]\nidle_timeout = 3\0\n";
    struct settings_reader *reader = settings_begin();
    struct failure failure;
    assert_false(settings_feed(reader, "studio.conf", text, sizeof text - 1, &failure));
    assert_string_equal(failure.message, "studio.conf:2: control byte 0x00 in column 17, expected printable text");
    settings_free(settings_finish(reader, NULL));
}

static void
names_of_domains_do_not_look_like_ids(void **state)
{
    (void) state;
    static const char *const bad[] = {"d-abcdefghij12", "d-x", "-a", ".a", "_a", "a/b", "a@b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        char message[FAILURE_MESSAGE_SIZE];
        snprintf(text, sizeof text, "[domain %s]\ndomain_id = d-1\n", bad[i]);
        snprintf(
            message, sizeof message,
            "studio.conf:1: '%s' cannot be the name of a domain section, expected letters, digits, '_', '.' and '-', "
            "at most 127, with a letter or digit in front, and not d-… which would look like a domain id",
            bad[i]);
        expect_failure(text, NULL, message);
    }
}

/* Is KEY = VALUE accepted in this section? */
static bool
accepts(const char *section, const char *key, const char *value)
{
    char text[4096];
    snprintf(text, sizeof text, "[%s]\n%s%s = %s\n", section,
             strncmp(section, "domain ", 7) == 0 && strcmp(key, "domain_id") != 0 ? "domain_id = d-1\n" : "", key,
             value);
    const char *files[] = {text, NULL, NULL};
    struct failure failure;
    struct settings *settings = settings_of(files, &failure);
    settings_free(settings);
    if (settings == NULL) {
        assert_non_null(strstr(failure.message, key));
        assert_memory_equal(failure.message, "studio.conf:", 12);
    }
    return settings != NULL;
}

/* What each key takes, and what it does not; "" is an empty value. */
static const struct {
    const char *section, *key, *good[9], *bad[12];
} cases[] = {
    {"domain x",
     "domain_id",
     {"d-a", "d-0--z", "d-abcdefghij12"},
     {"d-", "d-a-", "D-abc", "d-Abc", "abc", "d_abc", "d-a b",
      "d-01234567890123456789012345678901234567890123456789012345678901x"}},
    {"domain x",
     "region",
     {"ap-northeast-1", "us-gov-west-1", "cn-north-1"},
     {"tokyo", "ap-northeast-1a", "us-east-1/x"}},
    {"domain x", "expires_in_seconds", {"5", "300"}, {"4", "301", "", "-5", "5s", "+5", "0x10", "5.0", "99999999999"}},
    {"domain x", "session_expiration_duration_in_seconds", {"1800", "43200"}, {"1799", "43201"}},
    {"domain x", "role_duration_seconds", {"900", "43200"}, {"899", "43201"}},
    {"domain x", "use_fips_endpoint", {"yes", "no"}, {"true", "1", "Yes", "", "on"}},
    {"domain x",
     "landing_uri",
     {"studio::", "studio::jupyterlab/a-b", "app:JupyterServer:lab",
      "app:Canvas:", "app:RStudioServerPro:", "app:CodeEditor:x?a=1&b=%20", "studio::a:b@c~d,e+f"},
     {"studio::/x", "studio:", "app:Emacs:", "https://evil.example", "studio::a//b", "studio::a/../b", "studio::%2fx",
      "studio::a%5Cb", "studio::a\\b", "studio::a%0d", "studio::a%", "studio::%2e%2e/a"}},
    {"domain x", "landing_uris", {"studio::a app:Canvas:", ""}, {"studio::a; app:Canvas:", "studio::a /b"}},
    {"domain x", "space_name", {"a", "My-Space-1"}, {"my_space", "-a", "a-", "a b"}},
    {"domain x",
     "endpoint_url",
     {"https://vpce-1.api.sagemaker.us-east-1.vpce.amazonaws.com", "https://x:8443", "http://127.0.0.1:1",
      "http://[::1]:80", "http://127.1.2.3", "https://[2001:db8::1]"},
     {"http://example.com", "http://10.0.0.1", "http://localhost", "https://user@x", "https://u:p@x", "https://x/path",
      "https://x/", "https://x:0", "https://x:65536", "ftp://x", "https://", "https://x?y"}},
    {"domain x",
     "sts_endpoint_url",
     {"https://sts.us-east-1.amazonaws.com"},
     {"http://sts.us-east-1.amazonaws.com", "sts"}},
    {"domain x",
     "proxy_url",
     {"http://proxy:3128", "https://proxy.example"},
     {"proxy:3128", "http://u:p@proxy", "socks5://x"}},
    {"domain x", "ca_bundle", {"/etc/ssl/x.pem"}, {"x.pem", "/a/../b", "/a//b", "/a/.", "~/x", "/a/"}},
    {"domain x",
     "studio_url_suffixes",
     {"studio.example.com x.y"},
     {".example.com", "com", "a.b,c.d", "A.example", "a..b"}},
    {"domain x", "external_id", {"ab", "a:b/c=d"}, {"a", "a b", "a\"b"}},
    {"domain x",
     "role_arn",
     {"arn:aws:iam::123456789012:role/StudioLinks", "arn:aws-us-gov:iam::123456789012:role/a/b/c", ""},
     {"StudioLinks", "arn:aws:iam::123456789012:user/StudioLinks", "arn:aws:iam::12345:role/StudioLinks"}},
    {"credentials", "source", {"auto", "imds", "container", "file"}, {"env", "", "IMDS", "auto imds"}},
    {"credentials", "shared_credentials_file", {"/root/.aws/credentials"}, {"credentials"}},
    {"credentials",
     "credential_process",
     {"", "/usr/bin/aws_signing_helper credential-process --certificate '/etc/my host.pem'"},
     {"aws_signing_helper credential-process", "/usr/bin/x 'open"}},
    {"credentials",
     "container_credentials_relative_uri",
     {"/v2/credentials/0123-abcd", "/x?a=b&c=.d", "/..x/...", ""},
     {"v2/credentials", "http://169.254.170.2/x", "/a b", "/a/../b", "/..", "/a/.?x", "/%2e%2e/x", "/a#b", "/a\\b",
      "//x/./y"}},
    {"credentials",
     "container_credentials_full_uri",
     {"https://broker.example.com/keys?role=a", "http://127.0.0.1:1338/x", "http://[::1]:80/x",
      "http://169.254.170.2/x", "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials",
      "http://localhost:1338/x", "https://broker.example.com"},
     {"http://broker.example.com/keys", "http://10.0.0.1/x", "http://169.254.169.254/x", "http://169.254.170.3/x",
      "http://[fd00:ec2::254]/x", "https://u:p@broker.example.com/x", "http://127.0.0.1@evil.example/x",
      "http://localhost.evil.example/x", "https://x?y", "https://x/a/../b", "/v1/credentials", "https:///x"}},
    {"credentials",
     "container_authorization_token_file",
     {"/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"},
     {"token", "/a/../b"}},
    {"credentials",
     "ec2_metadata_service_endpoint",
     {"http://169.254.169.254", "http://[fd00:ec2::254]", "http://127.0.0.1:9911", "http://[::1]:80",
      "http://169.254.0.1:80", "http://[fe80::1]", "http://169.254.169.254:80"},
     {"https://169.254.169.254", "http://example.com", "http://10.0.0.1", "http://[fd00::1]", "http://169.254.169.254/",
      "http://localhost", "http://[fe80::1%eth0]", "http://0xa9.254.169.254"}},
    {"helper", "idle_timeout", {"1", "86400"}, {"0", "86401"}},
    {"helper", "max_links_per_user_per_minute", {"1", "1000"}, {"0", "1001"}},
    {"desktop",
     "browser",
     {"firefox", "/usr/bin/chromium", "org.mozilla.firefox.desktop"},
     {"firefox --new", "-x", "../x", "/a/../b"}},
    {"desktop", "contact", {"ask it-desk@example.com", "内線 1234"}, {NULL}},
};

static void
each_value_is_checked(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t j = 0; j < 9 && cases[i].good[j] != NULL; j++) {
            if (!accepts(cases[i].section, cases[i].key, cases[i].good[j]))
                fail_msg("refused: %s = %s", cases[i].key, cases[i].good[j]);
        }
        for (size_t j = 0; j < 12 && cases[i].bad[j] != NULL; j++) {
            if (accepts(cases[i].section, cases[i].key, cases[i].bad[j]))
                fail_msg("accepted: %s = %s", cases[i].key, cases[i].bad[j]);
        }
    }
}

static void
a_source_that_needs_a_program_is_refused_without_one(void **state)
{
    (void) state;
    static const char message[] = "studio.conf:2: source = process without credential_process, expected "
                                  "`credential_process = COMMAND` beside it";
    expect_failure("[credentials]\nsource = process\n", NULL, message);
    expect_failure("[credentials]\nsource = process\ncredential_process = /bin/x\n",
                   "[credentials]\ncredential_process =\n", message);
    struct settings *settings =
        good_settings("[credentials]\nsource = process\n", "[credentials]\ncredential_process = /bin/x --now\n", NULL);
    assert_int_equal(settings->credentials.source, CREDENTIALS_PROCESS);
    assert_string_equal(settings->credentials.credential_process, "/bin/x --now");
    settings_free(settings);
}

static void
an_empty_value_is_the_default(void **state)
{
    (void) state;
    struct settings *settings = good_settings("[credentials]\nprofile = p\nec2_metadata_service_endpoint =\n",
                                              "[credentials]\nprofile =\nshared_credentials_file =\n", NULL);
    assert_string_equal(settings->credentials.profile, "default");
    assert_string_equal(settings->credentials.shared_credentials_file, CONFIG_FOLDER "/credentials");
    assert_string_equal(settings->credentials.ec2_metadata_service_endpoint, "http://169.254.169.254");
    settings_free(settings);
}

/* What ECS and EKS put into the environment of a container's first process */

static int
container_environment_is_gone(void **state)
{
    (void) state;
    return unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") | unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") |
           unsetenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
}

static void
expect_container(const char *text, const char *relative, const char *full, const char *token_file)
{
    struct settings *settings = good_settings(text, NULL, NULL);
    const struct credentials_settings *credentials = &settings->credentials;
    const char *found[] = {credentials->container_credentials_relative_uri, credentials->container_credentials_full_uri,
                           credentials->container_authorization_token_file};
    const char *expected[] = {relative, full, token_file};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(found[i] == NULL, expected[i] == NULL);
        if (found[i] != NULL)
            assert_string_equal(found[i], expected[i]);
    }
    settings_free(settings);
}

static void
a_containers_environment_is_taken_where_the_file_says_nothing(void **state)
{
    (void) state;
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials", 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token", 1);
    expect_container(DOMAIN, NULL, "http://169.254.170.23/v1/credentials", "/var/run/token");
    expect_container("[credentials]\ncontainer_authorization_token_file = /mine\n", NULL,
                     "http://169.254.170.23/v1/credentials", "/mine");
    /* A token that was meant for one endpoint goes to no other. */
    expect_container("[credentials]\nsource = container\ncontainer_credentials_full_uri = https://x/y\n", NULL,
                     "https://x/y", NULL);
    expect_container("[credentials]\nsource = imds\n", NULL, NULL, NULL);
    setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1", 1);
    expect_container("[credentials]\nsource = container\n", "/v2/credentials/1", NULL, "/var/run/token");
}

static void
what_could_not_stand_in_the_file_is_refused_from_the_environment_too(void **state)
{
    (void) state;
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/x", 1);
    expect_failure(
        DOMAIN, NULL,
        "the environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI: expected https://HOST/PATH, or http:// "
        "with a loopback address, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
    expect_container("[credentials]\nsource = imds\n", NULL, NULL, NULL);
}

static void
keys_that_exclude_each_other_are_refused_across_files_and_sections(void **state)
{
    (void) state;
    static const char remedy[] = "; expected one of them (an empty value or `no` undoes an inherited one)";
    char message[320];
    snprintf(message, sizeof message, "studio.conf:4: landing_uri excludes space_name, which is set in studio.conf:3%s",
             remedy);
    expect_failure(DOMAIN "space_name = x\nlanding_uri = studio::\n", NULL, message);
    snprintf(message, sizeof message,
             "studio.conf:2: landing_uri excludes space_name, which is set in studio.conf.d/a.conf:2%s", remedy);
    expect_failure("[defaults]\nlanding_uri = studio::\n[domain research]\ndomain_id = d-1\n",
                   "[domain research]\nspace_name = x\n", message);
    snprintf(message, sizeof message,
             "studio.conf:3: endpoint_url excludes use_fips_endpoint, which is set in studio.conf:4%s", remedy);
    expect_failure(DOMAIN "endpoint_url = https://x\nuse_fips_endpoint = yes\n", NULL, message);
    snprintf(message, sizeof message,
             "studio.conf:2: endpoint_url excludes use_dualstack_endpoint, which is set in studio.conf:3%s", remedy);
    expect_failure("[defaults]\nendpoint_url = https://x\nuse_dualstack_endpoint = yes\n", NULL, message);
    snprintf(
        message, sizeof message,
        "studio.conf:2: container_credentials_relative_uri excludes container_credentials_full_uri, which is set in "
        "studio.conf.d/a.conf:2%s",
        remedy);
    expect_failure("[credentials]\ncontainer_credentials_relative_uri = /x\n",
                   "[credentials]\ncontainer_credentials_full_uri = https://x/y\n", message);
    settings_free(good_settings("[defaults]\nlanding_uri = studio::\nuse_fips_endpoint = yes\n" DOMAIN
                                "space_name = x\nlanding_uri =\nuse_fips_endpoint = no\nendpoint_url = https://x\n",
                                NULL, NULL));
}

static void
an_error_in_a_drop_in_names_the_drop_in(void **state)
{
    (void) state;
    expect_failure(DOMAIN, "[helper]\nidle_timeout = never\n",
                   "studio.conf.d/a.conf:2: idle_timeout: expected a whole number from 1 to 86400");
}

static void
no_message_holds_the_value_of_a_url(void **state)
{
    (void) state;
    const char *files[] = {DOMAIN "proxy_url = http://user:topsecret@proxy:3128\n", NULL, NULL};
    struct failure failure;
    assert_null(settings_of(files, &failure));
    assert_null(strstr(failure.message, "topsecret"));
}

static void
lists_and_domains_and_lines_are_bounded(void **state)
{
    (void) state;
    static char text[65536];
    size_t length = (size_t) snprintf(text, sizeof text, DOMAIN "landing_uris =");
    for (int i = 0; i < 33; i++)
        length += (size_t) snprintf(text + length, sizeof text - length, " studio::a%d", i);
    snprintf(text + length, sizeof text - length, "\n");
    expect_failure(text, NULL, "studio.conf:3: landing_uris: expected at most 32 words");
    length = 0;
    for (int i = 0; i < 1001; i++)
        length += (size_t) snprintf(text + length, sizeof text - length, "[domain x%d]\ndomain_id = d-1\n", i);
    expect_failure(text, NULL, "studio.conf:2001: too many sections, expected at most 1000");
    memset(text, '#', 20000);
    snprintf(text + 20000, 2, "\n");
    expect_failure(text, NULL, "studio.conf:1: a line of 20000 bytes, expected at most 16384");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_settings_at_all_are_the_defaults),
        cmocka_unit_test(every_key_reaches_its_member),
        cmocka_unit_test(a_domain_has_the_defaults_where_it_says_nothing),
        cmocka_unit_test(a_later_file_overrides_key_by_key),
        cmocka_unit_test(a_domain_may_be_completed_by_a_drop_in),
        cmocka_unit_test(many_domains_are_all_found),
        cmocka_unit_test(blanks_around_equals_and_comments_after_blanks_are_dropped),
        cmocka_unit_test(what_is_not_written_as_it_should_be_is_refused_with_its_line),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(names_of_domains_do_not_look_like_ids),
        cmocka_unit_test(each_value_is_checked),
        cmocka_unit_test(a_source_that_needs_a_program_is_refused_without_one),
        cmocka_unit_test(an_empty_value_is_the_default),
        cmocka_unit_test_teardown(a_containers_environment_is_taken_where_the_file_says_nothing,
                                  container_environment_is_gone),
        cmocka_unit_test_teardown(what_could_not_stand_in_the_file_is_refused_from_the_environment_too,
                                  container_environment_is_gone),
        cmocka_unit_test(keys_that_exclude_each_other_are_refused_across_files_and_sections),
        cmocka_unit_test(an_error_in_a_drop_in_names_the_drop_in),
        cmocka_unit_test(no_message_holds_the_value_of_a_url),
        cmocka_unit_test(lists_and_domains_and_lines_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
