/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/recorded.h"
#include "tests/unit/written.h"

/*
 * The power fails before each change that the writer makes to the disk, and what was not synced by
 * then is there, gone, cut short or rubbish: no acknowledged record and no published checkpoint is
 * lost, and the agent goes on.
 */

#define ROUNDS 8
#define BATCH  37
#define SEEDS  3
#define SECTOR 512u

#define HISTORIES     400 /* drawn by chance, with a crash in each */
#define HISTORY_STEPS 12

/* The disk after the crash. */
struct image_name {
        char path[RECORDED_PATH];
        int file; /* 0: a folder */
};

static struct {
        struct image_name names[RECORDED_FILES];
        size_t count;
        struct buf files[RECORDED_FILES];
        int files_count;
} image;

static void record(struct written *written)
{
        recorded.mark = written->durable;
        recorded.second_mark = written->published;
}

static void answer_and_record(void *context, int error, uint64_t index)
{
        written_answer(context, error, index);
        record(context);
}

/* Indexes of what came with the next record, or not at all. */
static size_t pairs[64], pair_count;

static void answer_pair_and_record(void *context, int error, uint64_t index)
{
        struct written *written = context;

        written_answer(written, error, index);
        written->durable++;
        record(written);
}

static void append_batch(struct written *written)
{
        assert(pair_count < ARRAY_SIZE(pairs));
        pairs[pair_count++] = written->asked;
        expect_integer(written_append_pair_as(written, answer_pair_and_record), 0);
        for (unsigned i = 2; i < BATCH; i++)
                expect_integer(written_append_record_as(written, answer_and_record), 0);
        written_run(written);
        expect_integer(written->durable, written->asked);
}

static size_t image_find(const char *path)
{
        size_t i = 0;

        while (i < image.count && !string_equal(image.names[i].path, path))
                i++;
        return i;
}

static void image_add(const char *path, int file)
{
        size_t i = image_find(path);

        assert(i < RECORDED_FILES);
        memcpy(image.names[i].path, path, strlen(path) + 1);
        image.names[i].file = file;
        if (i == image.count)
                image.count++;
}

static void image_remove(const char *path)
{
        size_t i = image_find(path);

        if (i < image.count)
                image.names[i] = image.names[--image.count];
}

static void image_put(int file, uint64_t offset, struct view bytes)
{
        struct buf *content = &image.files[file];

        while (content->size < offset)
                buf_put_u8(content, 0);
        for (size_t i = 0; i < bytes.size; i++) {
                if (offset + i < content->size)
                        content->data[offset + i] = bytes.data[i];
                else
                        buf_put_u8(content, bytes.data[i]);
        }
        assert(!buf_error(content));
}

static void garble(struct written *written, struct buf *bytes, size_t from, size_t to)
{
        for (size_t i = from; i < to; i++)
                bytes->data[i] = (uint8_t)written_random(written, 256);
}

/* Each sector by itself: written or not, before or after any other, or as rubbish. The file is as
 * long as if all had been. */
static void image_put_sectors(struct written *written, const struct recorded_change *change,
                              struct buf *bytes)
{
        size_t at = 0, next;

        for (; at < bytes->size; at = next) {
                uint64_t left = SECTOR - (change->offset + at) % SECTOR;

                next = left < bytes->size - at ? at + (size_t)left : bytes->size;
                if (written_random(written, 8) == 0)
                        garble(written, bytes, at, next);
                else if (written_random(written, 2) == 0)
                        image_put(change->file, change->offset + at,
                                  view_of(bytes->data + at, next - at));
        }
        if (image.files[change->file].size < change->offset + bytes->size)
                image_put(change->file, change->offset + bytes->size, view_of(NULL, 0));
}

/* A write of which nobody knows how far it came. */
static void image_put_perhaps(struct written *written, const struct recorded_change *change)
{
        _cleanup_(buf_done) struct buf bytes = {.limit = (size_t)1 << 30};

        buf_put_view(&bytes, buf_view(&change->bytes));
        switch (written_random(written, 6)) {
        case 0:
                return;
        case 1:
                bytes.size = written_random(written, bytes.size + 1);
                break;
        case 2:
                garble(written, &bytes, written_random(written, bytes.size + 1), bytes.size);
                break;
        case 3:
                image_put_sectors(written, change, &bytes);
                return;
        case 4: /* the length is there, the data is not */
                memset(bytes.data, 0, bytes.size);
                break;
        default:
                break;
        }
        image_put(change->file, change->offset, buf_view(&bytes));
}

static void image_apply_data(struct written *written, const struct recorded_change *change,
                             int durable)
{
        if (change->kind == RECORDED_WRITE && durable)
                image_put(change->file, change->offset, buf_view(&change->bytes));
        else if (change->kind == RECORDED_WRITE)
                image_put_perhaps(written, change);
        else if (durable || written_random(written, 2))
                image.files[change->file].size = change->offset < image.files[change->file].size
                                                         ? change->offset
                                                         : image.files[change->file].size;
}

