/*
 * test_endpoint.c: the host names of SageMaker's API and of STS in every partition, and which URLs may be endpoints at
 * all.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "endpoint.h"

/* What botocore 1.43.11 resolves (sagemaker endpoint-rule-set-1): plain, dual-stack, FIPS, both. */
static const struct {
    const char *region, *plain, *dualstack, *fips, *both;
} rules[] = {
    {"us-east-1", "https://api.sagemaker.us-east-1.amazonaws.com", "https://api.sagemaker.us-east-1.api.aws",
     "https://api-fips.sagemaker.us-east-1.amazonaws.com", "https://api.sagemaker-fips.us-east-1.api.aws"},
    {"ap-northeast-1", "https://api.sagemaker.ap-northeast-1.amazonaws.com",
     "https://api.sagemaker.ap-northeast-1.api.aws", "https://api-fips.sagemaker.ap-northeast-1.amazonaws.com",
     "https://api.sagemaker-fips.ap-northeast-1.api.aws"},
    {"mx-central-1", "https://api.sagemaker.mx-central-1.amazonaws.com", "https://api.sagemaker.mx-central-1.api.aws",
     "https://api-fips.sagemaker.mx-central-1.amazonaws.com", "https://api.sagemaker-fips.mx-central-1.api.aws"},
    {"us-gov-west-1", "https://api.sagemaker.us-gov-west-1.amazonaws.com",
     "https://api.sagemaker.us-gov-west-1.api.aws", "https://api-fips.sagemaker.us-gov-west-1.amazonaws.com",
     "https://api.sagemaker-fips.us-gov-west-1.api.aws"},
    {"cn-north-1", "https://api.sagemaker.cn-north-1.amazonaws.com.cn",
     "https://api.sagemaker.cn-north-1.api.amazonwebservices.com.cn",
     "https://api.sagemaker-fips.cn-north-1.amazonaws.com.cn",
     "https://api.sagemaker-fips.cn-north-1.api.amazonwebservices.com.cn"},
    {"eusc-de-east-1", "https://api.sagemaker.eusc-de-east-1.amazonaws.eu",
     "https://api.sagemaker.eusc-de-east-1.api.amazonwebservices.eu",
     "https://api.sagemaker-fips.eusc-de-east-1.amazonaws.eu",
     "https://api.sagemaker-fips.eusc-de-east-1.api.amazonwebservices.eu"},
    {"us-iso-east-1", "https://api.sagemaker.us-iso-east-1.c2s.ic.gov",
     "https://api.sagemaker.us-iso-east-1.api.aws.ic.gov", "https://api.sagemaker-fips.us-iso-east-1.c2s.ic.gov",
     "https://api.sagemaker-fips.us-iso-east-1.api.aws.ic.gov"},
    {"us-isob-east-1", "https://api.sagemaker.us-isob-east-1.sc2s.sgov.gov",
     "https://api.sagemaker.us-isob-east-1.api.aws.scloud", "https://api.sagemaker-fips.us-isob-east-1.sc2s.sgov.gov",
     "https://api.sagemaker-fips.us-isob-east-1.api.aws.scloud"},
    {"eu-isoe-west-1", "https://api.sagemaker.eu-isoe-west-1.cloud.adc-e.uk",
     "https://api.sagemaker.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
     "https://api.sagemaker-fips.eu-isoe-west-1.cloud.adc-e.uk",
     "https://api.sagemaker-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
    {"us-isof-south-1", "https://api.sagemaker.us-isof-south-1.csp.hci.ic.gov",
     "https://api.sagemaker.us-isof-south-1.api.aws.hci.ic.gov",
     "https://api.sagemaker-fips.us-isof-south-1.csp.hci.ic.gov",
     "https://api.sagemaker-fips.us-isof-south-1.api.aws.hci.ic.gov"},
    {"cn-a-b-1", "https://api.sagemaker.cn-a-b-1.amazonaws.com", "https://api.sagemaker.cn-a-b-1.api.aws",
     "https://api-fips.sagemaker.cn-a-b-1.amazonaws.com", "https://api.sagemaker-fips.cn-a-b-1.api.aws"},
    {"us-iso-1", "https://api.sagemaker.us-iso-1.amazonaws.com", "https://api.sagemaker.us-iso-1.api.aws",
     "https://api-fips.sagemaker.us-iso-1.amazonaws.com", "https://api.sagemaker-fips.us-iso-1.api.aws"},
    {"xx-nowhere-9", "https://api.sagemaker.xx-nowhere-9.amazonaws.com", "https://api.sagemaker.xx-nowhere-9.api.aws",
     "https://api-fips.sagemaker.xx-nowhere-9.amazonaws.com", "https://api.sagemaker-fips.xx-nowhere-9.api.aws"},
};

static void
expect_endpoint(const char *region, bool fips, bool dualstack, const char *expected)
{
    char url[256];
    struct failure failure;
    assert_true(endpoint_sagemaker(region, NULL, fips, dualstack, url, sizeof(url), &failure));
    assert_string_equal(url, expected);
}

static void
every_partition_has_its_own_names(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        expect_endpoint(rules[i].region, false, false, rules[i].plain);
        expect_endpoint(rules[i].region, false, true, rules[i].dualstack);
        expect_endpoint(rules[i].region, true, false, rules[i].fips);
        expect_endpoint(rules[i].region, true, true, rules[i].both);
    }
}

