/*
 * test_xml_text.c: as much of XML as AWS's query protocol needs, and everything else refused.
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

#include "xml_text.h"

#define PATH "a/b/c"

static bool
read_path(const char *text, size_t length, const char *path, struct buffer *value)
{
    *value = BUFFER((size_t) 128 * 1024);
    return xml_element_text(text, length, path, value);
}

static void
expect_text(const char *text, const char *expected)
{
    struct buffer value;
    if (!read_path(text, strlen(text), PATH, &value))
        fail_msg("refused: %s", text);
    assert_string_equal(value.data, expected);
    buffer_free(&value);
}

static void
expect_refusal(const char *text)
{
    struct buffer value;
    if (read_path(text, strlen(text), PATH, &value))
        fail_msg("\"%s\" was read from %s", value.data, text);
    buffer_free(&value);
}

static void
the_text_of_the_element_at_the_path_is_found(void **state)
{
    (void) state;
    expect_text("<a><b><c>x</c></b></a>", "x");
    expect_text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\n  <b>\n    <c>x</c>\n  </b>\n</a>\n", "x");
    expect_text("  <a><x/><b><x>1</x><c>x</c><x>2</x></b><c>other</c></a>", "x");
    expect_text("<a xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><b id='>' x = \"/>\" ><c y=''>x</c ></b></a>",
                "x");
    expect_text("<a><b><c> two words\n</c></b></a>", " two words\n");
    expect_text("<a><b><c></c></b></a>", "");
    expect_text("<a><b><c/></b></a>", "");
    expect_text("<a><b><c /></b></a>", "");
    expect_text("<a><b><c>a > b \"'</c></b></a>", "a > b \"'");
    expect_text("<a><a><b><c>deeper</c></b></a><b><c>x</c></b></a>", "x");
    expect_text("<a><x><b><c>elsewhere</c></b></x><b><d><c>deeper</c></d><c>x</c></b></a>", "x");
}

static void
the_five_entities_and_numbers_of_printable_ascii_are_unescaped(void **state)
{
    (void) state;
    expect_text("<a><b><c>&amp;&lt;&gt;&quot;&apos;</c></b></a>", "&<>\"'");
    expect_text("<a><b><c>&#65;&#x42;&#x0043;&#126;&#32;</c></b></a>", "ABC~ ");
    expect_text("<a><b><c>&amp;lt;&amp;amp;</c></b></a>", "&lt;&amp;");
    expect_text("<a><b><c>x&#10;y</c></b></a>", "x\ny");
}

static void
any_other_entity_is_refused(void **state)
{
    (void) state;
    static const char *const entities[] = {"&",
                                           "&;",
                                           "&amp",
                                           "&AMP;",
                                           "&nbsp;",
                                           "&#;",
                                           "&#x;",
                                           "&#0;",
                                           "&#x00;",
                                           "&#1;",
                                           "&#127;",
                                           "&#128;",
                                           "&#233;",
                                           "&#x1F600;",
                                           "&#-65;",
                                           "&#+65;",
                                           "&#4294967361;",
                                           "&#X41;",
                                           "&#6 5;",
                                           "& amp;",
                                           "&amp ;",
                                           "&a&amp;;",
                                           "&#18446744073709551681;",
                                           "&#xg;",
                                           "&lt;&lt"};
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "<a><b><c>x%sy</c></b></a>", entities[i]);
        expect_refusal(text);
    }
}

static void
an_entity_that_is_not_known_does_no_harm_elsewhere(void **state)
{
    (void) state;
    expect_text("<a><b><d>&nbsp;</d><c>x</c></b></a>", "x");
}

static void
an_element_that_comes_twice_is_refused(void **state)
{
    (void) state;
    expect_refusal("<a><b><c>x</c><c>x</c></b></a>");
    expect_refusal("<a><b><c>x</c><c/></b></a>");
    expect_refusal("<a><b><c/></b><b><d/></b></a>");
    expect_refusal("<a><b><d/></b><b><c>x</c></b></a>");
    expect_refusal("<a><b><c>x</c></b></a><a><b><c>x</c></b></a>");
}

static void
an_element_that_is_not_there_is_refused(void **state)
{
    (void) state;
    expect_refusal("<a><b></b></a>");
    expect_refusal("<a/>");
    expect_refusal("<c>x</c>");
    expect_refusal("<b><c>x</c></b>");
    expect_refusal("<a><b><C>x</C></b></a>");
    expect_refusal("<a><b><n:c>x</n:c></b></a>");
    expect_refusal("<a><b><cc>x</cc></b></a>");
    expect_refusal("<a><b c=\"x\"></b></a>");
    expect_refusal("<a>b<d><c>x</c></d></a>");
}

static void
an_element_that_holds_others_has_no_text(void **state)
{
    (void) state;
    expect_refusal("<a><b><c><d>x</d></c></b></a>");
    expect_refusal("<a><b><c>x<d/></c></b></a>");
    expect_refusal("<a><b><c><c>x</c></c></b></a>");
}

static void
what_is_more_than_tags_and_text_is_refused(void **state)
{
    (void) state;
    expect_refusal("<!DOCTYPE a><a><b><c>x</c></b></a>");
    expect_refusal("<!DOCTYPE a [<!ENTITY e \"x\">]><a><b><c>&e;</c></b></a>");
    expect_refusal("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a><b><c>x</c></b></a>");
    expect_refusal("<a><b><c><![CDATA[x]]></c></b></a>");
    expect_refusal("<a><b><!-- <c>y</c> --><c>x</c></b></a>");
    expect_refusal("<a><b><c>x<!-- y --></c></b></a>");
    expect_refusal("<a><?php x ?><b><c>x</c></b></a>");
    expect_refusal(" <?xml version=\"1.0\"?><a><b><c>x</c></b></a>");
    expect_refusal("<?xml version=\"1.0\"><a><b><c>x</c></b></a>");
}

static void
what_is_not_well_formed_is_refused(void **state)
{
    (void) state;
    static const char *const texts[] = {"",
                                        "x",
                                        "<",
                                        "<a",
                                        "<a>",
                                        "<>",
                                        "< a><b><c>x</c></b></a>",
                                        "<a><b><c>x</c></b>",
                                        "<a><b><c>x</c></b></a",
                                        "<a><b><c>x</c></b></a>x",
                                        "x<a><b><c>x</c></b></a>",
                                        "<a><b><c>x</b></c></a>",
                                        "<a><b><c>x</c></b></A>",
                                        "<a><b><c>x</c></b></a></a>",
                                        "</a><a><b><c>x</c></b></a>",
                                        "<a><b><c>x</c></b></a/>",
                                        "<a><b><c>x< /c></b></a>",
                                        "<a><b><c>x</ c></b></a>",
                                        "<a><b><c>x</c y=\"\"></b></a>",
                                        "<a><b><c x>x</c></b></a>",
                                        "<a><b><c x=>x</c></b></a>",
                                        "<a><b><c x=y>x</c></b></a>",
                                        "<a><b><c x=\"y>x</c></b></a>",
                                        "<a><b><c x=\"<\">x</c></b></a>",
                                        "<a><b><c x=\"\"y=\"\">x</c></b></a>",
                                        "<a><b><c / >x</c></b></a>",
                                        "<a><b><c>x</c></b></a><d/>",
                                        "<a><b><c>x</c></b></a>\n<"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        expect_refusal(texts[i]);
}

static void
every_document_that_is_cut_short_is_refused(void **state)
{
    (void) state;
    static const char text[] = "<?xml version=\"1.0\"?><a x=\"y\"><b><c>x&amp;y</c><d/></b></a>";
    struct buffer value;
    for (size_t length = 0; length < sizeof(text) - 1; length++) {
        assert_false(read_path(text, length, PATH, &value));
        buffer_free(&value);
    }
    assert_true(read_path(text, sizeof(text) - 1, PATH, &value));
    buffer_free(&value);
}

static void
a_nul_is_refused_wherever_it_is(void **state)
{
    (void) state;
    static const char text[] = "<a><b><c>x</c></b></a>";
    struct buffer value;
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        char changed[sizeof(text)];
        memcpy(changed, text, sizeof(text));
        changed[at] = '\0';
        assert_false(read_path(changed, sizeof(text) - 1, PATH, &value));
        buffer_free(&value);
    }
    assert_false(read_path(text, sizeof(text), PATH, &value));
    buffer_free(&value);
    assert_false(read_path(NULL, 0, PATH, &value));
}

static void
nesting_is_bounded(void **state)
{
    (void) state;
    for (int depth = XML_DEPTH_MAX - 1; depth <= XML_DEPTH_MAX; depth++) {
        AUTO_BUFFER struct buffer text = BUFFER(4096);
        assert_true(buffer_append_text(&text, "<a>"));
        for (int i = 0; i < depth; i++)
            assert_true(buffer_append_text(&text, "<n>"));
        for (int i = 0; i < depth; i++)
            assert_true(buffer_append_text(&text, "</n>"));
        assert_true(buffer_append_text(&text, "<b><c>x</c></b></a>"));
        if (depth < XML_DEPTH_MAX)
            expect_text(text.data, "x");
        else
            expect_refusal(text.data);
    }
}

static void
a_path_that_is_none_finds_nothing(void **state)
{
    (void) state;
    static const char text[] = "<a>x</a>";
    static const char *const paths[] = {"", "/a", "a/", "a//b", "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q"};
    struct buffer value;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_false(read_path(text, strlen(text), paths[i], &value));
        buffer_free(&value);
    }
    assert_true(read_path(text, strlen(text), "a", &value));
    buffer_free(&value);
}

static void
a_value_that_does_not_fit_is_refused(void **state)
{
    (void) state;
    static const char text[] = "<a>12345</a>";
    struct buffer value = BUFFER(5);
    assert_true(xml_element_text(text, strlen(text), "a", &value));
    buffer_free(&value);
    value = BUFFER(4);
    assert_false(xml_element_text(text, strlen(text), "a", &value));
    buffer_free(&value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_of_the_element_at_the_path_is_found),
        cmocka_unit_test(the_five_entities_and_numbers_of_printable_ascii_are_unescaped),
        cmocka_unit_test(any_other_entity_is_refused),
        cmocka_unit_test(an_entity_that_is_not_known_does_no_harm_elsewhere),
        cmocka_unit_test(an_element_that_comes_twice_is_refused),
        cmocka_unit_test(an_element_that_is_not_there_is_refused),
        cmocka_unit_test(an_element_that_holds_others_has_no_text),
        cmocka_unit_test(what_is_more_than_tags_and_text_is_refused),
        cmocka_unit_test(what_is_not_well_formed_is_refused),
        cmocka_unit_test(every_document_that_is_cut_short_is_refused),
        cmocka_unit_test(a_nul_is_refused_wherever_it_is),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(a_path_that_is_none_finds_nothing),
        cmocka_unit_test(a_value_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests_name("xml_text", tests, NULL, NULL);
}
