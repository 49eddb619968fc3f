/*
 * Where else the instance metadata service is, besides the address that the settings have.  What it is like to ask it
 * is in tests/test_check.py.
 *
 * SPDX-License-Identifier: MIT
 */
#include "metadata_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
the_service_is_looked_for_in_both_families(void **state)
{
    (void) state;
    assert_string_equal(metadata_probe_other_family("http://169.254.169.254"), "http://[fd00:ec2::254]");
    assert_string_equal(metadata_probe_other_family("http://[fd00:ec2::254]"), "http://169.254.169.254");
}

static void
a_service_at_an_address_of_its_own_has_no_other(void **state)
{
    (void) state;
    assert_null(metadata_probe_other_family("http://127.0.0.1:8080"));
    assert_null(metadata_probe_other_family("http://169.254.169.254:8080"));
    assert_null(metadata_probe_other_family("https://169.254.169.254"));
    assert_null(metadata_probe_other_family("http://metadata.example.com"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_is_looked_for_in_both_families),
        cmocka_unit_test(a_service_at_an_address_of_its_own_has_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
