/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/writer-state.h"
#include "lib/file.h"

#define COMMIT_PRIORITY  100 /* after everything that could still add to the batch … */
#define COMMIT_LATE_USEC ((uint64_t)5000) /* … but clients who never pause cannot put it off */

void writer_set_state(struct writer *writer, enum writer_state state)
{
        if (writer->state == state || writer->state == WRITER_SEALED)
                return;
        writer->state = state;
        if (state == WRITER_OPEN)
                writer->reason[0] = '\0';
        if (writer->events.state_changed)
                writer->events.state_changed(writer->events.context);
}

void writer_seal(struct writer *writer, const char *format, ...)
{
        va_list arguments;

        if (writer->state == WRITER_SEALED)
                return;
        va_start(arguments, format);
        (void)vsnprintf(writer->reason, sizeof(writer->reason), format, arguments);
        va_end(arguments);
        writer_set_state(writer, WRITER_SEALED);
}

int writer_state_error(enum writer_state state)
{
        switch (state) {
        case WRITER_OPEN:
                return 0;
        case WRITER_FULL:
                return -ENOSPC;
        default:
                return -EROFS;
        }
}

/* Answers all that wait. Each function may append again: to the next batch. */
static void answer_batch(struct writer *writer, struct buf *waiting, int error, uint64_t first)
{
        size_t count = waiting->size / sizeof(struct writer_waiting);

        for (size_t i = 0; i < count; i++) {
                struct writer_waiting one;

                memcpy(&one, waiting->data + i * sizeof(one), sizeof(one));
                one.done(one.context, error, first);
                first += one.count;
        }
}

static int add_batch(struct writer *writer)
{
        struct reader entries = reader_init(view_of(writer->batch.bytes.data + WAL_HEAD_SIZE,
                                                    writer->batch.bytes.size - WAL_HEAD_SIZE));
        int r = 0;

        for (uint32_t i = 0; i < writer->batch.count && r == 0; i++) {
                struct sha256 leaf;

                memcpy(leaf.bytes, writer->batch.leaves.data + (size_t)i * SHA256_SIZE,
                       SHA256_SIZE);
                r = writer_add(writer, reader_sized(&entries), &leaf);
        }
        return r;
}

/* What can be done before the next checkpoint is not left to it. */
static void flush_ahead(struct writer *writer)
{
        struct problem problem = {};
        int r = 0;

        if (writer->unflushed_count >= WRITER_FLUSH_FILES)
                r = writer_flush_some(writer, &problem);
        if (r == 0 && writer->segment_size > WRITER_SEGMENT_MAX)
                r = writer_flush(writer, &problem);
        if (r < 0)
                return; /* tried again, and reported, with the checkpoint */
}

void writer_commit(struct writer *writer)
{
        _cleanup_(buf_done) struct buf waiting = {};
        uint64_t first = writer->batch.first;
        int r;

        if (writer->batch.count == 0)
                return;
        r = writer_state_error(writer->state);
        if (r == 0)
                r = writer_make_room(writer);
        if (r == 0)
                r = writer_write_batch(writer);
        if (r == 0 && add_batch(writer) < 0)
                /* The records are durable and promised; only a restart can bring memory in line. */
                writer_seal(writer, "no memory to follow the journal");
        waiting = writer->waiting;
        writer->waiting = BUF_INIT(waiting.limit);
        wal_batch_init(&writer->batch, writer->tree.size);
        answer_batch(writer, &waiting, r, first);
        if (r == 0 && writer->events.committed)
                writer->events.committed(writer->events.context);
        if (r == 0)
                flush_ahead(writer);
}

static void commit_in_turn(struct writer *writer)
{
        writer_commit(writer);
        if (writer->events.answered)
                writer->events.answered(writer->events.context);
}

static int on_commit(sd_event_source *source, void *context)
{
        commit_in_turn(context);
        return 0;
}

static int on_commit_late(sd_event_source *source, uint64_t usec, void *context)
{
        commit_in_turn(context);
        return 0;
}

