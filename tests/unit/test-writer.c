/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/written-quickly.h"

#include <fcntl.h>

static void test_empty(void)
{
        _cleanup_(buf_done) struct buf checkpoint = {};
        struct written written;

        written_init(&written, 1);
        expect_open(&written, 0, 0);
        expect_integer(writer_read_checkpoint(written.writer, &checkpoint, NULL), -ENOENT);
        expect_published(&written); /* a checkpoint of nothing is one, too */
        expect_integer(writer_read_checkpoint(written.writer, &checkpoint, NULL), 0);
        written.writer = writer_free(written.writer);
        expect_integer(written_open(&written), 0);
        expect(written.recovery.has_checkpoint);
        written_done(&written);
}

static void test_entry_sizes(void)
{
        static const size_t sizes[] = {0, 1, 2, 255, 256, 65534, 65535};
        static uint8_t bytes[65536];
        struct written written;

        written_init(&written, 2);
        expect_open(&written, 0, 0);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                expect_integer(written_append_noise(&written, sizes[i]), 0);
        expect_integer(written_append(&written, view_of(bytes, sizeof(bytes))), -EMSGSIZE);
        expect_integer(written.answered, 0); /* never from within */
        written_run(&written);
        expect_integer(written.durable, ARRAY_SIZE(sizes));
        expect_published(&written);
        written_expect_tiles(&written, 0);
        reopen(&written);
        written_done(&written);
}

/* More than a batch holds, in bytes and in entries, before the loop gets a turn. */
static void test_batch_limits(void)
{
        struct written written;

        written_init(&written, 3);
        expect_open(&written, 0, 0);
        for (size_t i = 0; i < 600; i++)
                expect_integer(written_append_noise(&written, 65535), 0);
        expect(written.answered > 0);
        for (size_t i = 0; i < 10000; i++)
                expect_integer(written_append_noise(&written, i % 7), 0);
        written_run(&written);
        expect_integer(written.durable, 10600);
        expect_integer(written_walk(&written), 10600);
        reopen(&written);
        written_done(&written);
}

static void answer_run(void *context, int error, uint64_t index)
{
        struct written *written = context;

        expect_integer(error, 0);
        expect_integer(index, written->durable);
        written->durable += 2;
        written->answered++;
}

/* Whether a batch in the write-ahead file begins with record @index. */
static int begins_batch(const struct written *written, uint64_t index)
{
        _cleanup_(buf_done) struct buf segment = {};
        static struct wal_entry entries[WAL_BATCH_COUNT];
        char path[256], name[WAL_NAME_SIZE];
        uint64_t first = 0;
        size_t offset = 0;
        uint32_t count;

        (void)snprintf(path, sizeof(path), "%s/%s", written->path, wal_path(0, name));
        expect_integer(file_read(AT_FDCWD, path, &segment, NULL), 0);
        while (first < index &&
               wal_read_batch(buf_view(&segment), &offset, first, entries, &count) == WAL_BATCH)
                first += count;
        return first == index;
}

/* What belongs together is in one batch: it goes to the next when one place is left in this. */
static void test_run(void)
{
        static uint8_t large[65536];
        struct written written;

        written_init(&written, 15);
        expect_open(&written, 0, 0);
        for (size_t i = 0; i < WAL_BATCH_COUNT - 1; i++)
                expect_integer(written_append_noise(&written, 2), 0);
        expect_integer(written.answered, 0);
        expect_integer(written_append_pair_as(&written, answer_run), 0);
        expect_integer(written.answered, WAL_BATCH_COUNT - 1);
        expect_integer(
                writer_append_run(written.writer,
                                  (struct view[]){view_string("x"), view_of(large, sizeof(large))},
                                  2, answer_run, &written),
                -EMSGSIZE);
        expect_integer(written_append_noise(&written, 7), 0);
        written_run(&written);
        expect_integer(written.answered, WAL_BATCH_COUNT + 1);
        expect_integer(written.durable, WAL_BATCH_COUNT + 2);
        expect_integer(written_walk(&written), WAL_BATCH_COUNT + 2);
        expect(begins_batch(&written, WAL_BATCH_COUNT - 1));
        expect_published(&written);
        written_done(&written);
}

struct chain {
        struct written *written;
        unsigned left;
};

static void append_again(void *context, int error, uint64_t index)
{
        struct chain *chain = context;

        expect_integer(error, 0);
        written_answer(chain->written, error, index);
        if (chain->left == 0)
                return;
        chain->left--;
        expect_integer(writer_append(chain->written->writer, view_string("x"), append_again, chain),
                       0);
}