static void image_apply_name(const struct recorded_change *change)
{
        size_t i = image_find(change->path);
        int file;

        switch (change->kind) {
        case RECORDED_CREATE:
        case RECORDED_MKDIR:
                image_add(change->path, change->kind == RECORDED_CREATE ? change->file : 0);
                break;
        case RECORDED_RENAME:
                file = i < image.count ? image.names[i].file : 0;
                if (i < image.count) {
                        image_remove(change->path);
                        image_add(change->to, file);
                }
                break;
        case RECORDED_UNLINK:
                image_remove(change->path);
                break;
        default:
                break;
        }
}

/* Folders whose unsynced changes have ended: what comes after one that is gone is gone, too. */
struct ended {
        char folders[256][RECORDED_PATH];
        size_t count;
};

static int has_ended(struct written *written, struct ended *ended,
                     const struct recorded_change *change)
{
        char folder[RECORDED_PATH];

        recorded_folder(change, folder);
        for (size_t i = 0; i < ended->count; i++)
                if (string_equal(ended->folders[i], folder))
                        return 1;
        if (written_random(written, 3) > 0)
                return 0;
        assert(ended->count < 256);
        memcpy(ended->folders[ended->count++], folder, RECORDED_PATH);
        return 1;
}

static void image_build(struct written *written, size_t crash)
{
        struct ended ended = {};

        image.count = 0;
        for (int i = 0; i <= recorded.files; i++) {
                buf_clear(&image.files[i]);
                image.files[i].limit = (size_t)64 << 20;
        }
        for (size_t i = 0; i < crash; i++) {
                const struct recorded_change *change = &recorded.changes[i];
                int durable = recorded_is_durable(i, crash);

                if (recorded_is_data(change))
                        image_apply_data(written, change, durable);
                else if (change->kind < RECORDED_WRITE &&
                         (durable || !has_ended(written, &ended, change)))
                        image_apply_name(change);
        }
}

/* A folder that is not there cannot be gone through: what is in it is lost. */
static int is_reachable(const char *path)
{
        char parent[RECORDED_PATH];
        char *slash;

        memcpy(parent, path, strlen(path) + 1);
        while ((slash = strrchr(parent, '/'))) {
                *slash = '\0';
                if (image_find(parent) == image.count)
                        return 0;
        }
        return 1;
}

