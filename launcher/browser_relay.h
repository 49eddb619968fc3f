/*
 * browser_relay.h: programs that start the user's browser but are not it, and which browser they start.
 *
 * The relay is what gets started, for it may know more of the user's wishes; the browser behind it is asked for because
 * it may be confined.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BROWSER_RELAY_H
#define BROWSER_RELAY_H

#include <stdbool.h>

#include "text_list.h"

/*
 * The words of the command that this one starts in its turn: for `exo-open --launch WebBrowser`, the browser that is
 * set in XFCE's preferences; for sensible-browser, x-www-browser.  False for any other command, and where none is set.
 */
bool browser_relay_follow(char *const *words, struct text_list *target);

#endif
