/*
 * nearest_names.c: see nearest_names.h.  The distance is that of Damerau and Levenshtein in its restricted form
 * (optimal string alignment): no character is changed twice.
 *
 * SPDX-License-Identifier: MIT
 */
#include "nearest_names.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define ROW (NEAREST_NAME_LENGTH_MAX + 1)

/* Names that begin with the wanted one, or the other way round, are as near as if they took so many changes: nearer
 * than any that took three. */
#define CHANGES_OF_A_BEGINNING 2
#define BEGINNING_MIN          3

#define FAR UINT_MAX

static bool
is_same(char one, char other)
{
    return tolower((unsigned char) one) == tolower((unsigned char) other);
}

static unsigned
least(unsigned one, unsigned other)
{
    return one < other ? one : other;
}

/* rows[0] is for the characters of one before its last two, rows[1] before its last, rows[2] is filled now. */
static void
fill_row(unsigned rows[3][ROW], const char *one, size_t at, const char *other, size_t other_length)
{
    rows[2][0] = (unsigned) at;
    for (size_t i = 1; i <= other_length; i++) {
        unsigned change = is_same(one[at - 1], other[i - 1]) ? 0 : 1;
        unsigned changes = least(least(rows[1][i], rows[2][i - 1]) + 1, rows[1][i - 1] + change);

        if (at > 1 && i > 1 && is_same(one[at - 1], other[i - 2]) && is_same(one[at - 2], other[i - 1]))
            changes = least(changes, rows[0][i - 2] + 1);
        rows[2][i] = changes;
    }
}

static unsigned
count_changes(const char *one, size_t one_length, const char *other, size_t other_length)
{
    unsigned rows[3][ROW] = {{0}};

    for (size_t i = 0; i <= other_length; i++)
        rows[2][i] = (unsigned) i;
    for (size_t at = 1; at <= one_length; at++) {
        memcpy(rows[0], rows[1], sizeof(rows[0]));
        memcpy(rows[1], rows[2], sizeof(rows[1]));
        fill_row(rows, one, at, other, other_length);
    }
    return rows[2][other_length];
}

static unsigned
distance(const char *wanted, const char *name)
{
    size_t wanted_length = strnlen(wanted, ROW);
    size_t name_length = strnlen(name, ROW);
    size_t shorter = wanted_length < name_length ? wanted_length : name_length;
    unsigned allowed = wanted_length >= 9 ? (unsigned) (wanted_length / 3) : 2;
    unsigned changes;

    if (wanted_length == ROW || name_length == ROW)
        return FAR;
    changes = count_changes(wanted, wanted_length, name, name_length);
    if (changes > CHANGES_OF_A_BEGINNING && shorter >= BEGINNING_MIN && strncasecmp(wanted, name, shorter) == 0)
        return CHANGES_OF_A_BEGINNING;
    /* What changes every character is another name. */
    return changes <= allowed && changes < wanted_length ? changes : FAR;
}

size_t
nearest_names(const char *wanted, char *const *names, size_t count, const char *nearest[NEAREST_NAMES_MAX])
{
    unsigned distances[NEAREST_NAMES_MAX];
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned here = distance(wanted, names[i]);
        size_t place = found;

        while (place > 0 && distances[place - 1] > here)
            place--;
        if (here == FAR || place == NEAREST_NAMES_MAX)
            continue;
        if (found < NEAREST_NAMES_MAX)
            found++;
        for (size_t last = found - 1; last > place; last--) {
            distances[last] = distances[last - 1];
            nearest[last] = nearest[last - 1];
        }
        distances[place] = here;
        nearest[place] = names[i];
    }
    return found;
}
