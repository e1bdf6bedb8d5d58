/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/written-quickly.h"

/* The tree over the first @size entries, by an implementation that knows no shortcut. */
static struct sha256 root_of(const struct written *written, size_t size)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        struct merkle_tree tree = {};

        for (size_t i = 0; i < size; i++)
                (void)merkle_push(&tree, &written->leaves[i], completed);
        return merkle_root(&tree);
}

static void expect_proved(const struct written *written, uint64_t index, uint64_t size,
                          const struct sha256 *root)
{
        _cleanup_(buf_done) struct buf entry = {};
        struct merkle_proof proof = {};

        expect_integer(writer_prove(written->writer, index, size, &proof, NULL), 0);
        expect_integer(merkle_verify_inclusion(&written->leaves[index], index, &proof, size, root),
                       0);
        expect_integer(writer_read_entry(written->writer, index, &entry, NULL), 0);
        expect(view_equal(buf_view(&entry), written_entry(written, index)));
}

/* From an earlier tree, and from nothing, which needs no proof. */
static void expect_consistent(const struct written *written, uint64_t old, uint64_t size,
                              const struct sha256 *root)
{
        const struct checkpoint from = {old, root_of(written, old)}, to = {size, *root};
        struct merkle_proof proof = {};

        expect_integer(writer_prove_consistency(written->writer, old, size, &proof, NULL), 0);
        if (old == 0)
                expect_integer(proof.count, 0);
        else
                expect_integer(merkle_verify_consistency(&from, &to, &proof), 0);
}

/* Entries old and new, in the present tree and in earlier ones. */
static void expect_all_proved(struct written *written)
{
        for (size_t size = written->durable; size > 0; size = size * 2 / 3) {
                struct sha256 root = root_of(written, size);

                for (size_t i = 0; i < 40; i++)
                        expect_proved(written, written_random(written, size), size, &root);
                expect_proved(written, 0, size, &root);
                expect_proved(written, size - 1, size, &root);
                expect_consistent(written, 0, size, &root);
                expect_consistent(written, written_random(written, size), size, &root);
                expect_consistent(written, size - 1, size, &root);
                expect_consistent(written, size, size, &root);
        }
}

static void test_proofs(void)
{
        static const size_t counts[] = {1, 1, 253, 1, 1, 300, 4000, 5000, 256};
        struct written written;

        written_init(&written, 21);
        expect_open(&written, 0, 0);
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
                append_noise(&written, counts[i], 100);
                expect_all_proved(&written); /* bundles and tiles wait in memory */
                if (i % 3 == 2)
                        expect_published(&written);
                expect_all_proved(&written);
        }
        reopen(&written); /* memory knows nothing of the full bundles */
        expect_all_proved(&written);
        append_noise(&written, 700, 100);
        expect_all_proved(&written);
        written_done(&written);
}

/* More than memory keeps, above it levels of more than one tile. */
static void test_many(void)
{
        struct written written;

        written_init(&written, 22);
        expect_open(&written, 0, 0);
        append_noise(&written, 70000, 4);
        expect_all_proved(&written);
        expect_published(&written);
        expect_all_proved(&written);
        reopen(&written);
        append_noise(&written, 9000, 4);
        expect_all_proved(&written);
        written_done(&written);
}

static void test_refused(void)
{
        _cleanup_(buf_done) struct buf entry = {};
        struct merkle_proof proof = {};
        struct written written;

        written_init(&written, 23);
        expect_open(&written, 0, 0);
        append_noise(&written, 10, 100);
        expect_integer(writer_prove(written.writer, 10, 10, &proof, &written.problem), -EINVAL);
        expect_text(view_string(written.problem.text), "record 10 of 10: there are 10");
        expect_integer(writer_prove(written.writer, 0, 11, &proof, NULL), -EINVAL);
        expect_integer(writer_prove(written.writer, 0, 0, &proof, NULL), -EINVAL);
        expect_integer(writer_prove_consistency(written.writer, 5, 11, &proof, NULL), -EINVAL);
        expect_integer(writer_prove_consistency(written.writer, 6, 5, &proof, NULL), -EINVAL);
        expect_integer(writer_read_entry(written.writer, 10, &entry, NULL), -ENOENT);
        written_done(&written);
}

/* A tile that is lost after memory has forgotten it is missed, and never made up. */
static void test_lost_tile(void)
{
        struct merkle_proof proof = {};
        struct written written;
        struct folder folder;

        written_init(&written, 24);
        expect_open(&written, 0, 0);
        append_noise(&written, 9000, 4);
        expect_published(&written);
        folder = (struct folder){.fd = open(written.path, O_RDONLY | O_DIRECTORY)};
        expect_integer(unlinkat(folder.fd, "tile/0/000", 0), 0);
        expect_integer(writer_prove(written.writer, 0, 9000, &proof, NULL), -ENOENT);
        expect_integer(writer_prove(written.writer, 8999, 9000, &proof, NULL), 0);
        (void)close(folder.fd);
        written_done(&written);
}

int main(void)
{
        test_proofs();
        test_many();
        test_refused();
        test_lost_tile();
        return test_result();
}
