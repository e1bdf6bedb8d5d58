/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/writer-state.h"

/* The files must still be the ones that were opened: a deleted or replaced journal would take
 * records into the void. */
static int check_files_in_place(struct writer *writer)
{
        char path[WAL_NAME_SIZE];
        struct stat opened, named, lock;

        (void)wal_path(writer->segment_first, path);
        if (fstat(writer->lock_fd, &lock) < 0 || lock.st_nlink != 1)
                writer_seal(writer, JOURNAL_LOCK ": deleted: another agent could write as well");
        else if (fstat(writer->segment_fd, &opened) < 0 ||
                 fstatat(writer->dir_fd, path, &named, AT_SYMLINK_NOFOLLOW) < 0)
                writer_seal(writer, "%s: %m", path);
        else if (opened.st_nlink != 1 || opened.st_ino != named.st_ino ||
                 opened.st_dev != named.st_dev)
                writer_seal(writer, "%s: deleted or replaced", path);
        else if ((uint64_t)opened.st_size != writer->segment_room)
                writer_seal(writer, "%s: expected %llu bytes, found %lld", path,
                            (unsigned long long)writer->segment_room, (long long)opened.st_size);
        return writer_state_error(writer->state);
}

static int refuse_as_full(struct writer *writer, const char *what, const char *why)
{
        (void)snprintf(writer->reason, sizeof(writer->reason), "%s: %s", what, why);
        writer_set_state(writer, WRITER_FULL);
        return -ENOSPC;
}

/* No room, or another error before anything was made durable: the segment is as it was, or sealed.
 */
static int undo_write(struct writer *writer, int error)
{
        if (ftruncate(writer->segment_fd, (off_t)writer->segment_size) < 0) {
                writer_seal(writer, "write-ahead file: cannot be cut back: %m");
                return -EROFS;
        }
        writer->segment_room = writer->segment_size;
        if (error != -ENOSPC && error != -EDQUOT && error != -EFBIG) {
                writer_seal(writer, "write-ahead file: write: %s", strerror(-error));
                return -EROFS;
        }
        return refuse_as_full(writer, "write-ahead file", strerror(-error));
}

int writer_make_room(struct writer *writer)
{
        struct problem problem = {};
        int r = 0;

        if (writer->unflushed_size > WRITER_UNFLUSHED_LIMIT)
                r = writer_flush(writer, &problem);
        return r < 0 ? refuse_as_full(writer, "tiles", problem_text(&problem, r)) : 0;
}

static int write_all(int fd, struct view bytes, uint64_t offset)
{
        while (bytes.size > 0) {
                ssize_t written = pwrite(fd, bytes.data, bytes.size, (off_t)offset);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return written < 0 ? -errno : -ENOSPC;
                bytes.data += written;
                bytes.size -= (size_t)written;
                offset += (uint64_t)written;
        }
        return 0;
}

/* A batch that needs more room than there is gets zeros behind it, for the batches to come: they
 * leave the size of the file as it is, and with it what fdatasync() would have to write besides. */
static int write_segment(struct writer *writer, struct view bytes)
{
        static const uint8_t zeros[WRITER_SEGMENT_STEP];
        uint64_t end = writer->segment_size + bytes.size, room;
        int r = write_all(writer->segment_fd, bytes, writer->segment_size);

        if (r < 0 || end <= writer->segment_room)
                return r;
        room = (end / WRITER_SEGMENT_STEP + 1) * WRITER_SEGMENT_STEP;
        r = write_all(writer->segment_fd, view_of(zeros, room - end), end);
        if (r == 0)
                writer->segment_room = room;
        return r;
}

int writer_write_batch(struct writer *writer)
{
        struct view bytes;
        int r;

        r = wal_batch_finish(&writer->batch);
        if (r < 0)
                return undo_write(writer,
                                  -ENOSPC); /* no memory: refused like no room, and tried again */
        r = check_files_in_place(writer);
        if (r < 0)
                return r;
        bytes = buf_view(&writer->batch.bytes);
        r = write_segment(writer, bytes);
        if (r < 0)
                return undo_write(writer, r);
        if (fdatasync(writer->segment_fd) < 0) {
                /* The kernel may have dropped the pages and will not tell again. */
                writer_seal(writer, "write-ahead file: fdatasync: %m");
                return -EROFS;
        }
        writer->segment_size += bytes.size;
        return 0;
}
