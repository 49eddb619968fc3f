/*
 * test_studio_url.c: which links may be shown to a user, and that a refusal never repeats the link.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "studio_url.h"

#define REGION "us-east-1"
#define HOST   "d-abcdefghij12.studio.us-east-1.sagemaker.aws"
#define TOKEN  "eyJhbGciOiJIUzI1NiJ9.eyJmYXNDcmVkZW50aWFscyI6Ik.s3cr3t-_s1gn4tur3"

static void
expect_good(const char *url, const char *region, char *const *suffixes)
{
    struct failure failure = {0};
    if (!studio_url_check(url, region, suffixes, &failure))
        fail_msg("refused: %s: %s", url, failure.message);
}

static void
expect_bad(const char *url, char *const *suffixes)
{
    struct failure failure = {0};
    if (studio_url_check(url, REGION, suffixes, &failure))
        fail_msg("taken: %.200s", url);
    assert_string_equal(failure.code, "bad-answer");
    assert_true(strlen(failure.message) > 20);
    assert_null(strstr(failure.message, "s3cr3t"));
    assert_null(strchr(failure.message, '\n'));
}

static void
the_hosts_that_aws_uses_are_good(void **state)
{
    (void) state;
    expect_good("https://" HOST "/auth?token=" TOKEN, REGION, NULL);
    expect_good("https://studio-" HOST "/auth?token=" TOKEN, REGION, NULL);
    expect_good("https://x1yz2.studio.us-east-1.sagemaker.aws/auth?token=" TOKEN, REGION, NULL);
    expect_good("https://d-1.studio-fips.us-gov-west-1.sagemaker.aws/auth?token=" TOKEN, "us-gov-west-1", NULL);
    expect_good("https://d-1.studio.cn-north-1.sagemaker.com.cn/auth?token=" TOKEN, "cn-north-1", NULL);
}

static void
further_parameters_are_good(void **state)
{
    (void) state;
    expect_good("https://" HOST "/auth?token=" TOKEN "&redirect=RStudioServerPro", REGION, NULL);
    expect_good("https://" HOST "/auth?token=a%2Bb%3D", REGION, NULL);
}

static void
another_scheme_is_bad(void **state)
{
    (void) state;
    expect_bad("http://" HOST "/auth?token=s3cr3t", NULL);
    expect_bad("HTTPS://" HOST "/auth?token=s3cr3t", NULL);
    expect_bad("https:\\\\" HOST "/auth?token=s3cr3t", NULL);
    expect_bad("https:/" HOST "/auth?token=s3cr3t", NULL);
    expect_bad("https:" HOST "/auth?token=s3cr3t", NULL);
    expect_bad("//" HOST "/auth?token=s3cr3t", NULL);
    expect_bad(" https://" HOST "/auth?token=s3cr3t", NULL);
    expect_bad("javascript:alert('s3cr3t')//https://" HOST "/auth?token=x", NULL);
    expect_bad("data:text/html,s3cr3t", NULL);
    expect_bad("", NULL);
}

static void
user_info_and_port_are_bad(void **state)
{
    (void) state;
    expect_bad("https://" HOST "@evil.example/auth?token=s3cr3t", NULL);
    expect_bad("https://evil.example@" HOST "/auth?token=s3cr3t", NULL);
    expect_bad("https://user:s3cr3t@" HOST "/auth?token=s3cr3t", NULL);
    expect_bad("https://" HOST ":443/auth?token=s3cr3t", NULL);
    expect_bad("https://" HOST ":/auth?token=s3cr3t", NULL);
}

static void
hosts_that_only_look_alike_are_bad(void **state)
{
    (void) state;
    expect_bad("https://evil.example/auth?token=s3cr3t", NULL);
    expect_bad("https://" HOST ".evil.example/auth?token=s3cr3t", NULL);
    expect_bad("https://" HOST ".example/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.studio.us-east-1.sagemaker.aws.com/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.studio.us-east-1.evilsagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.studio.us-east-1-sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.notstudio.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.studio-evil.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.notebook.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://studio.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://a.d-1.studio.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.studio.us-east-1.sagemaker.aws./auth?token=s3cr3t", NULL);
    expect_bad("https://.studio.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://-d.studio.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-.studio.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://D-1.studio.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.studio.us-east-1.sagemaker.\xd0\xb0ws/auth?token=s3cr3t", NULL); /* Cyrillic a */
    expect_bad("https://d-1.studio.us-east-1.sagemaker\xe3\x80\x82"
               "aws/auth?token=s3cr3t",
               NULL); /* ideographic full stop */
    expect_bad("https://d-1%2estudio.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://evil.example\\." HOST "/auth?token=s3cr3t", NULL);
    expect_bad("https://127.0.0.1/auth?token=s3cr3t", NULL);
    expect_bad("https://[::1]/auth?token=s3cr3t", NULL);
}

