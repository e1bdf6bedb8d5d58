/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/merkle-proof.h"
#include "lib/reader.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* Trees of any size, all of whose leaves are the same: a perfect subtree is known by its height. */
static struct sha256 perfect[MERKLE_HEIGHT_MAX];

static void set_up(void)
{
        perfect[0] = merkle_leaf(view_of(NULL, 0));
        for (unsigned height = 1; height < MERKLE_HEIGHT_MAX; height++)
                perfect[height] = merkle_node(&perfect[height - 1], &perfect[height - 1]);
}

static int lookup(void *context, unsigned height, uint64_t index, struct sha256 *ret)
{
        uint64_t size = *(const uint64_t *)context;

        assert(height < MERKLE_HEIGHT_MAX && index < size >> height);
        *ret = perfect[height];
        return 0;
}

static struct checkpoint head_of(uint64_t size)
{
        struct checkpoint head = {.size = size};
        struct merkle_tree tree = {.size = size};

        memcpy(tree.peak, perfect, sizeof(tree.peak));
        head.root = merkle_root(&tree);
        return head;
}

static void check_inclusion(uint64_t index, uint64_t size, size_t place)
{
        struct checkpoint head = head_of(size);
        struct merkle_proof proof = {};
        int r = merkle_prove_inclusion(index, size, lookup, &size, &proof);

        assert(r == (index < size ? 0 : -EINVAL));
        if (r < 0)
                return;
        r = merkle_verify_inclusion(&perfect[0], index, &proof, size, &head.root);
        assert(r == 0);
        if (proof.count == 0)
                return;
        proof.hash[place % proof.count].bytes[place % SHA256_SIZE] ^= 1;
        r = merkle_verify_inclusion(&perfect[0], index, &proof, size, &head.root);
        assert(r == -EKEYREJECTED);
}

static void check_consistency(uint64_t before, uint64_t size, size_t place)
{
        struct checkpoint old = head_of(before), new = head_of(size);
        struct merkle_proof proof = {};
        int r = merkle_prove_consistency(before, size, lookup, &size, &proof);

        assert(r == (before <= size ? 0 : -EINVAL));
        if (r < 0)
                return;
        r = merkle_verify_consistency(&old, &new, &proof);
        assert(r == 0);
        if (proof.count == 0)
                return;
        proof.hash[place % proof.count].bytes[place % SHA256_SIZE] ^= 1;
        r = merkle_verify_consistency(&old, &new, &proof);
        assert(r == -EKEYREJECTED);
}

/* Numbers and hashes of a stranger's: whatever they are, they are no proof for this root. */
static void check_hostile(struct reader *reader, uint64_t index, uint64_t size)
{
        struct checkpoint old = {.size = index}, new = {.size = size};
        struct merkle_proof proof = {};
        int r;

        while (reader->left >= SHA256_SIZE && proof.count < MERKLE_PROOF_MAX)
                memcpy(proof.hash[proof.count++].bytes, reader_bytes(reader, SHA256_SIZE).data,
                       SHA256_SIZE);
        r = merkle_verify_inclusion(&perfect[0], index, &proof, size, &new.root);
        assert(r == -EKEYREJECTED);
        r = merkle_verify_consistency(&old, &new, &proof);
        assert(r == -EKEYREJECTED || (index == size && index > 0 && proof.count == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct reader reader = reader_init(view_of(data, size));
        uint64_t a = reader_u64(&reader), b = reader_u64(&reader);
        uint16_t place = reader_u16(&reader);

        if (reader.bad)
                return 0;
        set_up();
        check_hostile(&reader, a, b);
        a >>= 1; /* a tree has fewer than 2^63 leaves */
        b >>= 1;
        check_inclusion(a, b, place);
        check_consistency(a, b, place);
        return 0;
}
