/*
 * Loads a configuration as the helper does and looks up rules by name; tests/instructions counts both.
 *
 *   map_lookup FOLDER NAME...
 *
 * Every name must have a rule in FOLDER/users.map.  Prints how many rules there are.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "configuration.h"

static bool
look_up(const struct user_map *map, const char *name)
{
    size_t index = user_map_named(map, name);

    if (index < map->count && strcmp(map->rules[index].who, name) == 0)
        return true;
    fprintf(stderr, "map_lookup: no rule for %s\n", name);
    return false;
}

int
main(int argc, char **argv)
{
    struct configuration *configuration = NULL;
    struct failure failure = {.message = "there is no users.map"};

    if (argc < 3)
        return 64;
    if (configuration_load(argv[1], geteuid(), &configuration, &failure) != CONFIGURATION_LOADED) {
        fprintf(stderr, "map_lookup: %s\n", failure.message);
        return EXIT_FAILURE;
    }
    for (int i = 2; i < argc; i++)
        if (!look_up(configuration->map, argv[i]))
            return EXIT_FAILURE;
    printf("%zu\n", configuration->map->count);
    configuration_free(configuration);
    return EXIT_SUCCESS;
}
