/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"
#include "tests/test.h"
#include "tests/unit/folder.h"

#include <errno.h>

static int read_with_limit(const struct folder *folder, const char *path, size_t limit,
                           size_t expected_size, struct problem *problem)
{
        _cleanup_(buf_done) struct buf content = BUF_INIT(limit);
        int r = file_read(folder->fd, path, &content, problem);

        if (r == 0)
                expect_integer(content.size, expected_size);
        return r;
}

/* Sizes around the steps in which a file is read, each against limits below, at and above it. */
static void test_read_sizes(void)
{
        static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 200000};
        static const uint8_t zeros[200000];
        _cleanup_(folder_done) struct folder folder = folder_new();

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                folder_write(&folder, "file", view_of(zeros, sizes[i]));
                expect_integer(read_with_limit(&folder, "file", sizes[i] + 1, sizes[i], NULL), 0);
                if (sizes[i] > 0)
                        expect_integer(read_with_limit(&folder, "file", sizes[i], sizes[i], NULL),
                                       0);
                if (sizes[i] > 1)
                        expect_integer(read_with_limit(&folder, "file", sizes[i] - 1, 0, NULL),
                                       -EMSGSIZE);
        }
}

static void test_read_content(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(buf_done) struct buf content = {};

        folder_write(&folder, "a/b", view_of("x\0y", 3));
        expect_integer(file_read(folder.fd, "a/b", &content, NULL), 0);
        expect_view(buf_view(&content), view_of("x\0y", 3));
}

static void test_read_refused(void)
{
        static const struct {
                const char *path;
                int r;
                const char *problem;
        } rows[] = {
                {"absent", -ENOENT, "absent: No such file or directory"},
                {"file/x", -ENOTDIR, "file/x: Not a directory"},
                {"fifo", -EINVAL, "fifo: not a regular file"},
                {"folder", -EINVAL, "folder: not a regular file"},
                {"loop", -ELOOP, "loop: Too many levels of symbolic links"},
                {"file", -EMSGSIZE, "file: longer than the 2 bytes allowed"},
        };
        _cleanup_(folder_done) struct folder folder = folder_new();

        folder_write(&folder, "file", view_string("abc"));
        expect_integer(mkfifoat(folder.fd, "fifo", 0600), 0);
        expect_integer(mkdirat(folder.fd, "folder", 0700), 0);
        expect_integer(symlinkat("loop", folder.fd, "loop"), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct problem problem = {};

                test_label = rows[i].path;
                expect_integer(read_with_limit(&folder, rows[i].path, 2, 0, &problem), rows[i].r);
                expect_text(view_string(problem.text), rows[i].problem);
        }
        test_label = "";
}

static void expect_content(const struct folder *folder, const char *path, const char *expected)
{
        _cleanup_(buf_done) struct buf content = {};

        expect_integer(file_read(folder->fd, path, &content, NULL), 0);
        expect_text(buf_view(&content), expected);
}

static mode_t mode_of(const struct folder *folder, const char *path)
{
        struct stat status = {};

        expect_integer(fstatat(folder->fd, path, &status, AT_SYMLINK_NOFOLLOW), 0);
        return status.st_mode & 0777;
}

static void test_replace(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();

        expect_integer(file_replace(folder.fd, "file", view_string("one"), 0640, NULL), 0);
        expect_content(&folder, "file", "one");
        expect_integer(mode_of(&folder, "file"), 0640);
        expect_integer(file_replace(folder.fd, "file", view_of(NULL, 0), 0600, NULL), 0);
        expect_content(&folder, "file", "");
        expect_integer(mode_of(&folder, "file"), 0600);
        expect_integer(faccessat(folder.fd, "file.tmp", F_OK, 0), -1);
}

static size_t count_files(const struct folder *folder)
{
        _cleanup_(dir_closep) DIR *dir = opendir(folder->path);
        const struct dirent *entry;
        size_t count = 0;

        assert(dir);
        while ((entry = readdir(dir)))
                count += entry->d_name[0] != '.';
        return count;
}

