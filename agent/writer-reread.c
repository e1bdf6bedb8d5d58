/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/writer-state.h"

static int seal_as_changed(struct writer *writer, uint64_t from, const char *why,
                           struct problem *problem)
{
        writer_seal(writer, "records %llu to %llu: what is on the disk is not what was written%s%s",
                    (unsigned long long)from, (unsigned long long)writer->tree.size,
                    why[0] ? ": " : "", why);
        return problem_set(problem, -EROFS, "%s", writer->reason);
}

/* Takes over @tree, the hashes of what was read back, if it is the tree that was written. */
static int compare(struct writer *writer, const struct merkle_tree *tree, struct merkle_tree *ret,
                   struct problem *problem)
{
        struct sha256 found = merkle_root(tree), expected = merkle_root(&writer->tree);

        if (tree->size != writer->tree.size ||
            !view_equal(sha256_view(&found), sha256_view(&expected)))
                return seal_as_changed(writer, ret->size, "", problem);
        *ret = *tree;
        return 0;
}

static int reread_entry(uint64_t index, struct view bytes, void *tree)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX], leaf = merkle_leaf(bytes);

        (void)merkle_push(tree, &leaf, completed);
        return 0;
}

int writer_reread_bundles(struct writer *writer, struct problem *problem)
{
        struct merkle_tree tree = writer->reread;
        struct problem reason = {};
        int r;

        r = journal_walk_sealed(writer->journal, tree.size, writer->tree.size, reread_entry, &tree,
                                &reason);
        if (r == -ENOENT || r == -EBADMSG)
                return seal_as_changed(writer, writer->reread.size, problem_text(&reason, r),
                                       problem);
        if (r < 0)
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        return compare(writer, &tree, &writer->reread, problem);
}

/* At most so many bytes of the segment at once: enough for any batch. */
static int read_segment(const struct writer *writer, uint64_t offset, struct buf *ret)
{
        uint64_t left = writer->segment_size - offset;
        size_t wanted = left < WAL_BATCH_MAX ? (size_t)left : WAL_BATCH_MAX;

        buf_clear(ret);
        while (ret->size < wanted) {
                uint8_t *room = buf_reserve(ret, wanted - ret->size);
                ssize_t got;

                if (!room)
                        return buf_error(ret);
                got = pread(writer->segment_fd, room, wanted - ret->size,
                            (off_t)(offset + ret->size));
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : -EBADMSG;
                buf_grown(ret, (size_t)got);
        }
        return 0;
}

/* Adds the whole batches at the front of @segment to @tree, and *@offset the bytes of them. */
static int reread_batches(struct view segment, struct wal_entry *entries, struct merkle_tree *tree,
                          uint64_t *offset)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        uint32_t count = 0;
        size_t end = 0;

        while (wal_read_batch(segment, &end, tree->size, entries, &count) == WAL_BATCH)
                for (uint32_t i = 0; i < count; i++)
                        (void)merkle_push(tree, &entries[i].leaf, completed);
        *offset += end;
        return end > 0 ? 0 : -EBADMSG;
}

int writer_reread(struct writer *writer, struct problem *problem)
{
        _cleanup_(freep) struct wal_entry *entries = calloc(WAL_BATCH_COUNT, sizeof(*entries));
        _cleanup_(buf_done) struct buf segment = BUF_INIT(WAL_BATCH_MAX);
        struct merkle_tree tree = writer->checked;
        uint64_t offset = writer->checked_end;
        int r = entries ? 0 : -ENOMEM;

        if (writer->state == WRITER_SEALED)
                return problem_set(problem, -EROFS, "journal sealed: %s", writer->reason);
        while (r == 0 && offset < writer->segment_size) {
                r = read_segment(writer, offset, &segment);
                if (r == 0)
                        r = reread_batches(buf_view(&segment), entries, &tree, &offset);
        }
        if (r == -EBADMSG)
                return seal_as_changed(writer, tree.size, "damaged write-ahead file", problem);
        if (r < 0)
                return problem_set(problem, r, "write-ahead file: read back: %s", strerror(-r));
        r = compare(writer, &tree, &writer->checked, problem);
        if (r == 0)
                writer->checked_end = offset;
        return r;
}