/* As soon as the loop is idle, at the latest when the timer fires. The timer is left alone once it
 * runs: at worst it is early for a batch. */
static int commit_soon(struct writer *writer)
{
        int r = sd_event_source_set_enabled(writer->commit_source, SD_EVENT_ONESHOT);

        if (r < 0 || sd_event_source_get_enabled(writer->late_source, NULL) != 0)
                return r;
        r = sd_event_source_set_time_relative(writer->late_source, COMMIT_LATE_USEC);
        return r < 0 ? r : sd_event_source_set_enabled(writer->late_source, SD_EVENT_ONESHOT);
}

/* Takes the entries into the batch. Nothing fails once there is room for all of them. */
static int add_to_batch(struct writer *writer, const struct view *entries,
                        const struct writer_waiting *waiting, size_t size)
{
        int r = wal_batch_reserve(&writer->batch, waiting->count, size);

        if (r == 0) {
                buf_put(&writer->waiting, waiting, sizeof(*waiting));
                r = buf_error(&writer->waiting) ? -ENOMEM : 0;
        }
        for (uint32_t i = 0; i < waiting->count && r == 0; i++) {
                struct sha256 leaf = merkle_leaf(entries[i]);

                r = wal_batch_add(&writer->batch, entries[i], &leaf);
                assert(r == 0);
        }
        return r;
}

int writer_append_run(struct writer *writer, const struct view *entries, uint32_t count,
                      writer_function done, void *context)
{
        const struct writer_waiting waiting = {count, done, context};
        int r = writer_state_error(writer->state);
        size_t size = 0;

        assert(count >= 1 && count <= WRITER_RUN_MAX);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < count; size += entries[i++].size)
                if (entries[i].size > ENTRY_SIZE_MAX)
                        return -EMSGSIZE;
        if (writer->batch.count + count > WAL_BATCH_COUNT ||
            writer->batch.bytes.size + size + count * sizeof(uint32_t) > WAL_BATCH_MAX)
                writer_commit(writer);
        r = commit_soon(writer);
        if (r < 0)
                return r;
        r = add_to_batch(writer, entries, &waiting, size);
        if (r < 0 && writer->batch.count == 0) {
                /* Errors stick until the batch is committed, and this one never will be. */
                wal_batch_init(&writer->batch, writer->tree.size);
                buf_clear(&writer->waiting);
        }
        return r;
}

int writer_append(struct writer *writer, struct view entry, writer_function done, void *context)
{
        return writer_append_run(writer, &entry, 1, done, context);
}

enum writer_state writer_state(const struct writer *writer)
{
        return writer->state;
}

enum writer_state writer_check(struct writer *writer)
{
        struct statvfs room;

        if (writer->batch.count >= WRITER_BATCH_OVERDUE)
                writer_commit(writer);
        if (writer->state == WRITER_FULL && fstatvfs(writer->dir_fd, &room) == 0 &&
            (uint64_t)room.f_bavail * room.f_frsize >= WRITER_ROOM_MIN &&
            (room.f_files == 0 || room.f_favail >= WRITER_FILES_MIN))
                writer_set_state(writer, WRITER_OPEN);
        return writer->state;
}

const char *writer_state_name(enum writer_state state)
{
        static const char *const names[] = {"open", "full", "sealed"};

        return names[state];
}

const char *writer_reason(const struct writer *writer)
{
        return writer->reason;
}

void writer_set_events(struct writer *writer, const struct writer_events *events)
{
        writer->events = *events;
}

struct checkpoint writer_head(const struct writer *writer)
{
        return (struct checkpoint){writer->tree.size, merkle_root(&writer->tree)};
}

int writer_republish(struct writer *writer, struct view checkpoint, struct problem *problem)
{
        return file_replace(writer->dir_fd, "checkpoint", checkpoint, 0644, problem);
}

int writer_publish(struct writer *writer, struct view checkpoint, struct problem *problem)
{
        int r = writer_republish(writer, checkpoint, problem);

        if (r == 0)
                writer_trim_partials(writer);
        return r;
}

