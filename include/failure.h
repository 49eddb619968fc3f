/*
 * failure.h: the one way in which functions of this project say why they failed.
 *
 * A function that can fail takes a struct failure as its last parameter, returns false (or NULL, or a value that its
 * comment names) and has then filled the failure.  The code is a stable word for logs and scripts; the message is a
 * sentence for a person: what is wrong, what was expected, what to do.  Neither ever holds a secret.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>

#define FAILURE_CODE_SIZE    40
#define FAILURE_MESSAGE_SIZE 1024

struct failure {
    char code[FAILURE_CODE_SIZE];
    char message[FAILURE_MESSAGE_SIZE];
};

/*
 * Fill the failure and return false, so that a caller can write `return failure_set(...)`.  Control bytes and invalid
 * UTF-8 in the message become '?', so that a message is always fit for one log line and for the conversation; what is
 * too long is cut.  errno is kept.  A NULL failure is allowed: the caller does not want to know.
 */
bool failure_set(struct failure *failure, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
