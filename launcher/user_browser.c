/*
 * user_browser.c: the program that opens https links for this user.
 *
 * SPDX-License-Identifier: MIT
 */
#include "user_browser.h"

#include <stdlib.h>
#include <string.h>

#include "browser_command.h"
#include "browser_confinement.h"
#include "browser_relay.h"
#include "buffer.h"
#include "cleanup.h"
#include "desktop_entry.h"
#include "exec_line.h"
#include "https_handler.h"
#include "text_list.h"
#include "utf8.h"

/* As much of what was tried as fits into a message. */
#define TRIED_LIMIT 600

/* A relay may start a relay, but not for ever. */
#define RELAYS_MAX 4

#define ARGUMENT_LIMIT 131072 /* what the kernel takes as one argument (MAX_ARG_STRLEN, execve(2)) */

/* Looked for in PATH, in this order, when nobody has said which. */
static const char *const KNOWN_BROWSERS[] = {
    "x-www-browser",  "sensible-browser", "firefox", "firefox-esr",   "google-chrome",    "google-chrome-stable",
    "chromium",       "chromium-browser", "brave",   "brave-browser", "microsoft-edge",   "microsoft-edge-stable",
    "vivaldi-stable", "vivaldi",          "opera",   "epiphany",      "epiphany-browser", "gnome-www-browser",
    "konqueror",      "falkon",           "midori",  "librewolf",     "waterfox",         "qutebrowser",
};

/* A search that is under way. */
struct search {
    struct user_browser *browser;
    struct buffer tried; /* for the message when nothing is found */
};

static void
note_tried(struct search *search, const char *what, size_t length)
{
    const char *separator = search->tried.length > 0 ? ", " : "";

    if (length <= BROWSER_NAME_SIZE)
        (void) buffer_append_format(&search->tried, "%s%.*s", separator, (int) length, what);
}

/* snapd's folder of programs is not in every session's PATH. */
static char *
find_program(const char *name)
{
    static const char *const SNAP_FOLDERS[] = {"/snap/bin/", "/var/lib/snapd/snap/bin/"};
    char *path = browser_program_find(name);

    for (size_t i = 0; i < sizeof(SNAP_FOLDERS) / sizeof(SNAP_FOLDERS[0]); i++) {
        AUTO_BUFFER struct buffer there = BUFFER(BROWSER_NAME_SIZE);
        if (path != NULL || strchr(name, '/') != NULL)
            break;
        if (buffer_append_format(&there, "%s%s", SNAP_FOLDERS[i], name))
            path = browser_program_find(there.data);
    }
    return path;
}

/* Is what the command starts there, and a browser?  Then the path of its first word. */
static char *
find_startable(char *const *words)
{
    char *const *command = command_behind_env(words);
    AUTO_FREE char *behind_env = NULL;
    AUTO_FREE char *real = NULL;

    if (command_is_no_browser(words))
        return NULL;
    behind_env = find_program(*command);
    if (behind_env == NULL || snap_is_missing(behind_env))
        return NULL;
    /* A link by another name may still lead to ourselves. */
    real = realpath(behind_env, NULL);
    if (real != NULL && strcmp(program_name(real), "sagemaker-studio") == 0)
        return NULL;
    return command == words ? TAKE_POINTER(behind_env) : find_program(words[0]);
}

/* Where the command is a relay, it is the browser behind it that is confined or not. */
static void
find_confinement(struct user_browser *browser)
{
    AUTO_FREE char *program = text_copy(browser->program, strlen(browser->program));
    AUTO_TEXT_LIST struct text_list words = TEXT_LIST_EMPTY;
    char *const *current = browser->arguments;

    for (unsigned relays = 0; relays < RELAYS_MAX && program != NULL; relays++) {
        struct text_list next = TEXT_LIST_EMPTY;
        if (!browser_relay_follow(current, &next)) {
            text_list_free(&next);
            browser_confine_by_command(browser, program, current);
            return;
        }
        text_list_free(&words);
        words = next;
        current = words.items;
        free(program);
        program = find_program(current[0]);
    }
}

/* Take the words, unless they start nothing. */
static bool
take_command(struct user_browser *browser, struct text_list *words)
{
    char *program = find_startable(words->items);

    if (program == NULL)
        return false;
    user_browser_free(browser);
    browser->program = program;
    browser->arguments = text_list_take(words);
    find_confinement(browser);
    return true;
}

/* What does not fit is cut after a whole character; what cannot be shown becomes a question mark. */
static void
set_name(struct user_browser *browser, const char *name)
{
    size_t used = 0;
    size_t left = strlen(name);

    while (left > 0) {
        size_t printable = utf8_printable_length(name, left);
        size_t taken = printable > 0 ? printable : 1;
        if (used + taken >= BROWSER_NAME_SIZE)
            break;
        memcpy(browser->name + used, printable > 0 ? name : "?", taken);
        used += taken;
        name += taken;
        left -= taken;
    }
    browser->name[used] = '\0';
}

static bool
try_program(struct search *search, const char *program)
{
    AUTO_TEXT_LIST struct text_list words = TEXT_LIST_EMPTY;

    note_tried(search, program, strlen(program));
    if (!text_list_add(&words, program) || !text_list_add(&words, BROWSER_PAGE) ||
        !take_command(search->browser, &words))
        return false;
    set_name(search->browser, program_name(program));
    return true;
}

