/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wildcard.h"

#include <stdint.h>

/* The code point that @text begins with; @text goes past it. Not at the end of the text. */
static uint32_t next_point(const char **text)
{
        const uint8_t *bytes = (const uint8_t *)*text;
        uint32_t point = bytes[0];
        size_t more = point >= 0xf0 ? 3 : point >= 0xe0 ? 2 : point >= 0xc0 ? 1 : 0;

        if (more > 0)
                point &= 0x3fu >> more;
        (*text)++;
        for (; more > 0 && (**text & 0xc0) == 0x80; more--)
                point = point << 6 | (uint8_t)(*(*text)++ & 0x3f);
        return point;
}

/* The `]` of the set whose `[` is before @set, or NULL. The first character never closes it. */
static const char *find_end(const char *set)
{
        if (*set == '!')
                set++;
        return *set ? strchr(set + 1, ']') : NULL;
}

/* Whether the set from @set up to @end has the character. A range that runs backward is empty. */
static int set_has(const char *set, const char *end, uint32_t point)
{
        int negated = *set == '!', found = 0;

        if (negated)
                set++;
        while (set < end) {
                uint32_t first = next_point(&set), last = first;

                if (set[0] == '-' && set + 1 < end) {
                        set++;
                        last = next_point(&set);
                }
                if (first <= point && point <= last)
                        found = 1;
        }
        return found != negated;
}

/* Whether the one character that @pattern begins with, no star, matches the one of @text. Both go
 * past it. */
static int matches_one(const char **pattern, const char **text)
{
        const char *end = **pattern == '[' ? find_end(*pattern + 1) : NULL;
        uint32_t point = next_point(text), expected;
        int matches;

        if (end) {
                matches = set_has(*pattern + 1, end, point);
                *pattern = end + 1;
                return matches;
        }
        expected = next_point(pattern);
        return expected == '?' || expected == point;
}

int wildcard_matches(const char *pattern, const char *text)
{
        const char *after_star = NULL, *resume = NULL;

        while (*text) {
                const char *next_pattern = pattern, *next_text = text;

                if (*pattern == '*') {
                        after_star = ++pattern;
                        resume = text;
                        continue;
                }
                if (*pattern && matches_one(&next_pattern, &next_text)) {
                        pattern = next_pattern;
                        text = next_text;
                        continue;
                }
                if (!after_star)
                        return 0;
                /* The star takes one character more. */
                (void)next_point(&resume);
                pattern = after_star;
                text = resume;
        }
        while (*pattern == '*')
                pattern++;
        return *pattern == '\0';
}

int wildcard_is_pattern(const char *text)
{
        return strpbrk(text, "*?[") != NULL;
}
