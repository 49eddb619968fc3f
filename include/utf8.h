/*
 * utf8.h: what counts as a printable character, for messages and failures alike.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/*
 * How many bytes does the printable character at the start of the text take?  0 when the text does not begin with one:
 * a control character (below U+0020, U+007F..U+009F), an overlong form, a surrogate, a value above U+10FFFF, a
 * sequence that is cut off, or an empty text.
 */
size_t utf8_printable_length(const char *text, size_t length);

#endif
