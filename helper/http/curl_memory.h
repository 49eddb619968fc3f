/*
 * curl_memory.h: libcurl set up so that the memory it gives back is wiped first.
 *
 * Keys, tokens and links pass through libcurl's buffers for headers, bodies and requests, where explicit_bzero(3) of
 * our own copies does not reach.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CURL_MEMORY_H
#define CURL_MEMORY_H

#include <stdbool.h>

/* curl_global_init_mem(3); each success is to be paired with curl_global_cleanup(3). */
bool curl_memory_init(void);

#endif
