/*
 * session_file.h: the files that carry a Studio link in a user's session, and the folders they lie in.
 *
 * One file for each login, `session-ID` (ID: 128 random bits, 32 hex digits), mode 0600, in a folder 0700 of the user:
 * $XDG_RUNTIME_DIR/sagemaker-studio where that is /run/user/UID, else RUN_FOLDER/users/UID.  Its content is a message
 * (message.h) with url, issued_at, expires_at (epoch seconds), boot_id, issued_boottime and expires_boottime (seconds
 * of CLOCK_BOOTTIME), domain, domain_id, user_profile_name, region, request_id.  Using a link is claiming it: the file
 * is renamed to `spent-ID`.  Everything is done by descriptor, and no symbolic link is ever followed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SESSION_FILE_H
#define SESSION_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "failure.h"
#include "message.h"

#define SESSION_ID_SIZE   33 /* 32 hex digits and NUL */
#define SESSION_PATH_SIZE 512

/* 128 fresh random bits (getrandom(2)) as lower-case hex. */
bool session_id_make(char id[SESSION_ID_SIZE], struct failure *failure);
bool session_id_is_valid(const char *id);

/*
 * Which folder holds this user's session files?  xdg_runtime_dir may be NULL; it is taken only when it is exactly
 * /run/user/UID and there is such a folder, and the answer is then its `sagemaker-studio`.  Otherwise the answer is
 * run_folder/users/UID.  Nothing is made, and the file system in the folder, which may be the user's own (FUSE), is
 * asked nothing: the user's process finds out what the folder is like.  False only when the path does not fit.
 */
bool session_folder_choose(uid_t uid, const char *xdg_runtime_dir, const char *run_folder, char path[SESSION_PATH_SIZE],
                           struct failure *failure);

/*
 * As root, before the user's own process needs it: make run_folder/users/UID, 0700 and the user's, where path is that
 * folder (else do nothing).  users/ is root's, so nobody else can race this, and a private
 * folder of root's in it is one that another login of the user is making right now: it is handed over alike.  An
 * existing one of any other owner, mode or type is a failure.  run_folder (0755) and users/ (0711) are made where they
 * are absent; both must be root's or ours and writable by nobody else.
 * An ordinary user makes users/ and the folder for himself (demo, tests).
 */
bool session_folder_prepare(const char *path, uid_t uid, gid_t gid, const char *run_folder, struct failure *failure);

/*
 * As the user: open the folder, making its last component (0700) when make is true and it is absent.  The folder and
 * its parent are opened O_DIRECTORY | O_NOFOLLOW; the folder must be ours and 0700.  Returns a descriptor that the
 * caller closes, or -1 with errno and the failure (code "session").
 */
int session_folder_open(const char *path, bool make, struct failure *failure);

/*
 * Write session-ID: a temporary file with O_EXCL | O_NOFOLLOW, 0600, whatever the umask; written whole, then renamed.
 * On failure nothing is left behind.  An existing session-ID is a failure.
 */
bool session_file_write(int folder, const char *id, const struct buffer *content, struct failure *failure);

/*
 * Read and parse session-ID, or spent-ID.  It must be a regular file of ours, 0600, one link.  errno ENOENT: there is
 * none.
 */
bool session_file_read(int folder, const char *id, struct message *link, struct failure *failure);
bool session_file_read_spent(int folder, const char *id, struct message *link, struct failure *failure);

/* Take session-ID for use: rename it to spent-ID.  errno ENOENT: somebody else was faster, or there is none; EEXIST:
 * there is a spent-ID already. */
bool session_file_claim(int folder, const char *id, struct failure *failure);

/* Remove session-ID, spent-ID, and what a session_file_write that was killed left of this ID.  What is not there is no
 * failure. */
bool session_file_remove(int folder, const char *id, struct failure *failure);

/* Is there a session-ID or spent-ID of any login?  True also when that cannot be found out. */
bool session_file_any(int folder);

/* `path` = folder/session-ID?  Splits it; false when it is anything else. */
bool session_path_split(const char *path, char folder[SESSION_PATH_SIZE], char id[SESSION_ID_SIZE]);

/*
 * Seconds that the link of this session file still lives, 0 when it is dead.  Where the boot id is ours the boot-time
 * clock decides (it counts through suspend, and nobody sets it); otherwise the link is dead: it was made before this
 * boot.
 */
int64_t session_link_seconds_left(const struct message *link);

/* Append boot_id, issued_boottime and expires_boottime for a link that lives this many seconds from now. */
bool session_put_clock(struct buffer *out, int64_t seconds);

#endif