/* What botocore 1.43.11 resolves (sts endpoint-rule-set-1, UseGlobalEndpoint false): plain, dual-stack, FIPS, both. */
static const struct {
    const char *region, *plain, *dualstack, *fips, *both;
} sts_rules[] = {
    {"us-east-1", "https://sts.us-east-1.amazonaws.com", "https://sts.us-east-1.api.aws",
     "https://sts-fips.us-east-1.amazonaws.com", "https://sts-fips.us-east-1.api.aws"},
    {"ap-northeast-1", "https://sts.ap-northeast-1.amazonaws.com", "https://sts.ap-northeast-1.api.aws",
     "https://sts-fips.ap-northeast-1.amazonaws.com", "https://sts-fips.ap-northeast-1.api.aws"},
    {"us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com", "https://sts.us-gov-west-1.api.aws",
     "https://sts.us-gov-west-1.amazonaws.com", "https://sts-fips.us-gov-west-1.api.aws"},
    {"cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn", "https://sts.cn-north-1.api.amazonwebservices.com.cn",
     "https://sts-fips.cn-north-1.amazonaws.com.cn", "https://sts-fips.cn-north-1.api.amazonwebservices.com.cn"},
    {"eusc-de-east-1", "https://sts.eusc-de-east-1.amazonaws.eu", "https://sts.eusc-de-east-1.api.amazonwebservices.eu",
     "https://sts-fips.eusc-de-east-1.amazonaws.eu", "https://sts-fips.eusc-de-east-1.api.amazonwebservices.eu"},
    {"us-iso-east-1", "https://sts.us-iso-east-1.c2s.ic.gov", "https://sts.us-iso-east-1.api.aws.ic.gov",
     "https://sts-fips.us-iso-east-1.c2s.ic.gov", "https://sts-fips.us-iso-east-1.api.aws.ic.gov"},
    {"us-isob-east-1", "https://sts.us-isob-east-1.sc2s.sgov.gov", "https://sts.us-isob-east-1.api.aws.scloud",
     "https://sts-fips.us-isob-east-1.sc2s.sgov.gov", "https://sts-fips.us-isob-east-1.api.aws.scloud"},
    {"eu-isoe-west-1", "https://sts.eu-isoe-west-1.cloud.adc-e.uk", "https://sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
     "https://sts-fips.eu-isoe-west-1.cloud.adc-e.uk", "https://sts-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
    {"us-isof-south-1", "https://sts.us-isof-south-1.csp.hci.ic.gov", "https://sts.us-isof-south-1.api.aws.hci.ic.gov",
     "https://sts-fips.us-isof-south-1.csp.hci.ic.gov", "https://sts-fips.us-isof-south-1.api.aws.hci.ic.gov"},
};

static void
expect_sts(const char *region, bool fips, bool dualstack, const char *expected)
{
    char url[256];
    struct failure failure;
    assert_true(endpoint_sts(region, NULL, fips, dualstack, url, sizeof(url), &failure));
    assert_string_equal(url, expected);
}

static void
sts_is_asked_in_the_region_in_every_partition(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof(sts_rules) / sizeof(sts_rules[0]); i++) {
        expect_sts(sts_rules[i].region, false, false, sts_rules[i].plain);
        expect_sts(sts_rules[i].region, false, true, sts_rules[i].dualstack);
        expect_sts(sts_rules[i].region, true, false, sts_rules[i].fips);
        expect_sts(sts_rules[i].region, true, true, sts_rules[i].both);
    }
}

