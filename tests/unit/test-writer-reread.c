/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/written-quickly.h"

/* The newest segment of the write-ahead file. */
static void find_segment(const struct written *written, char ret[WAL_NAME_SIZE])
{
        _cleanup_(journal_freep) struct journal *journal = NULL;
        _cleanup_(freep) uint64_t *firsts = NULL;
        size_t count = 0;

        expect_integer(journal_open(written->path, &journal, NULL), 0);
        expect_integer(journal_list_segments(journal, &firsts, &count, NULL), 0);
        assert(count > 0);
        (void)wal_path(firsts[count - 1], ret);
}

/* Changes the last byte of what is written in the newest segment: there can be zeros after it. */
static void change_segment(const struct written *written)
{
        char name[WAL_NAME_SIZE], path[sizeof(written->path) + WAL_NAME_SIZE];
        uint8_t byte = 0;
        off_t place;
        int fd;

        find_segment(written, name);
        (void)snprintf(path, sizeof(path), "%s/%s", written->path, name);
        fd = open(path, O_RDWR);
        assert(fd >= 0);
        place = lseek(fd, 0, SEEK_END);
        while (byte == 0)
                assert(--place >= 0 && pread(fd, &byte, 1, place) == 1);
        byte ^= 2;
        assert(pwrite(fd, &byte, 1, place) == 1);
        (void)close(fd);
}

/* Over and over, with nothing new, across bundles that are written and segments that begin. */
static void test_good(void)
{
        struct written written;

        written_init(&written, 31);
        expect_open(&written, 0, 0);
        expect_integer(writer_reread(written.writer, NULL), 0);
        for (size_t i = 0; i < 60; i++) {
                append_noise(&written, written_random(&written, 300), 1000);
                if (i % 4 > 0)
                        expect_integer(writer_reread(written.writer, NULL), 0);
                if (i % 7 == 0)
                        expect_published(&written);
                if (i % 20 == 19)
                        reopen(&written);
                expect_integer(writer_reread(written.writer, NULL), 0);
        }
        written_done(&written);
}

/* More than is read at once. */
static void test_large(void)
{
        struct written written;

        written_init(&written, 32);
        expect_open(&written, 0, 0);
        for (size_t i = 0; i < 600; i++)
                expect_integer(written_append_noise(&written, 65535), 0);
        written_run(&written);
        expect_integer(writer_reread(written.writer, NULL), 0);
        written_done(&written);
}

/* What changed after it had been written is in no checkpoint. */
static void test_changed(void)
{
        struct written written;

        written_init(&written, 33);
        expect_open(&written, 0, 0);
        append_noise(&written, 100, 300);
        expect_integer(writer_reread(written.writer, NULL), 0);
        append_noise(&written, 1, 300);
        change_segment(&written);
        expect_integer(writer_reread(written.writer, &written.problem), -EROFS);
        expect_contains(written.problem.text,
                        "records 100 to 101: what is on the disk is not what was written");
        expect(writer_state(written.writer) == WRITER_SEALED);
        expect_integer(writer_reread(written.writer, NULL), -EROFS);
        expect_integer(writer_prepare(written.writer, NULL), -EROFS);
        written_done(&written);
}

/* Full bundles are about to take its place: the segment is read back while it is still there. */
static void test_changed_before_flush(void)
{
        struct written written;

        written_init(&written, 34);
        expect_open(&written, 0, 0);
        append_noise(&written, 300, 300);
        change_segment(&written);
        expect_integer(writer_prepare(written.writer, &written.problem), -EROFS);
        expect_contains(written.problem.text, "what is on the disk is not what was written");
        expect(writer_state(written.writer) == WRITER_SEALED);
        written_done(&written);
}

int main(void)
{
        test_good();
        test_large();
        test_changed();
        test_changed_before_flush();
        return test_result();
}
