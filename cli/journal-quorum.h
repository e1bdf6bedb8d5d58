/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A journal's word by witnesses: which of its two published checkpoints a policy is content with,
 * and that the verified journal goes on from that one.
 */

#include "cli/quorum.h"
#include "lib/checkpoint.h"
#include "lib/journal.h"

#define JOURNAL_QUORUM_FILES 2

struct journal_quorum {
        struct quorum quorum;
        int reached;
        size_t file;                  /* in which of the two, once reached */
        struct checkpoint checkpoint; /* that the quorum has cosigned, once reached */
        /* Why not, for each file; empty where there is no such file. The first is not. */
        struct problem reason[JOURNAL_QUORUM_FILES];
};

/* "checkpoint", "checkpoint.cosigned". */
extern const char *const journal_quorum_files[JOURNAL_QUORUM_FILES];

void journal_quorum_done(struct journal_quorum *quorum);

/* Looks at both, the newer first; to be called before the journal is verified, so that the result
 * is not newer. 0 whether the quorum is reached or not; -ENOMEM; the errno of reading. */
int journal_quorum_find(struct journal_quorum *quorum, const struct journal *journal,
                        const char *origin, struct problem *problem) _must_use_;

/* Whether the @verified checkpoint of the journal goes on from what was found: if not, the quorum
 * is not reached. -ENOENT: a tile is missing; -ENOMEM; the errno of reading. */
int journal_quorum_tie(struct journal_quorum *quorum, const struct journal *journal,
                       const struct checkpoint *verified, struct problem *problem) _must_use_;
