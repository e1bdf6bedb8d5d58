/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "agent/writer-state.h"
#include "lib/file.h"
#include "lib/log-keys.h"

/* The root of a full tile of hashes: what its parent level holds for it. */
static int read_subtree_root(struct writer *writer, int level, uint64_t number, struct sha256 *ret,
                             struct problem *problem)
{
        const struct tile tile = {level, number, TILE_WIDTH};
        _cleanup_(buf_done) struct buf hashes = {};
        unsigned width;
        int r;

        r = journal_read_tile(writer->journal, &tile, &hashes, &width, problem);
        if (r == 0)
                *ret = merkle_perfect_root(buf_view(&hashes));
        return r;
}

/* The right edge of the tree over @bundles full bundles, out of the full tiles below each level. */
static int rebuild_edge(struct writer *writer, uint64_t bundles, struct problem *problem)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        int r;

        writer->levels[0].number = bundles;
        for (int level = TILE_LEVELS - 1; level > 0; level--) {
                struct writer_level *newest = &writer->levels[level];
                uint64_t hashes = tile_hashes(level - 1, bundles);

                newest->number = hashes / TILE_WIDTH;
                for (uint64_t i = newest->number * TILE_WIDTH; i < hashes; i++) {
                        struct sha256 *hash = &newest->hash[newest->width];

                        r = read_subtree_root(writer, level - 1, i, hash, problem);
                        if (r < 0)
                                return r;
                        (void)merkle_push_subtree(&writer->tree, (unsigned)level * TILE_HEIGHT,
                                                  hash, completed);
                        newest->width++;
                }
        }
        return 0;
}

/* Walking forward from the last full bundle that the checkpoint covers. */
struct forward {
        struct writer *writer;
        const struct checkpoint *checkpoint;
        struct problem *problem;
        uint64_t segments_first; /* the first entry that is in a segment, which has checks */
        struct buf tile;         /* the hashes that the present bundle must have */
};

static int check_root(const struct forward *forward)
{
        struct sha256 root = merkle_root(&forward->writer->tree);
        char expected[HEX_SIZE(SHA256_SIZE)], found[HEX_SIZE(SHA256_SIZE)];

        if (view_equal(sha256_view(&root), sha256_view(&forward->checkpoint->root))) {
                forward->writer->reread = forward->writer->tree;
                return 0;
        }
        return problem_set(forward->problem, -EBADMSG,
                           "root over the %llu records of the checkpoint: expected %s, found %s",
                           (unsigned long long)forward->checkpoint->size,
                           hex_encode(sha256_view(&forward->checkpoint->root), expected),
                           hex_encode(sha256_view(&root), found));
}

/* No checkpoint speaks for the entry, and no segment: its bundle and its hash must agree, at least.
 */
static int check_unsealed(struct forward *forward, uint64_t index, const struct sha256 *leaf)
{
        const struct tile tile = {0, index / TILE_WIDTH, TILE_WIDTH};
        struct problem reason = {};
        char path[TILE_PATH_SIZE];
        unsigned width;
        int r = 0;

        if (forward->tile.size == 0 || index % TILE_WIDTH == 0)
                r = journal_read_tile(forward->writer->journal, &tile, &forward->tile, &width,
                                      &reason);
        if (r < 0)
                return problem_set(forward->problem, r == -ENOENT ? -EBADMSG : r, "%s",
                                   problem_text(&reason, r));
        if (memcmp(forward->tile.data + index % TILE_WIDTH * SHA256_SIZE, leaf->bytes,
                   SHA256_SIZE) == 0)
                return 0;
        return problem_set(forward->problem, -EBADMSG, "record %llu: its hash is not the one in %s",
                           (unsigned long long)index, tile_path(0, tile.number, TILE_WIDTH, path));
}

static int recover_entry(uint64_t index, struct view bytes, void *context)
{
        struct forward *forward = context;
        struct sha256 leaf = merkle_leaf(bytes);
        int r = 0;

        if (bytes.size > ENTRY_SIZE_MAX)
                return problem_set(forward->problem, -EBADMSG, "record %llu: too long",
                                   (unsigned long long)index);
        if (index >= forward->checkpoint->size && index < forward->segments_first)
                r = check_unsealed(forward, index, &leaf);
        if (r == 0)
                r = writer_add(forward->writer, bytes, &leaf);
        if (r == 0 && forward->writer->tree.size == forward->checkpoint->size)
                r = check_root(forward);
        return r;
}