/* Answers that append, as those of an agent may: each goes to a later batch. */
static void test_append_from_an_answer(void)
{
        struct written written;
        struct chain chain = {&written, 100};

        written_init(&written, 4);
        expect_open(&written, 0, 0);
        expect_integer(writer_append(written.writer, view_string("x"), append_again, &chain), 0);
        written_run(&written);
        expect_integer(written.durable, 101);
        expect_integer(writer_head(written.writer).size, 101);
        written_done(&written);
}

/* Every size around a tile's width at each level, with partials in between, closed and opened. */
static void test_sizes(void)
{
        static const size_t sizes[] = {1,   2,   254,   255,   256,   257,   511,   512,
                                       513, 700, 65535, 65536, 65537, 65792, 65793, 66000};
        struct written written;

        written_init(&written, 5);
        expect_open(&written, 0, 0);
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                uint64_t tile = sizes[i] > 1024 ? (sizes[i] - 513) / TILE_WIDTH : 0;
                uint64_t second;

                append_noise(&written, sizes[i] - written.durable, 12);
                expect_published(&written);
                written_expect_head(&written);
                written_expect_tiles(&written, sizes[i] == 66000 ? 0 : tile);
                expect(written_segments(&written, &second) <= 2);
                reopen(&written);
                reopen(&written);
        }
        expect_integer(written_walk(&written), 66000);
        written_done(&written);
}

static int copy_entry(const char *path, const struct stat *status, int type, struct FTW *place);
static struct {
        size_t from; /* length of the path that is copied */
        const char *to;
} copying;

static int copy_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
        _cleanup_(buf_done) struct buf content = {.limit = (size_t)1 << 30};
        _cleanup_(fd_closep) int fd = -1;
        char target[256];
        int r;

        (void)snprintf(target, sizeof(target), "%s%s", copying.to, path + copying.from);
        if (type == FTW_D)
                return mkdir(target, 0700);
        r = file_read(AT_FDCWD, path, &content, NULL);
        fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        return r < 0 || fd < 0 ? -1 : file_write_all(fd, buf_view(&content));
}

/* The process dies now, and a new one finds the folder: as a copy, so that no descriptor of the old
 * one can help. */
