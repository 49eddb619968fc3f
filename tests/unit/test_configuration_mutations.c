/*
 * test_configuration_mutations.c: texts that are nearly maps and settings.  Whatever is read, reading ends, a refusal
 * names file and line, and nothing is left behind (the sanitizers watch).
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "user_map.h"

#define ROUNDS     3000
#define TEXT_LIMIT 4096

static const char map_seed[] =
    "# who domain profile\nalice research alice-tanaka\n@\"domain users\" research {slug} lossy=yes\n"
    "/([a-z]{1,9})\\/(.+|x)@corp\\.[[:alpha:]]+/ d-abcdefghij12 {1}-{uid} space_name=x\n"
    "1000:2000 research {localpart} landing_uri=studio::a/b\n\"a\\\"b\\\\\" -\n* research {user}\n";
static const char settings_seed[] =
    "[defaults]\nregion = ap-northeast-1 # x\nlanding_uris = studio:: app:Canvas:\n[domain research]\n"
    "domain_id = d-abcdefghij12\nexpires_in_seconds = 60\nendpoint_url = https://x.example:8443\nproxy_url = "
    "http://[::1]:1\n"
    "[credentials]\nsource = auto\nec2_metadata_service_endpoint = http://[fd00:ec2::254]\n[desktop]\nicon = no\n";

/* xorshift32 (Marsaglia 2003) with a fixed seed: a failure can be repeated. */
static uint32_t random_state = 20240229;

static uint32_t
random_below(size_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % (uint32_t) limit;
}

/* One to eight small changes: a byte that means something to the grammar, a piece cut out, a piece doubled. */
static size_t
mutate(char *text, size_t length)
{
    static const char meaningful[] = "\"\\/@#*:={}[]()|+?^$-. \t\n\r\0\x01\xff\xc3"
                                     "019azAZ%,";
    for (uint32_t changes = 1 + random_below(8); changes > 0 && length > 2; changes--) {
        size_t at = random_below(length);
        size_t piece = 1 + random_below(length - at < 40 ? length - at : 40);
        switch (random_below(3)) {
        case 0:
            text[at] = meaningful[random_below(sizeof meaningful - 1)];
            break;
        case 1:
            memmove(text + at, text + at + piece, length - at - piece);
            length -= piece;
            break;
        default:
            if (length + piece > TEXT_LIMIT)
                break;
            memmove(text + at + piece, text + at, length - at);
            length += piece;
            break;
        }
    }
    return length;
}

static void
expect_place(const struct failure *failure, const char *file)
{
    size_t length = strlen(file);
    assert_string_equal(failure->code, "config");
    if (strncmp(failure->message, file, length) != 0 || failure->message[length] != ':' ||
        failure->message[length + 1] < '1' || failure->message[length + 1] > '9')
        fail_msg("no file and line in front: %s", failure->message);
}

static unsigned
read_settings(const char *text, size_t length)
{
    struct failure failure = {0};
    struct settings_reader *reader = settings_begin();
    bool good = settings_feed(reader, "studio.conf", text, length, &failure);
    struct settings *settings = settings_finish(reader, good ? &failure : NULL);
    if (!good || settings == NULL)
        expect_place(&failure, "studio.conf");
    settings_free(settings);
    return good && settings != NULL;
}

static unsigned
read_map(const char *text, size_t length, const struct settings *settings)
{
    struct failure failure = {0};
    struct user_map *map = user_map_create();
    bool good = user_map_feed(map, "users.map", text, length, &failure) && user_map_finish(map, settings, &failure);
    if (!good)
        expect_place(&failure, "users.map");
    user_map_free(map);
    return good;
}

static void
mutated_settings_are_read_or_refused_with_file_and_line(void **state)
{
    (void) state;
    unsigned good = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[TEXT_LIMIT];
        memcpy(text, settings_seed, sizeof settings_seed - 1);
        good += read_settings(text, mutate(text, sizeof settings_seed - 1));
    }
    assert_true(good > 0 && good < ROUNDS); /* else the mutations would show nothing */
}

static void
mutated_maps_are_read_or_refused_with_file_and_line(void **state)
{
    (void) state;
    struct settings_reader *reader = settings_begin();
    assert_true(settings_feed(reader, "studio.conf", settings_seed, sizeof settings_seed - 1, NULL));
    struct settings *settings = settings_finish(reader, NULL);
    assert_non_null(settings);
    unsigned good = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        char text[TEXT_LIMIT];
        memcpy(text, map_seed, sizeof map_seed - 1);
        good += read_map(text, mutate(text, sizeof map_seed - 1), settings);
    }
    assert_true(good > 0 && good < ROUNDS);
    settings_free(settings);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_settings_are_read_or_refused_with_file_and_line),
        cmocka_unit_test(mutated_maps_are_read_or_refused_with_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
