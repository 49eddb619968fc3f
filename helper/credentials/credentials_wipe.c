/*
 * credentials_wipe.c: the end of keys, apart from the store of them, for those who have keys and no store.
 *
 * SPDX-License-Identifier: MIT
 */
#include "buffer.h"
#include "credentials.h"

void
credentials_wipe(struct credentials *credentials)
{
    secret_free(&credentials->access_key_id);
    secret_free(&credentials->secret_access_key);
    secret_free(&credentials->session_token);
    *credentials = (struct credentials){0};
}
