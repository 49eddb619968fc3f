/*
 * user_browser.h: the program that opens https links for this user, and where it can read a page of ours.
 *
 * The handler of text/html is never asked: it may be an editor.  Which program it is: `browser` of studio.conf where
 * the administrator set it, then $BROWSER, then the user's handler for x-scheme-handler/https (mime-apps-spec, with the
 * desktop's own lists), then x-www-browser, sensible-browser, and browsers that are known by name.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USER_BROWSER_H
#define USER_BROWSER_H

#include <stdbool.h>

#include "failure.h"

#define BROWSER_NAME_SIZE 128

enum browser_confinement {
    BROWSER_FREE,    /* reads whatever the user may read */
    BROWSER_SNAP,    /* sees of the runtime folder only snap.NAME/ */
    BROWSER_FLATPAK, /* sees of the runtime folder only app/NAME/, and what is forwarded to it */
};

struct user_browser {
    char name[BROWSER_NAME_SIZE]; /* for messages: the desktop entry's Name, or the program's */
    enum browser_confinement confinement;
    char confined_name[BROWSER_NAME_SIZE]; /* of the snap, or the Flatpak application's id; "" when free */
    char *program;                         /* absolute path of what is started */
    char **arguments;                      /* NULL-terminated, with argv[0]; BROWSER_PAGE stands where the page goes */
};

/* Takes the place of the page's URL among the arguments, as a whole argument or inside one. */
#define BROWSER_PAGE "\x01page\x01"

#define USER_BROWSER_NONE ((struct user_browser){.program = NULL})
#define AUTO_USER_BROWSER __attribute__((cleanup(user_browser_free)))

/*
 * preferred: `browser` of studio.conf, a name to look for in PATH or an absolute path; NULL or "" for none.  What does
 * not exist or cannot be executed is passed over for the next.  Code "no-browser", with what was tried, when nothing is
 * left.
 */
bool user_browser_find(const char *preferred, struct user_browser *browser, struct failure *failure);

/* The arguments with the page's URL in its place: a heap array and heap strings, NULL-terminated, that the caller frees
 * with user_browser_free_arguments.  NULL when memory is short. */
char **user_browser_arguments(const struct user_browser *browser, const char *page_url);
void user_browser_free_arguments(char **arguments);

void user_browser_free(struct user_browser *browser);

#endif