static void
the_endpoint_of_sts_has_a_setting_of_its_own(void **state)
{
    (void) state;
    char url[256];
    struct failure failure;
    assert_true(endpoint_sts("us-east-1", "https://vpce-1.sts.us-east-1.vpce.amazonaws.com/", false, false, url,
                             sizeof(url), &failure));
    assert_string_equal(url, "https://vpce-1.sts.us-east-1.vpce.amazonaws.com");
    assert_false(endpoint_sts("us-east-1", "https://x.example", true, false, url, sizeof(url), &failure));
    assert_string_equal(failure.code, "config");
    assert_non_null(strstr(failure.message, "sts_endpoint_url excludes use_fips_endpoint"));
    assert_false(endpoint_sts("us-east-1", "http://sts.example", false, false, url, sizeof(url), &failure));
    assert_non_null(strstr(failure.message, "sts_endpoint_url is \"http://sts.example\""));
    assert_false(endpoint_sts("aws-global", NULL, false, false, url, sizeof(url), &failure));
    assert_false(endpoint_sts("us-east-1", NULL, false, false, url, 20, &failure));
}

static void
a_region_has_the_partition_that_arns_name(void **state)
{
    (void) state;
    static const struct {
        const char *region, *partition, *studio_domain;
    } expected[] = {
        {"eu-west-1", "aws", "sagemaker.aws"},
        {"mx-central-1", "aws", "sagemaker.aws"},
        {"us-gov-east-1", "aws-us-gov", "sagemaker.aws"},
        {"cn-northwest-1", "aws-cn", "sagemaker.com.cn"},
        {"eusc-de-east-1", "aws-eusc", NULL},
        {"us-iso-west-1", "aws-iso", NULL},
        {"us-isob-east-1", "aws-iso-b", NULL},
        {"eu-isoe-west-1", "aws-iso-e", NULL},
        {"us-isof-south-1", "aws-iso-f", NULL},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_string_equal(partition_of_region(expected[i].region)->name, expected[i].partition);
        const char *domain = region_studio_domain(expected[i].region);
        if (expected[i].studio_domain == NULL)
            assert_null(domain);
        else
            assert_string_equal(domain, expected[i].studio_domain);
    }
}

