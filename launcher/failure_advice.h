/*
 * failure_advice.h: what a user can do about a failure, in his own words.
 *
 * The helper's messages are for the administrator: they name policies, endpoints and files.  A user who clicked an icon
 * gets a plain sentence first, with what to do and whom to ask, and the helper's message after it as details.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAILURE_ADVICE_H
#define FAILURE_ADVICE_H

#include "failure.h"

/* Between the sentence for the user and the details, which dialogs show as a paragraph of its own. */
#define ADVICE_DETAILS " Details: "

/*
 * Put the sentence for the failure's code before its message: "SENTENCE Details: CODE, request id ID: MESSAGE". contact
 * is `contact` of studio.conf ("ask it-desk@example.com", or an address alone); that and request_id may be NULL or "".
 * Returns false, as failure_set does.
 */
bool failure_advise(struct failure *failure, const char *contact, const char *request_id);

/*
 * Fill the failure for somebody who gets no link by the administrator's will; reason is that of the helper's
 * status=none
 * ("no-rule", "refused", "not-configured"), or NULL.  Code "not-mapped".  Returns false.
 */
bool failure_advise_nobody(struct failure *failure, const char *reason, const char *contact);

#endif