static void image_write(const struct written *written)
{
        struct folder folder;

        expect_integer(mkdir(written->path, 0700), 0);
        folder.fd = open(written->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert(folder.fd >= 0);
        for (size_t i = 0; i < image.count; i++) {
                const struct image_name *name = &image.names[i];

                if (!is_reachable(name->path))
                        continue;
                folder_make_parents(&folder, name->path);
                if (name->file > 0)
                        folder_write(&folder, name->path, buf_view(&image.files[name->file]));
                else
                        (void)mkdirat(folder.fd, name->path, 0700); /* it may be there already */
        }
        (void)close(folder.fd);
}

/* The same records as were asked for first. */
static void go_on(struct written *written, size_t there)
{
        size_t all = written->asked;

        written->durable = written->answered = written->asked = there;
        for (size_t i = 0; i < 5; i++) {
                if (there + i < all)
                        free(written->entries[there + i]);
                expect_integer(written_append_record(written), 0);
        }
        written_run(written);
        expect_integer(written->durable, there + 5);
        expect_integer(written_publish(written, NULL), 0);
        written_expect_head(written);
        written_expect_tiles(written, 0);
        written->asked = all > there + 5 ? all : there + 5;
}

static void expect_recovery(struct written *written, size_t promised, size_t published)
{
        struct replay_result result;
        size_t there;

        expect_integer(written_open(written), 0);
        expect_text(view_string(written->problem.text), "");
        if (!written->writer)
                return;
        there = writer_head(written->writer).size;
        expect(there >= promised && there <= written->asked);
        for (size_t i = 0; i < pair_count; i++)
                expect(there != pairs[i] + 1);
        expect(written->recovery.sealed >= published);
        expect_integer(written_walk(written), there);
        go_on(written, there);
        written->writer = writer_free(written->writer);
        written_expect_replay(written, NULL, &result);
        expect_integer(result.records, there + 5);
}

/* Before the agent starts again, an auditor may find that the end is torn, and nothing else. */
static void expect_auditable(struct written *written, size_t promised, size_t published)
{
        struct replay_result result;

        if (published == 0)
                return;
        written_expect_replay(written, "torn tail: ", &result);
        expect(result.records >= promised);
}

static void crash_before(struct written *written, size_t crash, unsigned seed)
{
        size_t promised = crash < recorded.count ? recorded.changes[crash].mark : recorded.mark;
        size_t published =
                crash < recorded.count ? recorded.changes[crash].second_mark : recorded.second_mark;
        char label[64];

        (void)snprintf(label, sizeof(label), "before change %zu of %zu, seed %u", crash,
                       recorded.count, seed);
        test_label = label;
        written->generation++;
        written_name(written);
        image_build(written, crash);
        image_write(written);
        expect_auditable(written, promised, published);
        expect_recovery(written, promised, published);
        (void)nftw(written->path, folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        test_label = "";
}

static void begin_recording(struct written *written)
{
        static char root[sizeof(written->path)];

        memcpy(root, written->path, sizeof(root));
        recorded.root = root;
        expect_integer(written_open(written), 0);
}

static void restart(struct written *written)
{
        written->writer = writer_free(written->writer);
        expect_integer(written_open(written), 0);
}

static void forget_recording(void)
{
        for (int i = 0; i <= recorded.files; i++)
                buf_done(&image.files[i]);
        recorded_reset();
        pair_count = 0;
}

static void crash_everywhere(struct written *written)
{
        written->writer = writer_free(written->writer);
        recorded.root = NULL;
        for (unsigned seed = 0; seed < SEEDS; seed++)
                for (size_t crash = 0; crash <= recorded.count; crash++)
                        crash_before(written, crash, seed);
        forget_recording();
}

/* Batches, checkpoints, full tiles, and a restart in the middle. */
static void test_power_failure(void)
{
        struct written written;

        written_init(&written, 1);
        begin_recording(&written);
        for (unsigned round = 0; round < ROUNDS; round++) {
                append_batch(&written);
                if (round % 2 == 1)
                        expect_integer(written_publish(&written, NULL), 0);
                record(&written);
                if (round == ROUNDS / 2)
                        restart(&written);
        }
        expect(recorded.count > 100);
        crash_everywhere(&written);
        written_done(&written);
}

/* A sync that fails: the kernel keeps showing the bytes, and may never write them. The agent that
 * is started next takes the records for granted, so it has to make them durable again. */
static void test_lost_pages(void)
{
        struct written written;

        written_init(&written, 2);
        begin_recording(&written);
        append_batch(&written);
        append_batch(&written);
        recorded.failing_sync = recorded.syncs + 1;
        expect_integer(written_append_record(&written), 0);
        written_run(&written);
        expect_integer(written.error, -EROFS);
        expect(writer_check(written.writer) == WRITER_SEALED);
        restart(&written);
        expect_integer(writer_head(written.writer).size, 2 * BATCH + 1);
        written.durable = written.answered = written.asked;
        append_batch(&written);
        append_batch(&written);
        expect_integer(written_publish(&written, NULL), 0);
        append_batch(&written);
        crash_everywhere(&written);
        written_done(&written);
}

/* Larger records now and then, and more than a batch: writes of many sectors. */
static void append_some(struct written *written)
{
        size_t count = 1 + written_random(written, 60);
        size_t size_max = written_random(written, 6) == 0 ? 6000 : 300;

        for (size_t i = 0; i < count; i++) {
                char text[6400];
                int length =
                        snprintf(text, sizeof(text),
                                 "{\"boot\":\"%0*d\",\"reason\":\"\",\"state\":\"ready\",\"time\":"
                                 "\"2026-11-22T10:00:00.000000Z\",\"token\":\"tpm0\",\"type\":"
                                 "\"token\",\"v\":1}",
                                 1 + (int)written_random(written, size_max), (int)i);

                expect_integer(written_append_as(written, view_of(text, (size_t)length),
                                                 answer_and_record),
                               0);
        }
        written_run(written);
        expect_integer(written->durable, written->asked);
}

static void take_step(struct written *written)
{
        switch (written_random(written, 6)) {
        case 0:
        case 1:
                expect_integer(written_publish(written, NULL), 0);
                record(written);
                break;
        case 2:
                restart(written);
                written->durable = written->answered = writer_head(written->writer).size;
                break;
        default:
                append_some(written);
                break;
        }
}

/* A history of appends, checkpoints and restarts, and a crash in it, all drawn by chance. */
static void test_histories(unsigned long first, unsigned long count)
{
        for (unsigned long seed = first; seed < first + count; seed++) {
                struct written written;

                written_init(&written, seed);
                begin_recording(&written);
                for (unsigned step = 0; step < HISTORY_STEPS; step++)
                        take_step(&written);
                written.writer = writer_free(written.writer);
                recorded.root = NULL;
                crash_before(&written, written_random(&written, recorded.count + 1),
                             (unsigned)seed);
                forget_recording();
                written_done(&written);
        }
}

/* test-writer-crash [FIRST COUNT]: other histories than those of every test run. */
int main(int argc, char **argv)
{
        uint64_t first = 1, count = HISTORIES;

        if (argc == 3 && (view_parse_decimal(view_string(argv[1]), &first) < 0 ||
                          view_parse_decimal(view_string(argv[2]), &count) < 0))
                return 2;
        if (argc != 3) {
                test_power_failure();
                test_lost_pages();
        }
        test_histories(first, count);
        return test_result();
}
