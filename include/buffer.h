/*
 * buffer.h: bytes that grow up to a limit and leave no copy behind: growing wipes the old memory, freeing wipes all.
 * Used for everything that comes from or goes to somebody else: messages, files, HTTP bodies, secrets.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; /* NUL-terminated whenever not NULL; the NUL is not counted in length */
    size_t length;
    size_t capacity;
    size_t limit; /* greatest length allowed */
};

#define BUFFER(limit_) ((struct buffer){.limit = (limit_)})
#define AUTO_BUFFER    __attribute__((cleanup(buffer_free)))

/* Each returns false and leaves the content as it was when the limit would be passed or memory is short. */
bool buffer_append(struct buffer *buffer, const void *data, size_t length);
bool buffer_append_text(struct buffer *buffer, const char *text);
bool buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Make room for this many more bytes at data + length; the caller then adds what it wrote to length and calls
 * buffer_terminate. */
bool buffer_reserve(struct buffer *buffer, size_t more);
void buffer_terminate(struct buffer *buffer);

/* Remove the first bytes (at most length). */
void buffer_consume(struct buffer *buffer, size_t length);

/* Wipe the content, keep the memory. */
void buffer_clear(struct buffer *buffer);

/* Wipe the content and give the memory back.  The limit stays, so the buffer can be used again. */
void buffer_free(struct buffer *buffer);

/* Wipe and free a heap string that held a secret; sets the pointer to NULL.  NULL is allowed. */
void secret_free(char **secret);

#endif