static void
a_link_of_another_region_is_bad(void **state)
{
    (void) state;
    expect_bad("https://d-1.studio.us-east-2.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.studio.us-east-11.sagemaker.aws/auth?token=s3cr3t", NULL);
    expect_bad("https://d-1.studio.us-east-1.evil.us-east-1.sagemaker.aws/auth?token=s3cr3t", NULL);
}

static void
expect_bad_in(const char *region, const char *url)
{
    struct failure failure = {0};
    if (studio_url_check(url, region, NULL, &failure))
        fail_msg("taken in %s: %s", region, url);
    assert_string_equal(failure.code, "bad-answer");
}

static void
a_link_of_another_partition_is_bad(void **state)
{
    (void) state;
    expect_bad_in("us-east-1", "https://d-1.studio.us-east-1.sagemaker.com.cn/auth?token=s3cr3t");
    expect_bad_in("cn-north-1", "https://d-1.studio.cn-north-1.sagemaker.aws/auth?token=s3cr3t");
    expect_bad_in("us-gov-west-1", "https://d-1.studio.us-gov-west-1.sagemaker.com.cn/auth?token=s3cr3t");
}

static void
only_govcloud_has_fips_hosts(void **state)
{
    (void) state;
    expect_good("https://d-1.studio-fips.us-gov-east-1.sagemaker.aws/auth?token=" TOKEN, "us-gov-east-1", NULL);
    expect_good("https://d-1.studio.us-gov-east-1.sagemaker.aws/auth?token=" TOKEN, "us-gov-east-1", NULL);
    expect_bad_in("us-east-1", "https://d-1.studio-fips.us-east-1.sagemaker.aws/auth?token=s3cr3t");
    expect_bad_in("cn-north-1", "https://d-1.studio-fips.cn-north-1.sagemaker.com.cn/auth?token=s3cr3t");
}

static void
where_aws_has_published_no_hosts_the_settings_alone_allow_one(void **state)
{
    (void) state;
    static const char *const regions[] = {"us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1",
                                          "eusc-de-east-1"};
    char *suffixes[] = {"studio.us-iso-east-1.sagemaker.c2s.example", NULL};
    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        char url[200];
        struct failure failure;
        snprintf(url, sizeof(url), "https://d-1.studio.%s.sagemaker.aws/auth?token=s3cr3t", regions[i]);
        assert_false(studio_url_check(url, regions[i], NULL, &failure));
        assert_non_null(strstr(failure.message, "only studio_url_suffixes in studio.conf"));
        assert_non_null(strstr(failure.message, regions[i]));
    }
    expect_good("https://d-1.studio.us-iso-east-1.sagemaker.c2s.example/auth?token=" TOKEN, "us-iso-east-1", suffixes);
}

static void
another_path_is_bad(void **state)
{
    (void) state;
    expect_bad("https://" HOST, NULL);
    expect_bad("https://" HOST "/", NULL);
    expect_bad("https://" HOST "/auth", NULL);
    expect_bad("https://" HOST "/auth?", NULL);
    expect_bad("https://" HOST "/auth?token", NULL);
    expect_bad("https://" HOST "/auth?token=", NULL);
    expect_bad("https://" HOST "/auth?token=&x=s3cr3t", NULL);
    expect_bad("https://" HOST "/auth/../logout?token=s3cr3t", NULL);
    expect_bad("https://" HOST "//auth?token=s3cr3t", NULL);
    expect_bad("https://" HOST "/authx?token=s3cr3t", NULL);
    expect_bad("https://" HOST "/auth?redirect=//evil.example&token=s3cr3t", NULL);
    expect_bad("https://" HOST "?token=s3cr3t", NULL);
    expect_bad("https://" HOST "/auth?token=s3cr3t#fragment", NULL);
    expect_bad("https://" HOST "#/auth?token=s3cr3t", NULL);
}

static void
no_byte_that_could_end_or_split_a_link_is_good(void **state)
{
    (void) state;
    for (int byte = 1; byte < 256; byte++) {
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=&-", byte) != NULL)
            continue;
        char url[] = "https://" HOST "/auth?token=s3cr3t?more";
        *strrchr(url, '?') = (char) byte;
        expect_bad(url, NULL);
    }
}

