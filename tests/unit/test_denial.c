/*
 * test_denial.c: which policy denied it, by the endings of AWS's own sentences.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "denial.h"

#define SUBJECT                                                                                                  \
    "User: arn:aws:sts::111122223333:assumed-role/studio-desktop-host/i-0123456789abcdef0 is not authorized to " \
    "perform: sagemaker:CreatePresignedDomainUrl on resource: "                                                  \
    "arn:aws:sagemaker:ap-northeast-1:111122223333:user-profile/d-abcdefghij12/session policy"

static void
ends_in(const char *ending, enum denial_policy policy, bool is_explicit)
{
    char message[600];

    snprintf(message, sizeof(message), "%s%s", SUBJECT, ending);

    struct denial denial = denial_read(message);

    if (denial.policy != policy || denial.is_explicit != is_explicit)
        fail_msg("%s: %d", ending, (int) denial.policy);
    assert_non_null(denial_advice(&denial, true));
}

static void
an_explicit_deny_names_its_policy(void **state)
{
    (void) state;
    ends_in(" with an explicit deny in an identity-based policy", DENIAL_IDENTITY, true);
    ends_in(" with an explicit deny in a service control policy", DENIAL_SERVICE_CONTROL, true);
    ends_in(" with an explicit deny in a resource control policy", DENIAL_RESOURCE_CONTROL, true);
    ends_in(" with an explicit deny in a VPC endpoint policy", DENIAL_VPC_ENDPOINT, true);
    ends_in(" with an explicit deny in a session policy", DENIAL_SESSION, true);
    ends_in(" with an explicit deny in a permissions boundary", DENIAL_BOUNDARY, true);
    ends_in(" with an explicit deny in a resource-based policy", DENIAL_RESOURCE, true);
}

static void
a_missing_allow_names_the_policy_that_lacks_it(void **state)
{
    (void) state;
    ends_in(" because no identity-based policy allows the sagemaker:CreatePresignedDomainUrl action", DENIAL_IDENTITY,
            false);
    ends_in(" because no permissions boundary allows the sagemaker:CreatePresignedDomainUrl action", DENIAL_BOUNDARY,
            false);
    ends_in(" because no session policy allows the sagemaker:CreatePresignedDomainUrl action", DENIAL_SESSION, false);
    ends_in(" because no VPC endpoint policy allows the sagemaker:CreatePresignedDomainUrl action", DENIAL_VPC_ENDPOINT,
            false);
}

static void
without_a_reason_none_is_guessed_from_names(void **state)
{
    (void) state;
    ends_in("", DENIAL_UNSAID, false);
    ends_in(" with an explicit deny", DENIAL_UNSAID, false);
}

static void
the_advice_on_conditions_depends_on_where_the_call_went(void **state)
{
    (void) state;
    static const struct denial denials[] = {{DENIAL_IDENTITY, true}, {DENIAL_IDENTITY, false}, {DENIAL_UNSAID, false}};

    for (size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++)
        assert_string_not_equal(denial_advice(&denials[i], true), denial_advice(&denials[i], false));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_explicit_deny_names_its_policy),
        cmocka_unit_test(a_missing_allow_names_the_policy_that_lacks_it),
        cmocka_unit_test(without_a_reason_none_is_guessed_from_names),
        cmocka_unit_test(the_advice_on_conditions_depends_on_where_the_call_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
