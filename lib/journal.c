/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/checkpoint.h"
#include "lib/file.h"
#include "lib/segment.h"

#define SEGMENT_SIZE_MAX ((size_t)512 << 20)
#define SEGMENTS_MAX     ((size_t)1 << 20)
#define SEGMENT_DIGITS   20
#define WALK_IDLE_MAX    3

struct journal {
        char *path;
        int dir_fd; /* -1: source has the files */
        struct journal_source source;
};

int journal_open(const char *path, struct journal **ret, struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = calloc(1, sizeof(*journal));
        int r;

        if (!journal)
                return -ENOMEM;
        journal->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (journal->dir_fd < 0) {
                r = -errno;
                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        }
        journal->path = strdup(path);
        if (!journal->path)
                return -ENOMEM;
        *ret = TAKE_PTR(journal);
        return 0;
}

int journal_open_source(const char *name, const struct journal_source *source, struct journal **ret)
{
        _cleanup_(journal_freep) struct journal *journal = calloc(1, sizeof(*journal));

        if (!journal)
                return -ENOMEM;
        journal->dir_fd = -1;
        journal->path = strdup(name);
        if (!journal->path)
                return -ENOMEM;
        journal->source = *source;
        *ret = TAKE_PTR(journal);
        return 0;
}

struct journal *journal_free(struct journal *journal)
{
        if (!journal)
                return NULL;
        if (journal->dir_fd >= 0)
                (void)close(journal->dir_fd); /* opened for reading: nothing can be lost */
        if (journal->source.free)
                journal->source.free(journal->source.context);
        free(journal->path);
        free(journal);
        return NULL;
}

const char *journal_path(const struct journal *journal)
{
        return journal->path;
}

int journal_dir_fd(const struct journal *journal)
{
        return journal->dir_fd;
}

