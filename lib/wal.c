/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wal.h"

#include <errno.h>
#include <stdio.h>

#include "lib/tile.h"

#define WAL_MAGIC    "HMwb"
#define CHECKED_SIZE (WAL_HEAD_SIZE - SHA256_SIZE)

char *wal_path(uint64_t first, char ret[WAL_NAME_SIZE])
{
        (void)snprintf(ret, WAL_NAME_SIZE, WAL_DIRECTORY "/%020llu", (unsigned long long)first);
        return ret;
}

void wal_batch_init(struct wal_batch *batch, uint64_t first)
{
        buf_clear(&batch->bytes);
        buf_clear(&batch->leaves);
        batch->bytes.limit = WAL_BATCH_MAX;
        batch->first = first;
        batch->count = 0;
        (void)buf_reserve(&batch->bytes, WAL_HEAD_SIZE); /* a failure sticks and shows in finish */
        if (!buf_error(&batch->bytes))
                buf_grown(&batch->bytes, WAL_HEAD_SIZE);
}

void wal_batch_done(struct wal_batch *batch)
{
        buf_done(&batch->bytes);
        buf_done(&batch->leaves);
        batch->count = 0;
}

int wal_batch_reserve(struct wal_batch *batch, uint32_t count, size_t size)
{
        size_t bytes = count * sizeof(uint32_t) + size;

        if (count > WAL_BATCH_COUNT - batch->count || bytes > WAL_BATCH_MAX - batch->bytes.size)
                return -EMSGSIZE;
        (void)buf_reserve(&batch->bytes, bytes); /* failures stick */
        (void)buf_reserve(&batch->leaves, count * (size_t)SHA256_SIZE);
        return buf_error(&batch->bytes) || buf_error(&batch->leaves) ? -ENOMEM : 0;
}

int wal_batch_add(struct wal_batch *batch, struct view entry, const struct sha256 *leaf)
{
        if (entry.size > ENTRY_SIZE_MAX || batch->count == WAL_BATCH_COUNT ||
            batch->bytes.size + entry.size + sizeof(uint32_t) > WAL_BATCH_MAX)
                return -EMSGSIZE;
        buf_put_sized(&batch->bytes, entry);
        buf_put_view(&batch->leaves, sha256_view(leaf));
        if (buf_error(&batch->bytes) || buf_error(&batch->leaves))
                return -ENOMEM;
        batch->count++;
        return 0;
}

int wal_batch_finish(struct wal_batch *batch)
{
        _cleanup_(buf_done) struct buf head = BUF_INIT(WAL_HEAD_SIZE);
        struct sha256 check;

        if (buf_error(&batch->bytes))
                return buf_error(&batch->bytes);
        if (buf_error(&batch->leaves)) /* an entry may be there without its leaf */
                return buf_error(&batch->leaves);
        buf_put_string(&head, WAL_MAGIC);
        buf_put_u32(&head, batch->count);
        buf_put_u64(&head, batch->first);
        buf_put_u32(&head, (uint32_t)(batch->bytes.size - WAL_HEAD_SIZE));
        if (buf_error(&head))
                return buf_error(&head);
        check = sha256_of_parts((struct view[]){buf_view(&head), buf_view(&batch->leaves)}, 2);
        buf_put_view(&head, sha256_view(&check));
        if (buf_error(&head))
                return buf_error(&head);
        memcpy(batch->bytes.data, head.data, WAL_HEAD_SIZE);
        return 0;
}

struct batch_head {
        uint32_t count;
        uint64_t first;
        uint32_t size;
        struct view check;
};

static int read_head(struct reader *reader, struct batch_head *ret)
{
        reader_expect(reader, WAL_MAGIC);
        ret->count = reader_u32(reader);
        ret->first = reader_u64(reader);
        ret->size = reader_u32(reader);
        ret->check = reader_bytes(reader, SHA256_SIZE);
        return !reader->bad && ret->count > 0 && ret->count <= WAL_BATCH_COUNT &&
               ret->size <= WAL_BATCH_MAX;
}

/* Whether a good batch stands at the front of @bytes, and its entries. */
static int read_good_batch(struct view bytes, struct batch_head *ret_head,
                           struct wal_entry *ret_entries)
{
        _cleanup_(buf_done) struct buf leaves = {};
        struct reader reader = reader_init(bytes), entries;
        struct sha256 check;

        if (!read_head(&reader, ret_head))
                return 0;
        entries = reader_init(reader_bytes(&reader, ret_head->size));
        for (uint32_t i = 0; i < ret_head->count && !entries.bad; i++) {
                ret_entries[i].bytes = reader_sized(&entries);
                ret_entries[i].leaf = merkle_leaf(ret_entries[i].bytes);
                buf_put_view(&leaves, sha256_view(&ret_entries[i].leaf));
        }
        if (reader.bad || reader_end(&entries) < 0 || buf_error(&leaves))
                return 0;
        check = sha256_of_parts(
                (struct view[]){view_of(bytes.data, CHECKED_SIZE), buf_view(&leaves)}, 2);
        return view_equal(sha256_view(&check), ret_head->check);
}

/* A good batch anywhere after a bad one proves that the bad one had been made durable first. What
 * looks like heads but is none costs time: a segment that is full of those is no torn tail either.
 */
static int good_batch_follows(struct view rest, struct wal_entry *scratch)
{
        size_t budget = 4 * rest.size;
        struct batch_head head;

        for (size_t i = 1; i + WAL_HEAD_SIZE <= rest.size; i++) {
                struct view candidate = view_of(rest.data + i, rest.size - i);
                struct reader reader = reader_init(candidate);

                if (memcmp(candidate.data, WAL_MAGIC, strlen(WAL_MAGIC)) != 0 ||
                    !read_head(&reader, &head) || head.size > reader.left)
                        continue;
                if (head.size > budget || read_good_batch(candidate, &head, scratch))
                        return 1;
                budget -= head.size;
        }
        return 0;
}

static int is_zeros(struct view bytes)
{
        for (size_t i = 0; i < bytes.size; i++)
                if (bytes.data[i] != 0)
                        return 0;
        return 1;
}

enum wal_found wal_read_batch(struct view segment, size_t *offset, uint64_t expected,
                              struct wal_entry *ret_entries, uint32_t *ret_count)
{
        struct view rest = view_of(segment.data + *offset, segment.size - *offset);
        struct batch_head head;

        if (is_zeros(rest))
                return WAL_END;
        if (!read_good_batch(rest, &head, ret_entries))
                return good_batch_follows(rest, ret_entries) ? WAL_BAD : WAL_TORN;
        if (head.first != expected)
                return WAL_BAD; /* it is whole, so it was promised, but not here */
        *offset += WAL_HEAD_SIZE + head.size;
        *ret_count = head.count;
        return WAL_BATCH;
}
