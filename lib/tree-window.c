/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tree-window.h"

#include <errno.h>

void tree_window_begin(struct tree_window *window, const struct merkle_tree *tree)
{
        window->base = *tree;
        for (size_t i = 0; i < TREE_WINDOW_CURSORS; i++)
                window->cursors[i] = *tree;
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
        for (size_t i = 0; i < TREE_WINDOW_CURSORS; i++)
                if (window->cursors[i].size < base.size)
                        window->cursors[i] = base;
}

int tree_window_add(struct tree_window *window, const struct sha256 *leaf)
{
        if (window->leaves.size == TREE_WINDOW_MAX * SHA256_SIZE)
                tree_window_forget(window, window->base.size + TREE_WINDOW_MAX / 2);
        buf_put_view(&window->leaves, sha256_view(leaf));
        return buf_error(&window->leaves);
}

/* The one that has the shortest way to go; if none can go there, the one that is behind. */
static struct merkle_tree *find_cursor(struct tree_window *window, uint64_t size)
{
        struct merkle_tree *best = NULL, *last = window->cursors;

        for (size_t i = 0; i < TREE_WINDOW_CURSORS; i++) {
                struct merkle_tree *cursor = &window->cursors[i];

                if (cursor->size <= size && (!best || best->size < cursor->size))
                        best = cursor;
                if (cursor->size < last->size)
                        last = cursor;
        }
        if (!best)
                *last = window->base;
        return best ? best : last;
}

int tree_window_root(struct tree_window *window, uint64_t size, struct sha256 *ret)
{
        struct merkle_tree *cursor;

        if (size < window->base.size || size > tree_window_size(window))
                return -ENODATA;
        cursor = find_cursor(window, size);
        while (cursor->size < size)
                push(window, cursor);
        *ret = merkle_root(cursor);
        return 0;
}
