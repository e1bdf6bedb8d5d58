/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wal.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static struct wal_entry entries[WAL_BATCH_COUNT];

/* The batch that was read, written again, is the bytes that were read. */
static void check_batch(struct view bytes, uint64_t first, uint32_t count)
{
        _cleanup_(wal_batch_done) struct wal_batch batch = {};
        int r;

        wal_batch_init(&batch, first);
        for (uint32_t i = 0; i < count; i++) {
                struct sha256 leaf = merkle_leaf(entries[i].bytes);

                assert(view_equal(sha256_view(&leaf), sha256_view(&entries[i].leaf)));
                r = wal_batch_add(&batch, entries[i].bytes, &entries[i].leaf);
                if (r == -EMSGSIZE)
                        return; /* read, but longer than what is ever written */
                assert(r == 0);
        }
        r = wal_batch_finish(&batch);
        assert(r == 0);
        assert(view_equal(buf_view(&batch.bytes), bytes));
}

/* A segment ends where it ends, or in the zeros of room made ahead. */
static int is_all_zeros(struct view bytes)
{
        while (bytes.size > 0 && bytes.data[bytes.size - 1] == 0)
                bytes.size--;
        return bytes.size == 0;
}

static void read_all(struct view segment)
{
        uint64_t expected = 0;
        size_t offset = 0;

        for (;;) {
                size_t before = offset;
                uint32_t count = 0;
                enum wal_found found = wal_read_batch(segment, &offset, expected, entries, &count);

                if (found != WAL_BATCH) {
                        assert(offset == before);
                        assert(found != WAL_END ||
                               is_all_zeros(view_of(segment.data + offset, segment.size - offset)));
                        return;
                }
                assert(offset > before && offset <= segment.size);
                assert(count > 0 && count <= WAL_BATCH_COUNT);
                check_batch(view_of(segment.data + before, offset - before), expected, count);
                expected += count;
        }
}

/* One entry per line. */
static void build(struct view lines, struct wal_batch *batch)
{
        struct reader reader = reader_init(lines);
        int r = 0;

        wal_batch_init(batch, 0);
        while (r == 0 && reader.left > 0) {
                int last = !memchr(reader.next, '\n', reader.left);
                struct view entry = last ? reader_rest(&reader) : reader_until(&reader, '\n');
                struct sha256 leaf = merkle_leaf(entry);

                r = wal_batch_add(batch, entry, &leaf);
        }
        assert(r == 0 || r == -EMSGSIZE);
        r = wal_batch_finish(batch);
        assert(r == 0);
}

/* The check hides the parser from mutation; so the input is also taken for entries, whose batch is
 * read whole, and once more with the byte changed that the input's first two say. */
static void check_built(struct view lines)
{
        _cleanup_(wal_batch_done) struct wal_batch batch = {};
        uint32_t count = 0;
        size_t offset = 0, place;

        if (lines.size < 3)
                return;
        place = (size_t)lines.data[0] << 8 | lines.data[1];
        build(lines, &batch);
        assert(wal_read_batch(buf_view(&batch.bytes), &offset, 0, entries, &count) == WAL_BATCH);
        assert(count == batch.count && offset == batch.bytes.size);
        batch.bytes.data[place % batch.bytes.size] ^= lines.data[2] ? lines.data[2] : 1;
        offset = 0;
        assert(wal_read_batch(buf_view(&batch.bytes), &offset, 0, entries, &count) != WAL_BATCH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        read_all(view_of(data, size));
        check_built(view_of(data, size));
        return 0;
}
