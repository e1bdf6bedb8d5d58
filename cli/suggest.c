/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suggest.h"

#include <stdio.h>

#define WORD_MAX     32 /* longer words are not compared */
#define DISTANCE_MAX 2  /* more typing errors than these are another word */

static size_t least(size_t a, size_t b, size_t c)
{
        size_t smaller = a < b ? a : b;

        return smaller < c ? smaller : c;
}

/* Levenshtein's distance; one row of his table at a time. */
static size_t distance(const char *a, const char *b)
{
        size_t row[WORD_MAX + 1], a_size = strlen(a), b_size = strlen(b);

        if (a_size > WORD_MAX || b_size > WORD_MAX)
                return WORD_MAX;
        for (size_t j = 0; j <= b_size; j++)
                row[j] = j;
        for (size_t i = 1; i <= a_size; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= b_size; j++) {
                        size_t above = row[j];

                        row[j] =
                                least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
                        diagonal = above;
                }
        }
        return row[b_size];
}

void suggestion_consider(struct suggestion *suggestion, const char *candidate)
{
        size_t found = distance(suggestion->word, candidate);

        if (found > DISTANCE_MAX || found >= strlen(candidate))
                return;
        if (suggestion->best && found >= suggestion->distance)
                return;
        suggestion->best = candidate;
        suggestion->distance = found;
}

char *suggestion_text(const struct suggestion *suggestion, const char *prefix,
                      char ret[SUGGESTION_SIZE])
{
        ret[0] = '\0';
        if (suggestion->best)
                (void)snprintf(ret, SUGGESTION_SIZE, "; did you mean \"%s%s\"?", prefix,
                               suggestion->best);
        return ret;
}
