/*
 * What stands in the page that the browser is sent to, and how the browser is told where it is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "redirect_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"

#define LINK "https://d-1.studio.eu-west-1.sagemaker.aws/auth?a=1&token=eyJ"

static void
assert_page_has(const char *link, const char *expected)
{
    AUTO_BUFFER struct buffer page = BUFFER(REDIRECT_PAGE_LIMIT);

    assert_true(redirect_page_compose(&page, link));
    assert_non_null(strstr(page.data, expected));
}

static unsigned
count(const struct buffer *page, const char *what)
{
    unsigned found = 0;

    for (const char *at = page->data; (at = strstr(at, what)) != NULL; at++)
        found++;
    return found;
}

static void
the_page_leads_on_by_itself_and_by_a_click(void **state)
{
    (void) state;
    assert_page_has(LINK, "content=\"0; url=https://d-1.studio.eu-west-1.sagemaker.aws/auth?a=1&amp;token=eyJ\">");
    assert_page_has(LINK, "href=\"https://d-1.studio.eu-west-1.sagemaker.aws/auth?a=1&amp;token=eyJ\">");
}

static void
studio_is_not_told_where_the_browser_comes_from(void **state)
{
    (void) state;
    assert_page_has(LINK, "<meta name=\"referrer\" content=\"no-referrer\">");
}

static void
nothing_in_a_link_can_leave_its_place(void **state)
{
    AUTO_BUFFER struct buffer plain = BUFFER(REDIRECT_PAGE_LIMIT);
    AUTO_BUFFER struct buffer page = BUFFER(REDIRECT_PAGE_LIMIT);

    (void) state;
    assert_true(redirect_page_compose(&plain, ""));
    assert_true(redirect_page_compose(&page, "https://x/\"'><script>&<"));
    assert_int_equal(count(&page, "https://x/&quot;&#39;&gt;&lt;script&gt;&amp;&lt;"), 2);
    assert_int_equal(count(&page, "<"), count(&plain, "<"));
    assert_int_equal(count(&page, "\""), count(&plain, "\""));
}

static void
the_longest_link_fits_even_if_all_of_it_is_escaped(void **state)
{
    AUTO_BUFFER struct buffer page = BUFFER(REDIRECT_PAGE_LIMIT);
    char *link = malloc(STUDIO_LINK_MAX + 1);

    (void) state;
    assert_non_null(link);
    memset(link, '"', STUDIO_LINK_MAX);
    link[STUDIO_LINK_MAX] = '\0';
    assert_true(redirect_page_compose(&page, link));
    free(link);
}

static void
a_page_that_does_not_fit_is_refused(void **state)
{
    AUTO_BUFFER struct buffer page = BUFFER(100);

    (void) state;
    assert_false(redirect_page_compose(&page, LINK));
}

static void
the_browser_is_given_a_file_url(void **state)
{
    AUTO_FREE char *url = redirect_page_url("/run/user/1000/sagemaker-studio", "open-abc234.html");

    (void) state;
    assert_string_equal(url, "file:///run/user/1000/sagemaker-studio/open-abc234.html");
}

static void
what_means_something_in_a_url_is_encoded(void **state)
{
    AUTO_FREE char *url = redirect_page_url("/home/a b%?#\"'&\xC3\xA9~", "x.html");

    (void) state;
    assert_string_equal(url, "file:///home/a%20b%25%3F%23%22%27%26%C3%A9~/x.html");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_leads_on_by_itself_and_by_a_click),
        cmocka_unit_test(studio_is_not_told_where_the_browser_comes_from),
        cmocka_unit_test(nothing_in_a_link_can_leave_its_place),
        cmocka_unit_test(the_longest_link_fits_even_if_all_of_it_is_escaped),
        cmocka_unit_test(a_page_that_does_not_fit_is_refused),
        cmocka_unit_test(the_browser_is_given_a_file_url),
        cmocka_unit_test(what_means_something_in_a_url_is_encoded),
    };

    return cmocka_run_group_tests_name("redirect page", tests, NULL, NULL);
}