int journal_is_live(const struct journal *journal)
{
        struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
        _cleanup_(fd_closep) int fd = -1;

        if (journal->dir_fd < 0)
                return 0;
        fd = openat(journal->dir_fd, JOURNAL_LOCK, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int read_file(const struct journal *journal, const char *path, struct buf *ret,
                     struct problem *problem)
{
        if (journal->dir_fd < 0)
                return journal->source.read(journal->source.context, path, ret, problem);
        return file_read(journal->dir_fd, path, ret, problem);
}

int journal_read_checkpoint(const struct journal *journal, struct buf *ret, struct problem *problem)
{
        buf_clear(ret);
        ret->limit = NOTE_SIZE_MAX;
        return read_file(journal, "checkpoint", ret, problem);
}

int journal_read_cosigned(const struct journal *journal, struct buf *ret, struct problem *problem)
{
        buf_clear(ret);
        ret->limit = NOTE_SIZE_MAX;
        return read_file(journal, JOURNAL_COSIGNED, ret, problem);
}

static int read_width(const struct journal *journal, const struct tile *tile, unsigned width,
                      struct buf *ret, struct problem *problem)
{
        /* A server says more than an error number does. */
        struct problem *reason = journal->dir_fd < 0 ? problem : NULL, missing = {};
        char path[TILE_PATH_SIZE];
        int r;

        buf_clear(ret);
        ret->limit = ENTRY_BUNDLE_MAX;
        r = read_file(journal, tile_path(tile->level, tile->number, width, path), ret, &missing);
        return r < 0 && r != -ENOENT && reason ? problem_set(reason, r, "%s", missing.text) : r;
}

/* The size that the published checkpoint claims: tells the width of the partial bundle, no more. */
static uint64_t claimed_size(const struct journal *journal)
{
        _cleanup_(buf_done) struct buf text = {};
        struct reader reader;
        uint64_t size = 0;

        if (journal_read_checkpoint(journal, &text, NULL) < 0)
                return 0;
        reader = reader_init(buf_view(&text));
        (void)reader_until(&reader, '\n');
        return view_parse_decimal(reader_until(&reader, '\n'), &size) < 0 ? 0 : size;
}

/* The full tile, else the partial one, else the full one that a writer may just have put in its
 * place. */
static int read_tile(const struct journal *journal, const struct tile *tile, struct buf *ret,
                     unsigned *ret_width, struct problem *problem)
{
        int r;

        *ret_width = TILE_WIDTH;
        r = read_width(journal, tile, *ret_width, ret, problem);
        if (r != -ENOENT || tile->width == TILE_WIDTH)
                return r;
        r = read_width(journal, tile, tile->width, ret, problem);
        if (r == -ENOENT)
                return read_width(journal, tile, *ret_width, ret, problem);
        *ret_width = tile->width;
        return r;
}

/* A writer removes partial tiles when newer checkpoints have theirs: whether the published one
 * covers more of the tile, and how much. */
static int is_wider_now(const struct journal *journal, struct tile *tile)
{
        uint64_t hashes =
                tile_hashes(tile->level == TILE_ENTRIES ? 0 : tile->level, claimed_size(journal));
        uint64_t first = tile->number * TILE_WIDTH;

        if (hashes < first || hashes - first <= tile->width)
                return 0;
        tile->width = hashes - first < TILE_WIDTH ? (unsigned)(hashes - first) : TILE_WIDTH;
        return 1;
}

int journal_read_tile(const struct journal *journal, const struct tile *tile, struct buf *ret,
                      unsigned *ret_width, struct problem *problem)
{
        struct tile wanted = *tile;
        char path[TILE_PATH_SIZE];
        unsigned width;
        int r;

        do
                r = read_tile(journal, &wanted, ret, &width, problem);
        while (r == -ENOENT && wanted.width < TILE_WIDTH && is_wider_now(journal, &wanted));
        if (r == -ENOENT)
                return problem_set(problem, r, "%s: not there",
                                   tile_path(tile->level, tile->number, tile->width, path));
        (void)tile_path(tile->level, tile->number, width, path);
        if (r < 0)
                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        if (tile->level != TILE_ENTRIES && ret->size != (size_t)width * SHA256_SIZE)
                return problem_set(problem, -EBADMSG, "%s: expected %zu bytes, found %zu", path,
                                   (size_t)width * SHA256_SIZE, ret->size);
        *ret_width = width;
        return 0;
}

static int compare_firsts(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

/* Whether the file name is one of a segment: exactly the digits that wal_path() writes. */
static int parse_segment_name(const char *name, uint64_t *ret)
{
        size_t zeros = 0;

        if (strlen(name) != SEGMENT_DIGITS)
                return 0;
        while (zeros < SEGMENT_DIGITS - 1 && name[zeros] == '0')
                zeros++;
        return view_parse_decimal(view_string(name + zeros), ret) == 0;
}

int journal_list_segments(const struct journal *journal, uint64_t **ret_firsts, size_t *ret_count,
                          struct problem *problem)
{
        _cleanup_(dir_closep) DIR *dir = NULL;
        _cleanup_(freep) uint64_t *firsts = NULL;
        size_t count = 0, room = 0;
        struct dirent *entry;
        int fd;

        if (journal->dir_fd < 0) {
                *ret_firsts = NULL;
                *ret_count = 0;
                return 0;
        }
        fd = openat(journal->dir_fd, WAL_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (!dir && errno != ENOENT)
                return problem_set(problem, -errno, "%s: %m", WAL_DIRECTORY);
        while (dir && (entry = readdir(dir))) {
                uint64_t first;

                if (!parse_segment_name(entry->d_name, &first))
                        continue;
                if (count == room) {
                        uint64_t *more;

                        room = room ? 2 * room : 16;
                        more = room > SEGMENTS_MAX ? NULL
                                                   : reallocarray(firsts, room, sizeof(*more));
                        if (!more)
                                return -ENOMEM;
                        firsts = more;
                }
                firsts[count++] = first;
        }
        if (count > 0)
                qsort(firsts, count, sizeof(*firsts), compare_firsts);
        *ret_firsts = TAKE_PTR(firsts);
        *ret_count = count;
        return 0;
}

int journal_read_segment(const struct journal *journal, uint64_t first, struct buf *ret,
                         struct problem *problem)
{
        struct problem reason = {};
        char path[WAL_NAME_SIZE];
        struct stat status;
        int r;

        buf_clear(ret);
        ret->limit = SEGMENT_SIZE_MAX;
        r = file_read(journal->dir_fd, wal_path(first, path), ret, &reason);
        if (r == -ENOENT && fstatat(journal->dir_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
                return problem_set(problem, -EBADMSG, "%s: a link to nothing", path);
        return r < 0 ? problem_set(problem, r, "%s", problem_text(&reason, r)) : 0;
}

/* One walk: where it is, and what it calls. */
struct walk {
        const struct journal *journal;
        uint64_t next;
        uint64_t end; /* where to stop, however much there is */
        int segments_first;
        journal_entry_function entry;
        void *context;
        struct problem *problem;
        int moved; /* a writer may have taken entries to where the round had been before */
};

static int walk_entry(struct walk *walk, struct view bytes)
{
        int r = walk->entry(walk->next, bytes, walk->context);

        if (r == 0)
                walk->next++;
        return r;
}

/* Entries of the bundle that holds walk->next. 1 if there was one to go through, 0 if not. */
static int walk_bundle(struct walk *walk, uint64_t claimed)
{
        _cleanup_(buf_done) struct buf bundle = {};
        struct tile tile = {TILE_ENTRIES, walk->next / TILE_WIDTH, TILE_WIDTH};
        uint64_t start = tile.number * TILE_WIDTH;
        struct reader reader;
        unsigned width;
        int r;

        if (claimed > walk->next && claimed - start < TILE_WIDTH)
                tile.width = (unsigned)(claimed - start);
        r = journal_read_tile(walk->journal, &tile, &bundle, &width, NULL);
        if (r < 0)
                return r == -ENOENT ? 0
                                    : problem_set(walk->problem, r, "entry bundle %llu: %s",
                                                  (unsigned long long)tile.number, strerror(-r));
        reader = reader_init(buf_view(&bundle));
        for (unsigned i = 0; i < width; i++) {
                struct view bytes = tile_read_entry(&reader);

                if (reader.bad)
                        return problem_set(walk->problem, -EBADMSG,
                                           "entry bundle %llu: cut short at entry %u",
                                           (unsigned long long)tile.number, i);
                if (start + i < walk->next)
                        continue;
                if (walk->next == walk->end)
                        return 0;
                r = walk_entry(walk, bytes);
                if (r < 0)
                        return r;
        }
        return 1;
}

static int walk_segment(struct walk *walk, uint64_t first, struct segment *segment)
{
        struct problem reason = {};
        enum wal_found found;
        int r = segment_open(segment, first, &reason);

        if (r == -ENOENT) { /* trimmed meanwhile: its entries are elsewhere now */
                walk->moved = 1;
                return 0;
        }
        if (r < 0)
                return problem_set(walk->problem, r, "%s", problem_text(&reason, r));
        while ((found = segment_next(segment)) == WAL_BATCH) {
                uint64_t index = segment->index - segment->count;

                for (uint32_t i = 0; i < segment->count && r == 0; i++)
                        if (index + i == walk->next)
                                r = walk_entry(walk, segment->entries[i].bytes);
                if (r < 0)
                        return r;
        }
        if (found == WAL_BAD)
                return problem_set(walk->problem, -EBADMSG,
                                   "wal/%020llu: damaged at byte %zu, before entry %llu",
                                   (unsigned long long)first, segment->offset,
                                   (unsigned long long)segment->index);
        return 0;
}

static int walk_segments(struct walk *walk)
{
        _cleanup_(segment_done) struct segment segment = {};
        _cleanup_(freep) uint64_t *firsts = NULL;
        size_t count = 0;
        int r;

        r = journal_list_segments(walk->journal, &firsts, &count, walk->problem);
        if (r == 0 && count > 0)
                r = segment_init(&segment, walk->journal);
        for (size_t i = 0; r == 0 && i < count; i++) {
                if (i + 1 < count && firsts[i + 1] <= walk->next)
                        continue;
                if (firsts[i] > walk->next)
                        walk->moved = 1; /* what is missing may be in a new bundle */
                else
                        r = walk_segment(walk, firsts[i], &segment);
        }
        return r;
}

static int walk_round(struct walk *walk)
{
        uint64_t claimed = claimed_size(walk->journal);
        int r = walk->segments_first ? walk_segments(walk) : 0;

        if (r < 0)
                return r;
        do
                r = walk_bundle(walk, claimed);
        while (r > 0 && !walk->segments_first);
        if (r == 0 && !walk->segments_first)
                r = walk_segments(walk);
        return r < 0 ? r : 0;
}

/* A writer may move entries from segment to bundle at any time, so a round without progress in
 * either is the end, and a few of them when it seems to have done so just then. */
static int walk_all(struct walk *walk, uint64_t *ret_next)
{
        unsigned idle = 0;
        uint64_t before;
        int r;

        do {
                before = walk->next;
                walk->moved = 0;
                r = walk_round(walk);
                idle = walk->next > before ? 0 : idle + 1;
        } while (r == 0 && (idle == 0 || (walk->moved && idle < WALK_IDLE_MAX)));
        *ret_next = walk->next;
        return r;
}

int journal_walk(const struct journal *journal, uint64_t from, journal_entry_function entry,
                 void *context, uint64_t *ret_next, struct problem *problem)
{
        struct walk walk = {journal, from, UINT64_MAX, 0, entry, context, problem, 0};

        return walk_all(&walk, ret_next);
}

int journal_walk_unsealed(const struct journal *journal, uint64_t from,
                          journal_entry_function entry, void *context, uint64_t *ret_next,
                          struct problem *problem)
{
        struct walk walk = {journal, from, UINT64_MAX, 1, entry, context, problem, 0};

        return walk_all(&walk, ret_next);
}

int journal_walk_sealed(const struct journal *journal, uint64_t from, uint64_t size,
                        journal_entry_function entry, void *context, struct problem *problem)
{
        struct walk walk = {journal, from, size, 0, entry, context, problem, 0};
        int r;

        while (walk.next < size) {
                uint64_t before = walk.next;

                r = walk_bundle(&walk, size);
                if (r < 0)
                        return r;
                if (walk.next == before)
                        return problem_set(problem, -ENOENT, "entry bundle %llu: not there",
                                           (unsigned long long)(before / TILE_WIDTH));
        }
        return 0;
}
