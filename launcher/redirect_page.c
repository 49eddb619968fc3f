/*
 * redirect_page.c: the page by which the browser gets the link, and the page's own URL.
 *
 * SPDX-License-Identifier: MIT
 */
#include "redirect_page.h"

#include <string.h>

#define URL_LIMIT 65536

/* As HTML's "fragment serialisation" has it, and the apostrophe. */
static bool
append_escaped(struct buffer *page, const char *text)
{
    static const struct {
        char byte;
        const char *escape;
    } ESCAPES[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

    while (text[0] != '\0') {
        size_t plain = strcspn(text, "&<>\"'");
        if (!buffer_append(page, text, plain))
            return false;
        text += plain;
        for (size_t i = 0; i < sizeof(ESCAPES) / sizeof(ESCAPES[0]); i++) {
            if (text[0] != ESCAPES[i].byte)
                continue;
            if (!buffer_append_text(page, ESCAPES[i].escape))
                return false;
            text++;
            break;
        }
    }
    return true;
}

bool
redirect_page_compose(struct buffer *page, const char *link)
{
    return buffer_append_text(page, "<!DOCTYPE html>\n"
                                    "<html lang=\"en\">\n"
                                    "<head>\n"
                                    "<meta charset=\"utf-8\">\n"
                                    "<meta name=\"referrer\" content=\"no-referrer\">\n"
                                    "<meta http-equiv=\"refresh\" content=\"0; url=") &&
           append_escaped(page, link) &&
           buffer_append_text(page, "\">\n"
                                    "<title>Opening Amazon SageMaker Studio</title>\n"
                                    "</head>\n"
                                    "<body>\n"
                                    "<p>If nothing happens, <a rel=\"noreferrer\" href=\"") &&
           append_escaped(page, link) &&
           buffer_append_text(page, "\">click here</a>.\n"
                                    "If Studio says that the link has expired, click the icon again.</p>\n"
                                    "</body>\n"
                                    "</html>\n");
}

static bool
append_encoded(struct buffer *url, const char *path)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

    for (; path[0] != '\0'; path++) {
        bool appended = strchr(PLAIN, path[0]) != NULL ? buffer_append(url, path, 1)
                                                       : buffer_append_format(url, "%%%02X", (unsigned char) path[0]);
        if (!appended)
            return false;
    }
    return true;
}

char *
redirect_page_url(const char *folder_path, const char *name)
{
    AUTO_BUFFER struct buffer url = BUFFER(URL_LIMIT);

    if (!buffer_append_text(&url, "file://") || !append_encoded(&url, folder_path) || !buffer_append_text(&url, "/") ||
        !append_encoded(&url, name))
        return NULL;
    return strdup(url.data);
}