/* What the checkpoint covers beyond its full tiles. */
static int walk_sealed(struct forward *forward)
{
        uint64_t size = forward->checkpoint->size;
        struct writer *writer = forward->writer;
        struct problem reason = {};
        int r;

        r = journal_walk_sealed(writer->journal, writer->tree.size, size, recover_entry, forward,
                                &reason);
        if (r == -ENOENT)
                return problem_set(
                        forward->problem, -EBADMSG,
                        "the checkpoint covers %llu records, but only %llu are there: %s",
                        (unsigned long long)size, (unsigned long long)writer->tree.size,
                        problem_text(&reason, r));
        if (r < 0 && !forward->problem->text[0])
                (void)problem_set(forward->problem, r, "%s", problem_text(&reason, r));
        return r;
}

/* How far the newest segment is good. What follows nobody was promised. */
static int measure_segment(struct writer *writer, struct buf *ret_segment, uint64_t *ret_next,
                           struct problem *problem)
{
        _cleanup_(freep) struct wal_entry *entries = calloc(WAL_BATCH_COUNT, sizeof(*entries));
        enum wal_found found;
        uint32_t count = 0;
        size_t offset = 0;
        int r;

        if (!entries)
                return -ENOMEM;
        r = journal_read_segment(writer->journal, writer->segment_first, ret_segment, problem);
        if (r < 0)
                return r;
        *ret_next = writer->segment_first;
        while ((found = wal_read_batch(buf_view(ret_segment), &offset, *ret_next, entries,
                                       &count)) == WAL_BATCH)
                *ret_next += count;
        if (found == WAL_BAD)
                return problem_set(problem, -EBADMSG, "wal/%020llu: damaged at byte %zu",
                                   (unsigned long long)writer->segment_first, offset);
        writer->segment_size = offset;
        return 0;
}

/* After a sync that failed, or never came, the good batches may be in the kernel's memory alone,
 * and no later sync need bring them to the disk. So they are written once more, into a file of
 * their own. Without room for that the old one has to do. */
static int renew_segment(struct writer *writer, struct view good, struct problem *problem)
{
        struct problem reason = {};
        char path[WAL_NAME_SIZE];
        int r;

        if (good.size == 0)
                return 0;
        r = file_replace(writer->dir_fd, wal_path(writer->segment_first, path), good, 0644,
                         &reason);
        if (r == 0 || r == -ENOSPC || r == -EDQUOT)
                return 0;
        return problem_set(problem, r, "%s", problem_text(&reason, r));
}

