/*
 * config_lines.c: the lines of the map and the settings.
 *
 * SPDX-License-Identifier: MIT
 */
#include "config_lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

bool
config_failure(struct failure *failure, const char *file, unsigned line, const char *format, ...)
{
    char sentence[FAILURE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (line == 0)
        return failure_set(failure, "config", "%s: %s", file, sentence);
    return failure_set(failure, "config", "%s:%u: %s", file, line, sentence);
}

bool
config_no_memory(struct failure *failure)
{
    return failure_set(failure, "config", "no memory to read the configuration");
}

bool
config_remember_file(char ***files, size_t *count, const char *file, struct failure *failure)
{
    char **longer = reallocarray(*files, *count + 1, sizeof(char *));
    if (longer == NULL)
        return config_no_memory(failure);
    *files = longer;
    if (asprintf(&longer[*count], "%s", file) < 0)
        return config_no_memory(failure);
    ++*count;
    return true;
}

bool
config_is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* text_is_printable knows no tabs, which are blanks here. */
static bool
line_is_printable(struct config_text line)
{
    while (line.length > 0) {
        const char *tab = memchr(line.start, '\t', line.length);
        size_t piece = tab != NULL ? (size_t) (tab - line.start) : line.length;
        if (!text_is_printable(line.start, piece))
            return false;
        size_t step = tab != NULL ? piece + 1 : piece;
        line.start += step;
        line.length -= step;
    }
    return true;
}

static bool
refuse_bytes(const struct config_lines *lines, struct failure *failure)
{
    for (size_t i = 0; i < lines->line.length; i++) {
        unsigned char byte = (unsigned char) lines->line.start[i];
        if (byte == '\r')
            return config_failure(failure, lines->file, lines->number,
                                  "a carriage return, expected lines that end as on Unix (dos2unix mends the file)");
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return config_failure(failure, lines->file, lines->number,
                                  "control byte 0x%02x in column %zu, expected printable text", byte, i + 1);
    }
    return config_failure(failure, lines->file, lines->number, "not printable UTF-8, expected text in UTF-8 or ASCII");
}

static bool
check_line(const struct config_lines *lines, struct failure *failure)
{
    if (lines->line.length > CONFIG_LINE_LIMIT)
        return config_failure(failure, lines->file, lines->number, "a line of %zu bytes, expected at most %d",
                              lines->line.length, CONFIG_LINE_LIMIT);
    return line_is_printable(lines->line) || refuse_bytes(lines, failure);
}

static unsigned
last_line_number(const char *text, size_t length)
{
    unsigned number = 1;
    for (size_t i = 0; i < length; i++)
        number += text[i] == '\n';
    return number;
}

bool
config_lines_open(struct config_lines *lines, const char *file, const char *text, size_t length,
                  struct failure *failure)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    if (length == 0)
        return config_failure(failure, file, 1, "the file is empty, perhaps half written; expected at least a comment");
    if (text[length - 1] != '\n')
        return config_failure(failure, file, last_line_number(text, length),
                              "no newline at the end of the file, perhaps it is half written; expected a whole line");
    if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0)
        return config_failure(failure, file, 1, "a byte order mark, expected text in UTF-8 without it");
    const struct config_lines before = {.file = file, .next = text, .end = text + length};
    *lines = before;
    while (config_lines_next(lines)) {
        if (!check_line(lines, failure))
            return false;
    }
    *lines = before;
    return true;
}

bool
config_lines_next(struct config_lines *lines)
{
    if (lines->next == lines->end)
        return false;
    const char *newline = memchr(lines->next, '\n', (size_t) (lines->end - lines->next));
    if (newline == NULL)
        return false;
    lines->line = (struct config_text){lines->next, (size_t) (newline - lines->next)};
    lines->next = newline + 1;
    lines->number++;
    return true;
}

struct config_text
config_trimmed(struct config_text text)
{
    while (text.length > 0 && config_is_blank(text.start[0])) {
        text.start++;
        text.length--;
    }
    while (text.length > 0 && config_is_blank(text.start[text.length - 1]))
        text.length--;
    return text;
}

struct config_text
config_without_comment(struct config_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.start[i] == '#' && (i == 0 || config_is_blank(text.start[i - 1])))
            return config_trimmed((struct config_text){text.start, i});
    }
    return config_trimmed(text);
}

struct config_text
config_first_word(struct config_text text, struct config_text *rest)
{
    size_t length = 0;
    while (length < text.length && !config_is_blank(text.start[length]))
        length++;
    *rest = config_trimmed((struct config_text){text.start + length, text.length - length});
    return (struct config_text){text.start, length};
}

bool
config_text_is(struct config_text text, const char *other)
{
    return strlen(other) == text.length && memcmp(text.start, other, text.length) == 0;
}

char *
config_text_copy(struct config_text text, struct failure *failure)
{
    char *copy = strndup(text.start, text.length);
    if (copy == NULL)
        config_no_memory(failure);
    return copy;
}

char **
config_words(const char *text, size_t maximum, struct failure *failure)
{
    struct config_text rest = config_trimmed((struct config_text){text, strlen(text)});
    char **words = calloc(maximum + 1, sizeof(char *));
    if (words == NULL)
        config_no_memory(failure);
    for (size_t count = 0; words != NULL && rest.length > 0 && count < maximum; count++) {
        words[count] = config_text_copy(config_first_word(rest, &rest), failure);
        if (words[count] == NULL) {
            config_words_free(words);
            return NULL;
        }
    }
    return words;
}

void
config_words_free(char **words)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        free(words[i]);
    free(words);
}
