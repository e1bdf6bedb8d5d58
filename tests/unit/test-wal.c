/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tile.h"
#include "lib/wal.h"
#include "tests/test.h"

#include <errno.h>

static struct wal_entry found_entries[WAL_BATCH_COUNT];

static void put_batch(struct buf *segment, uint64_t first, const char *const *entries, size_t count)
{
        _cleanup_(wal_batch_done) struct wal_batch batch = {};

        wal_batch_init(&batch, first);
        for (size_t i = 0; i < count; i++) {
                struct sha256 leaf = merkle_leaf(view_string(entries[i]));

                expect_integer(wal_batch_add(&batch, view_string(entries[i]), &leaf), 0);
        }
        expect_integer(wal_batch_finish(&batch), 0);
        buf_put_view(segment, buf_view(&batch.bytes));
}

/* Two batches: entries 7 to 9, entries 10 and 11. */
static size_t put_two_batches(struct buf *segment)
{
        size_t first_size;

        put_batch(segment, 7, (const char *const[]){"one", "", "three"}, 3);
        first_size = segment->size;
        put_batch(segment, 10, (const char *const[]){"four", "five"}, 2);
        return first_size;
}

static enum wal_found read_at(const struct buf *segment, size_t *offset, uint64_t expected,
                              uint32_t *ret_count)
{
        return wal_read_batch(buf_view(segment), offset, expected, found_entries, ret_count);
}

static void test_paths(void)
{
        char path[WAL_NAME_SIZE];

        expect_text(view_string(wal_path(0, path)), "wal/00000000000000000000");
        expect_text(view_string(wal_path(1234, path)), "wal/00000000000000001234");
        expect_text(view_string(wal_path(UINT64_MAX, path)), "wal/18446744073709551615");
}

/* The format as lib/wal.h draws it, put together here by other means. */
static void test_exact_bytes(void)
{
        static const uint8_t head[] = {'H', 'M', 'w', 'b', 0, 0, 0, 2, 0, 0,
                                       0,   0,   0,   0,   0, 5, 0, 0, 0, 12};
        static const uint8_t body[] = {0, 0, 0, 3, 'o', 'n', 'e', 0, 0, 0, 1, '2'};
        struct sha256 leaves[] = {merkle_leaf(view_string("one")), merkle_leaf(view_string("2"))};
        struct sha256 check =
                sha256_of_parts((struct view[]){view_of(head, sizeof(head)),
                                                sha256_view(&leaves[0]), sha256_view(&leaves[1])},
                                3);
        _cleanup_(buf_done) struct buf segment = {}, expected = {};

        buf_put(&expected, head, sizeof(head));
        buf_put_view(&expected, sha256_view(&check));
        buf_put(&expected, body, sizeof(body));
        put_batch(&segment, 5, (const char *const[]){"one", "2"}, 2);
        expect_view(buf_view(&segment), buf_view(&expected));
}

static void test_read(void)
{
        _cleanup_(buf_done) struct buf segment = {};
        size_t first_size = put_two_batches(&segment), offset = 0;
        struct sha256 leaf = merkle_leaf(view_string("three"));
        uint32_t count = 77;

        expect_integer(read_at(&segment, &offset, 7, &count), WAL_BATCH);
        expect_integer(offset, first_size);
        expect_integer(count, 3);
        expect_text(found_entries[0].bytes, "one");
        expect_text(found_entries[1].bytes, "");
        expect_text(found_entries[2].bytes, "three");
        expect_view(sha256_view(&found_entries[2].leaf), sha256_view(&leaf));
        expect_integer(read_at(&segment, &offset, 10, &count), WAL_BATCH);
        expect_integer(offset, segment.size);
        expect_integer(count, 2);
        expect_integer(read_at(&segment, &offset, 12, &count), WAL_END);
        expect_integer(offset, segment.size);
}

static void test_another_index(void)
{
        _cleanup_(buf_done) struct buf segment = {};
        uint32_t count = 77;
        size_t offset = 0;

        (void)put_two_batches(&segment);
        expect_integer(read_at(&segment, &offset, 6, &count), WAL_BAD);
        expect_integer(read_at(&segment, &offset, 8, &count), WAL_BAD);
        expect_integer(offset, 0);
        expect_integer(count, 77);
}

/* Cut anywhere in the last batch it is a torn tail, and nothing before it is lost. */
static void test_every_truncation(void)
{
        _cleanup_(buf_done) struct buf segment = {};
        size_t first_size = put_two_batches(&segment), whole = segment.size;

        for (segment.size = 0; segment.size < whole; segment.size++) {
                enum wal_found expected = segment.size == 0           ? WAL_END
                                          : segment.size < first_size ? WAL_TORN
                                                                      : WAL_BATCH;
                uint32_t count;
                size_t offset = 0;

                expect_integer(read_at(&segment, &offset, 7, &count), expected);
                if (expected != WAL_BATCH)
                        continue;
                expect_integer(read_at(&segment, &offset, 10, &count),
                               segment.size == first_size ? WAL_END : WAL_TORN);
                expect_integer(offset, first_size);
        }
}

