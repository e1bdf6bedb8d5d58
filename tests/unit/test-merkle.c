/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/merkle.h"
#include "tests/test.h"

#include <stdio.h>

#define SIZE_CHECKED 300

/* The entries and roots of the reference tests of Certificate Transparency (RFC 6962). */
static const struct {
        struct view entry;
        const char *root; /* of the tree of all entries up to this one */
} vectors[] = {
        {{(const uint8_t *)"", 0},
         "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {{(const uint8_t *)"\0", 1},
         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {{(const uint8_t *)"\x10", 1},
         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {{(const uint8_t *)"\x20\x21", 2},
         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {{(const uint8_t *)"\x30\x31", 2},
         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {{(const uint8_t *)"\x40\x41\x42\x43", 4},
         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {{(const uint8_t *)"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {{(const uint8_t *)"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

#define EMPTY_ROOT "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void expect_hex(const struct sha256 *found, const char *expected)
{
        char hex[HEX_SIZE(SHA256_SIZE)];

        expect_text(view_string(hex_encode(sha256_view(found), hex)), expected);
}

static void test_vectors(void)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};
        struct sha256 root = merkle_root(&tree);

        expect_hex(&root, EMPTY_ROOT);
        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
                struct sha256 leaf = merkle_leaf(vectors[i].entry);

                (void)merkle_push(&tree, &leaf, completed);
                root = merkle_root(&tree);
                expect_hex(&root, vectors[i].root);
        }
        expect_integer(tree.size, ARRAY_SIZE(vectors));
}

/* The definition, word for word: RFC 6962 §2.1. */
static struct sha256 naive_root(const struct sha256 *leaves, size_t count)
{
        uint8_t bytes[1 + 2 * SHA256_SIZE] = {1};
        struct sha256 left, right;
        size_t k = 1;

        if (count == 0)
                return sha256_of(view_of(NULL, 0));
        if (count == 1)
                return leaves[0];
        while (2 * k < count)
                k *= 2;
        left = naive_root(leaves, k);
        right = naive_root(leaves + k, count - k);
        memcpy(bytes + 1, left.bytes, SHA256_SIZE);
        memcpy(bytes + 1 + SHA256_SIZE, right.bytes, SHA256_SIZE);
        return sha256_of(view_of(bytes, sizeof(bytes)));
}

static struct sha256 leaf_of(size_t index)
{
        char entry[32];

        (void)snprintf(entry, sizeof(entry), "%centry %zu", 0, index);
        return sha256_of(view_of(entry, 1 + strlen(entry + 1)));
}

/* Those subtrees that end with this leaf, with nothing before or after them written. */
static void expect_completed(const struct sha256 *leaves, size_t size, unsigned height,
                             const struct sha256 *completed)
{
        static const struct sha256 untouched = {{0}};

        expect_integer(height, __builtin_ctzll(size));
        for (unsigned h = 0; h <= height; h++) {
                struct sha256 root = naive_root(leaves + size - ((size_t)1 << h), (size_t)1 << h);

                expect_view(sha256_view(&completed[h]), sha256_view(&root));
        }
        expect_view(sha256_view(&completed[height + 1]), sha256_view(&untouched));
}

static void test_every_size_against_the_definition(void)
{
        struct sha256 leaves[SIZE_CHECKED];
        struct merkle_tree tree = {};

        for (size_t size = 1; size <= SIZE_CHECKED; size++) {
                struct sha256 completed[MERKLE_HEIGHT_MAX] = {0}, expected, found;
                unsigned height;

                leaves[size - 1] = leaf_of(size - 1);
                height = merkle_push(&tree, &leaves[size - 1], completed);
                expect_completed(leaves, size, height, completed);
                expected = naive_root(leaves, size);
                found = merkle_root(&tree);
                expect_view(sha256_view(&found), sha256_view(&expected));
                expect_integer(tree.size, size);
        }
}

/* A tree made of its perfect subtrees, largest first, is the tree made leaf by leaf. */
static void test_subtrees(void)
{
        struct sha256 leaves[SIZE_CHECKED], completed[MERKLE_HEIGHT_MAX];

        for (size_t i = 0; i < SIZE_CHECKED; i++)
                leaves[i] = leaf_of(i);
        for (size_t size = 0; size <= SIZE_CHECKED; size++) {
                struct merkle_tree tree = {};
                struct sha256 expected = naive_root(leaves, size), found;

                for (unsigned height = 10; height-- > 0;) {
                        struct sha256 root;

                        if (!(size >> height & 1))
                                continue;
                        root = naive_root(leaves + tree.size, (size_t)1 << height);
                        expect_integer(merkle_push_subtree(&tree, height, &root, completed),
                                       height);
                }
                expect_integer(tree.size, size);
                found = merkle_root(&tree);
                expect_view(sha256_view(&found), sha256_view(&expected));
        }
}

/* Two subtrees of the same height join, and tell of the larger one that they complete. */
static void test_subtrees_join(void)
{
        struct sha256 leaves[16], completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};

        for (size_t i = 0; i < ARRAY_SIZE(leaves); i++)
                leaves[i] = leaf_of(i);
        for (size_t i = 0; i < ARRAY_SIZE(leaves); i += 4) {
                struct sha256 root = naive_root(leaves + i, 4);

                expect_integer(merkle_push_subtree(&tree, 2, &root, completed),
                               2 + __builtin_ctzll(i / 4 + 1));
        }
        for (unsigned height = 2; height <= 4; height++) {
                struct sha256 root = naive_root(leaves + 16 - (1 << height), (size_t)1 << height);

                expect_view(sha256_view(&completed[height]), sha256_view(&root));
        }
}

int main(void)
{
        test_vectors();
        test_every_size_against_the_definition();
        test_subtrees();
        test_subtrees_join();
        return test_result();
}
