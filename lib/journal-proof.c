/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/journal-proof.h"

#include <errno.h>

/* What looking up subtrees needs. */
struct tiles {
        const struct journal *journal;
        uint64_t size; /* of the tree that has them, or of a larger one that goes on from it */
        struct problem *problem;
};

void journal_head_done(struct journal_head *head)
{
        if (head)
                buf_done(&head->checkpoint);
}

/* The size in line 2. */
static int read_size(const struct buf *checkpoint, uint64_t *ret, struct problem *problem)
{
        struct reader reader = reader_init(buf_view(checkpoint));

        (void)reader_until(&reader, '\n'); /* the origin */
        if (view_parse_decimal(reader_until(&reader, '\n'), ret) < 0 || *ret > UINT64_MAX >> 1)
                return problem_set(problem, -EBADMSG, "checkpoint: expected a size in line 2");
        return 0;
}

int journal_read_head(const struct journal *journal, struct journal_head *ret,
                      struct problem *problem)
{
        int r;

        *ret = (struct journal_head){};
        r = journal_read_checkpoint(journal, &ret->checkpoint, problem);
        if (r == 0)
                r = read_size(&ret->checkpoint, &ret->size, problem);
        ret->newest = ret->size;
        return r;
}

/* The cosigned one first: a journal that is being written gets a newer published one at any moment,
 * and an older one never. */
int journal_read_cosigned_head(const struct journal *journal, struct journal_head *ret,
                               struct problem *problem)
{
        _cleanup_(buf_done) struct buf published = {};
        int r;

        *ret = (struct journal_head){};
        r = journal_read_cosigned(journal, &ret->checkpoint, problem);
        if (r == 0)
                r = read_size(&ret->checkpoint, &ret->size, problem);
        if (r == 0)
                r = journal_read_checkpoint(journal, &published, problem);
        if (r == 0)
                r = read_size(&published, &ret->newest, problem);
        if (r == 0 && ret->newest < ret->size)
                r = problem_set(problem, -EBADMSG,
                                JOURNAL_COSIGNED ": it covers more than the checkpoint");
        return r;
}

/* The tile of @level that holds hash @index, as wide as it is in a tree of @size. */
static struct tile tile_of(int level, uint64_t index, uint64_t size)
{
        struct tile tile = {level, index / TILE_WIDTH, TILE_WIDTH};
        uint64_t hashes = tile_hashes(level == TILE_ENTRIES ? 0 : level, size);

        if (hashes - tile.number * TILE_WIDTH < TILE_WIDTH)
                tile.width = (unsigned)(hashes - tile.number * TILE_WIDTH);
        return tile;
}

/* A subtree of height h lies in one tile of level h / TILE_HEIGHT: 2^(h mod TILE_HEIGHT) hashes in
 * a row. */
static int look_up(void *context, unsigned height, uint64_t index, struct sha256 *ret)
{
        const struct tiles *tiles = context;
        unsigned shift = height % TILE_HEIGHT, width;
        struct tile tile = tile_of((int)(height / TILE_HEIGHT), index << shift, tiles->size);
        size_t first = (size_t)((index << shift) % TILE_WIDTH);
        _cleanup_(buf_done) struct buf hashes = {};
        int r;

        r = journal_read_tile(tiles->journal, &tile, &hashes, &width, tiles->problem);
        if (r == 0)
                *ret = merkle_perfect_root(
                        view_of(hashes.data + first * SHA256_SIZE, (size_t)SHA256_SIZE << shift));
        return r;
}

static int read_entry(const struct tiles *tiles, uint64_t index, struct buf *ret)
{
        struct tile tile = tile_of(TILE_ENTRIES, index, tiles->size);
        _cleanup_(buf_done) struct buf bundle = {};
        struct reader reader;
        struct view entry;
        unsigned width;
        int r;

        r = journal_read_tile(tiles->journal, &tile, &bundle, &width, tiles->problem);
        if (r < 0)
                return r;
        reader = reader_init(buf_view(&bundle));
        for (uint64_t i = 0; i < index % TILE_WIDTH; i++)
                (void)tile_read_entry(&reader);
        entry = tile_read_entry(&reader);
        if (reader.bad)
                return problem_set(tiles->problem, -EBADMSG, "entry bundle %llu: cut short",
                                   (unsigned long long)tile.number);
        buf_put_view(ret, entry);
        return buf_error(ret);
}

int journal_prove(const struct journal *journal, const struct journal_head *head, uint64_t index,
                  struct tlog_proof *ret, struct problem *problem)
{
        struct tiles tiles = {journal, head->newest, problem};
        int r;

        *ret = (struct tlog_proof){
                .has_extra = 1,
                .index = index,
                .checkpoint = buf_view(&head->checkpoint),
        };
        if (index >= head->size)
                return problem_set(problem, -ENOENT,
                                   "record %llu: the checkpoint covers %llu records",
                                   (unsigned long long)index, (unsigned long long)head->size);
        r = read_entry(&tiles, index, &ret->extra);
        if (r == 0)
                r = merkle_prove_inclusion(index, head->size, look_up, &tiles, &ret->path);
        return r;
}

int journal_prove_consistency(const struct journal *journal, uint64_t old, uint64_t size,
                              struct merkle_proof *ret, struct problem *problem)
{
        struct tiles tiles = {journal, size, problem};

        return merkle_prove_consistency(old, size, look_up, &tiles, ret);
}