static void crash(struct written *written)
{
        char before[sizeof(written->path)];

        memcpy(before, written->path, sizeof(before));
        written->generation++;
        written_name(written);
        copying.from = strlen(before);
        copying.to = written->path;
        expect_integer(nftw(before, copy_entry, 16, FTW_PHYS), 0);
        written->writer = writer_free(written->writer);
        (void)nftw(before, folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        while (written->asked > written->durable) /* nobody was promised these */
                free(written->entries[--written->asked]);
        written->answered = written->asked;
        expect_open(written, written->durable - written->published, 0);
}

static void append_between(struct written *written)
{
        append_noise(written, written_random(written, 20), 100);
}

static void random_step(struct written *written)
{
        switch (written_random(written, 16)) {
        case 0:
                expect_integer(written_publish(written, NULL), 0);
                written_expect_tiles(written, written->published / TILE_WIDTH);
                break;
        case 1:
                expect_integer(written_publish(written, append_between), 0);
                break;
        case 2:
                expect_integer(writer_prepare(written->writer, &written->problem), 0);
                break;
        case 3:
                written_run(written);
                reopen(written);
                break;
        case 4:
                crash(written);
                break;
        case 5:
                append_noise(written, written_random(written, 700), 20);
                break;
        case 6:
                writer_commit(written->writer);
                break;
        case 7:
                append_noise(written, written_random(written, 5), ENTRY_SIZE_MAX);
                break;
        default:
                for (size_t i = written_random(written, 20); i > 0; i--)
                        expect_integer(written_append_noise(written, written_random(written, 2000)),
                                       0);
                if (written_random(written, 2) == 0)
                        written_run(written);
        }
}

static void test_random(void)
{
        for (uint64_t seed = 100; seed < 106; seed++) {
                char label[32];
                struct written written;
                uint64_t second;

                (void)snprintf(label, sizeof(label), "seed %llu", (unsigned long long)seed);
                written_init(&written, seed);
                expect_open(&written, 0, 0);
                for (unsigned step = 0; step < 250 && test_failures == 0; step++)
                        random_step(&written);
                test_label = label;
                written_run(&written);
                expect_published(&written);
                written_expect_head(&written);
                written_expect_tiles(&written, 0);
                expect(written_segments(&written, &second) <= 2);
                expect_integer(written_walk(&written), written.durable);
                written_done(&written);
                test_label = "";
        }
}

/* Full bundles are written without a checkpoint once there are enough, and the write-ahead file is
 * trimmed behind them. */
static void test_flush_without_checkpoint(void)
{
        struct written written;
        uint64_t second;

        written_init(&written, 6);
        expect_open(&written, 0, 0);
        for (unsigned i = 0; i < 40; i++) {
                append_noise(&written, 50, ENTRY_SIZE_MAX);
                expect_integer(written_segments(&written, &second), 1);
        }
        expect_integer(written_walk(&written), 2000);
        crash(&written);
        expect_integer(written_walk(&written), 2000);
        expect_published(&written);
        written_expect_tiles(&written, 0);
        written_done(&written);
}

static unsigned state_changes, commits;

static void note_state(void *context)
{
        state_changes++;
}

static void note_commit(void *context)
{
        commits++;
}

/* Whoever meddles with the newest segment is noticed before the next record is promised. */
static void test_meddling(void)
{
        static const struct {
                const char *command, *reason;
        } rows[] = {
                {"rm %s", "No such file or directory"},
                {"cp %1$s %1$s.1 && mv %1$s.1 %1$s", "deleted or replaced"},
                {"ln %1$s %1$s.1", "deleted or replaced"},
                {"echo >>%s", "expected "},
                {"truncate -s 10 %s", "expected "},
                {"rm $(dirname %s)/lock", "another agent could write as well"},
        };
        static const struct writer_events events = {
                .state_changed = note_state,
                .committed = note_commit,
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char place[192], command[1024];
                struct written written;

                test_label = rows[i].command;
                state_changes = commits = 0;
                written_init(&written, 13);
                expect_open(&written, 0, 0);
                writer_set_events(written.writer, &events);
                append_noise(&written, 5, 20);
                expect_integer(commits, 1);
                (void)snprintf(place, sizeof(place), "%s/wal/%020d", written.path, 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                (void)snprintf(command, sizeof(command), rows[i].command, place);
#pragma GCC diagnostic pop
                expect_integer(system(command), 0);
                expect_integer(written_append_noise(&written, 10), 0);
                written_run(&written);
                expect_integer(written.error, -EROFS);
                expect_integer(written.durable, 5);
                expect(writer_check(written.writer) == WRITER_SEALED);
                expect_contains(writer_reason(written.writer), rows[i].reason);
                expect_integer(written_append_noise(&written, 10), -EROFS);
                expect_integer(writer_prepare(written.writer, &written.problem), -EROFS);
                expect_contains(written.problem.text, "journal sealed: wal/");
                expect_integer(state_changes, 1);
                expect_integer(commits, 1);
                written_done(&written);
        }
        test_label = "";
}

/* What is on the disk is read again before a checkpoint may be signed. */
static void test_reread(void)
{
        _cleanup_(buf_done) struct buf content = {};
        struct written written;
        struct folder folder;

        written_init(&written, 14);
        expect_open(&written, 0, 0);
        append_noise(&written, 700, 20);
        /* Of 300 records, bundle 0 is on the disk, but not re-read: nothing was prepared yet. */
        expect_published(&written);
        append_noise(&written, 100, 20);
        folder.fd = open(written.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        expect_integer(mkdirat(folder.fd, "tile/entries/003.p", 0700), 0);
        /* The partial bundle of the next checkpoint cannot be put in its place. */
        expect_integer(mkdirat(folder.fd, "tile/entries/003.p/32", 0700), 0);
        expect_integer(writer_prepare(written.writer, &written.problem), -EISDIR);
        expect(writer_check(written.writer) == WRITER_OPEN);
        expect_integer(unlinkat(folder.fd, "tile/entries/003.p/32", AT_REMOVEDIR), 0);
        expect_published(&written);
        /* A record of a full bundle that is not covered yet changes behind the writer's back. */
        content.limit = ENTRY_BUNDLE_MAX;
        append_noise(&written, 600, ENTRY_SIZE_MAX);
        expect_integer(file_read(folder.fd, "tile/entries/003", &content, NULL), 0);
        content.data[content.size - 1] ^= 1;
        folder_write(&folder, "tile/entries/003", buf_view(&content));
        expect_integer(writer_prepare(written.writer, &written.problem), -EROFS);
        expect_contains(written.problem.text,
                        "records 800 to 1400: what is on the disk is not what was written");
        expect(writer_check(written.writer) == WRITER_SEALED);
        (void)close(folder.fd);
        written_done(&written);
}

int main(void)
{
        test_empty();
        test_entry_sizes();
        test_batch_limits();
        test_run();
        test_append_from_an_answer();
        test_sizes();
        test_random();
        test_flush_without_checkpoint();
        test_meddling();
        test_reread();
        expect(!writer_free(NULL));
        return test_result();
}
