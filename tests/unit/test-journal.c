/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"
#include "tests/test.h"
#include "tests/unit/made-journal.h"

#include <errno.h>

/* What a walk is expected to see. */
struct seen {
        const struct made_journal *made;
        uint64_t next;
        uint64_t refuse_at;
};

static int see(uint64_t index, struct view bytes, void *context)
{
        struct seen *seen = context;

        expect_integer(index, seen->next);
        expect(index < seen->made->count);
        if (index == seen->refuse_at)
                return -ECANCELED;
        if (index < seen->made->count)
                expect_view(bytes, buf_view(&seen->made->entries[index]));
        seen->next++;
        return 0;
}

static int walk_from(const struct made_journal *made, uint64_t from, uint64_t *ret_next,
                     struct problem *problem)
{
        _cleanup_(journal_freep) struct journal *journal = made_open(made);
        struct seen seen = {made, from, UINT64_MAX};
        int r = journal_walk(journal, from, see, &seen, ret_next, problem);

        expect_integer(*ret_next, seen.next);
        return r;
}

/* Every size around a tile's width, walked from its ends and its middle. */
static void test_walk_sizes(void)
{
        static const struct {
                size_t published, all, segment;
        } rows[] = {
                {0, 0, 0},       {0, 3, 0},       {5, 5, 0},       {5, 9, 0},
                {255, 255, 0},   {256, 256, 0},   {256, 260, 256}, {257, 300, 256},
                {600, 600, 512}, {600, 650, 512}, {512, 600, 300},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct made_journal made;
                uint64_t next;

                made_init(&made);
                made_add_records(&made, rows[i].all);
                made_publish(&made, rows[i].published);
                made_write_segment(&made, rows[i].segment, rows[i].all, 7);
                for (size_t from = 0; from <= rows[i].all; from += rows[i].all / 3 + 1) {
                        expect_integer(walk_from(&made, from, &next, NULL), 0);
                        expect_integer(next, rows[i].all);
                }
                expect_integer(walk_from(&made, rows[i].all, &next, NULL), 0);
                expect_integer(next, rows[i].all);
                made_done(&made);
        }
}

/* Full bundles are used before any checkpoint covers them, and segments before they are trimmed. */
static void test_walk_without_checkpoint(void)
{
        struct made_journal made;
        uint64_t next;

        made_init(&made);
        made_add_records(&made, 300);
        made_write_tile(&made, TILE_ENTRIES, 0, TILE_WIDTH);
        made_write_segment(&made, 0, 100, 50);
        made_write_segment(&made, 100, 280, 50);
        made_write_segment(&made, 280, 300, 50);
        expect_integer(walk_from(&made, 0, &next, NULL), 0);
        expect_integer(next, 300);
        made_done(&made);
}

static void test_walk_ends_when_told(void)
{
        struct made_journal made;

        made_init(&made);
        made_add_records(&made, 300);
        made_publish(&made, 256);
        made_write_segment(&made, 256, 300, 7);
        for (uint64_t at = 0; at < 300; at += 43) {
                _cleanup_(journal_freep) struct journal *journal = made_open(&made);
                struct seen seen = {&made, 0, at};
                uint64_t next = 0;

                expect_integer(journal_walk(journal, 0, see, &seen, &next, NULL), -ECANCELED);
                expect_integer(next, at);
        }
        made_done(&made);
}

static void change_file(const struct made_journal *made, const char *path, size_t offset,
                        size_t cut)
{
        _cleanup_(buf_done) struct buf content = {};

        expect_integer(file_read(made->folder.fd, path, &content, NULL), 0);
        if (offset < content.size)
                content.data[offset] ^= 1;
        folder_write(&made->folder, path, view_of(content.data, content.size - cut));
}

