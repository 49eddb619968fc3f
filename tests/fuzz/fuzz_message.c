/*
 * Anything at all as a message: what is accepted must survive being written again.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_and_read_again(const struct message *message)
{
    AUTO_BUFFER struct buffer out = BUFFER(MESSAGE_LIMIT);
    AUTO_MESSAGE struct message again = MESSAGE_EMPTY;

    if (!message_begin(&out))
        abort();
    for (size_t i = 0; i < message->count; i++)
        if (!message_put(&out, message->fields[i].key, message->fields[i].value))
            abort();
    if (!message_end(&out) || !message_parse(&again, out.data, out.length, NULL) || again.count != message->count)
        abort();
    for (size_t i = 0; i < message->count; i++)
        if (strcmp(message_get(&again, message->fields[i].key), message->fields[i].value) != 0)
            abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_MESSAGE struct message message = MESSAGE_EMPTY;
    struct failure failure;

    (void) message_length((const char *) data, size);
    if (message_parse(&message, (const char *) data, size, &failure))
        write_and_read_again(&message);
    return 0;
}