/* What a crashed writer left behind, or another one is just writing, is no obstacle. */
static void test_replace_beside_a_leftover(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();

        folder_write(&folder, "file.tmp", view_string("a long leftover"));
        expect_integer(file_replace(folder.fd, "file", view_string("new"), 0640, NULL), 0);
        expect_content(&folder, "file", "new");
        expect_integer(mode_of(&folder, "file"), 0640);
        expect_content(&folder, "file.tmp", "a long leftover");
        expect_integer(count_files(&folder), 2);
}

/* A link in the temporary file's place does not lead the writer elsewhere, and a pipe does not hold
 * it up. */
static void test_replace_uses_nothing_there(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        struct stat status;

        folder_write(&folder, "elsewhere", view_string("untouched"));
        expect_integer(symlinkat("elsewhere", folder.fd, "a.tmp"), 0);
        expect_integer(symlinkat("nowhere", folder.fd, "b.tmp"), 0);
        expect_integer(linkat(folder.fd, "elsewhere", folder.fd, "c.tmp", 0), 0);
        expect_integer(mkfifoat(folder.fd, "d.tmp", 0600), 0);
        for (const char *name = "a\0b\0c\0d\0"; *name; name += 2) {
                expect_integer(file_replace(folder.fd, name, view_string("new"), 0600, NULL), 0);
                expect_content(&folder, name, "new");
        }
        expect_content(&folder, "elsewhere", "untouched");
        expect_integer(faccessat(folder.fd, "nowhere", F_OK, 0), -1);
        expect_integer(fstatat(folder.fd, "d.tmp", &status, AT_SYMLINK_NOFOLLOW), 0);
        expect(S_ISFIFO(status.st_mode));
        expect_integer(count_files(&folder), 9);
}

static void test_replace_fails_whole(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        struct problem problem = {};

        expect_integer(mkdirat(folder.fd, "folder", 0700), 0);
        folder_write(&folder, "folder/inside", view_string("x"));
        expect_integer(file_replace(folder.fd, "folder", view_string("new"), 0600, &problem),
                       -EISDIR);
        expect_text(view_string(problem.text), "folder: Is a directory");
        expect_integer(count_files(&folder), 1);
        folder_write(&folder, "folder.tmp", view_string("x"));
        expect_integer(file_replace(folder.fd, "folder", view_string("new"), 0600, NULL), -EISDIR);
        expect_integer(count_files(&folder), 2);
        expect_integer(file_replace(folder.fd, "absent/file", view_string("new"), 0600, NULL),
                       -ENOENT);
}

static void test_sync_parent(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();

        folder_write(&folder, "a/b", view_string("x"));
        expect_integer(file_sync_parent(folder.fd, "a/b"), 0);
        expect_integer(file_sync_parent(folder.fd, "b"), 0);
        expect_integer(file_sync_parent(folder.fd, "/x"), 0);
        expect_integer(file_sync_parent(folder.fd, "absent/b"), -ENOENT);
        expect_integer(file_sync_parent(folder.fd, "a/b/c"), -ENOTDIR);
}

static void test_write_all(void)
{
        _cleanup_(folder_done) struct folder folder = folder_new();
        _cleanup_(fd_closep) int fd =
                openat(folder.fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        expect_integer(file_write_all(fd, view_string("abc")), 0);
        expect_integer(file_write_all(fd, view_of(NULL, 0)), 0);
        expect_content(&folder, "file", "abc");
        expect_integer(file_write_all(-1, view_string("abc")), -EBADF);
}

int main(void)
{
        (void)umask(022); /* the modes below are to come out as asked for */
        test_read_sizes();
        test_read_content();
        test_read_refused();
        test_replace();
        test_replace_beside_a_leftover();
        test_replace_uses_nothing_there();
        test_replace_fails_whole();
        test_sync_parent();
        test_write_all();
        return test_result();
}
