/*
 * xml_text.c: see xml_text.h.  One pass over the document, tag by tag, with the names of the open elements on a stack.
 * Source: www.w3.org/TR/xml
 *
 * SPDX-License-Identifier: MIT
 */
#include "xml_text.h"

#include <string.h>

#include "ascii.h"

struct span {
    const char *start;
    size_t length;
};

/* A path and how far the open elements follow it. */
struct search {
    struct span steps[XML_DEPTH_MAX];
    size_t step_count;
    size_t followed; /* so many of the open elements, from the root on, are those of the path */
    size_t found;    /* so many of its elements were found; each may be found once */
    struct span value;
};

struct document {
    const char *at;
    const char *end;
    struct span open[XML_DEPTH_MAX];
    size_t depth;
    bool had_root;
    struct search search;
};

static bool
is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool
is_name_byte(char byte)
{
    return ascii_is_alphanumeric(byte) || byte == '.' || byte == '_' || byte == '-' || byte == ':';
}

static bool
is_same(struct span one, struct span other)
{
    return one.length == other.length && memcmp(one.start, other.start, one.length) == 0;
}

static void
skip_space(struct document *document)
{
    while (document->at < document->end && is_space(*document->at))
        document->at++;
}

static bool
take_byte(struct document *document, char byte)
{
    if (document->at == document->end || *document->at != byte)
        return false;
    document->at++;
    return true;
}

static bool
take_name(struct document *document, struct span *name)
{
    name->start = document->at;
    while (document->at < document->end && is_name_byte(*document->at))
        document->at++;
    name->length = (size_t) (document->at - name->start);
    return name->length > 0;
}

/* NAME="VALUE" or NAME='VALUE'. */
static bool
skip_attribute(struct document *document)
{
    struct span name;
    if (!take_name(document, &name))
        return false;
    skip_space(document);
    if (!take_byte(document, '='))
        return false;
    skip_space(document);
    if (document->at == document->end || (*document->at != '"' && *document->at != '\''))
        return false;
    char quote = *document->at++;
    while (document->at < document->end && *document->at != quote && *document->at != '<')
        document->at++;
    return take_byte(document, quote);
}

static bool
skip_attributes(struct document *document)
{
    for (;;) {
        const char *before = document->at;
        skip_space(document);
        if (document->at == document->end || !is_name_byte(*document->at))
            return true;
        if (document->at == before || !skip_attribute(document))
            return false;
    }
}

/* <?xml ATTRIBUTES?>, which only the very beginning of a document may be. */
static bool
skip_declaration(struct document *document)
{
    static const char beginning[] = "<?xml";
    size_t length = sizeof(beginning) - 1;
    if ((size_t) (document->end - document->at) < length || memcmp(document->at, beginning, length) != 0)
        return true;
    document->at += length;
    return skip_attributes(document) && take_byte(document, '?') && take_byte(document, '>');
}

/* The search */

static bool
split_path(const char *path, struct search *search)
{
    *search = (struct search){0};
    for (;;) {
        size_t length = strcspn(path, "/");
        if (length == 0 || search->step_count == XML_DEPTH_MAX)
            return false;
        search->steps[search->step_count++] = (struct span){path, length};
        if (path[length] == '\0')
            return true;
        path += length + 1;
    }
}

/* An element was opened; depth counts it.  False when the path is then no longer one. */
static bool
follow(struct search *search, size_t depth, struct span name)
{
    if (search->followed == search->step_count)
        return false; /* an element inside the one that should hold text */
    if (search->followed != depth - 1 || !is_same(search->steps[depth - 1], name))
        return true;
    if (search->found >= depth)
        return false;
    search->found = depth;
    search->followed = depth;
    return true;
}

/* The element at this depth is closed; its text is all that was in it. */
static void
follow_back(struct search *search, size_t depth, struct span text)
{
    if (search->followed != depth)
        return;
    if (depth == search->step_count)
        search->value = text;
    search->followed = depth - 1;
}

/* Tags */

static bool
read_end_tag(struct document *document, struct span text)
{
    struct span name;
    if (!take_name(document, &name) || document->depth == 0 || !is_same(document->open[document->depth - 1], name))
        return false;
    skip_space(document);
    follow_back(&document->search, document->depth, text);
    document->depth--;
    return take_byte(document, '>');
}

