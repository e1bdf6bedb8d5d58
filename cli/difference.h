/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a model differs from what was signed: file by file.
 */

#include "cli/model.h"

enum difference { DIFFERENCE_MISSING, DIFFERENCE_EXTRA, DIFFERENCE_CHANGED };

#define DIFFERENCE_KINDS 3

struct differences {
        struct difference_file {
                enum difference kind;
                const char *name;              /* borrowed */
                const char *odd;               /* what is there in its place; or NULL */
                struct sha256 expected, found; /* of a changed file */
        } * files;
        size_t count, capacity;
        size_t counts[DIFFERENCE_KINDS];
};

void differences_done(struct differences *differences);

/* Before anything is hashed: marks files of the model that need no hash, notes missing, extra and
 * odd ones. -ENOMEM. */
int differences_find_names(struct model *model, const struct inventory *expected,
                           struct differences *ret) _must_use_;

/* Afterwards: notes changed ones. -ENOMEM. */
int differences_find_digests(const struct model *model, const struct inventory *expected,
                             struct differences *ret) _must_use_;

/* Appends a line for each file, in order of names. */
void differences_put(const struct differences *differences, const char *path, struct buf *text);

/* "2 files changed, 1 missing": the reason of a no. */
void differences_put_counts(const struct differences *differences, struct buf *text);

/* Adds the members "changed", "extra" and "missing". -ENOMEM. */
int differences_add_facts(const struct differences *differences, json_t *facts) _must_use_;
