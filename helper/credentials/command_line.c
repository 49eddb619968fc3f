/*
 * command_line.c: see command_line.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "command_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Reads from one place of the text and writes to an earlier one: a word is never longer than what it was written as. */
struct splitter {
    const char *from;
    char *to;
};

static bool
is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* After the opening quote. */
static const char *
take_single_quoted(struct splitter *at)
{
    while (*at->from != '\0' && *at->from != '\'')
        *at->to++ = *at->from++;
    if (*at->from == '\0')
        return "a ' that ends what the first ' begins";
    at->from++;
    return NULL;
}

static const char *
take_double_quoted(struct splitter *at)
{
    while (*at->from != '\0' && *at->from != '"') {
        if (at->from[0] == '\\' && (at->from[1] == '\\' || at->from[1] == '"'))
            at->from++;
        *at->to++ = *at->from++;
    }
    if (*at->from == '\0')
        return "a \" that ends what the first \" begins";
    at->from++;
    return NULL;
}

static const char *
take_piece(struct splitter *at)
{
    char byte = *at->from++;
    if (byte == '\'')
        return take_single_quoted(at);
    if (byte == '"')
        return take_double_quoted(at);
    if (byte == '\\') {
        if (*at->from == '\0')
            return "something after the \\ at the end";
        byte = *at->from++;
    }
    *at->to++ = byte;
    return NULL;
}

/* Ends the word with a NUL; by then what comes after it has been looked at. */
static const char *
take_word(struct splitter *at)
{
    while (*at->from != '\0' && !is_blank(*at->from)) {
        const char *expected = take_piece(at);
        if (expected != NULL)
            return expected;
    }
    if (*at->from != '\0')
        at->from++;
    *at->to++ = '\0';
    return NULL;
}

static const char *
split(struct command_line *line)
{
    struct splitter at = {.from = line->text, .to = line->text};
    for (;;) {
        while (is_blank(*at.from))
            at.from++;
        if (*at.from == '\0')
            return line->count > 0 ? NULL : "a program and its arguments";
        if (line->count == COMMAND_LINE_WORDS_MAX)
            return "at most 256 words";
        line->words[line->count++] = at.to;
        const char *expected = take_word(&at);
        if (expected != NULL)
            return expected;
    }
}

const char *
command_line_split(const char *text, struct command_line *line)
{
    *line = (struct command_line){.text = strdup(text), .size = strlen(text)};
    const char *expected = line->text != NULL ? split(line) : "less, since there is no memory for it";
    if (expected != NULL)
        command_line_free(line);
    return expected;
}

void
command_line_free(struct command_line *line)
{
    if (line->text != NULL)
        explicit_bzero(line->text, line->size);
    free(line->text);
    *line = (struct command_line){0};
}
