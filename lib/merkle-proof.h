/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inclusion and consistency proofs (RFC 9162 §2.1.3 and §2.1.4; RFC 6962 §2.1.1 and §2.1.2).
 *
 * Making a proof needs the roots of some perfect subtrees, which the caller looks up; verifying one
 * needs the proof alone.
 */

#include "lib/checkpoint.h"

/* A consistency proof has one hash for each of the at most 64 levels, and one to begin with. */
#define MERKLE_PROOF_MAX (MERKLE_HEIGHT_MAX + 1)

struct merkle_proof {
        size_t count;
        struct sha256 hash[MERKLE_PROOF_MAX]; /* from the leaf to the root */
};

/* The root of the perfect subtree over the leaves [index·2^height, (index+1)·2^height). 0 or a
 * negative error, which the proof function hands on. */
typedef int (*merkle_lookup)(void *context, unsigned height, uint64_t index, struct sha256 *ret);

/* That leaf @index is in the tree of @size leaves. -EINVAL unless @index < @size; else errors of
 * @lookup. */
int merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_lookup lookup, void *context,
                           struct merkle_proof *ret) _must_use_;

/* That the tree of @size leaves goes on from the tree of its first @old leaves. Empty for @old 0 or
 * @size. -EINVAL unless @old <= @size. */
int merkle_prove_consistency(uint64_t old, uint64_t size, merkle_lookup lookup, void *context,
                             struct merkle_proof *ret) _must_use_;

/* 0 if and only if the proof shows that @leaf is leaf @index of the tree of @size leaves with
 * @root; else -EKEYREJECTED. One hash too many or too few is an error. */
int merkle_verify_inclusion(const struct sha256 *leaf, uint64_t index,
                            const struct merkle_proof *proof, uint64_t size,
                            const struct sha256 *root) _must_use_;

/* 0 if and only if the proof shows that @new goes on from @old; else -EKEYREJECTED. */
int merkle_verify_consistency(const struct checkpoint *old, const struct checkpoint *new,
                              const struct merkle_proof *proof) _must_use_;
