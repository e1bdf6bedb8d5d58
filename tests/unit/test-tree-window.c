/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tree-window.h"
#include "tests/test.h"

#include <errno.h>

#define LEAVES 300

static struct sha256 leaf_at(uint64_t index)
{
        return sha256_of(view_of(&index, sizeof(index)));
}

static void push(struct merkle_tree *tree)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX], leaf = leaf_at(tree->size);

        (void)merkle_push(tree, &leaf, completed);
}

static void expect_root(struct tree_window *window, uint64_t size)
{
        struct merkle_tree tree = {};
        struct sha256 expected, found = {};

        while (tree.size < size)
                push(&tree);
        expected = merkle_root(&tree);
        expect_integer(tree_window_root(window, size, &found), 0);
        expect_view(sha256_view(&found), sha256_view(&expected));
}

/* Every root from the beginning of the window on, in any order, and none before or after it. */
static void test_roots(uint64_t begin)
{
        struct tree_window window = {};
        struct merkle_tree tree = {};
        struct sha256 root, leaf;

        while (tree.size < begin)
                push(&tree);
        tree_window_begin(&window, &tree);
        for (uint64_t i = begin; i < LEAVES; i++) {
                leaf = leaf_at(i);
                expect_integer(tree_window_add(&window, &leaf), 0);
        }
        expect_integer(tree_window_size(&window), LEAVES);
        for (uint64_t size = begin; size <= LEAVES; size++)
                expect_root(&window, size);
        expect_root(&window, begin + 1);
        for (uint64_t size = begin; size + 20 <= LEAVES; size += 7) { /* two orders by turns */
                expect_root(&window, size + 20);
                expect_root(&window, size);
        }
        expect_integer(tree_window_root(&window, LEAVES + 1, &root), -ENODATA);
        tree_window_forget(&window, 200);
        expect_integer(tree_window_root(&window, 199, &root), -ENODATA);
        expect_root(&window, 200);
        expect_root(&window, LEAVES);
        tree_window_forget(&window, LEAVES + 5);
        expect_integer(tree_window_size(&window), LEAVES);
        expect_root(&window, LEAVES);
        tree_window_done(&window);
}

int main(void)
{
        test_roots(0);
        test_roots(1);
        test_roots(100);
        test_roots(128);
        return test_result();
}
