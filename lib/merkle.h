/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1), with SHA-256, growing at the right.
 *
 * A struct merkle_tree holds only the roots of the perfect subtrees that make up its size, so it
 * costs the same at ten entries and at ten billion. Heights count from the leaves: a node of height
 * h covers 2^h leaves.
 */

#include "lib/digest.h"

#define MERKLE_HEIGHT_MAX 64

struct merkle_tree {
        uint64_t size;
        struct sha256 peak[MERKLE_HEIGHT_MAX]; /* [h] is valid where bit h of size is set */
};

struct sha256 merkle_leaf(struct view entry);
struct sha256 merkle_node(const struct sha256 *left, const struct sha256 *right);

/* Adds the root of a perfect subtree of height @height at the right; the size is a multiple of
 * 2^height. @ret_completed[h] becomes the root of the subtree of height h that this completes, for
 * h = @height up to the returned height. */
unsigned merkle_push_subtree(struct merkle_tree *tree, unsigned height, const struct sha256 *root,
                             struct sha256 ret_completed[MERKLE_HEIGHT_MAX]);

/* The same for a leaf: a subtree of height 0. */
unsigned merkle_push(struct merkle_tree *tree, const struct sha256 *leaf,
                     struct sha256 ret_completed[MERKLE_HEIGHT_MAX]);

/* The root of the perfect subtree over the hashes, 32 bytes each and a power of two in number, that
 * are the roots of its own subtrees. */
struct sha256 merkle_perfect_root(struct view hashes);

/* The tree head: SHA-256 of nothing when the tree is empty. */
struct sha256 merkle_root(const struct merkle_tree *tree);
