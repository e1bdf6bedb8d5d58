/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/writer-state.h"
#include "lib/record.h"

/* How often the number of nodes that are kept has been halved at a height. */
static unsigned recent_halvings(unsigned height)
{
        return height < WRITER_RECENT_HEIGHT ? height : WRITER_RECENT_HEIGHT;
}

static uint64_t recent_count(unsigned height)
{
        return WRITER_RECENT >> recent_halvings(height);
}

/* Where those of a height begin, after those of all lower ones. */
static size_t recent_first(unsigned height)
{
        unsigned halvings = recent_halvings(height);

        return (size_t)(2 * (WRITER_RECENT - (WRITER_RECENT >> halvings))) +
               2 * (size_t)(height - halvings);
}

static struct sha256 *recent_slot(struct writer *writer, unsigned height, uint64_t index)
{
        return &writer->recent[recent_first(height) + (size_t)(index % recent_count(height))];
}

void writer_keep_recent(struct writer *writer, unsigned height, const struct sha256 *completed)
{
        for (unsigned h = 0; h <= height; h++)
                *recent_slot(writer, h, (writer->tree.size >> h) - 1) = completed[h];
}

/* The node, if it is among those kept since the journal was opened. */
static const struct sha256 *find_recent(const struct writer *writer, unsigned height,
                                        uint64_t index)
{
        uint64_t count = writer->tree.size >> height;

        if (index >= count || count - index > recent_count(height) ||
            index << height < writer->recent_from)
                return NULL;
        return recent_slot((struct writer *)(uintptr_t)writer, height, index);
}

/* The content of a tile or bundle that is full, or the newest of its level. It is borrowed from the
 * writer or from @scratch. */
static int find_tile(const struct writer *writer, int level, uint64_t number, struct buf *scratch,
                     struct view *ret, struct problem *problem)
{
        const struct writer_level *newest = &writer->levels[level == TILE_ENTRIES ? 0 : level];
        const struct tile tile = {level, number, TILE_WIDTH};
        unsigned width;
        int r;

        if (number == newest->number) {
                *ret = level == TILE_ENTRIES
                               ? buf_view(&writer->edge)
                               : view_of(newest->hash, newest->width * sizeof(*newest->hash));
                return 0;
        }
        for (const struct writer_file *file = writer->unflushed; file; file = file->next)
                if (file->tile.level == level && file->tile.number == number) {
                        *ret = buf_view(&file->content);
                        return 0;
                }
        r = journal_read_tile(writer->journal, &tile, scratch, &width, problem);
        if (r == 0)
                *ret = buf_view(scratch);
        return r;
}

struct lookup {
        const struct writer *writer;
        struct problem *problem;
};

/* A subtree of height h lies in one tile of level h / TILE_HEIGHT: 2^(h mod TILE_HEIGHT) hashes in
 * a row. */
static int look_up(void *context, unsigned height, uint64_t index, struct sha256 *ret)
{
        const struct lookup *lookup = context;
        const struct sha256 *recent = find_recent(lookup->writer, height, index);
        unsigned shift = height % TILE_HEIGHT;
        size_t first = (size_t)((index << shift) % TILE_WIDTH) * SHA256_SIZE;
        size_t size = (size_t)SHA256_SIZE << shift;
        _cleanup_(buf_done) struct buf scratch = {};
        struct view hashes = {};
        int r;

        if (recent) {
                *ret = *recent;
                return 0;
        }
        r = find_tile(lookup->writer, (int)(height / TILE_HEIGHT), (index << shift) / TILE_WIDTH,
                      &scratch, &hashes, lookup->problem);
        if (r < 0)
                return r;
        assert(first + size <= hashes.size); /* perfect subtrees of the tree are complete */
        *ret = merkle_perfect_root(view_of(hashes.data + first, size));
        return 0;
}

int writer_prove(const struct writer *writer, uint64_t index, uint64_t size,
                 struct merkle_proof *ret, struct problem *problem)
{
        struct lookup lookup = {writer, problem};

        if (index >= size || size > writer->tree.size)
                return problem_set(problem, -EINVAL, "record %llu of %llu: there are %llu",
                                   (unsigned long long)index, (unsigned long long)size,
                                   (unsigned long long)writer->tree.size);
        return merkle_prove_inclusion(index, size, look_up, &lookup, ret);
}

int writer_prove_consistency(const struct writer *writer, uint64_t old, uint64_t size,
                             struct merkle_proof *ret, struct problem *problem)
{
        struct lookup lookup = {writer, problem};

        if (old > size || size > writer->tree.size)
                return problem_set(problem, -EINVAL, "from %llu records to %llu: there are %llu",
                                   (unsigned long long)old, (unsigned long long)size,
                                   (unsigned long long)writer->tree.size);
        return merkle_prove_consistency(old, size, look_up, &lookup, ret);
}

int writer_read_entry(const struct writer *writer, uint64_t index, struct buf *ret,
                      struct problem *problem)
{
        _cleanup_(buf_done) struct buf scratch = {};
        struct view bundle = {}, entry = {};
        struct reader reader;
        int r;

        if (index >= writer->tree.size)
                return problem_set(problem, -ENOENT, "record %llu: there are %llu",
                                   (unsigned long long)index,
                                   (unsigned long long)writer->tree.size);
        r = find_tile(writer, TILE_ENTRIES, index / TILE_WIDTH, &scratch, &bundle, problem);
        if (r < 0)
                return r;
        reader = reader_init(bundle);
        for (uint64_t i = 0; i <= index % TILE_WIDTH; i++)
                entry = tile_read_entry(&reader);
        if (reader.bad)
                return problem_set(problem, -EBADMSG, "entry bundle %llu: cut short",
                                   (unsigned long long)(index / TILE_WIDTH));
        buf_put_view(ret, entry);
        return buf_error(ret);
}

int writer_find_in_bundle(const struct writer *writer, uint64_t number, const char *digest,
                          uint64_t *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf scratch = {};
        struct view bundle = {};
        struct reader reader;
        uint64_t index = number * TILE_WIDTH, found = UINT64_MAX;
        int r = find_tile(writer, TILE_ENTRIES, number, &scratch, &bundle, problem);

        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r; /* it is missing, or it would be here */
        for (reader = reader_init(bundle); reader.left > 0 && !reader.bad; index++)
                if (record_signs(tile_read_entry(&reader), digest))
                        found = index;
        if (reader.bad)
                return problem_set(problem, -EBADMSG, "entry bundle %llu: cut short",
                                   (unsigned long long)number);
        if (found == UINT64_MAX)
                return -ENOENT;
        *ret = found;
        return 0;
}
