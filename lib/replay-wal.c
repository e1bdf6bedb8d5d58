/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "lib/replay-state.h"
#include "lib/segment.h"

/* The leaf hash that a record before the present end has in its bundle. */
static int known_leaf(struct replay *replay, uint64_t index, struct sha256 *ret,
                      struct problem *problem)
{
        const struct tile tile = {TILE_ENTRIES, index / TILE_WIDTH, TILE_WIDTH};
        struct level *cached = &replay->cached;
        struct reader reader;
        int r;

        if (tile.number == replay->levels[0].number) {
                *ret = replay->levels[0].hash[index % TILE_WIDTH];
                return 0;
        }
        if (cached->width == 0 || cached->number != tile.number) {
                r = journal_read_tile(replay->journal, &tile, &replay->bundle, &cached->width,
                                      problem);
                if (r < 0)
                        return r;
                reader = reader_init(buf_view(&replay->bundle));
                cached->number = tile.number;
                for (unsigned i = 0; i < TILE_WIDTH; i++)
                        cached->hash[i] = merkle_leaf(tile_read_entry(&reader));
        }
        *ret = cached->hash[index % TILE_WIDTH];
        return 0;
}

static int replay_wal_entry(struct replay *replay, uint64_t index, const struct wal_entry *entry,
                            const char *where, struct problem *problem)
{
        struct problem reason = {};
        struct sha256 leaf;
        int r;

        if (index >= replay->tree.size)
                return replay_add_entry(replay, entry->bytes, where, problem);
        r = known_leaf(replay, index, &leaf, &reason);
        if (r < 0 && !replay_is_fault(r))
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        if (r == 0 && !view_equal(sha256_view(&leaf), sha256_view(&entry->leaf)))
                replay_report(replay, index, where, "is not the record in tile/entries");
        return 0;
}

static int replay_segment(struct replay *replay, struct segment *segment, const char *where,
                          enum wal_found *ret_end, struct problem *problem)
{
        int r = 0;

        while (r == 0) {
                enum wal_found found = segment_next(segment);
                uint64_t index = segment->index - segment->count;

                if (found == WAL_BAD)
                        replay_report(replay, segment->index, where, "damaged at byte %zu",
                                      segment->offset);
                *ret_end = found;
                if (found != WAL_BATCH)
                        return 0;
                for (uint32_t i = 0; i < segment->count && r == 0; i++)
                        r = replay_wal_entry(replay, index + i, &segment->entries[i], where,
                                             problem);
        }
        return r;
}

/* @last: no newer segment, so a torn tail may be one that nobody was promised. 1: trimmed since it
 * was listed, and newer ones have taken its place. */
static int replay_one(struct replay *replay, struct segment *segment, uint64_t first, int last,
                      struct problem *problem)
{
        enum wal_found end = WAL_END;
        struct problem reason = {};
        char where[WAL_NAME_SIZE];
        int r;

        (void)wal_path(first, where);
        r = segment_open(segment, first, &reason);
        if (r == -ENOENT && replay->live)
                return 1;
        if (r < 0 && !replay_is_fault(r))
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        if (r < 0) {
                replay_report(replay, REPLAY_NO_INDEX, where, "%s", problem_text(&reason, r));
                return 0;
        }
        r = replay_segment(replay, segment, where, &end, problem);
        if (r == 0 && end == WAL_TORN && !(last && replay->live))
                replay_report(replay, segment->index, where,
                              "torn tail: %zu bytes after byte %zu are no whole batch",
                              segment->bytes.size - segment->offset, segment->offset);
        return r;
}

/* Those that are there now. 1: they no longer were. */
static int replay_listed(struct replay *replay, struct problem *problem)
{
        _cleanup_(segment_done) struct segment segment = {};
        _cleanup_(freep) uint64_t *firsts = NULL;
        struct problem reason = {};
        size_t count = 0;
        int r;

        replay->gap_end = 0;
        r = journal_list_segments(replay->journal, &firsts, &count, &reason);
        if (r < 0 && !replay_is_fault(r))
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        if (r < 0)
                replay_report(replay, REPLAY_NO_INDEX, WAL_DIRECTORY, "%s",
                              problem_text(&reason, r));
        if (r < 0 || count == 0)
                return 0;
        r = segment_init(&segment, replay->journal);
        for (size_t i = 0; i < count && r == 0; i++) {
                if (firsts[i] > replay->tree.size) {
                        replay->gap_end = firsts[i];
                        return 0;
                }
                r = replay_one(replay, &segment, firsts[i], i + 1 == count, problem);
        }
        return r;
}

int replay_segments(struct replay *replay, struct problem *problem)
{
        int r;

        do
                r = replay_listed(replay, problem);
        while (r > 0);
        return r;
}
