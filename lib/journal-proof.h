/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Making proofs out of a journal folder, for one of the checkpoints that are published in it.
 *
 * Nothing is verified here: a proof from a damaged journal does not verify, which is what proofs
 * are for.
 */

#include "lib/journal.h"
#include "lib/tlog-proof.h"

struct journal_head {
        struct buf checkpoint; /* verbatim */
        uint64_t size;         /* that it claims */
        uint64_t newest;       /* that the published one claims: so wide are the tiles */
};

/* -ENOENT: none is published; -EBADMSG: not a checkpoint. To be freed in any case. */
int journal_read_head(const struct journal *journal, struct journal_head *ret,
                      struct problem *problem) _must_use_;
/* The same for the checkpoint that is kept for its cosignatures, JOURNAL_COSIGNED. */
int journal_read_cosigned_head(const struct journal *journal, struct journal_head *ret,
                               struct problem *problem) _must_use_;
void journal_head_done(struct journal_head *head);

/* That record @index is in the journal: the record in `extra`, its path, and the checkpoint, which
 * is borrowed from
 * @head. -ENOENT: @head does not cover it, or a file is missing; -EBADMSG: a file is damaged;
 * -ENOMEM. */
int journal_prove(const struct journal *journal, const struct journal_head *head, uint64_t index,
                  struct tlog_proof *ret, struct problem *problem) _must_use_;

/* That the tree of @size goes on from that of its first @old records. There has been a checkpoint
 * of
 * @size. -EINVAL unless @old <= @size; -ENOENT: a file is missing; -EBADMSG; -ENOMEM. */
int journal_prove_consistency(const struct journal *journal, uint64_t old, uint64_t size,
                              struct merkle_proof *ret, struct problem *problem) _must_use_;
