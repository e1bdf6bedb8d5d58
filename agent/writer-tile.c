/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/writer-state.h"
#include "lib/file.h"

static int queue_full_file(struct writer *writer, const struct tile *tile, struct view content)
{
        struct writer_file *file = calloc(1, sizeof(*file));

        if (!file)
                return -ENOMEM;
        file->tile = *tile;
        file->content.limit = ENTRY_BUNDLE_MAX;
        buf_put_view(&file->content, content);
        if (buf_error(&file->content)) {
                free(file);
                return -ENOMEM;
        }
        *writer->unflushed_end = file;
        writer->unflushed_end = &file->next;
        writer->unflushed_size += content.size;
        writer->unflushed_count++;
        return 0;
}

static int add_hash(struct writer *writer, int level, const struct sha256 *hash)
{
        struct writer_level *newest = &writer->levels[level];
        struct tile tile = {level, newest->number, TILE_WIDTH};
        int r;

        newest->hash[newest->width++] = *hash;
        if (newest->width < TILE_WIDTH)
                return 0;
        r = queue_full_file(writer, &tile, view_of(newest->hash, sizeof(newest->hash)));
        if (r == 0 && level == 0) {
                tile.level = TILE_ENTRIES;
                r = queue_full_file(writer, &tile, buf_view(&writer->edge));
                buf_clear(&writer->edge);
        }
        newest->number++;
        newest->width = 0;
        return r;
}

int writer_add(struct writer *writer, struct view entry, const struct sha256 *leaf)
{
        struct sha256 completed[MERKLE_HEIGHT_MAX];
        unsigned height = merkle_push(&writer->tree, leaf, completed);
        int r = tile_put_entry(&writer->edge, entry);

        writer_keep_recent(writer, height, completed);
        for (unsigned level = 0; level < TILE_LEVELS && level * TILE_HEIGHT <= height && r == 0;
             level++)
                r = add_hash(writer, (int)level, &completed[(size_t)level * TILE_HEIGHT]);
        return r;
}

/* mkdir -p of the folders that @path is in; a new folder is made durable in its parent. */
static int make_folders(int dir_fd, const char *path)
{
        char folder[TILE_PATH_SIZE];

        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
                if (mkdirat(dir_fd, folder, 0755) == 0) {
                        int r = file_sync_parent(dir_fd, folder);

                        if (r < 0)
                                return r;
                } else if (errno != EEXIST) {
                        return -errno;
                }
        }
        return 0;
}

static int put_tile(struct writer *writer, const struct tile *tile, struct view content,
                    struct problem *problem)
{
        char path[TILE_PATH_SIZE];
        int r;

        (void)tile_path(tile->level, tile->number, tile->width, path);
        r = make_folders(writer->dir_fd, path);
        if (r < 0)
                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        return file_put(writer->dir_fd, path, content, 0644, problem);
}

static int sync_folder_of(struct writer *writer, const struct tile *tile, struct problem *problem)
{
        char path[TILE_PATH_SIZE];
        int r;

        (void)tile_path(tile->level, tile->number, tile->width, path);
        r = file_sync_parent(writer->dir_fd, path);
        return r < 0 ? problem_set(problem, r, "%s: folder not synced: %s", path, strerror(-r)) : 0;
}

int writer_write_tile(struct writer *writer, const struct tile *tile, struct view content,
                      struct problem *problem)
{
        int r = put_tile(writer, tile, content, problem);

        return r < 0 ? r : sync_folder_of(writer, tile, problem);
}

/* The entries that are in no full bundle, as one batch. */
static int put_edge(struct writer *writer, uint64_t first, struct wal_batch *ret)
{
        struct reader entries = reader_init(buf_view(&writer->edge));
        int r = 0;

        wal_batch_init(ret, first);
        for (unsigned i = 0; i < writer->levels[0].width && r == 0; i++)
                r = wal_batch_add(ret, tile_read_entry(&entries), &writer->levels[0].hash[i]);
        return r < 0 ? r : wal_batch_finish(ret);
}

void writer_close_segment(struct writer *writer)
{
        /* Zeros that stay cost room, nothing else. */
        if (writer->state != WRITER_SEALED && writer->segment_room > writer->segment_size &&
            ftruncate(writer->segment_fd, (off_t)writer->segment_size) == 0)
                writer->segment_room = writer->segment_size;
        fd_closep(&writer->segment_fd);
        writer->segment_fd = -1;
}

/* A segment that is not gone on with must not be there: a restart would take it for the newest. */
static void undo_segment(struct writer *writer, const char *path)
{
        if (unlinkat(writer->dir_fd, path, 0) < 0) {
                if (errno != ENOENT)
                        writer_seal(writer, "%s: begun, and cannot be removed: %m", path);
                return;
        }
        if (file_sync_parent(writer->dir_fd, path) < 0)
                writer_seal(writer, "%s: begun, and cannot be removed for good", path);
}

