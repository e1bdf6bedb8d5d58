/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The word that somebody may have meant.
 */

#include "lib/macro.h"

struct suggestion {
        const char *word; /* as typed */
        const char *best; /* NULL: none is near */
        size_t distance;
};

/* Takes @candidate into account. It must outlive the suggestion. */
void suggestion_consider(struct suggestion *suggestion, const char *candidate);

/* Writes `; did you mean "…"?`, or nothing when no candidate was near, and returns @ret. */
#define SUGGESTION_SIZE 80
char *suggestion_text(const struct suggestion *suggestion, const char *prefix,
                      char ret[SUGGESTION_SIZE]);