static void
escaped_control_bytes_and_broken_escapes_are_bad(void **state)
{
    (void) state;
    expect_bad("https://" HOST "/auth?token=s3cr3t%0aSet-Cookie", NULL);
    expect_bad("https://" HOST "/auth?token=s3cr3t%0D", NULL);
    expect_bad("https://" HOST "/auth?token=s3cr3t%00", NULL);
    expect_bad("https://" HOST "/auth?token=s3cr3t%1F", NULL);
    expect_bad("https://" HOST "/auth?token=s3cr3t%7f", NULL);
    expect_bad("https://" HOST "/auth?token=s3cr3t%", NULL);
    expect_bad("https://" HOST "/auth?token=s3cr3t%4", NULL);
    expect_bad("https://" HOST "/auth?token=s3cr3t%gg", NULL);
}

static const char *
link_of_length(size_t length)
{
    static const char beginning[] = "https://" HOST "/auth?token=s3cr3t";
    static char url[50000];
    assert_true(length < sizeof(url));
    memset(url, 'x', length);
    memcpy(url, beginning, sizeof(beginning) - 1);
    url[length] = '\0';
    return url;
}

static void
the_longest_link_is_good_and_one_byte_more_is_bad(void **state)
{
    (void) state;
    expect_good(link_of_length(STUDIO_URL_MAX), REGION, NULL);
    expect_bad(link_of_length(STUDIO_URL_MAX + 1), NULL);
    expect_bad(link_of_length(40000), NULL);
}

static void
an_overlong_host_is_bad(void **state)
{
    (void) state;
    char url[512] = "https://";
    memset(url + 8, 'a', 64);
    strncat(url, ".studio.us-east-1.sagemaker.aws/auth?token=s3cr3t", 100);
    expect_bad(url, NULL);
}

static void
a_suffix_of_the_settings_counts_from_a_label_on(void **state)
{
    (void) state;
    char *suffixes[] = {"studio.corp.example", ".isolated.example", NULL};
    expect_good("https://d-1.studio.corp.example/auth?token=" TOKEN, REGION, suffixes);
    expect_good("https://a.b.studio.corp.example/auth?token=" TOKEN, REGION, suffixes);
    expect_good("https://studio.corp.example/auth?token=" TOKEN, REGION, suffixes);
    expect_good("https://x.isolated.example/auth?token=" TOKEN, REGION, suffixes);
    expect_bad("https://evilstudio.corp.example/auth?token=s3cr3t", suffixes);
    expect_bad("https://studio.corp.example.evil.example/auth?token=s3cr3t", suffixes);
    expect_bad("https://corp.example/auth?token=s3cr3t", suffixes);
    expect_bad("https://x.studio.corp.example:8443/auth?token=s3cr3t", suffixes);
    expect_bad("https://x.studio.corp.example/other?token=s3cr3t", suffixes);
}

static void
an_empty_suffix_opens_nothing(void **state)
{
    (void) state;
    char *suffixes[] = {"", ".", NULL};
    expect_bad("https://evil.example/auth?token=s3cr3t", suffixes);
}

static void
a_refusal_names_the_host_and_the_setting(void **state)
{
    (void) state;
    struct failure failure;
    assert_false(studio_url_check("https://x.evil.example/auth?token=s3cr3t", REGION, NULL, &failure));
    assert_non_null(strstr(failure.message, "x.evil.example"));
    assert_non_null(strstr(failure.message, "studio_url_suffixes"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hosts_that_aws_uses_are_good),
        cmocka_unit_test(further_parameters_are_good),
        cmocka_unit_test(another_scheme_is_bad),
        cmocka_unit_test(user_info_and_port_are_bad),
        cmocka_unit_test(hosts_that_only_look_alike_are_bad),
        cmocka_unit_test(a_link_of_another_region_is_bad),
        cmocka_unit_test(a_link_of_another_partition_is_bad),
        cmocka_unit_test(only_govcloud_has_fips_hosts),
        cmocka_unit_test(where_aws_has_published_no_hosts_the_settings_alone_allow_one),
        cmocka_unit_test(another_path_is_bad),
        cmocka_unit_test(no_byte_that_could_end_or_split_a_link_is_good),
        cmocka_unit_test(escaped_control_bytes_and_broken_escapes_are_bad),
        cmocka_unit_test(the_longest_link_is_good_and_one_byte_more_is_bad),
        cmocka_unit_test(an_overlong_host_is_bad),
        cmocka_unit_test(a_suffix_of_the_settings_counts_from_a_label_on),
        cmocka_unit_test(an_empty_suffix_opens_nothing),
        cmocka_unit_test(a_refusal_names_the_host_and_the_setting),
    };
    return cmocka_run_group_tests_name("studio_url", tests, NULL, NULL);
}
