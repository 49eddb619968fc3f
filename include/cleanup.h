/*
 * cleanup.h: ownership by scope.  A variable declared with one of these macros releases what it holds when it goes out
 * of scope; TAKE_FD and TAKE_POINTER hand the content on to somebody else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLEANUP_H
#define CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void
cleanup_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void
cleanup_free(void *pointer)
{
    free(*(void **) pointer);
}

#define AUTO_CLOSE __attribute__((cleanup(cleanup_close)))
#define AUTO_FREE  __attribute__((cleanup(cleanup_free)))

#define TAKE_FD(fd)        \
    __extension__({        \
        int taken_ = (fd); \
        (fd) = -1;         \
        taken_;            \
    })

#define TAKE_POINTER(pointer)                   \
    __extension__({                             \
        __typeof__(pointer) taken_ = (pointer); \
        (pointer) = NULL;                       \
        taken_;                                 \
    })

#endif
