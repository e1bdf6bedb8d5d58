/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The newest leaves of a tree that grows, to know the roots that it had a while ago.
 */

#include "lib/merkle.h"

#define TREE_WINDOW_MAX ((size_t)1 << 22) /* leaves, 128 MiB: older ones go */

#define TREE_WINDOW_CURSORS 2

struct tree_window {
        struct merkle_tree base;                         /* the tree before the window */
        struct merkle_tree cursors[TREE_WINDOW_CURSORS]; /* in it, where somebody asked last */
        struct buf leaves;
};

/* Begins an empty window after @tree. */
void tree_window_begin(struct tree_window *window, const struct merkle_tree *tree);
void tree_window_done(struct tree_window *window);

/* The tree has one more leaf. -ENOMEM. */
int tree_window_add(struct tree_window *window, const struct sha256 *leaf) _must_use_;

uint64_t tree_window_size(const struct tree_window *window);

/* The root that the tree had with @size leaves. -ENODATA: that is not in the window. Cheap when one
 * asks in ascending order, or in two such orders by turns. */
int tree_window_root(struct tree_window *window, uint64_t size, struct sha256 *ret) _must_use_;

/* Nobody will ask for fewer than @size leaves any more. */
void tree_window_forget(struct tree_window *window, uint64_t size);
