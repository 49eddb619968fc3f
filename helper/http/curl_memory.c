/*
 * curl_memory.c: malloc(3) and its family, with a wipe before each free.
 *
 * malloc_usable_size(3) is what tells how much to wipe: the memory stays that of malloc, so that it does no harm if one
 * side's memory is ever freed by the other side.
 *
 * SPDX-License-Identifier: MIT
 */
#include "curl_memory.h"

#include <curl/curl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void
wipe_and_free(void *memory)
{
    if (!memory)
        return;
    explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

/* Always into new memory: realloc(3) may move the content and leave the old bytes behind. */
static void *
move_and_wipe(void *memory, size_t size)
{
    void *moved;
    size_t kept;

    if (!memory)
        return malloc(size);
    moved = malloc(size);
    if (!moved)
        return NULL;
    kept = malloc_usable_size(memory);
    memcpy(moved, memory, kept < size ? kept : size);
    wipe_and_free(memory);
    return moved;
}

bool
curl_memory_init(void)
{
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_and_free, move_and_wipe, strdup, calloc) == CURLE_OK;
}