static void
a_region_is_words_and_a_number(void **state)
{
    (void) state;
    static const char *const good[] = {"us-east-1",      "ap-southeast-7", "us-gov-east-1",  "eusc-de-east-1",
                                       "eu-isoe-west-1", "il-central-1",   "ap-northeast-10"};
    static const char *const bad[] = {"",
                                      "us",
                                      "us-east",
                                      "us-east-",
                                      "us-east-123",
                                      "-east-1",
                                      "us--1",
                                      "u-east-1",
                                      "US-EAST-1",
                                      "us-east-1.evil.example",
                                      "us-east-1/",
                                      "us-east-1\n",
                                      "us_east_1",
                                      "us-east-1a",
                                      " us-east-1",
                                      "useast-east-1",
                                      "us-a-b-c-d-1",
                                      "us-eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(region_is_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(region_is_valid(bad[i]));
    assert_false(region_is_valid(NULL));
}

static void
endpoint_url_is_taken_as_it_is(void **state)
{
    (void) state;
    char url[256];
    struct failure failure;
    assert_true(endpoint_sagemaker("us-east-1", "https://vpce-1.api.sagemaker.us-east-1.vpce.amazonaws.com", false,
                                   false, url, sizeof(url), &failure));
    assert_string_equal(url, "https://vpce-1.api.sagemaker.us-east-1.vpce.amazonaws.com");
    assert_true(endpoint_sagemaker("us-east-1", "https://127.0.0.1:8443/", false, false, url, sizeof(url), &failure));
    assert_string_equal(url, "https://127.0.0.1:8443");
}

static void
expect_no_endpoint(const char *region, const char *endpoint_url, bool fips, bool dualstack)
{
    char url[256];
    struct failure failure = {0};
    assert_false(endpoint_sagemaker(region, endpoint_url, fips, dualstack, url, sizeof(url), &failure));
    assert_string_equal(failure.code, "config");
    assert_true(strlen(failure.message) > 20);
}

static void
endpoint_url_excludes_fips_and_dualstack(void **state)
{
    (void) state;
    expect_no_endpoint("us-east-1", "https://x.example", true, false);
    expect_no_endpoint("us-east-1", "https://x.example", false, true);
}

static void
a_bad_region_or_endpoint_url_is_a_config_error(void **state)
{
    (void) state;
    char long_url[400] = "https://";
    memset(long_url + 8, 'a', sizeof(long_url) - 9);
    expect_no_endpoint("moon", NULL, false, false);
    expect_no_endpoint(NULL, NULL, false, false);
    expect_no_endpoint("us-east-1", "", false, false);
    expect_no_endpoint("us-east-1", "/", false, false);
    expect_no_endpoint("us-east-1", "http://api.example.com", false, false);
    expect_no_endpoint("us-east-1", "https://x.example/path", false, false);
    expect_no_endpoint("us-east-1", "https://x.example//", false, false);
    expect_no_endpoint("us-east-1", long_url, false, false);
}

static void
an_url_that_does_not_fit_is_not_cut(void **state)
{
    (void) state;
    char url[20];
    struct failure failure;
    assert_false(endpoint_sagemaker("us-east-1", NULL, false, false, url, sizeof(url), &failure));
}

static void
expect_host(const char *url, const char *expected)
{
    char host[264];
    assert_true(endpoint_host(url, host, sizeof(host)));
    assert_string_equal(host, expected);
}

static void
the_host_header_leaves_out_the_default_port(void **state)
{
    (void) state;
    expect_host("https://api.example.com", "api.example.com");
    expect_host("https://api.example.com:443", "api.example.com");
    expect_host("https://api.example.com:8443", "api.example.com:8443");
    expect_host("http://127.0.0.1:80", "127.0.0.1");
    expect_host("http://127.0.0.1:443", "127.0.0.1:443");
    expect_host("http://[fd00:ec2::254]", "[fd00:ec2::254]");
    expect_host("http://[::1]:65535", "[::1]:65535");
}

static void
what_is_not_scheme_host_and_port_has_no_host(void **state)
{
    (void) state;
    static const char *const bad[] = {"",
                                      "api.example.com",
                                      "ftp://api.example.com",
                                      "HTTPS://api.example.com",
                                      "https:/api.example.com",
                                      "https://",
                                      "https://user@api.example.com",
                                      "https://user:word@api.example.com",
                                      "https://api.example.com/",
                                      "https://api.example.com?x",
                                      "https://api.example.com#x",
                                      "https://api.example.com:",
                                      "https://api.example.com:0",
                                      "https://api.example.com:08",
                                      "https://api.example.com:65536",
                                      "https://api.example.com:99999999999",
                                      "https://api.example.com:8x",
                                      "https://api.example.com.",
                                      "https://.example.com",
                                      "https://a..b",
                                      "https://-a.b",
                                      "https://a-.b",
                                      "https://a_b.c",
                                      "https://a b",
                                      "https://a\nb",
                                      "https://a\\b",
                                      "https://[::1",
                                      "https://[::1]x",
                                      "https://[::g]",
                                      "https://[]",
                                      "https://[fe80::1%25eth0]",
                                      "https://\xc3\xa9.example"};
    char host[264];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (endpoint_host(bad[i], host, sizeof(host)))
            fail_msg("%s was taken", bad[i]);
    }
    assert_false(endpoint_host(NULL, host, sizeof(host)));
    assert_false(endpoint_host("https://api.example.com", host, 4));
}

static void
plain_http_is_local_only(void **state)
{
    (void) state;
    static const char *const local[] = {"http://127.0.0.1",       "http://127.255.0.9:8080", "http://169.254.169.254",
                                        "http://[::1]:1",         "http://[fe80::1]",        "http://[fd00:ec2::254]",
                                        "http://169.254.170.2:80"};
    static const char *const far[] = {"https://127.0.0.1",  "http://localhost",         "http://10.0.0.1",
                                      "http://192.168.1.1", "http://[fd00::1]",         "http://169.253.1.1",
                                      "http://0.0.0.0",     "http://127.0.0.1.example", "http://127.1",
                                      "http://127.0.0.1/x", "http://x@127.0.0.1",       ""};
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        assert_true(endpoint_is_local_http(local[i]));
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
        assert_false(endpoint_is_local_http(far[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_partition_has_its_own_names),
        cmocka_unit_test(sts_is_asked_in_the_region_in_every_partition),
        cmocka_unit_test(the_endpoint_of_sts_has_a_setting_of_its_own),
        cmocka_unit_test(a_region_has_the_partition_that_arns_name),
        cmocka_unit_test(a_region_is_words_and_a_number),
        cmocka_unit_test(endpoint_url_is_taken_as_it_is),
        cmocka_unit_test(endpoint_url_excludes_fips_and_dualstack),
        cmocka_unit_test(a_bad_region_or_endpoint_url_is_a_config_error),
        cmocka_unit_test(an_url_that_does_not_fit_is_not_cut),
        cmocka_unit_test(the_host_header_leaves_out_the_default_port),
        cmocka_unit_test(what_is_not_scheme_host_and_port_has_no_host),
        cmocka_unit_test(plain_http_is_local_only),
    };
    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