static void test_walk_damaged(void)
{
        static const struct {
                const char *label, *path;
                size_t offset, cut;
                int r;
                uint64_t next;
                const char *problem;
        } rows[] = {
                {"whole", "checkpoint", SIZE_MAX, 0, 0, 300, ""},
                {"torn tail", "wal/00000000000000000256", SIZE_MAX, 1, 0, 298, ""},
                {"first batch", "wal/00000000000000000256", 60, 0, -EBADMSG, 256,
                 "wal/00000000000000000256: damaged at byte 0, before entry 256"},
                {"bundle cut short", "tile/entries/000", SIZE_MAX, 1, -EBADMSG, 255,
                 "entry bundle 0: cut short at entry 255"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct made_journal made;
                struct problem problem = {};
                uint64_t next;

                test_label = rows[i].label;
                made_init(&made);
                made_add_records(&made, 300);
                made_publish(&made, 256);
                made_write_segment(&made, 256, 300, 7);
                change_file(&made, rows[i].path, rows[i].offset, rows[i].cut);
                expect_integer(walk_from(&made, 0, &next, &problem), rows[i].r);
                expect_integer(next, rows[i].next);
                expect_text(view_string(problem.text), rows[i].problem);
                made_done(&made);
        }
        test_label = "";
}

static void test_walk_sealed(void)
{
        struct made_journal made;
        struct journal *journal;
        struct problem problem = {};
        struct seen seen;

        made_init(&made);
        made_add_records(&made, 300);
        made_publish(&made, 290);
        made_write_segment(&made, 256, 300, 7);
        journal = made_open(&made);
        seen = (struct seen){&made, 3, UINT64_MAX};
        expect_integer(journal_walk_sealed(journal, 3, 290, see, &seen, NULL), 0);
        expect_integer(seen.next, 290);
        seen = (struct seen){&made, 0, UINT64_MAX};
        expect_integer(journal_walk_sealed(journal, 0, 300, see, &seen, &problem), -ENOENT);
        expect_integer(seen.next, 256);
        expect_text(view_string(problem.text), "entry bundle 1: not there");
        (void)journal_free(journal);
        made_done(&made);
}

static void test_tiles(void)
{
        static const struct {
                struct tile tile;
                int r;
                unsigned width;
                const char *problem;
        } rows[] = {
                {{0, 0, 256}, 0, 256, ""},
                {{0, 0, 10}, 0, 256, ""},
                {{0, 1, 44}, 0, 44, ""},
                {{1, 0, 1}, 0, 1, ""},
                {{TILE_ENTRIES, 1, 44}, 0, 44, ""},
                {{0, 1, 256}, -ENOENT, 0, "tile/0/001: not there"},
                {{0, 1, 43}, 0, 44, ""}, /* removed: the newer checkpoint's has it all */
                {{0, 1, 45}, -ENOENT, 0, "tile/0/001.p/45: not there"},
                {{0, 2, 5}, -EBADMSG, 0, "tile/0/002.p/5: expected 160 bytes, found 33"},
        };
        struct made_journal made;
        struct journal *journal;

        made_init(&made);
        made_add_records(&made, 300);
        made_publish(&made, 300);
        folder_write(&made.folder, "tile/0/002.p/5",
                     view_string("123456789012345678901234567890123"));
        journal = made_open(&made);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf content = {};
                struct problem problem = {};
                unsigned width = 0;

                expect_integer(
                        journal_read_tile(journal, &rows[i].tile, &content, &width, &problem),
                        rows[i].r);
                expect_integer(width, rows[i].width);
                expect_text(view_string(problem.text), rows[i].problem);
        }
        (void)journal_free(journal);
        made_done(&made);
}

static void test_segments(void)
{
        static const char *const names[] = {
                "wal/00000000000000000300", "wal/00000000000000000000", "wal/18446744073709551615",
                "wal/00000000000000000042", "wal/0000000000000000004",  "wal/000000000000000000042",
                "wal/0000000000000000004x", "wal/18446744073709551616", "wal/lock",
        };
        static const uint64_t expected[] = {0, 42, 300, UINT64_MAX};
        struct made_journal made;
        struct journal *journal;
        uint64_t *firsts = NULL;
        size_t count = 77;

        made_init(&made);
        journal = made_open(&made);
        expect_integer(journal_list_segments(journal, &firsts, &count, NULL), 0);
        expect_integer(count, 0);
        free(firsts);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                folder_write(&made.folder, names[i], view_of(NULL, 0));
        expect_integer(journal_list_segments(journal, &firsts, &count, NULL), 0);
        expect_integer(count, ARRAY_SIZE(expected));
        for (size_t i = 0; i < count && i < ARRAY_SIZE(expected); i++)
                expect(firsts[i] == expected[i]);
        free(firsts);
        (void)journal_free(journal);
        made_done(&made);
}

/* A lock of another open file, as a writer's is, counts; without one the folder is a copy. */
static void test_live(void)
{
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        struct made_journal made;
        struct journal *journal;
        int fd;

        made_init(&made);
        journal = made_open(&made);
        expect(!journal_is_live(journal));
        folder_write(&made.folder, JOURNAL_LOCK, view_of(NULL, 0));
        expect(!journal_is_live(journal));
        fd = openat(made.folder.fd, JOURNAL_LOCK, O_RDWR | O_CLOEXEC);
        expect_integer(fcntl(fd, F_OFD_SETLK, &lock), 0);
        expect(journal_is_live(journal));
        expect_integer(close(fd), 0);
        expect(!journal_is_live(journal));
        (void)journal_free(journal);
        made_done(&made);
}

static void test_open(void)
{
        struct journal *journal = NULL;
        struct problem problem = {}, file_problem = {};

        expect_integer(journal_open("/absent/folder", &journal, &problem), -ENOENT);
        expect_text(view_string(problem.text), "/absent/folder: No such file or directory");
        expect_integer(journal_open("/dev/null", &journal, &file_problem), -ENOTDIR);
        expect(!journal);
        expect(!journal_free(NULL));
}

int main(void)
{
        test_walk_sizes();
        test_walk_without_checkpoint();
        test_walk_ends_when_told();
        test_walk_damaged();
        test_walk_sealed();
        test_tiles();
        test_segments();
        test_live();
        test_open();
        return test_result();
}