/* Opens the newest segment, and cuts off its torn tail. */
static int open_segment(struct writer *writer, struct problem *problem)
{
        char path[WAL_NAME_SIZE];
        off_t there;

        (void)wal_path(writer->segment_first, path);
        writer->segment_fd = openat(writer->dir_fd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (writer->segment_fd < 0)
                return problem_set(problem, -errno, "%s: %m", path);
        there = lseek(writer->segment_fd, 0, SEEK_END);
        if (there > (off_t)writer->segment_size &&
            (ftruncate(writer->segment_fd, (off_t)writer->segment_size) < 0 ||
             fdatasync(writer->segment_fd) < 0))
                return problem_set(problem, -errno, "%s: torn tail not removed: %m", path);
        writer->segment_room = writer->segment_size;
        return 0;
}

/* Bytes of a batch that was being written, not counting the room behind it. */
static uint64_t torn_size(const struct writer *writer, struct view segment)
{
        while (segment.size > writer->segment_size && segment.data[segment.size - 1] == 0)
                segment.size--;
        return segment.size - writer->segment_size;
}

/* Goes on writing in the newest segment. */
static int resume_segment(struct writer *writer, uint64_t *ret_dropped, struct problem *problem)
{
        _cleanup_(buf_done) struct buf segment = {};
        uint64_t next = 0;
        int r;

        r = measure_segment(writer, &segment, &next, problem);
        if (r < 0)
                return r;
        if (next > writer->tree.size)
                return problem_set(problem, -EBADMSG,
                                   "records %llu to %llu are missing before the newest of wal/",
                                   (unsigned long long)writer->tree.size,
                                   (unsigned long long)writer->segment_first - 1);
        *ret_dropped = torn_size(writer, buf_view(&segment));
        r = renew_segment(writer, view_of(segment.data, writer->segment_size), problem);
        if (r == 0)
                r = open_segment(writer, problem);
        writer->checked = writer->tree;
        writer->checked_end = writer->segment_size;
        if (r == 0 && next < writer->tree.size)
                r = writer_begin_segment(writer, problem); /* the bundles are ahead of it */
        return r;
}

/* What a crash has left of a segment that was about to be put in place. */
static void remove_unfinished(struct writer *writer)
{
        _cleanup_(dir_closep) DIR *dir = NULL;
        struct dirent *entry;
        int fd;

        fd = openat(writer->dir_fd, WAL_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        while (dir && (entry = readdir(dir)))
                if (strlen(entry->d_name) > 4 &&
                    string_equal(entry->d_name + strlen(entry->d_name) - 4, ".tmp"))
                        (void)unlinkat(fd, entry->d_name, 0); /* one that stays costs room */
}

static int resume_writing(struct writer *writer, uint64_t *ret_dropped, struct problem *problem)
{
        _cleanup_(freep) uint64_t *firsts = NULL;
        size_t count = 0;
        int r;

        *ret_dropped = 0;
        remove_unfinished(writer);
        r = journal_list_segments(writer->journal, &firsts, &count, problem);
        if (r < 0)
                return r;
        if (count == 0)
                return writer_begin_segment(writer, problem);
        writer->segment_first = firsts[count - 1];
        return resume_segment(writer, ret_dropped, problem);
}

/* What no checkpoint covers. */
static int walk_unsealed(struct forward *forward)
{
        struct writer *writer = forward->writer;
        _cleanup_(freep) uint64_t *firsts = NULL;
        struct problem reason = {};
        uint64_t next = 0;
        size_t count = 0;
        int r;

        r = journal_list_segments(writer->journal, &firsts, &count, forward->problem);
        if (r < 0)
                return r;
        forward->segments_first = count > 0 ? firsts[0] : UINT64_MAX;
        r = journal_walk_unsealed(writer->journal, writer->tree.size, recover_entry, forward, &next,
                                  &reason);
        if (r < 0 && !forward->problem->text[0])
                (void)problem_set(forward->problem, r, "%s", problem_text(&reason, r));
        return r;
}

/* Either log key has signed it, and neither wrongly. */
static int open_checkpoint(const struct writer_options *options, struct view text,
                           struct checkpoint *ret, struct problem *problem)
{
        struct pubkey *const keys[] = {options->log_key, options->second_log_key};

        return log_keys_open(text, options->origin, keys, options->second_log_key ? 2 : 1, ret,
                             problem);
}

static int read_checkpoint(struct writer *writer, const struct writer_options *options,
                           struct checkpoint *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        int r;

        r = journal_read_checkpoint(writer->journal, &text, problem);
        if (r == 0 && !options->log_key)
                r = problem_set(problem, -ENOKEY,
                                "there is a checkpoint, but no log key that could have signed it");
        if (r == 0)
                r = open_checkpoint(options, buf_view(&text), ret, problem);
        if (r < 0 && r != -ENOENT)
                return problem_prefix(problem, r, "checkpoint");
        return r;
}

int writer_recover(struct writer *writer, const struct writer_options *options,
                   struct writer_recovery *ret, struct problem *problem)
{
        struct problem absent = {};
        struct checkpoint checkpoint = {};
        struct forward forward = {writer, &checkpoint, problem, UINT64_MAX, {}};
        uint64_t bundles;
        int r;

        r = read_checkpoint(writer, options, &checkpoint, &absent);
        if (r < 0 && r != -ENOENT)
                return problem_set(problem, r, "%s", problem_text(&absent, r));
        ret->has_checkpoint = r == 0;
        bundles = checkpoint.size / TILE_WIDTH;
        r = rebuild_edge(writer, bundles, problem);
        if (r < 0)
                return r;
        writer->flushed = writer->recent_from = bundles * TILE_WIDTH;
        if (ret->has_checkpoint && checkpoint.size == writer->tree.size)
                r = check_root(&forward);
        if (r == 0)
                r = walk_sealed(&forward);
        if (r == 0)
                r = walk_unsealed(&forward);
        buf_done(&forward.tile);
        if (r < 0)
                return r;
        writer_find_partials(writer, checkpoint.size);
        ret->sealed = checkpoint.size;
        ret->records = writer->tree.size - checkpoint.size;
        return resume_writing(writer, &ret->dropped, problem);
}