static bool
try_variable_entry(struct search *search, const char *entry, size_t length)
{
    AUTO_TEXT_LIST struct text_list words = TEXT_LIST_EMPTY;

    if (!browser_variable_entry_split(entry, length, &words))
        return false;
    note_tried(search, entry, length);
    if (!take_command(search->browser, &words))
        return false;
    set_name(search->browser, program_name(*command_behind_env(search->browser->arguments)));
    return true;
}

static bool
try_variable(struct search *search)
{
    const char *entries = getenv("BROWSER");

    while (entries != NULL && *entries != '\0') {
        size_t length = strcspn(entries, ":");
        if (try_variable_entry(search, entries, length))
            return true;
        entries += length;
        entries += *entries == ':';
    }
    return false;
}

/* Does the entry start something that needs no terminal, and that is installed? */
static bool
is_usable(const struct desktop_entry *entry)
{
    AUTO_FREE char *try_exec = NULL;

    if (entry->hidden || entry->terminal || entry->type == NULL || strcmp(entry->type, "Application") != 0)
        return false;
    if (entry->try_exec == NULL || entry->try_exec[0] == '\0')
        return true;
    try_exec = find_program(entry->try_exec);
    return try_exec != NULL;
}

/* What the entry says of its confinement, snapd and Flatpak wrote into it themselves. */
static void
confine_by_entry(struct user_browser *browser, const struct desktop_entry *entry)
{
    bool known = entry->snap_instance != NULL && browser_confine(browser, BROWSER_SNAP, entry->snap_instance);

    if (!known && entry->flatpak != NULL)
        (void) browser_confine(browser, BROWSER_FLATPAK, entry->flatpak);
}

static bool
try_entry(struct search *search, const char *id)
{
    AUTO_DESKTOP_ENTRY struct desktop_entry entry = DESKTOP_ENTRY_NONE;
    AUTO_TEXT_LIST struct text_list words = TEXT_LIST_EMPTY;

    note_tried(search, id, strlen(id));
    if (!desktop_entry_find(id, &entry) || !is_usable(&entry) || !exec_line_expand(&entry, &words) ||
        !take_command(search->browser, &words))
        return false;
    confine_by_entry(search->browser, &entry);
    set_name(search->browser, entry.name != NULL && entry.name[0] != '\0' ? entry.name : id);
    return true;
}

/* Our own entry is no handler of https, but a user may have said so by mistake. */
static bool
try_handlers(struct search *search)
{
    AUTO_TEXT_LIST struct text_list ids = TEXT_LIST_EMPTY;

    https_handlers_find(&ids);
    for (size_t i = 0; i < ids.count; i++) {
        if (strcmp(ids.items[i], "sagemaker-studio.desktop") != 0 && try_entry(search, ids.items[i]))
            return true;
    }
    return false;
}

static bool
try_known(struct search *search)
{
    struct search quiet = {.browser = search->browser};

    for (size_t i = 0; i < sizeof(KNOWN_BROWSERS) / sizeof(KNOWN_BROWSERS[0]); i++) {
        if (try_program(&quiet, KNOWN_BROWSERS[i]))
            return true;
    }
    return false;
}

bool
user_browser_find(const char *preferred, struct user_browser *browser, struct failure *failure)
{
    struct search search = {.browser = browser, .tried = BUFFER(TRIED_LIMIT)};
    bool found;

    user_browser_free(browser);
    found = (preferred != NULL && preferred[0] != '\0' && try_program(&search, preferred)) || try_variable(&search) ||
            try_handlers(&search) || try_known(&search);
    if (!found)
        (void) failure_set(
            failure, "no-browser",
            "no web browser was found that can be started (tried %s%sx-www-browser, firefox, chromium and "
            "others by name); install one, or choose one in the settings of the desktop",
            search.tried.length > 0 ? search.tried.data : "", search.tried.length > 0 ? ", " : "");
    buffer_free(&search.tried);
    return found;
}

/* The text with the page's URL in the place of each BROWSER_PAGE. */
static bool
append_with_page(struct buffer *text, const char *argument, const char *page_url)
{
    for (;;) {
        const char *place = strstr(argument, BROWSER_PAGE);
        if (place == NULL)
            return buffer_append_text(text, argument);
        if (!buffer_append(text, argument, (size_t) (place - argument)) || !buffer_append_text(text, page_url))
            return false;
        argument = place + strlen(BROWSER_PAGE);
    }
}

char **
user_browser_arguments(const struct user_browser *browser, const char *page_url)
{
    AUTO_TEXT_LIST struct text_list arguments = TEXT_LIST_EMPTY;

    for (char *const *argument = browser->arguments; *argument != NULL; argument++) {
        AUTO_BUFFER struct buffer text = BUFFER(ARGUMENT_LIMIT);
        if (!append_with_page(&text, *argument, page_url) || !text_list_add(&arguments, text.data))
            return NULL;
    }
    return text_list_take(&arguments);
}

void
user_browser_free_arguments(char **arguments)
{
    if (arguments == NULL)
        return;
    for (char **argument = arguments; *argument != NULL; argument++)
        free(*argument);
    free(arguments);
}

void
user_browser_free(struct user_browser *browser)
{
    free(browser->program);
    browser->program = NULL;
    user_browser_free_arguments(browser->arguments);
    browser->arguments = NULL;
    browser->name[0] = '\0';
    browser->confined_name[0] = '\0';
    browser->confinement = BROWSER_FREE;
}