int writer_begin_segment(struct writer *writer, struct problem *problem)
{
        uint64_t first = writer->levels[0].number * TILE_WIDTH;
        _cleanup_(wal_batch_done) struct wal_batch batch = {};
        struct view content = view_of(NULL, 0);
        _cleanup_(fd_closep) int fd = -1;
        char path[WAL_NAME_SIZE];
        int r = 0;

        (void)wal_path(first, path);
        if (writer->levels[0].width > 0) {
                r = put_edge(writer, first, &batch);
                content = buf_view(&batch.bytes);
        }
        if (r < 0)
                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        r = file_replace(writer->dir_fd, path, content, 0644, problem);
        if (r == 0) {
                fd = openat(writer->dir_fd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0)
                        r = problem_set(problem, -errno, "%s: %m", path);
        }
        if (r < 0) {
                if (first > writer->segment_first)
                        undo_segment(writer, path);
                return writer->state == WRITER_SEALED ? -EROFS : r;
        }
        writer_close_segment(writer);
        writer->segment_fd = TAKE_FD(fd);
        writer->segment_first = first;
        writer->segment_size = writer->segment_room = content.size;
        writer->checked = writer->tree; /* what is in full bundles has been read back already */
        writer->checked.size = first;
        writer->checked_end = 0;
        return 0;
}

/* Segments whose entries are all in full bundles go: those before the last one that begins within
 * the bundles. */
static int trim_segments(struct writer *writer, struct problem *problem)
{
        _cleanup_(freep) uint64_t *firsts = NULL;
        char path[WAL_NAME_SIZE];
        size_t count = 0;
        int r;

        r = journal_list_segments(writer->journal, &firsts, &count, problem);
        for (size_t i = 0; r == 0 && i + 1 < count && firsts[i + 1] <= writer->flushed; i++)
                if (unlinkat(writer->dir_fd, wal_path(firsts[i], path), 0) < 0 && errno != ENOENT)
                        r = problem_set(problem, -errno, "%s: %m", path);
        return r;
}

static int is_in_folder(const struct tile *tile, const struct tile *other)
{
        return tile->level == other->level &&
               tile->number / TILE_FOLDER == other->number / TILE_FOLDER;
}

/* Once for each of the folders that the files up to @end are in. */
static int sync_folders(struct writer *writer, const struct writer_file *end,
                        struct problem *problem)
{
        int r = 0;

        for (const struct writer_file *file = writer->unflushed; file != end && r == 0;
             file = file->next) {
                const struct writer_file *earlier = writer->unflushed;

                while (earlier != file && !is_in_folder(&earlier->tile, &file->tile))
                        earlier = earlier->next;
                if (earlier == file)
                        r = sync_folder_of(writer, &file->tile, problem);
        }
        return r;
}

/* Lets go of the first file that waits: it is durable. */
static void finish_file(struct writer *writer)
{
        struct writer_file *file = writer->unflushed;

        writer_remove_partials(writer, &file->tile);
        if (file->tile.level == TILE_ENTRIES)
                writer->flushed = (file->tile.number + 1) * TILE_WIDTH;
        writer->unflushed = file->next;
        if (!writer->unflushed)
                writer->unflushed_end = &writer->unflushed;
        writer->unflushed_size -= file->content.size;
        writer->unflushed_count--;
        buf_done(&file->content);
        free(file);
}

int writer_flush_some(struct writer *writer, struct problem *problem)
{
        struct writer_file *end = writer->unflushed;
        int r = 0;

        for (unsigned i = 0; i < WRITER_FLUSH_FILES && end && r == 0; i++) {
                r = put_tile(writer, &end->tile, buf_view(&end->content), problem);
                end = end->next;
        }
        if (r == 0)
                r = sync_folders(writer, end, problem);
        while (r == 0 && writer->unflushed != end)
                finish_file(writer);
        return r;
}

int writer_flush(struct writer *writer, struct problem *problem)
{
        int r;

        while (writer->unflushed) {
                r = writer_flush_some(writer, problem);
                if (r < 0)
                        return r;
        }
        if (writer->segment_first >= writer->flushed)
                return 0;
        r = writer_reread(writer, problem); /* the old segment, as long as it is there */
        if (r == 0)
                r = writer_begin_segment(writer, problem);
        return r < 0 ? r : trim_segments(writer, problem);
}

int writer_prepare(struct writer *writer, struct problem *problem)
{
        int r;

        if (writer->state == WRITER_SEALED)
                return problem_set(problem, -EROFS, "journal sealed: %s", writer->reason);
        r = writer_flush(writer, problem);
        if (r == 0)
                r = writer_write_partials(writer, problem);
        if (r == 0)
                r = writer_reread_bundles(writer, problem);
        return r;
}
