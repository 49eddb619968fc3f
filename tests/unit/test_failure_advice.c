/*
 * What a user reads when a click fails: what he can do first, then what the administrator needs.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "failure_advice.h"

static struct failure
advised(const char *code, const char *message, const char *contact, const char *request_id)
{
    struct failure failure;

    failure_set(&failure, code, "%s", message);
    assert_false(failure_advise(&failure, contact, request_id));
    return failure;
}

static void
the_sentence_comes_first_and_the_details_after_it(void **state)
{
    struct failure failure = advised("network", "the exchange broke off", NULL, NULL);

    (void) state;
    assert_string_equal(failure.code, "network");
    assert_string_equal(failure.message,
                        "SageMaker Studio cannot be reached from this computer right now. Try again in a minute; if it "
                        "stays so, tell your administrator. Details: network: the exchange broke off");
}

static void
whom_to_tell_is_named_where_it_is_known(void **state)
{
    static const char expected[] = "tell your administrator (it-desk@example.com). Details";

    (void) state;
    assert_non_null(strstr(advised("dns", "m", "it-desk@example.com", "").message, expected));
    assert_non_null(strstr(advised("dns", "m", "ask it-desk@example.com", "").message, expected));
    assert_non_null(strstr(advised("dns", "m", "Ask it-desk@example.com", "").message, expected));
    assert_non_null(strstr(advised("dns", "m", "", "").message, "tell your administrator. Details"));
}

static void
the_request_id_is_told(void **state)
{
    (void) state;
    assert_non_null(strstr(advised("access-denied", "denied", "", "0f3d").message,
                           " Details: access-denied, request id 0f3d: denied"));
}

static void
a_failure_that_is_not_known_has_a_sentence_too(void **state)
{
    struct failure failure = advised("brand-new", "", NULL, NULL);

    (void) state;
    assert_string_equal(failure.message, "SageMaker Studio could not be opened. Try again in a minute; if it stays so, "
                                         "tell your administrator. Details: brand-new");
}

static void
keys_and_roles_that_fail_have_sentences_of_their_own(void **state)
{
    (void) state;
    assert_non_null(strstr(advised("role-denied", "m", "", "").message, "not allowed to act for you in AWS. Tell"));
    assert_non_null(strstr(advised("credentials", "m", "", "").message, "no valid permission of its own"));
    assert_non_null(strstr(advised("container-unreachable", "m", "", "").message, "no valid permission of its own"));
}

static void
long_details_take_nothing_from_the_sentence(void **state)
{
    char text[FAILURE_MESSAGE_SIZE];
    struct failure failure;

    (void) state;
    memset(text, '%', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    failure = advised("tls", text, text, "0f3d");
    assert_non_null(strstr(failure.message, ADVICE_DETAILS "tls, request id 0f3d: %%%%"));
    assert_int_equal(strlen(failure.message), FAILURE_MESSAGE_SIZE - 1);
}

static void
who_has_no_link_by_intent_is_told_which_intent(void **state)
{
    static const struct {
        const char *reason;
        const char *expected;
    } CASES[] = {
        {"no-rule", "No SageMaker Studio user profile is assigned to you"},
        {"refused", "do not use SageMaker Studio on this computer"},
        {"not-configured", "has not been set up on this computer yet"},
        {"some-new-reason", "No SageMaker Studio user profile is assigned to you"},
        {NULL, "No SageMaker Studio user profile is assigned to you"},
    };
    struct failure failure;

    (void) state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        assert_false(failure_advise_nobody(&failure, CASES[i].reason, "ext. 1234"));
        assert_string_equal(failure.code, "not-mapped");
        assert_non_null(strstr(failure.message, CASES[i].expected));
        assert_non_null(strstr(failure.message, "If you need it, ask your administrator (ext. 1234)."));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sentence_comes_first_and_the_details_after_it),
        cmocka_unit_test(whom_to_tell_is_named_where_it_is_known),
        cmocka_unit_test(the_request_id_is_told),
        cmocka_unit_test(a_failure_that_is_not_known_has_a_sentence_too),
        cmocka_unit_test(keys_and_roles_that_fail_have_sentences_of_their_own),
        cmocka_unit_test(long_details_take_nothing_from_the_sentence),
        cmocka_unit_test(who_has_no_link_by_intent_is_told_which_intent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
