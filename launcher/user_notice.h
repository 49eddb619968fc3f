/*
 * user_notice.h: telling a user who sits at a desktop, and started us by a click, what happens: a dialog, a
 * notification, or the moving bar of work under way.  Whichever of zenity, kdialog, notify-send and xmessage is there
 * does it; none is needed.  Nothing said here holds a secret: arguments of programs are for every user of the host to
 * see.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef USER_NOTICE_H
#define USER_NOTICE_H

#include <stdbool.h>

/* Is there a graphical display (DISPLAY or WAYLAND_DISPLAY) to show something on? */
bool display_is_there(void);

/*
 * Say it on standard error as `sagemaker-studio: TEXT`, and where there is a display and standard error is no terminal,
 * in a dialog too (a failure) or as a notification that goes by itself (news).  The program that shows it is left on
 * its own: these return at once, and the dialog stays when the launcher ends.
 */
void notice_failure(const char *text);
void notice_news(const char *text);

/*
 * A small window with a moving bar, shown only when work takes longer than PROGRESS_AFTER_MS; nothing without a display
 * or where no program can show one.  end takes it away, whether it has appeared or not, and waits for nothing; the end
 * of the launcher, however it comes, does the same.  There is no child to reap.
 */
#define PROGRESS_AFTER_MS 1000
struct progress {
    int alive; /* our end of the pipe that keeps the window; 0: none */
};
void progress_begin(struct progress *progress, const char *text);
void progress_end(struct progress *progress);

#endif
