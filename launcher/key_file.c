/*
 * key_file.c: reading files of groups and `key=value` lines.
 *
 * SPDX-License-Identifier: MIT
 */
#include "key_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "descriptor.h"

#define BLANKS " \t\r\f\v"

bool
key_file_read(const char *path, struct buffer *text)
{
    AUTO_CLOSE int file = descriptor_openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    struct stat status;

    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    if (!descriptor_read_all(file, text))
        return false;
    return text->length == 0 || memchr(text->data, '\0', text->length) == NULL;
}

struct key_file
key_file_begin(struct buffer *text)
{
    return (struct key_file){.group = "", .next = text->data};
}

/* Cuts blanks off at both ends. */
static char *
trim(char *text)
{
    size_t length;

    text += strspn(text, BLANKS);
    length = strlen(text);
    while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL)
        length--;
    text[length] = '\0';
    return text;
}

/* `[Group]`: from here on lines are of this group. */
static void
enter_group(struct key_file *file, char *line)
{
    char *end = strchr(line, ']');

    if (end == NULL)
        return;
    *end = '\0';
    file->group = line + 1;
}

bool
key_file_next(struct key_file *file, struct key_line *line)
{
    while (file->next != NULL && *file->next != '\0') {
        char *text = strsep(&file->next, "\n");
        char *equals;

        text = trim(text);
        if (*text == '[') {
            enter_group(file, text);
            continue;
        }
        equals = *text == '#' ? NULL : strchr(text, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        *line = (struct key_line){.group = file->group, .key = trim(text), .value = trim(equals + 1)};
        return true;
    }
    return false;
}

char *
key_file_next_item(char **rest)
{
    while (*rest != NULL) {
        char *item = trim(strsep(rest, ";"));
        if (*item != '\0')
            return item;
    }
    return NULL;
}
