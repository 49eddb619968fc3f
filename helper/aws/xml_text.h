/*
 * xml_text.h: XML that somebody else wrote, read exactly and bounded: the flat answers of AWS's query protocol, and no
 * more of XML than those need.
 *
 * Elements, attributes (which are passed over), an <?xml ... ?> in front, and the entities &amp; &lt; &gt; &quot;
 * &apos; and &#N; or &#xN; of printable ASCII and white space.  Anything else is refused: DTDs, and with them all other
 * entities, CDATA, comments, processing instructions, NULs, tags that do not match, more than one root, and nesting
 * deeper than XML_DEPTH_MAX.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef XML_TEXT_H
#define XML_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

#define XML_DEPTH_MAX 16

/* May this be XML at all, as opposed to JSON or plain text?  By its first byte. */
bool xml_is_likely(const char *text, size_t length);

/*
 * The text of the one element at this path, names with '/' between them from the root on, appended to the value.  False
 * when the document is not as above, when an element of the path is there more than once or not at all, when it holds
 * other elements or an entity that is not known, and when the value does not fit.
 */
bool xml_element_text(const char *text, size_t length, const char *path, struct buffer *value);

#endif
