/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/writer-state.h"
#include "lib/file.h"

/*
 * Partial tiles are for those who read just now, and each of a bundle holds all that the one before
 * it held: 255 of them are a hundred times the records in them. All are kept, as C2SP asks, while
 * they are little beside the journal, and else those of the two newest checkpoints. What an older
 * one held is the front of a newer one.
 */
#define PARTIALS_PER_RECORD ((uint64_t)8) /* bytes for each record of the journal */
#define BLOCK_SIZE          ((uint64_t)4096)

static struct writer_partials *partials_of(struct writer *writer, int level)
{
        return &writer->partials[level - TILE_ENTRIES];
}

/* The folder of the partial files of a tile. */
static char *partial_folder(int level, uint64_t number, char ret[TILE_PATH_SIZE + 3])
{
        (void)tile_path(level, number, TILE_WIDTH, ret);
        return strncat(ret, ".p", 3);
}

static void note_partial(struct writer *writer, const struct tile *tile, uint64_t bytes)
{
        struct writer_partials *partials = partials_of(writer, tile->level);
        uint64_t room = (bytes + BLOCK_SIZE - 1) / BLOCK_SIZE * BLOCK_SIZE;

        writer->partials_room += room - partials->room[tile->width];
        partials->room[tile->width] = (uint32_t)room;
}

static void forget_partials(struct writer *writer, int level, uint64_t next)
{
        struct tile tile = {level, 0, 1};

        for (; tile.width < TILE_WIDTH; tile.width++)
                note_partial(writer, &tile, 0);
        *partials_of(writer, level) = (struct writer_partials){.number = next};
}

static int put_partial(struct writer *writer, const struct tile *tile, struct view content,
                       struct problem *problem)
{
        struct writer_partials *partials = partials_of(writer, tile->level);
        int r;

        if (partials->number != tile->number)
                forget_partials(writer, tile->level, tile->number);
        if (partials->durable[tile->width])
                return 0;
        r = writer_write_tile(writer, tile, content, problem);
        if (r < 0)
                return r;
        partials->durable[tile->width] = 1;
        note_partial(writer, tile, content.size);
        return 0;
}

int writer_write_partials(struct writer *writer, struct problem *problem)
{
        int r = 0;

        for (int level = TILE_LEVELS - 1; level >= 0 && r == 0; level--) {
                struct writer_level *newest = &writer->levels[level];
                struct tile tile = {level, newest->number, newest->width};

                if (newest->width == 0)
                        continue;
                r = put_partial(writer, &tile,
                                view_of(newest->hash, newest->width * sizeof(*newest->hash)),
                                problem);
                if (r < 0 || level > 0)
                        continue;
                tile.level = TILE_ENTRIES;
                r = put_partial(writer, &tile, buf_view(&writer->edge), problem);
        }
        if (r == 0)
                writer->prepared = writer->tree.size;
        return r;
}

void writer_remove_partials(struct writer *writer, const struct tile *tile)
{
        _cleanup_(dir_closep) DIR *dir = NULL;
        char path[TILE_PATH_SIZE + 3];
        struct dirent *entry;
        int fd;

        if (partials_of(writer, tile->level)->number == tile->number)
                forget_partials(writer, tile->level, tile->number + 1);
        fd = openat(writer->dir_fd, partial_folder(tile->level, tile->number, path),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        if (!dir)
                return;
        while ((entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        (void)unlinkat(fd, entry->d_name, 0);
        (void)unlinkat(writer->dir_fd, path, AT_REMOVEDIR);
}

/* Whether a checkpoint of @size needs the partial tile. */
static int is_needed(const struct tile *tile, uint64_t size)
{
        uint64_t hashes = tile_hashes(tile->level == TILE_ENTRIES ? 0 : tile->level, size);

        return hashes / TILE_WIDTH == tile->number && hashes % TILE_WIDTH == tile->width;
}

/* The oldest first, until there is room enough. One that cannot be removed is tried again. */
static void trim_partials(struct writer *writer, int level)
{
        struct writer_partials *partials = partials_of(writer, level);
        struct tile tile = {level, partials->number, 1};
        char path[TILE_PATH_SIZE];

        for (; tile.width < TILE_WIDTH &&
               writer->partials_room > writer->published * PARTIALS_PER_RECORD;
             tile.width++) {
                if (partials->room[tile.width] == 0 || is_needed(&tile, writer->published) ||
                    is_needed(&tile, writer->published_before))
                        continue;
                if (unlinkat(writer->dir_fd, tile_path(level, tile.number, tile.width, path), 0) <
                            0 &&
                    errno != ENOENT)
                        continue;
                note_partial(writer, &tile, 0);
                partials->durable[tile.width] = 0;
        }
}

void writer_trim_partials(struct writer *writer)
{
        writer->published_before = writer->published;
        writer->published = writer->prepared;
        for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++)
                trim_partials(writer, level);
}

/* What there is of the newest tile of a level. Its names may not be durable. */
static void find_partials(struct writer *writer, int level)
{
        struct tile tile = {level, writer->levels[level == TILE_ENTRIES ? 0 : level].number, 0};
        _cleanup_(dir_closep) DIR *dir = NULL;
        char path[TILE_PATH_SIZE + 3];
        struct dirent *entry;
        struct stat status;
        int fd;

        forget_partials(writer, level, tile.number);
        fd = openat(writer->dir_fd, partial_folder(level, tile.number, path),
                    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd >= 0 ? fdopendir(fd) : NULL;
        while (dir && (entry = readdir(dir))) {
                uint64_t width;

                if (view_parse_decimal(view_string(entry->d_name), &width) < 0 || width == 0 ||
                    width >= TILE_WIDTH || fstatat(fd, entry->d_name, &status, 0) < 0)
                        continue;
                tile.width = (unsigned)width;
                note_partial(writer, &tile, (uint64_t)status.st_size);
        }
}

void writer_find_partials(struct writer *writer, uint64_t published)
{
        writer->prepared = writer->published = writer->published_before = published;
        for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++)
                find_partials(writer, level);
}
