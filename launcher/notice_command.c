/*
 * notice_command.c: the command lines of zenity(1), kdialog, notify-send(1) and xmessage(1).
 *
 * zenity shows a text as it is only with --no-markup, which --progress does not know; else it is Pango markup after
 * g_strcompress() (zenity's msg.c and progress.c).  That function also gets the body of a notification (libnotify's
 * notify-send.c), and kdialog has one like it (utils.cpp), so a backslash has to be doubled for these.  The body of a
 * notification is markup (Desktop Notifications Specification, section 4.1).  kdialog's labels guess whether they hold
 * rich text (Qt::mightBeRichText), so they get rich text, escaped.  xmessage neither wraps lines nor ends its options.
 *
 * SPDX-License-Identifier: MIT
 */
#include "notice_command.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "failure_advice.h"
#include "message.h"

#define TITLE        "SageMaker Studio"
#define TITLE_OPTION "--title=SageMaker Studio"
#define APP_NAME     "--app-name=SageMaker Studio"

/* With details as a paragraph and the mark of a cut; and with each byte escaped, at most by six. */
#define SHOWN_MAX     2100
#define QUOTED_MAX    13000
#define XMESSAGE_LINE 72

enum quoting {
    QUOTE_NOTHING,
    QUOTE_MARKUP,    /* Pango markup, or that of notifications */
    QUOTE_RICH_TEXT, /* Qt's */
    QUOTE_WRAPPED,   /* plain text in lines that are not too long */
};

struct form {
    const char *words[NOTICE_WORDS_MAX]; /* a word that ends in \x01 has the text there */
    enum quoting quoting;
    bool reports_failure;
};

#define TEXT        "\x01"
#define TEXT_OPTION "--text=\x01"

static const struct form FAILURE_FORMS[] = {
    {{"zenity", "--error", TITLE_OPTION, "--width=480", "--no-markup", TEXT_OPTION}, QUOTE_NOTHING, false},
    {{"kdialog", TITLE_OPTION, "--error=\x01"}, QUOTE_RICH_TEXT, false},
    {{"notify-send", APP_NAME, "--urgency=critical", "--icon=dialog-error", "--", TITLE, TEXT}, QUOTE_MARKUP, true},
    {{"xmessage", "-center", "-title", TITLE, "-buttons", "Close:0", TEXT}, QUOTE_WRAPPED, false},
};

static const struct form NEWS_FORMS[] = {
    {{"notify-send", APP_NAME, "--expire-time=10000", "--icon=sagemaker-studio", "--", TITLE, TEXT},
     QUOTE_MARKUP,
     true},
    {{"kdialog", TITLE_OPTION, "--passivepopup=\x01", "10"}, QUOTE_RICH_TEXT, false},
    {{"zenity", "--info", TITLE_OPTION, "--width=360", "--timeout=10", "--no-markup", TEXT_OPTION},
     QUOTE_NOTHING,
     false},
    {{"xmessage", "-center", "-title", TITLE, "-timeout", "10", "-buttons", "Close:0", TEXT}, QUOTE_WRAPPED, false},
};

