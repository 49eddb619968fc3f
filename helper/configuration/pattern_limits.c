/*
 * pattern_limits.c: a reader of POSIX extended regular expressions (regex(7)) that counts what they will cost.
 *
 * SPDX-License-Identifier: MIT
 */
#include "pattern_limits.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_LIMIT 16
#define BOUND_LIMIT 255 /* RE_DUP_MAX that POSIX promises */

struct scan {
    const char *next;
    const char *objection;
};

/* A piece of the expression. */
struct piece {
    unsigned long copies; /* how many characters it is when bounds are written out */
    bool bounded;         /* it has a bound somewhere */
    bool may_be_empty;    /* it can match nothing at all */
};

static struct piece scan_alternatives(struct scan *scan, unsigned depth);

static void
object(struct scan *scan, const char *objection)
{
    if (scan->objection == NULL)
        scan->objection = objection;
}

/* [...]: a `]` in front and those of [:class:], [=x=] and [.x.] do not end it. */
static void
scan_bracket(struct scan *scan)
{
    if (*scan->next == '^')
        scan->next++;
    if (*scan->next == ']')
        scan->next++;
    while (*scan->next != '\0' && *scan->next != ']') {
        const char kind = (char) (scan->next[0] == '[' ? scan->next[1] : '\0');
        scan->next++;
        if (kind != ':' && kind != '=' && kind != '.')
            continue;
        const char end[] = {kind, ']', '\0'};
        const char *closed = strstr(scan->next + 1, end);
        if (closed == NULL)
            return object(scan, "a bracket expression that does not end, expected ']'");
        scan->next = closed + 2;
    }
    if (*scan->next == '\0')
        return object(scan, "a bracket expression that does not end, expected ']'");
    scan->next++;
}

/* True when it stands for a place and not for a character: glibc's \b, \B, \<, \>, \` and \'. */
static bool
scan_escape(struct scan *scan)
{
    char escaped = *scan->next;
    if (isdigit((unsigned char) escaped))
        object(scan, "a back-reference, expected a pattern without them");
    if (escaped == '\0')
        object(scan, "a backslash at the end, expected a character after it");
    else
        scan->next++;
    return escaped != '\0' && strchr("bB<>`'", escaped) != NULL;
}

static struct piece
scan_atom(struct scan *scan, unsigned depth)
{
    struct piece piece = {.copies = 1};
    char first = *scan->next++;
    if (first == '(') {
        piece = scan_alternatives(scan, depth + 1);
        if (*scan->next != ')')
            object(scan, "parentheses that are not balanced, expected a ')' for each '('");
        else
            scan->next++;
        piece.copies++;
    } else if (first == '[') {
        scan_bracket(scan);
    } else if (first == '\\') {
        piece.may_be_empty = scan_escape(scan);
    } else if (first == '^' || first == '$') {
        piece.may_be_empty = true;
    } else if (first == '{') {
        object(scan, "a '{' that begins no bound, expected \\{ for the character");
    }
    return piece;
}

/* Read digits; more than BOUND_LIMIT is an objection. */
static unsigned long
scan_number(struct scan *scan)
{
    unsigned long number = 0;
    while (isdigit((unsigned char) *scan->next)) {
        number = number * 10 + (unsigned long) (*scan->next++ - '0');
        if (number > BOUND_LIMIT) {
            object(scan, "a bound above 255, expected a smaller one");
            return BOUND_LIMIT;
        }
    }
    return number;
}

/* {m}, {m,}, {m,n} or {,n} after a piece; scan->next is behind the brace. */
static void
scan_bound(struct scan *scan, struct piece *piece)
{
    if (!isdigit((unsigned char) *scan->next) && *scan->next != ',')
        return object(scan, "a '{' that begins no bound, expected \\{ for the character");
    unsigned long least = scan_number(scan);
    unsigned long most = least;
    if (*scan->next == ',') {
        scan->next++;
        most = isdigit((unsigned char) *scan->next) ? scan_number(scan) : least + 1;
    }
    if (*scan->next != '}')
        return object(scan, "a bound that does not end, expected {m}, {m,} or {m,n}");
    scan->next++;
    if (piece->bounded)
        object(scan, "a bound inside a bound, expected bounds side by side only");
    piece->copies *= most > least ? most : least + 1;
    piece->bounded = true;
    piece->may_be_empty = piece->may_be_empty || least == 0;
}

static void
check_cost(struct scan *scan, const struct piece *piece)
{
    if (piece->copies > PATTERN_COPIES_LIMIT)
        object(scan, "too much repetition, expected bounds that give at most 512 characters when written out");
}

static void
scan_repetitions(struct scan *scan, struct piece *piece)
{
    while (scan->objection == NULL && *scan->next != '\0' && strchr("*+?{", *scan->next) != NULL) {
        char repetition = *scan->next++;
        if (piece->may_be_empty)
            object(scan, piece->bounded ? "a bound inside a bound or repetition, expected them side by side only"
                                        : "a repetition of something that may be empty, expected no (x*)* or the like");
        if (repetition == '{')
            scan_bound(scan, piece);
        else if (repetition == '+')
            piece->copies *= 2;
        else
            piece->may_be_empty = true;
        check_cost(scan, piece);
    }
}

/* One alternative, up to `|`, the end or the ')' that closes this depth. */
static struct piece
scan_sequence(struct scan *scan, unsigned depth)
{
    struct piece whole = {.may_be_empty = true};
    while (scan->objection == NULL && *scan->next != '\0' && *scan->next != ')' && *scan->next != '|') {
        struct piece piece = scan_atom(scan, depth);
        scan_repetitions(scan, &piece);
        whole.copies += piece.copies;
        whole.bounded = whole.bounded || piece.bounded;
        whole.may_be_empty = whole.may_be_empty && piece.may_be_empty;
        check_cost(scan, &whole);
    }
    return whole;
}

/* Up to the end or the ')' that closes this depth. */
static struct piece
scan_alternatives(struct scan *scan, unsigned depth)
{
    if (depth > DEPTH_LIMIT)
        object(scan, "parentheses too deep, expected at most 16 levels");
    struct piece whole = scan_sequence(scan, depth);
    while (scan->objection == NULL && *scan->next == '|') {
        scan->next++;
        struct piece other = scan_sequence(scan, depth);
        whole.copies += other.copies;
        whole.bounded = whole.bounded || other.bounded;
        whole.may_be_empty = whole.may_be_empty || other.may_be_empty;
        check_cost(scan, &whole);
    }
    return whole;
}

const char *
pattern_objection(const char *expression)
{
    struct scan scan = {.next = expression};
    if (expression[0] == '\0')
        return "an empty pattern, expected /ERE/";
    if (strlen(expression) > PATTERN_LENGTH_LIMIT)
        return "a pattern of more than 512 bytes, expected a shorter one";
    scan_alternatives(&scan, 0);
    if (*scan.next == ')')
        object(&scan, "parentheses that are not balanced, expected a '(' for each ')'");
    return scan.objection;
}