int writer_publish_cosigned(struct writer *writer, struct view checkpoint, struct problem *problem)
{
        return file_replace(writer->dir_fd, JOURNAL_COSIGNED, checkpoint, 0644, problem);
}

int writer_read_cosigned(const struct writer *writer, struct buf *ret, struct problem *problem)
{
        return journal_read_cosigned(writer->journal, ret, problem);
}

int writer_read_checkpoint(const struct writer *writer, struct buf *ret, struct problem *problem)
{
        return journal_read_checkpoint(writer->journal, ret, problem);
}

static int take_lock(struct writer *writer, struct problem *problem)
{
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int r;

        if (mkdirat(writer->dir_fd, WAL_DIRECTORY, 0755) < 0 && errno != EEXIST)
                return problem_set(problem, -errno, "%s: %m", WAL_DIRECTORY);
        r = file_sync_parent(writer->dir_fd, WAL_DIRECTORY);
        if (r < 0)
                return problem_set(problem, r, "folder of %s: %s", WAL_DIRECTORY, strerror(-r));
        writer->lock_fd = openat(writer->dir_fd, JOURNAL_LOCK,
                                 O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (writer->lock_fd >= 0 && fcntl(writer->lock_fd, F_OFD_SETLK, &lock) == 0)
                return 0;
        r = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
        return problem_set(problem, r, "%s: %s", JOURNAL_LOCK,
                           r == -EBUSY ? "another agent writes this journal" : strerror(-r));
}

int writer_open(sd_event *event, const struct writer_options *options, struct writer **ret,
                struct writer_recovery *ret_recovery, struct problem *problem)
{
        _cleanup_(writer_freep) struct writer *writer = calloc(1, sizeof(*writer));
        int r;

        if (!writer)
                return -ENOMEM;
        writer->dir_fd = writer->lock_fd = writer->segment_fd = -1;
        writer->unflushed_end = &writer->unflushed;
        writer->edge.limit = ENTRY_BUNDLE_MAX;
        if (mkdir(options->path, 0755) < 0 && errno != EEXIST)
                return problem_set(problem, -errno, "%s: %m", options->path);
        r = file_sync_parent(AT_FDCWD, options->path);
        if (r < 0)
                return problem_set(problem, r, "folder of %s: %s", options->path, strerror(-r));
        r = journal_open(options->path, &writer->journal, problem);
        if (r < 0)
                return r;
        writer->dir_fd = journal_dir_fd(writer->journal);
        r = take_lock(writer, problem);
        if (r == 0)
                r = writer_recover(writer, options, ret_recovery, problem);
        if (r == 0)
                r = sd_event_add_defer(event, &writer->commit_source, on_commit, writer);
        if (r >= 0)
                r = sd_event_source_set_enabled(writer->commit_source, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_source_set_priority(writer->commit_source, COMMIT_PRIORITY);
        if (r >= 0)
                r = sd_event_add_time(event, &writer->late_source, CLOCK_MONOTONIC, 0, 1000,
                                      on_commit_late, writer);
        if (r >= 0)
                r = sd_event_source_set_enabled(writer->late_source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        wal_batch_init(&writer->batch, writer->tree.size);
        *ret = TAKE_PTR(writer);
        return 0;
}

struct writer *writer_free(struct writer *writer)
{
        if (!writer)
                return NULL;
        sd_event_source_disable_unref(writer->commit_source);
        sd_event_source_disable_unref(writer->late_source);
        answer_batch(writer, &writer->waiting, -EROFS, writer->batch.first);
        while (writer->unflushed) {
                struct writer_file *file = writer->unflushed;

                writer->unflushed = file->next;
                buf_done(&file->content);
                free(file);
        }
        writer_close_segment(writer);
        fd_closep(&writer->lock_fd);
        journal_free(writer->journal);
        wal_batch_done(&writer->batch);
        buf_done(&writer->waiting);
        buf_done(&writer->edge);
        free(writer);
        return NULL;
}
