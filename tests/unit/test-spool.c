/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool.h"
#include "tests/unit/edit.h"
#include "tests/unit/folder.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define LIMIT ((size_t)32 << 20)
#define WORDS (LIMIT / sizeof(uint64_t))

static void put_words(struct buf *buf, uint64_t begin, uint64_t end)
{
        for (uint64_t i = begin; i < end; i++)
                buf_put(buf, &i, sizeof(i));
}

static void expect_words(const struct buf *buf)
{
        uint64_t expected = 0, found, wrong = 0;
        struct view slice;

        for (size_t i = 0; (slice = spool_slice(buf, i)).size > 0; i += slice.size)
                for (size_t at = 0; at < slice.size; at += sizeof(found), expected++) {
                        memcpy(&found, slice.data + at, sizeof(found));
                        wrong += found != expected;
                }
        expect_integer(wrong, 0);
        expect_integer(expected * sizeof(found), buf->size);
}

static size_t resident_pages(const struct buf *buf)
{
        char line[256];
        unsigned long begin, end, pages = 0;
        int here = 0;
        FILE *file = fopen("/proc/self/smaps", "re");

        assert(file);
        while (fgets(line, sizeof(line), file)) {
                unsigned long kilobytes;

                if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
                        here = begin <= (uintptr_t)buf->data && (uintptr_t)buf->data < end;
                else if (here && sscanf(line, "Rss: %lu kB", &kilobytes) == 1)
                        pages += kilobytes / 4;
        }
        (void)fclose(file); /* only read */
        return pages;
}

/* All is there, where it was, whether it is in memory or in a file; and needs none at rest. */
static void test_contents(void)
{
        _cleanup_(buf_done) struct buf buf = BUF_SPOOLED(LIMIT);
        const uint8_t *first;

        put_words(&buf, 0, 10);
        first = buf.data;
        expect_integer(buf.spool, 0);
        expect_words(&buf);
        put_words(&buf, 10, WORDS);
        expect_integer(buf_error(&buf), 0);
        expect(buf.data == first && buf.spool > 0);
        expect_words(&buf);
        expect_integer(buf.data[LIMIT / 2], WORDS / 2 % 256);
        expect(resident_pages(&buf) > 0);
        spool_rest(&buf);
        expect_integer(resident_pages(&buf), 0);
        expect_words(&buf);
        buf_put_u8(&buf, 0);
        expect_integer(buf_error(&buf), -EMSGSIZE);
}

static void test_again(void)
{
        _cleanup_(buf_done) struct buf buf = BUF_SPOOLED(LIMIT);

        for (int i = 0; i < 2; i++) {
                put_words(&buf, 0, WORDS / 2);
                expect_words(&buf);
                buf_done(&buf);
        }
        put_words(&buf, 0, WORDS / 2);
        buf_clear(&buf);
        put_words(&buf, 0, WORDS);
        expect_words(&buf);
}

/* The file has no name, and is in the folder that was given. */
static void test_folder(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(buf_done) struct buf buf = BUF_SPOOLED(LIMIT), other = BUF_SPOOLED(LIMIT);
        struct problem problem = {};
        char link[64], path[256];
        ssize_t size;

        assert(setenv("TMPDIR", folder.path, 1) == 0);
        put_words(&buf, 0, SPOOL_MEMORY);
        expect_integer(buf_error(&buf), 0);
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", buf.spool - 1);
        size = readlink(link, path, sizeof(path) - 1);
        assert(size > 0);
        path[size] = '\0';
        expect_contains(path, folder.path);
        expect_contains(path, "(deleted)");
        assert(setenv("TMPDIR", "/nonexistent", 1) == 0);
        put_words(&other, 0, SPOOL_MEMORY);
        expect_integer(buf_error(&other), -ENOENT);
        expect_integer(spool_problem(&problem, buf_error(&other)), -ENOENT);
        expect_text(
                view_string(problem.text),
                "temporary file in /nonexistent: No such file or directory; TMPDIR names another "
                "folder");
        assert(unsetenv("TMPDIR") == 0);
}

/* A file that cannot grow is an error, and not the end of the process. */
static void test_full(void)
{
        _cleanup_(buf_done) struct buf buf = BUF_SPOOLED(LIMIT);
        const struct rlimit small = {10 << 20, RLIM_INFINITY};
        const struct rlimit large = {RLIM_INFINITY, RLIM_INFINITY};

        assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
        assert(setrlimit(RLIMIT_FSIZE, &small) == 0);
        put_words(&buf, 0, WORDS);
        expect_integer(buf_error(&buf), -EFBIG);
        expect_integer(buf.size, (8 << 20) - sizeof(uint64_t)); /* one byte more is always kept */
        expect_words(&buf);
        assert(setrlimit(RLIMIT_FSIZE, &large) == 0);
}

/* Where addresses are scarce, a buf has fewer of them, and says when they are used up. */
static void test_few_addresses(void)
{
        _cleanup_(buf_done) struct buf large = BUF_SPOOLED(LIMIT << 10), again = large, buf = large;
        const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
        struct rlimit few = {0, RLIM_INFINITY};
        unsigned long pages = 0;
        FILE *file = fopen("/proc/self/statm", "re");

        assert(file && fscanf(file, "%lu", &pages) == 1);
        (void)fclose(file); /* only read */
        few.rlim_cur = pages * 4096 + (4 * LIMIT);
        assert(setrlimit(RLIMIT_AS, &few) == 0);
        buf_put_u8(&large, 1);
        buf_put_u8(&again, 2);
        put_words(&buf, 0, WORDS << 1);
        assert(setrlimit(RLIMIT_AS, &all) == 0);
        expect_integer(buf_error(&large), 0);
        expect_integer(buf_error(&again), 0);
        expect_integer(buf_error(&buf), -ENOMEM);
        expect(buf.size >= SPOOL_STEP);
        expect_words(&buf);
}

static void test_borrowed(void)
{
        const struct buf buf = spool_borrow(view_string("abc"));

        expect_text(spool_slice(&buf, 0), "abc");
        expect_text(spool_slice(&buf, 2), "c");
        expect_integer(spool_slice(&buf, 3).size, 0);
        spool_rest(&buf);
        expect_text(buf_view(&buf), "abc");
}

int main(void)
{
        test_contents();
        test_again();
        test_folder();
        test_full();
        test_few_addresses();
        test_borrowed();
        return test_result();
}
