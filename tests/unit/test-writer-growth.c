/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/journal.h"
#include "tests/test.h"

#include <errno.h>
#include <stdarg.h>

/*
 * What a journal costs does not grow with it: system calls for a record, memory, and the files that
 * a start reads. Calls are counted, not seconds. tests/bench/growth does the same with ten million.
 */

#define WINDOW ((uint64_t)12800) /* records: whole bundles */
#define EACH   ((uint64_t)640)   /* a checkpoint */

static struct {
        unsigned opens, writes, syncs, removals;
        uint64_t bytes;
} calls;

int __real_openat64(int dir_fd, const char *path, int flags, ...);
int __wrap_openat64(int dir_fd, const char *path, int flags, ...);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __real_unlinkat(int dir_fd, const char *path, int flags);
int __wrap_unlinkat(int dir_fd, const char *path, int flags);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);

int __wrap_openat64(int dir_fd, const char *path, int flags, ...)
{
        va_list arguments;
        mode_t mode;

        va_start(arguments, flags);
        mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
        va_end(arguments);
        calls.opens++;
        return __real_openat64(dir_fd, path, flags, mode);
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
        calls.writes++;
        calls.bytes += size;
        return __real_pwrite64(fd, bytes, size, offset);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
        calls.writes++;
        calls.bytes += size;
        return __real_write(fd, bytes, size);
}

int __wrap_unlinkat(int dir_fd, const char *path, int flags)
{
        calls.removals++;
        return __real_unlinkat(dir_fd, path, flags);
}

int __wrap_fdatasync(int fd)
{
        calls.syncs++;
        return 0;
}

int __wrap_fsync(int fd)
{
        calls.syncs++;
        return 0;
}

static void grow(struct bench_journal *journal, uint64_t end)
{
        while (journal->appended < end) {
                bench_append(journal, 64);
                if (journal->appended % EACH == 0)
                        bench_publish(journal);
        }
}

/* Not more than before, but for wider tiles of the higher levels, which have an end. */
static void expect_no_more(uint64_t now, uint64_t before, const char *what)
{
        test_label = what;
        if (now > before + before / 20)
                expect_integer(now, before);
        test_label = "";
}

int main(void)
{
        struct folder folder = folder_new();
        struct bench_journal journal;
        __typeof__(calls) small;
        uint64_t memory;
        char path[80];

        (void)snprintf(path, sizeof(path), "%s/journal", folder.path);
        bench_init(&journal, path, 100);
        grow(&journal, 10240);
        memory = bench_proc("/proc/self/status", "VmRSS:");
        memset(&calls, 0, sizeof(calls));
        grow(&journal, 10240 + WINDOW);
        small = calls;
        grow(&journal, 300800);
        memset(&calls, 0, sizeof(calls));
        grow(&journal, 300800 + WINDOW);
        expect_no_more(calls.opens, small.opens, "opens");
        expect_no_more(calls.writes, small.writes, "writes");
        expect_no_more(calls.bytes, small.bytes, "bytes");
        expect_no_more(calls.syncs, small.syncs, "syncs");
        expect_no_more(calls.removals, small.removals, "removals");
        memory = bench_proc("/proc/self/status", "VmRSS:") - memory;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__) /* whose sanitizers keep what was freed  \
                                                           */
        expect(memory < 1024);                            /* kB */
#endif

        /* The newest full tiles of each level, and no others. */
        journal.writer = writer_free(journal.writer);
        memset(&calls, 0, sizeof(calls));
        (void)bench_open(&journal);
        (void)printf("%u files opened at the start, memory grew by %llu kB\n", calls.opens,
                     (unsigned long long)memory);
        expect(calls.opens < 3 * TILE_WIDTH);
        expect_integer(writer_head(journal.writer).size, 300800 + WINDOW);
        bench_done(&journal);
        folder_done(&folder);
        return test_result();
}
