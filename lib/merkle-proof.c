/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/merkle-proof.h"

#include <errno.h>

/* The height of the largest perfect subtree that begins at @start and ends at @end at the latest.
 */
static unsigned perfect_height(uint64_t start, uint64_t end)
{
        unsigned height = 0;

        while (height < MERKLE_HEIGHT_MAX - 1 && (start >> height & 1) == 0 &&
               ((uint64_t)2 << height) <= end - start)
                height++;
        return height;
}

/* The root over the leaves [start, end): perfect subtrees, of falling height, folded from the
 * right. @start must be where a perfect subtree as large as the range would begin. */
static int range_root(uint64_t start, uint64_t end, merkle_lookup lookup, void *context,
                      struct sha256 *ret)
{
        struct sha256 roots[MERKLE_HEIGHT_MAX];
        size_t count = 0;

        while (start < end) {
                unsigned height = perfect_height(start, end);
                int r = lookup(context, height, start >> height, &roots[count++]);

                if (r < 0)
                        return r;
                start += (uint64_t)1 << height;
        }
        *ret = roots[--count];
        while (count-- > 0)
                *ret = merkle_node(&roots[count], ret);
        return 0;
}

/* Where the tree over [start, end) is divided: after the largest power of two smaller than its
 * size. */
static uint64_t middle_of(uint64_t start, uint64_t end)
{
        uint64_t left = 1;

        while (left < end - start - left)
                left *= 2;
        return start + left;
}

static void reverse(struct merkle_proof *proof)
{
        for (size_t i = 0, j = proof->count; i + 1 < j; i++) {
                struct sha256 hash = proof->hash[i];

                proof->hash[i] = proof->hash[--j];
                proof->hash[j] = hash;
        }
}

int merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_lookup lookup, void *context,
                           struct merkle_proof *ret)
{
        uint64_t start = 0, end = size;
        int r;

        if (index >= size || size > UINT64_MAX >> 1)
                return -EINVAL;
        ret->count = 0;
        while (end - start > 1) {
                uint64_t middle = middle_of(start, end);
                int right = index >= middle;

                r = range_root(right ? start : middle, right ? middle : end, lookup, context,
                               &ret->hash[ret->count++]);
                if (r < 0)
                        return r;
                *(right ? &start : &end) = middle;
        }
        reverse(ret);
        return 0;
}

int merkle_prove_consistency(uint64_t old, uint64_t size, merkle_lookup lookup, void *context,
                             struct merkle_proof *ret)
{
        uint64_t start = 0, end = size;
        int r;

        if (old > size || size > UINT64_MAX >> 1)
                return -EINVAL;
        ret->count = 0;
        if (old == 0)
                return 0;
        /* Down to the subtree that ends where the old tree ended. */
        while (end != old) {
                uint64_t middle = middle_of(start, end);
                int right = old > middle;

                r = range_root(right ? start : middle, right ? middle : end, lookup, context,
                               &ret->hash[ret->count++]);
                if (r < 0)
                        return r;
                *(right ? &start : &end) = middle;
        }
        if (start > 0) { /* not the old tree itself, which the verifier has */
                r = range_root(start, end, lookup, context, &ret->hash[ret->count++]);
                if (r < 0)
                        return r;
        }
        reverse(ret);
        return 0;
}

/* RFC 9162 §2.1.3.2. */
int merkle_verify_inclusion(const struct sha256 *leaf, uint64_t index,
                            const struct merkle_proof *proof, uint64_t size,
                            const struct sha256 *root)
{
        uint64_t node = index, last = size - 1;
        struct sha256 hash = *leaf;

        if (index >= size || proof->count > MERKLE_PROOF_MAX)
                return -EKEYREJECTED;
        for (size_t i = 0; i < proof->count; i++) {
                if (last == 0)
                        return -EKEYREJECTED;
                if ((node & 1) || node == last) {
                        hash = merkle_node(&proof->hash[i], &hash);
                        while (!(node & 1) && node > 0) {
                                node >>= 1;
                                last >>= 1;
                        }
                } else {
                        hash = merkle_node(&hash, &proof->hash[i]);
                }
                node >>= 1;
                last >>= 1;
        }
        return last == 0 && view_equal(sha256_view(&hash), sha256_view(root)) ? 0 : -EKEYREJECTED;
}

/* RFC 9162 §2.1.4.2, steps 4 to 7: @first is the hash to begin with, the others follow. */
static int verify_path(const struct checkpoint *old, const struct checkpoint *new,
                       const struct sha256 *first, const struct sha256 *others, size_t count)
{
        uint64_t node = old->size - 1, last = new->size - 1;
        struct sha256 old_hash = *first, new_hash = *first;

        while (node & 1) {
                node >>= 1;
                last >>= 1;
        }
        for (size_t i = 0; i < count; i++) {
                if (last == 0)
                        return -EKEYREJECTED;
                if ((node & 1) || node == last) {
                        old_hash = merkle_node(&others[i], &old_hash);
                        new_hash = merkle_node(&others[i], &new_hash);
                        while (!(node & 1) && node > 0) {
                                node >>= 1;
                                last >>= 1;
                        }
                } else {
                        new_hash = merkle_node(&new_hash, &others[i]);
                }
                node >>= 1;
                last >>= 1;
        }
        return last == 0 && view_equal(sha256_view(&old_hash), sha256_view(&old->root)) &&
                               view_equal(sha256_view(&new_hash), sha256_view(&new->root))
                       ? 0
                       : -EKEYREJECTED;
}

int merkle_verify_consistency(const struct checkpoint *old, const struct checkpoint *new,
                              const struct merkle_proof *proof)
{
        const struct sha256 empty = sha256_of(view_of(NULL, 0));

        if (old->size > new->size || proof->count > MERKLE_PROOF_MAX)
                return -EKEYREJECTED;
        if (old->size == 0)
                return proof->count == 0 && view_equal(sha256_view(&old->root), sha256_view(&empty))
                               ? 0
                               : -EKEYREJECTED;
        if (old->size == new->size)
                return proof->count == 0 &&
                                       view_equal(sha256_view(&old->root), sha256_view(&new->root))
                               ? 0
                               : -EKEYREJECTED;
        if ((old->size & (old->size - 1)) == 0) /* a perfect tree is its own first hash */
                return verify_path(old, new, &old->root, proof->hash, proof->count);
        if (proof->count == 0)
                return -EKEYREJECTED;
        return verify_path(old, new, &proof->hash[0], proof->hash + 1, proof->count - 1);
}
