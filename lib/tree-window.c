/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tree-window.h"

#include <errno.h>

void tree_window_begin(struct tree_window *window, const struct merkle_tree *tree)
{
        window->base = window->cursor = *tree;
        buf_clear(&window->leaves);
        window->leaves.limit = TREE_WINDOW_MAX * SHA256_SIZE;
}

void tree_window_done(struct tree_window *window)
{
        buf_done(&window->leaves);
}

uint64_t tree_window_size(const struct tree_window *window)
{
        return window->base.size + window->leaves.size / SHA256_SIZE;
}

static void push(const struct tree_window *window, struct merkle_tree *tree)
{
        size_t offset = (size_t)(tree->size - window->base.size) * SHA256_SIZE;
        struct sha256 leaf, completed[MERKLE_HEIGHT_MAX];

        memcpy(leaf.bytes, window->leaves.data + offset, SHA256_SIZE);
        (void)merkle_push(tree, &leaf, completed); /* a height, and no error */
}

void tree_window_forget(struct tree_window *window, uint64_t size)
{
        struct merkle_tree base = window->base;

        if (size > tree_window_size(window))
                size = tree_window_size(window);
        while (base.size < size)
                push(window, &base);
        buf_consume(&window->leaves, (size_t)(base.size - window->base.size) * SHA256_SIZE);
        window->base = base;
        if (window->cursor.size < base.size)
                window->cursor = base;
}

int tree_window_add(struct tree_window *window, const struct sha256 *leaf)
{
        if (window->leaves.size == TREE_WINDOW_MAX * SHA256_SIZE)
                tree_window_forget(window, window->base.size + TREE_WINDOW_MAX / 2);
        buf_put_view(&window->leaves, sha256_view(leaf));
        return buf_error(&window->leaves);
}

int tree_window_root(struct tree_window *window, uint64_t size, struct sha256 *ret)
{
        if (size < window->base.size || size > tree_window_size(window))
                return -ENODATA;
        if (size < window->cursor.size)
                window->cursor = window->base;
        while (window->cursor.size < size)
                push(window, &window->cursor);
        *ret = merkle_root(&window->cursor);
        return 0;
}
