/*
 * test_network_address.c: which addresses are those of a VPC endpoint, and which the internet's.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "network_address.h"

static void
each_is(enum network_reach reach, const char *const *addresses)
{
    for (; *addresses != NULL; addresses++) {
        if (network_address_reach(*addresses) != reach)
            fail_msg("%s", *addresses);
    }
}

static void
networks_of_ones_own_are_private_to_their_edges(void **state)
{
    (void) state;
    each_is(NETWORK_PRIVATE,
            (const char *const[]){"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1",
                                  "192.168.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
                                  "169.254.0.1", "fc00::1", "fdff::1", "[fd00:ec2::254]", "::1", "[::1]", "fe80::1",
                                  "::ffff:10.1.2.3", NULL});
}

static void
what_lies_beyond_those_edges_is_public(void **state)
{
    (void) state;
    each_is(NETWORK_PUBLIC,
            (const char *const[]){"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
                                  "192.169.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
                                  "169.253.255.255", "169.255.0.0", "fbff::1", "fe00::1", "[2001:db8::1]", "::2",
                                  "::ffff:203.0.113.5", NULL});
}

static void
text_that_is_no_address_has_no_reach(void **state)
{
    (void) state;
    each_is(NETWORK_NO_ADDRESS,
            (const char *const[]){"", "[", "[]", "10.0.0", "10.0.0.1.", "10.0.0.256", "api.sagemaker", "10.0.0.1:443",
                                  "[10.0.0.1", "::1]", " ::1",
                                  "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]",
                                  "11111111111111111111111111111111111111111111111111111111", NULL});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_of_ones_own_are_private_to_their_edges),
        cmocka_unit_test(what_lies_beyond_those_edges_is_public),
        cmocka_unit_test(text_that_is_no_address_has_no_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
