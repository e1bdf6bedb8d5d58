/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a model differs from what was signed: file by file. Differences are kept nowhere: they are
 * what both inventories say, and found again whenever somebody goes through them.
 */

#include "cli/model.h"

enum difference { DIFFERENCE_MISSING, DIFFERENCE_EXTRA, DIFFERENCE_CHANGED };

#define DIFFERENCE_KINDS 3

struct differences {
        const struct inventory *found, *expected; /* borrowed */
        size_t count;
        size_t counts[DIFFERENCE_KINDS];
};

/* Before anything is hashed: marks files of the model that need no hash. */
void differences_mark(struct model *model, const struct inventory *expected);

/* Afterwards: counts missing, extra, odd and changed files. */
void differences_count(const struct model *model, const struct inventory *expected,
                       struct differences *ret);

/* Prints a line for each file, in order of names. */
int differences_print(const struct differences *differences, const char *path,
                      struct problem *problem) _must_use_;

/* Prints an object with the members "changed", "extra", "missing", "reason" and "verified": no. */
int differences_print_json(const struct differences *differences, const char *reason,
                           struct problem *problem) _must_use_;

/* "2 files changed, 1 missing": the reason of a no. */
void differences_put_counts(const struct differences *differences, struct buf *text);