static bool
read_start_tag(struct document *document)
{
    struct span name;
    if (!take_name(document, &name) || !skip_attributes(document) || document->depth == XML_DEPTH_MAX ||
        (document->depth == 0 && document->had_root))
        return false;
    document->had_root = true;
    document->open[document->depth++] = name;
    if (!follow(&document->search, document->depth, name))
        return false;
    if (take_byte(document, '/')) {
        follow_back(&document->search, document->depth, (struct span){"", 0});
        document->depth--;
    }
    return take_byte(document, '>');
}

/* Up to the next tag.  Outside of the root there is white space alone. */
static bool
take_text(struct document *document, struct span *text)
{
    text->start = document->at;
    while (document->at < document->end && *document->at != '<') {
        if (document->depth == 0 && !is_space(*document->at))
            return false;
        document->at++;
    }
    text->length = (size_t) (document->at - text->start);
    return true;
}

static bool
read_document(struct document *document)
{
    if (!skip_declaration(document))
        return false;
    for (;;) {
        struct span text;
        if (!take_text(document, &text))
            return false;
        if (document->at == document->end)
            return document->had_root && document->depth == 0;
        document->at++;
        if (!(take_byte(document, '/') ? read_end_tag(document, text) : read_start_tag(document)))
            return false;
    }
}

/* Entities */

/* "#65" or "#x41" */
static bool
numbered_character(struct span name, char *character)
{
    bool is_hex = name.length > 1 && name.start[1] == 'x';
    unsigned int base = is_hex ? 16 : 10;
    unsigned int number = 0;
    size_t first = is_hex ? 2 : 1;
    if (name.length <= first || name.start[0] != '#')
        return false;
    for (size_t i = first; i < name.length; i++) {
        int value = ascii_hex_value(name.start[i]);
        if (value < 0 || (unsigned int) value >= base || number > 0x7e)
            return false;
        number = number * base + (unsigned int) value;
    }
    *character = (char) (number & 0x7f);
    return (number >= 0x20 && number <= 0x7e) || number == '\t' || number == '\n' || number == '\r';
}

static bool
named_character(struct span name, char *character)
{
    static const struct {
        struct span name;
        char character;
    } known[] = {{{"amp", 3}, '&'}, {{"lt", 2}, '<'}, {{"gt", 2}, '>'}, {{"quot", 4}, '"'}, {{"apos", 4}, '\''}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (is_same(known[i].name, name)) {
            *character = known[i].character;
            return true;
        }
    }
    return false;
}

/* From after a '&' on; how many bytes it takes, its ';' included, 0 when it is none that is known. */
static size_t
read_entity(const char *text, size_t length, char *character)
{
    const char *end = memchr(text, ';', length);
    if (end == NULL)
        return 0;
    struct span name = {text, (size_t) (end - text)};
    return named_character(name, character) || numbered_character(name, character) ? name.length + 1 : 0;
}

static bool
unescape(struct span text, struct buffer *value)
{
    size_t i = 0;
    while (i < text.length) {
        const char *ampersand = memchr(text.start + i, '&', text.length - i);
        size_t plain = ampersand != NULL ? (size_t) (ampersand - text.start) - i : text.length - i;
        if (!buffer_append(value, text.start + i, plain))
            return false;
        i += plain;
        if (ampersand == NULL)
            break;
        char character;
        size_t taken = read_entity(text.start + i + 1, text.length - i - 1, &character);
        if (taken == 0 || !buffer_append(value, &character, 1))
            return false;
        i += 1 + taken;
    }
    return buffer_append(value, "", 0);
}

bool
xml_is_likely(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && is_space(text[i]))
        i++;
    return i < length && text[i] == '<';
}

bool
xml_element_text(const char *text, size_t length, const char *path, struct buffer *value)
{
    if (text == NULL || memchr(text, '\0', length) != NULL)
        return false;
    struct document document = {.at = text, .end = text + length};
    return split_path(path, &document.search) && read_document(&document) &&
           document.search.found == document.search.step_count && unescape(document.search.value, value);
}