static const struct form PROGRESS_FORMS[] = {
    {{"zenity", "--progress", "--pulsate", "--auto-close", "--no-cancel", TITLE_OPTION, "--width=360", TEXT_OPTION},
     QUOTE_MARKUP,
     false},
    {{"notify-send", APP_NAME, "--expire-time=5000", "--icon=sagemaker-studio", "--", TITLE, TEXT}, QUOTE_MARKUP, true},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct form *
find_form(enum notice_kind kind, size_t choice)
{
    static const struct {
        const struct form *forms;
        size_t count;
    } FORMS[] = {
        [NOTICE_FAILURE] = {FAILURE_FORMS, COUNT(FAILURE_FORMS)},
        [NOTICE_NEWS] = {NEWS_FORMS, COUNT(NEWS_FORMS)},
        [NOTICE_PROGRESS] = {PROGRESS_FORMS, COUNT(PROGRESS_FORMS)},
    };

    return choice < FORMS[kind].count ? &FORMS[kind].forms[choice] : NULL;
}

/* Bytes of the text that are shown: all of a short one, of a long one whole characters. */
static size_t
shown_length(const char *text)
{
    size_t length = strnlen(text, NOTICE_TEXT_MAX + 1);

    if (length <= NOTICE_TEXT_MAX)
        return length;
    length = NOTICE_TEXT_MAX;
    while (length > 0 && ((unsigned char) text[length] & 0xc0) == 0x80)
        length--;
    return length;
}

static void
make_line_printable(char *line, size_t length)
{
    if (text_is_printable(line, length))
        return;
    for (size_t i = 0; i < length; i++) {
        if (line[i] < ' ' || line[i] > '~')
            line[i] = '?';
    }
}

/* The sentence for the user, and the details as a paragraph of their own. */
static bool
append_paragraphs(struct buffer *shown, const char *text, size_t length)
{
    const char *details = memmem(text, length, ADVICE_DETAILS, strlen(ADVICE_DETAILS));
    size_t sentence = details != NULL ? (size_t) (details - text) : length;

    if (!buffer_append(shown, text, sentence))
        return false;
    /* Two line feeds in the place of the blank. */
    return details == NULL ||
           (buffer_append_text(shown, "\n\n") && buffer_append(shown, details + 1, length - sentence - 1));
}

/* The text as it is to be seen. */
static bool
prepare(const char *text, struct buffer *shown)
{
    size_t length = shown_length(text);

    if (!append_paragraphs(shown, text, length))
        return false;
    for (char *line = shown->data; line < shown->data + shown->length; line++) {
        size_t line_length = strcspn(line, "\n");
        make_line_printable(line, line_length);
        line += line_length;
    }
    return text[length] == '\0' || buffer_append_text(shown, " [...]");
}

static const char *
markup_of(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

static const char *
replacement(char byte, enum quoting quoting)
{
    if (byte == '\\')
        return "\\\\";
    if (byte == '\n' && quoting == QUOTE_RICH_TEXT)
        return "<br>";
    return markup_of(byte);
}

static bool
append_replaced(struct buffer *word, const char *text, enum quoting quoting)
{
    for (; *text != '\0'; text++) {
        const char *instead = replacement(*text, quoting);
        if (!(instead != NULL ? buffer_append_text(word, instead) : buffer_append(word, text, 1)))
            return false;
    }
    return true;
}

/* The word that begins here does not fit the line any more. */
static bool
must_break(const char *word, size_t column)
{
    return column > 0 && column + 1 + strcspn(word, " \n") > XMESSAGE_LINE;
}

/* A text that begins with '-' or '+' would be an option of the X toolkit: the line before it is empty. */
static bool
append_wrapped(struct buffer *word, const char *text)
{
    size_t column = 0;

    if (!buffer_append_text(word, "\n"))
        return false;
    for (; *text != '\0'; text++) {
        bool breaks = *text == '\n' || (*text == ' ' && must_break(text + 1, column));
        column = breaks ? 0 : column + 1;
        if (!buffer_append(word, breaks ? "\n" : text, 1))
            return false;
    }
    return buffer_append_text(word, "\n");
}

static bool
append_quoted(struct buffer *word, const char *text, enum quoting quoting)
{
    switch (quoting) {
    case QUOTE_WRAPPED:
        return append_wrapped(word, text);
    case QUOTE_RICH_TEXT:
        return buffer_append_text(word, "<qt>") && append_replaced(word, text, quoting) &&
               buffer_append_text(word, "</qt>");
    case QUOTE_MARKUP:
        return append_replaced(word, text, quoting);
    case QUOTE_NOTHING:
    default:
        return buffer_append_text(word, text);
    }
}

static char *
make_word(const char *pattern, const char *text, enum quoting quoting)
{
    AUTO_BUFFER struct buffer word = BUFFER(QUOTED_MAX);
    size_t fixed = strcspn(pattern, TEXT);

    if (!buffer_append(&word, pattern, fixed))
        return NULL;
    if (pattern[fixed] != '\0' && !append_quoted(&word, text, quoting))
        return NULL;
    return strdup(word.data);
}

bool
notice_command_make(enum notice_kind kind, size_t choice, const char *text, struct notice_command *command)
{
    AUTO_BUFFER struct buffer shown = BUFFER(SHOWN_MAX);
    const struct form *form = find_form(kind, choice);

    notice_command_free(command);
    if (form == NULL || !prepare(text, &shown))
        return false;
    command->reports_failure = form->reports_failure;
    for (size_t i = 0; i < NOTICE_WORDS_MAX && form->words[i] != NULL; i++) {
        command->words[i] = make_word(form->words[i], shown.data != NULL ? shown.data : "", form->quoting);
        if (command->words[i] == NULL) {
            notice_command_free(command);
            return false;
        }
    }
    return true;
}

void
notice_command_free(struct notice_command *command)
{
    for (size_t i = 0; i < NOTICE_WORDS_MAX; i++)
        free(command->words[i]);
    *command = NOTICE_COMMAND_NONE;
}
