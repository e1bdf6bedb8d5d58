/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "lib/file.h"
#include "lib/replay-state.h"

/* Compares the hashes of a file with those computed, and names the first that differs. */
static void compare_tile(struct replay *replay, int level, const char *path, struct view found,
                         const struct sha256 *computed)
{
        for (unsigned i = 0; i < found.size / SHA256_SIZE; i++) {
                uint64_t index = replay->levels[level].number * TILE_WIDTH + i;

                if (memcmp(found.data + (size_t)i * SHA256_SIZE, computed[i].bytes, SHA256_SIZE) ==
                    0)
                        continue;
                replay_report(replay, level == 0 ? index : REPLAY_NO_INDEX, path,
                              "hash %u is not that of %s %llu%s", i,
                              level == 0 ? "record" : "subtree", (unsigned long long)index,
                              level == 0 ? " as it is in tile/entries" : "");
                return;
        }
}

/* The tile of a level as far as it is known now, against its file. */
int replay_check_tile(struct replay *replay, int level, int required, struct problem *problem)
{
        const struct level *known = &replay->levels[level];
        const struct tile tile = {level, known->number, known->width};
        struct problem reason = {};
        char path[TILE_PATH_SIZE];
        unsigned width;
        int r;

        r = journal_read_tile(replay->journal, &tile, &replay->tile, &width, &reason);
        if (r < 0 && !replay_is_fault(r))
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        if (r == -ENOENT && !required)
                return 0;
        (void)tile_path(level, tile.number, r < 0 ? tile.width : width, path);
        if (r < 0)
                replay_report(replay, REPLAY_NO_INDEX, path, "%s", problem_text(&reason, r));
        else
                compare_tile(replay, level, path,
                             view_of(replay->tile.data, (size_t)tile.width * SHA256_SIZE),
                             known->hash);
        return 0;
}

/* The front of @known (hashes or entries) that a partial file of @width holds. */
static struct view front_of(int level, struct view known, unsigned width)
{
        struct reader reader = reader_init(known);

        if (level != TILE_ENTRIES)
                return reader_bytes(&reader, (size_t)width * SHA256_SIZE);
        for (unsigned i = 0; i < width; i++)
                (void)tile_read_entry(&reader);
        return view_of(known.data, known.size - reader.left);
}

static int check_partial(struct replay *replay, const struct tile *tile, struct view known,
                         struct problem *problem)
{
        char path[TILE_PATH_SIZE];
        struct problem reason = {};
        int r;

        (void)tile_path(tile->level, tile->number, tile->width, path);
        buf_clear(&replay->tile);
        replay->tile.limit = ENTRY_BUNDLE_MAX;
        r = file_read(journal_dir_fd(replay->journal), path, &replay->tile, &reason);
        if (r == -ENOENT && replay->live)
                return 0; /* the full tile has taken its place */
        if (r < 0 && !replay_is_fault(r))
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        if (r < 0)
                replay_report(replay, REPLAY_NO_INDEX, path, "%s", problem_text(&reason, r));
        else if (!view_equal(buf_view(&replay->tile), front_of(tile->level, known, tile->width)))
                replay_report(replay, REPLAY_NO_INDEX, path,
                              "differs from the newer records and hashes");
        return 0;
}

/* All partial files of a tile or bundle, whichever checkpoint they were published for. */
static int check_files(struct replay *replay, int level, unsigned known_width, struct view known,
                       struct problem *problem)
{
        _cleanup_(dir_closep) DIR *dir = NULL;
        struct tile tile = {level, replay->levels[level == TILE_ENTRIES ? 0 : level].number, 0};
        char path[TILE_PATH_SIZE + 2];
        struct dirent *entry;
        int fd, r = 0;

        (void)tile_path(level, tile.number, TILE_WIDTH, path);
        (void)strncat(path, ".p", 3);
        fd = openat(journal_dir_fd(replay->journal), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (!dir && errno == ENOENT)
                return 0;
        if (!dir && !replay_is_fault(-errno))
                return problem_set(problem, -errno, "%s: %m", path);
        if (!dir)
                replay_report(replay, REPLAY_NO_INDEX, path, "%m");
        while (r == 0 && dir && (entry = readdir(dir))) {
                uint64_t width;

                if (view_parse_decimal(view_string(entry->d_name), &width) < 0 || width == 0)
                        continue; /* "." and "..", a temporary file of a writer that died */
                if (width > known_width) {
                        if (!replay->live)
                                replay_report(replay, REPLAY_NO_INDEX, path,
                                              "width %s: only %u of these are there", entry->d_name,
                                              known_width);
                        continue;
                }
                tile.width = (unsigned)width;
                r = check_partial(replay, &tile, known, problem);
        }
        return r;
}

int replay_check_partials(struct replay *replay, int level, struct problem *problem)
{
        const struct level *known = &replay->levels[level];
        int r = 0;

        if (journal_dir_fd(replay->journal) < 0)
                return 0; /* a web server has no list of them */
        if (known->width > 0)
                r = check_files(replay, level, known->width,
                                view_of(known->hash, known->width * sizeof(*known->hash)), problem);
        if (r == 0 && level == 0 && known->width > 0)
                r = check_files(replay, TILE_ENTRIES, known->width, buf_view(&replay->edge),
                                problem);
        return r;
}

int replay_add_hash(struct replay *replay, int level, const struct sha256 *hash,
                    struct problem *problem)
{
        struct level *known = &replay->levels[level];
        int r;

        if (known->width == TILE_WIDTH) {
                known->number++;
                known->width = 0;
        }
        known->hash[known->width++] = *hash;
        if (known->width < TILE_WIDTH)
                return 0;
        r = replay_check_tile(
                replay, level,
                replay->sealed && replay->tree.size <= replay->result->checkpoint.size, problem);
        return r < 0 ? r : replay_check_partials(replay, level, problem);
}
