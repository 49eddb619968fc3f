/*
 * desktop_home.h: a home folder, system folders and a PATH of a test's own, for what looks into those of a desktop.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef DESKTOP_HOME_H
#define DESKTOP_HOME_H

#include <stdlib.h>
#include <sys/stat.h>

#include "private_folder.h"

static char home[PRIVATE_PATH_SIZE];

static inline const char *
at_home(const char *name)
{
    return in_folder(home, name);
}

static inline void
make_folder(const char *name)
{
    if (mkdir(at_home(name), 0755) != 0) {
        perror(at_home(name));
        abort();
    }
}

static inline void
add_file(const char *name, const char *content)
{
    write_text(at_home(name), content, 0644);
}

static inline void
add_program(const char *name, const char *content)
{
    write_text(at_home(name), content, 0755);
}

static inline int
desktop_home_make(void **state)
{
    static const char *const folders[] = {"config", "config/xfce4",        "etc", "data", "data/applications",
                                          "system", "system/applications", "far", "bin",  "far/applications"};

    (void) state;
    private_folder_make(home);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        make_folder(folders[i]);
    setenv("HOME", home, 1);
    setenv("XDG_CONFIG_HOME", at_home("config"), 1);
    setenv("XDG_CONFIG_DIRS", at_home("etc"), 1);
    setenv("XDG_DATA_HOME", at_home("data"), 1);
    char data_folders[3 * PRIVATE_PATH_SIZE];
    snprintf(data_folders, sizeof(data_folders), "%s/system:%s/far/", home, home);
    setenv("XDG_DATA_DIRS", data_folders, 1);
    setenv("PATH", at_home("bin"), 1);
    unsetenv("XDG_CURRENT_DESKTOP");
    unsetenv("BROWSER");
    return 0;
}

static inline int
desktop_home_remove(void **state)
{
    (void) state;
    private_folder_remove(home);
    return 0;
}

#define AT_HOME(test) cmocka_unit_test_setup_teardown(test, desktop_home_make, desktop_home_remove)

#endif
