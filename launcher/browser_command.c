/*
 * browser_command.c: what a command line is about to start.
 *
 * SPDX-License-Identifier: MIT
 */
#include "browser_command.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "subprogram.h"
#include "user_browser.h"

#define BLANKS     " \t\r\n"
#define WORD_LIMIT 65536

const char *
program_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

char *
browser_program_find(const char *name)
{
    AUTO_FREE char *path = name[0] != '\0' ? subprogram_find(name) : NULL;

    return path != NULL && path[0] == '/' ? TAKE_POINTER(path) : NULL;
}

char *const *
command_behind_env(char *const *words)
{
    char *const *word = words;

    if (*word == NULL || strcmp(program_name(*word), "env") != 0)
        return words;
    for (word++; *word != NULL && ((*word)[0] == '-' || strchr(*word, '=') != NULL); word++) {
        /* `-u NAME`: the only option with a word of its own that one meets. */
        if (strcmp(*word, "-u") == 0 && word[1] != NULL)
            word++;
    }
    return word;
}

static bool
is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

bool
command_is_no_browser(char *const *words)
{
    static const char *const OURSELVES_AND_OPENERS_OF_FILES[] = {
        "sagemaker-studio", "xdg-open",   "gio",      "gvfs-open",   "gnome-open", "kde-open", "kde-open5",
        "kioclient",        "kioclient5", "mimeopen", "run-mailcap", "see",        "open",     NULL,
    };
    static const char *const FOR_TERMINALS[] = {
        "w3m", "lynx", "links", "links2", "elinks", "www-browser", "browsh", "carbonyl", NULL,
    };
    char *const *command = command_behind_env(words);

    if (*command == NULL)
        return true;
    /* exo-open is the user's browser with --launch WebBrowser, else the handler of the file. */
    if (strcmp(program_name(*command), "exo-open") == 0)
        return command[1] == NULL || strcmp(command[1], "--launch") != 0;
    return is_one_of(program_name(*command), OURSELVES_AND_OPENERS_OF_FILES) ||
           is_one_of(program_name(*command), FOR_TERMINALS);
}

static bool
append_expanded(struct buffer *word, const char *text, bool *has_page)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "%");
        bool good = buffer_append(word, text, plain);

        text += plain;
        if (*text == '\0')
            return good;
        *has_page = *has_page || text[1] == 's';
        if (text[1] == 's')
            good = good && buffer_append_text(word, BROWSER_PAGE);
        else
            good = good && buffer_append_text(word, text[1] == 'c' ? ":" : "%");
        if (!good)
            return false;
        /* Any other per cent sign is one, as in the codes of a URL. */
        text += text[1] == 's' || text[1] == 'c' || text[1] == '%' ? 2 : 1;
    }
    return true;
}

static bool
add_word(struct text_list *words, const char *text, bool *has_page)
{
    AUTO_BUFFER struct buffer word = BUFFER(WORD_LIMIT);
    bool is_quoted_page = strcmp(text, "\"%s\"") == 0 || strcmp(text, "'%s'") == 0;

    return append_expanded(&word, is_quoted_page ? "%s" : text, has_page) && text_list_add(words, word.data);
}

bool
browser_variable_entry_split(const char *entry, size_t length, struct text_list *words)
{
    AUTO_FREE char *copy = text_copy(entry, length);
    char *rest = copy;
    bool has_page = false;

    while (rest != NULL) {
        const char *word = strsep(&rest, BLANKS);
        bool is_last = rest == NULL || rest[strspn(rest, BLANKS)] == '\0';

        if (*word == '\0' || (is_last && strcmp(word, "&") == 0))
            continue;
        if (!add_word(words, word, &has_page))
            return false;
    }
    return words->count > 0 && (has_page || text_list_add(words, BROWSER_PAGE));
}
