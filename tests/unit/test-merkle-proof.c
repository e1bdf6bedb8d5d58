/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/merkle-proof.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>

#define SIZE_CHECKED 70

static struct sha256 leaves[SIZE_CHECKED];
static struct sha256 roots[SIZE_CHECKED + 1];

/* The definition, word for word: RFC 6962 §2.1. */
static struct sha256 naive_root(const struct sha256 *from, size_t count)
{
        struct sha256 left, right;
        size_t split = 1;

        if (count == 0)
                return sha256_of(view_of(NULL, 0));
        if (count == 1)
                return *from;
        while (2 * split < count)
                split *= 2;
        left = naive_root(from, split);
        right = naive_root(from + split, count - split);
        return merkle_node(&left, &right);
}

static int lookup(void *context, unsigned height, uint64_t index, struct sha256 *ret)
{
        size_t size = *(const size_t *)context;
        size_t start = (size_t)index << height, end = start + ((size_t)1 << height);

        expect(end <= size); /* only perfect subtrees that exist are asked for */
        *ret = naive_root(leaves + start, end - start);
        return 0;
}

static int failing_lookup(void *context, unsigned height, uint64_t index, struct sha256 *ret)
{
        return -EIO;
}

static void set_up(void)
{
        for (size_t i = 0; i < SIZE_CHECKED; i++)
                leaves[i] = merkle_leaf(view_of(&i, sizeof(i)));
        for (size_t i = 0; i <= SIZE_CHECKED; i++)
                roots[i] = naive_root(leaves, i);
}

/* Every way to change one hash, or their number, is refused. */
static void expect_changes_refused(size_t index, size_t size, const struct merkle_proof *proof)
{
        struct merkle_proof changed;

        for (size_t i = 0; i < proof->count; i++) {
                changed = *proof;
                changed.hash[i].bytes[i % SHA256_SIZE] ^= 1;
                expect_integer(merkle_verify_inclusion(&leaves[index], index, &changed, size,
                                                       &roots[size]),
                               -EKEYREJECTED);
        }
        changed = *proof;
        changed.hash[changed.count++] = leaves[0];
        expect_integer(merkle_verify_inclusion(&leaves[index], index, &changed, size, &roots[size]),
                       -EKEYREJECTED);
        if (proof->count > 0) {
                changed.count -= 2;
                expect_integer(merkle_verify_inclusion(&leaves[index], index, &changed, size,
                                                       &roots[size]),
                               -EKEYREJECTED);
        }
}

static void test_inclusion(void)
{
        for (size_t size = 1; size <= SIZE_CHECKED; size++)
                for (size_t index = 0; index < size; index++) {
                        struct merkle_proof proof = {};

                        expect_integer(merkle_prove_inclusion(index, size, lookup, &size, &proof),
                                       0);
                        expect_integer(merkle_verify_inclusion(&leaves[index], index, &proof, size,
                                                               &roots[size]),
                                       0);
                        expect_changes_refused(index, size, &proof);
                        for (size_t other = 0; other < size; other++)
                                if (other != index)
                                        expect_integer(merkle_verify_inclusion(&leaves[index],
                                                                               other, &proof, size,
                                                                               &roots[size]),
                                                       -EKEYREJECTED);
                }
}

static void expect_consistency_changes_refused(const struct checkpoint *old,
                                               const struct checkpoint *new,
                                               const struct merkle_proof *proof)
{
        struct merkle_proof changed;

        for (size_t i = 0; i < proof->count; i++) {
                changed = *proof;
                changed.hash[i].bytes[i % SHA256_SIZE] ^= 1;
                expect_integer(merkle_verify_consistency(old, new, &changed), -EKEYREJECTED);
        }
        changed = *proof;
        changed.hash[changed.count++] = leaves[0];
        expect_integer(merkle_verify_consistency(old, new, &changed), -EKEYREJECTED);
        if (proof->count > 0) {
                changed.count -= 2;
                expect_integer(merkle_verify_consistency(old, new, &changed), -EKEYREJECTED);
        }
}

static void test_consistency(void)
{
        for (size_t size = 0; size <= SIZE_CHECKED; size++)
                for (size_t before = 0; before <= size; before++) {
                        const struct checkpoint old = {before, roots[before]},
                                                new = {size, roots[size]};
                        struct checkpoint forked = old;
                        struct merkle_proof proof = {};

                        expect_integer(
                                merkle_prove_consistency(before, size, lookup, &size, &proof), 0);
                        expect_integer(merkle_verify_consistency(&old, &new, &proof), 0);
                        expect_consistency_changes_refused(&old, &new, &proof);
                        forked.root.bytes[0] ^= 1;
                        expect_integer(merkle_verify_consistency(&forked, &new, &proof),
                                       -EKEYREJECTED);
                        if (before < size)
                                expect_integer(merkle_verify_consistency(&new, &old, &proof),
                                               -EKEYREJECTED);
                }
}

static void test_errors(void)
{
        struct merkle_proof proof;
        size_t size = 3;

        expect_integer(merkle_prove_inclusion(3, 3, lookup, &size, &proof), -EINVAL);
        expect_integer(merkle_prove_inclusion(0, UINT64_MAX, lookup, &size, &proof), -EINVAL);
        expect_integer(merkle_prove_consistency(4, 3, lookup, &size, &proof), -EINVAL);
        expect_integer(merkle_prove_consistency(1, UINT64_MAX, lookup, &size, &proof), -EINVAL);
        expect_integer(merkle_prove_inclusion(1, 3, failing_lookup, NULL, &proof), -EIO);
        expect_integer(merkle_prove_consistency(2, 3, failing_lookup, NULL, &proof), -EIO);
        proof.count = MERKLE_PROOF_MAX + 1;
        expect_integer(merkle_verify_inclusion(&leaves[0], 0, &proof, 1, &roots[1]), -EKEYREJECTED);
}

/* The proofs that RFC 6962 §2.1.3 spells out for its tree of seven leaves, by the hashes they name.
 */
static void test_rfc_examples(void)
{
        const struct sha256 a = leaves[0], b = leaves[1], c = leaves[2], d = leaves[3],
                            f = leaves[5], j = leaves[6];
        const struct sha256 g = merkle_node(&a, &b), h = merkle_node(&c, &d),
                            i = merkle_node(&leaves[4], &f), k = merkle_node(&g, &h),
                            l = merkle_node(&i, &j);
        struct merkle_proof proof = {};
        size_t size = 7;

        expect_integer(merkle_prove_inclusion(0, size, lookup, &size, &proof), 0);
        expect_integer(proof.count, 3);
        expect_view(view_of(proof.hash, 3 * sizeof(*proof.hash)),
                    view_of(((struct sha256[]){b, h, l}), 3 * sizeof(b)));
        expect_integer(merkle_prove_inclusion(6, size, lookup, &size, &proof), 0);
        expect_view(view_of(proof.hash, proof.count * sizeof(*proof.hash)),
                    view_of(((struct sha256[]){i, k}), 2 * sizeof(i)));
        expect_integer(merkle_prove_consistency(3, size, lookup, &size, &proof), 0);
        expect_view(view_of(proof.hash, proof.count * sizeof(*proof.hash)),
                    view_of(((struct sha256[]){c, d, g, l}), 4 * sizeof(c)));
        expect_integer(merkle_prove_consistency(4, size, lookup, &size, &proof), 0);
        expect_view(view_of(proof.hash, proof.count * sizeof(*proof.hash)), view_of(&l, sizeof(l)));
}

int main(void)
{
        set_up();
        test_inclusion();
        test_consistency();
        test_errors();
        test_rfc_examples();
        return test_result();
}
