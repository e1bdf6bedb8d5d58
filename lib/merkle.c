/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/merkle.h"

#define LEAF_PREFIX "\x00"
#define NODE_PREFIX "\x01"

struct sha256 merkle_leaf(struct view entry)
{
        const struct view parts[] = {view_of(LEAF_PREFIX, 1), entry};

        return sha256_of_parts(parts, ARRAY_SIZE(parts));
}

struct sha256 merkle_node(const struct sha256 *left, const struct sha256 *right)
{
        const struct view parts[] = {view_of(NODE_PREFIX, 1), sha256_view(left),
                                     sha256_view(right)};

        return sha256_of_parts(parts, ARRAY_SIZE(parts));
}

unsigned merkle_push_subtree(struct merkle_tree *tree, unsigned height, const struct sha256 *root,
                             struct sha256 ret_completed[MERKLE_HEIGHT_MAX])
{
        uint64_t leaves = (uint64_t)1 << height;

        assert(height < MERKLE_HEIGHT_MAX - 1 && tree->size % leaves == 0);
        assert(tree->size < (UINT64_MAX >> 1));
        ret_completed[height] = *root;
        while (tree->size >> height & 1) {
                ret_completed[height + 1] =
                        merkle_node(&tree->peak[height], &ret_completed[height]);
                height++;
        }
        tree->peak[height] = ret_completed[height];
        tree->size += leaves;
        return height;
}

unsigned merkle_push(struct merkle_tree *tree, const struct sha256 *leaf,
                     struct sha256 ret_completed[MERKLE_HEIGHT_MAX])
{
        return merkle_push_subtree(tree, 0, leaf, ret_completed);
}

struct sha256 merkle_perfect_root(struct view hashes)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};

        for (size_t i = 0; i < hashes.size; i += SHA256_SIZE) {
                struct sha256 hash;

                memcpy(hash.bytes, hashes.data + i, SHA256_SIZE);
                (void)merkle_push(&tree, &hash, completed);
        }
        return merkle_root(&tree);
}

struct sha256 merkle_root(const struct merkle_tree *tree)
{
        struct sha256 root = sha256_of(view_of(NULL, 0));
        int started = 0;

        for (unsigned height = 0; height < MERKLE_HEIGHT_MAX; height++) {
                if (!(tree->size >> height & 1))
                        continue;
                root = started ? merkle_node(&tree->peak[height], &root) : tree->peak[height];
                started = 1;
        }
        return root;
}
