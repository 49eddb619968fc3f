/*
 * pam_control.c: the control of a line in a PAM service file, as libpam's _pam_parse_control reads it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "pam_control.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\n"

/* libpam/pam_tokens.h; a value that is none of these makes libpam treat every result as a failure. */
static bool
is_return_value(const char *name, size_t length)
{
    static const char *const names[] = {"success",
                                        "open_err",
                                        "symbol_err",
                                        "service_err",
                                        "system_err",
                                        "buf_err",
                                        "perm_denied",
                                        "auth_err",
                                        "cred_insufficient",
                                        "authinfo_unavail",
                                        "user_unknown",
                                        "maxtries",
                                        "new_authtok_reqd",
                                        "acct_expired",
                                        "session_err",
                                        "cred_unavail",
                                        "cred_expired",
                                        "cred_err",
                                        "no_module_data",
                                        "conv_err",
                                        "authtok_err",
                                        "authtok_recover_err",
                                        "authtok_lock_busy",
                                        "authtok_disable_aging",
                                        "try_again",
                                        "ignore",
                                        "abort",
                                        "authtok_expired",
                                        "module_unknown",
                                        "bad_item",
                                        "conv_again",
                                        "incomplete",
                                        "default"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
            return true;
    return false;
}

static bool
word_is(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && strncmp(text, word, length) == 0;
}

/* What `optional` means: success counts as success, and all else, whatever is not named included, as nothing. */
static bool
complex_is_optional(const char *text)
{
    bool success_counts = false;
    bool rest_is_ignored = false;

    while (*(text += strspn(text, BLANKS)) != '\0') {
        size_t name = strcspn(text, "=" BLANKS);
        const char *action = text + name + strspn(text + name, BLANKS);
        bool is_success = word_is(text, name, "success");

        if (*action != '=' || !is_return_value(text, name))
            return false;
        action += 1 + strspn(action + 1, BLANKS);

        size_t length = strcspn(action, BLANKS);
        bool counts = word_is(action, length, "ok");

        if (is_success)
            success_counts = counts;
        else if (!word_is(action, length, "ignore") && !(counts && word_is(text, name, "new_authtok_reqd")))
            return false;
        rest_is_ignored |= word_is(text, name, "default");
        text = action + length;
    }
    return success_counts && rest_is_ignored;
}

bool
pam_control_is_optional(const char *control, bool is_complex)
{
    return is_complex ? complex_is_optional(control) : strcasecmp(control, "optional") == 0;
}
