/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an `anchor` record says, held against the attestation in it and against the tree that the
 * journal had.
 */

#include "lib/anchor.h"
#include "lib/record-scan.h"
#include "lib/tree-window.h"

struct anchor_claim {
        uint32_t index;
        uint64_t counter;
        uint64_t size;     /* of the tree that is attested */
        struct sha256 key; /* SHA-256 of the attestation key's text */
};

/* The members that all records of anchors have. -EBADMSG: none that there can be. */
int anchor_read_counter(const struct record *record, uint32_t *ret_index, uint64_t *ret_counter,
                        struct problem *problem) _must_use_;

/* Takes it out of the record and checks it. @window has the trees from the record that announced it
 * on. -EBADMSG, -EKEYREJECTED, with the reason; -ENOMEM. */
int anchor_claim_read(const struct record *record, const char *origin, struct tree_window *window,
                      struct anchor_claim *ret, struct problem *problem) _must_use_;
