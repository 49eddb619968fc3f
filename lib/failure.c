/*
 * failure.c: filling a struct failure with a text that is fit for a log line and for the conversation.
 *
 * SPDX-License-Identifier: MIT
 */
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* Longest UTF-8 sequence: a text formatted with this much room beyond the limit shows a character at the cut whole. */
#define UTF8_LONGEST 4

/* Copy what fits, character by character; what is not printable becomes '?'. */
static void
copy_printable(char *to, size_t size, const char *from)
{
    size_t used = 0;
    size_t left = strlen(from);

    while (left > 0) {
        size_t printable = utf8_printable_length(from, left);
        size_t taken = printable > 0 ? printable : 1;
        if (used + taken >= size)
            break;
        if (printable > 0)
            memcpy(to + used, from, taken);
        else
            to[used] = '?';
        used += taken;
        from += taken;
        left -= taken;
    }
    to[used] = '\0';
}

bool
failure_set(struct failure *failure, const char *code, const char *format, ...)
{
    /* Both are made aside first: code and arguments may point into the failure that is being replaced. */
    char new_code[FAILURE_CODE_SIZE + UTF8_LONGEST];
    char new_message[FAILURE_MESSAGE_SIZE + UTF8_LONGEST];
    int saved_errno = errno;
    va_list arguments;

    if (failure == NULL)
        return false;
    va_start(arguments, format);
    if (vsnprintf(new_message, sizeof(new_message), format, arguments) < 0)
        new_message[0] = '\0';
    va_end(arguments);
    if (snprintf(new_code, sizeof(new_code), "%s", code) < 0)
        new_code[0] = '\0';
    copy_printable(failure->code, sizeof(failure->code), new_code);
    copy_printable(failure->message, sizeof(failure->message), new_message);
    errno = saved_errno;
    return false;
}