/* A changed bit in the last batch looks like a torn tail; in the one before it is damage. */
static void test_every_flipped_bit(void)
{
        _cleanup_(buf_done) struct buf segment = {};
        size_t first_size = put_two_batches(&segment);

        for (size_t bit = 0; bit < 8 * segment.size; bit++) {
                uint32_t count;
                size_t offset = 0;

                segment.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                if (bit / 8 < first_size) {
                        expect_integer(read_at(&segment, &offset, 7, &count), WAL_BAD);
                        expect_integer(offset, 0);
                } else {
                        expect_integer(read_at(&segment, &offset, 7, &count), WAL_BATCH);
                        expect_integer(read_at(&segment, &offset, 10, &count), WAL_TORN);
                        expect_integer(offset, first_size);
                }
                segment.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
}

/* Zeros are room for batches to come, or what a filesystem may leave of a write that it had only
 * made room for. What is not zero behind them is neither. */
static void test_zeros_after(void)
{
        static const char *const entries[] = {"one"};
        _cleanup_(buf_done) struct buf segment = {};
        uint32_t count;
        size_t offset = 0, end;

        put_batch(&segment, 0, entries, 1);
        end = segment.size;
        for (int i = 0; i < 4096; i++)
                buf_put_u8(&segment, 0);
        expect_integer(read_at(&segment, &offset, 0, &count), WAL_BATCH);
        expect_integer(read_at(&segment, &offset, 1, &count), WAL_END);
        expect_integer(offset, end);
        buf_put_u8(&segment, 1);
        expect_integer(read_at(&segment, &offset, 1, &count), WAL_TORN);
        segment.size--;
        put_batch(&segment, 1, entries, 1);
        expect_integer(read_at(&segment, &offset, 1, &count), WAL_BAD);
        expect_integer(offset, end);
}

/* An entry may hold what looks like a batch: it counts as a batch only where one can begin. */
static void test_batch_within_an_entry(void)
{
        _cleanup_(buf_done) struct buf segment = {}, inner = {};
        _cleanup_(wal_batch_done) struct wal_batch batch = {};
        struct sha256 leaf;
        uint32_t count;
        size_t offset = 0;

        put_batch(&inner, 0, (const char *const[]){"inner"}, 1);
        leaf = merkle_leaf(buf_view(&inner));
        wal_batch_init(&batch, 0);
        expect_integer(wal_batch_add(&batch, buf_view(&inner), &leaf), 0);
        expect_integer(wal_batch_finish(&batch), 0);
        buf_put_view(&segment, buf_view(&batch.bytes));
        expect_integer(read_at(&segment, &offset, 0, &count), WAL_BATCH);
        expect_view(found_entries[0].bytes, buf_view(&inner));
        expect_integer(read_at(&segment, &offset, 1, &count), WAL_END);
}

static void test_no_entry(void)
{
        _cleanup_(buf_done) struct buf segment = {};
        uint32_t count;
        size_t offset = 0;

        put_batch(&segment, 0, NULL, 0);
        expect_integer(read_at(&segment, &offset, 0, &count), WAL_TORN);
}

static void test_limits(void)
{
        static const uint8_t entry[ENTRY_SIZE_MAX + 1];
        _cleanup_(wal_batch_done) struct wal_batch batch = {};
        struct sha256 leaf = merkle_leaf(view_of(NULL, 0));
        size_t room = WAL_BATCH_MAX - WAL_HEAD_SIZE;

        wal_batch_init(&batch, 0);
        expect_integer(wal_batch_add(&batch, view_of(entry, sizeof(entry)), &leaf), -EMSGSIZE);
        expect_integer(batch.count, 0);
        for (unsigned i = 0; i < WAL_BATCH_COUNT; i++)
                expect_integer(wal_batch_add(&batch, view_of(NULL, 0), &leaf), 0);
        expect_integer(wal_batch_add(&batch, view_of(NULL, 0), &leaf), -EMSGSIZE);
        expect_integer(batch.count, WAL_BATCH_COUNT);
        wal_batch_init(&batch, 0);
        for (; room >= ENTRY_SIZE_MAX + 4; room -= ENTRY_SIZE_MAX + 4)
                expect_integer(wal_batch_add(&batch, view_of(entry, ENTRY_SIZE_MAX), &leaf), 0);
        expect_integer(wal_batch_add(&batch, view_of(entry, room - 3), &leaf), -EMSGSIZE);
        expect_integer(wal_batch_add(&batch, view_of(entry, room - 4), &leaf), 0);
        expect_integer(batch.bytes.size, WAL_BATCH_MAX);
        expect_integer(wal_batch_finish(&batch), 0);
}

/* The largest batch that can be written can be read. */
static void test_full_batch(void)
{
        _cleanup_(wal_batch_done) struct wal_batch batch = {};
        struct sha256 leaf = merkle_leaf(view_string("x"));
        uint32_t count = 0;
        size_t offset = 0;

        wal_batch_init(&batch, 0);
        for (unsigned i = 0; i < WAL_BATCH_COUNT; i++)
                expect_integer(wal_batch_add(&batch, view_string("x"), &leaf), 0);
        expect_integer(wal_batch_finish(&batch), 0);
        expect_integer(read_at(&batch.bytes, &offset, 0, &count), WAL_BATCH);
        expect_integer(count, WAL_BATCH_COUNT);
}

int main(void)
{
        test_paths();
        test_exact_bytes();
        test_read();
        test_another_index();
        test_every_truncation();
        test_every_flipped_bit();
        test_zeros_after();
        test_batch_within_an_entry();
        test_no_entry();
        test_limits();
        test_full_batch();
        return test_result();
}
