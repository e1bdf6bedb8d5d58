/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "lib/spool.h"

#define READ_SIZE ((size_t)65536)
#define NAMES_MAX 10 /* of temporary files that are tried */

static int read_to_end(int fd, struct buf *ret)
{
        for (;;) {
                size_t limit = ret->limit > 0 ? ret->limit : BUF_LIMIT_DEFAULT;
                size_t ask = limit - ret->size < READ_SIZE ? limit - ret->size : READ_SIZE;
                uint8_t excess, *room;
                ssize_t got;

                if (ask == 0) {
                        got = read(fd, &excess, 1);
                        if (got > 0)
                                return -EMSGSIZE;
                } else {
                        room = buf_reserve(ret, ask);
                        if (!room)
                                return buf_error(ret);
                        got = read(fd, room, ask);
                }
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 0;
                buf_grown(ret, (size_t)got);
        }
}

int file_open(int dir_fd, const char *path, int *ret_fd, struct problem *problem)
{
        _cleanup_(fd_closep) int fd = -1;
        struct stat status;
        int r;

        fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &status) < 0) {
                r = -errno;
                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        }
        if (!S_ISREG(status.st_mode))
                return problem_set(problem, -EINVAL, "%s: not a regular file", path);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int file_read_fd(int fd, const char *path, struct buf *ret, struct problem *problem)
{
        int r = read_to_end(fd, ret);

        if (r == -EMSGSIZE)
                return problem_set(problem, r, "%s: longer than the %zu bytes allowed", path,
                                   ret->limit > 0 ? ret->limit : BUF_LIMIT_DEFAULT);
        if (r < 0)
                return problem_set(problem, r, "%s: %s", path, strerror(-r));
        return 0;
}

int file_read(int dir_fd, const char *path, struct buf *ret, struct problem *problem)
{
        _cleanup_(fd_closep) int fd = -1;
        int r = file_open(dir_fd, path, &fd, problem);

        return r < 0 ? r : file_read_fd(fd, path, ret, problem);
}

int file_write_all(int fd, struct view content)
{
        while (content.size > 0) {
                ssize_t written = write(fd, content.data, content.size);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return -errno;
                content.data += written;
                content.size -= (size_t)written;
        }
        return 0;
}

int file_write_buf(int fd, const struct buf *content)
{
        struct view slice;
        int r = 0;

        for (size_t i = 0; r == 0 && (slice = spool_slice(content, i)).size > 0; i += slice.size)
                r = file_write_all(fd, slice);
        return r;
}

int file_sync_parent(int dir_fd, const char *path)
{
        _cleanup_(freep) char *parent = strdup(path);
        _cleanup_(fd_closep) int fd = -1;
        char *slash;

        if (!parent)
                return -ENOMEM;
        slash = strrchr(parent, '/');
        if (slash)
                *(slash == parent ? slash + 1 : slash) = '\0';
        fd = openat(dir_fd, slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

/* The first name is the plain one. The others nobody can guess who would be in the way of it. */
static int name_temporary(const char *path, int is_first, char ret[PATH_MAX])
{
        uint64_t chance;
        int length;

        if (!is_first && getrandom(&chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
                return -EIO;
        length = is_first
                         ? snprintf(ret, PATH_MAX, "%s.tmp", path)
                         : snprintf(ret, PATH_MAX, "%s.%llu.tmp", path, (unsigned long long)chance);
        return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* A file that is made here and was not there before: what lies in the folder may be of somebody
 * else who can write there, or of another process that is about to do the same. */
static int make_temporary(int dir_fd, const char *path, mode_t mode, char ret_name[PATH_MAX])
{
        int fd = -1, r = -EEXIST;

        for (int i = 0; r == -EEXIST && i < NAMES_MAX; i++) {
                r = name_temporary(path, i == 0, ret_name);
                if (r < 0)
                        return r;
                fd = openat(dir_fd, ret_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                            mode);
                r = fd < 0 ? -errno : 0;
        }
        return r < 0 ? r : fd;
}

static int write_temporary(int fd, const struct buf *content)
{
        int r = file_write_buf(fd, content);

        return r == 0 && fdatasync(fd) < 0 ? -errno : r;
}

static int put(int dir_fd, const char *path, const struct buf *content, mode_t mode,
               struct problem *problem)
{
        char temporary[PATH_MAX];
        _cleanup_(fd_closep) int fd = make_temporary(dir_fd, path, mode, temporary);
        int r = fd < 0 ? fd : write_temporary(fd, content);

        if (r == 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
                r = -errno;
        if (r < 0 && fd >= 0)
                (void)unlinkat(dir_fd, temporary, 0); /* the failure is reported either way */
        return r < 0 ? problem_set(problem, r, "%s: %s", path, strerror(-r)) : 0;
}

int file_put(int dir_fd, const char *path, struct view content, mode_t mode,
             struct problem *problem)
{
        const struct buf borrowed = spool_borrow(content);

        return put(dir_fd, path, &borrowed, mode, problem);
}

int file_replace_with(int dir_fd, const char *path, const struct buf *content, mode_t mode,
                      struct problem *problem)
{
        int r = put(dir_fd, path, content, mode, problem);

        if (r < 0)
                return r;
        r = file_sync_parent(dir_fd, path);
        if (r < 0)
                return problem_set(problem, r, "%s: folder not synced: %s", path, strerror(-r));
        return 0;
}

int file_replace(int dir_fd, const char *path, struct view content, mode_t mode,
                 struct problem *problem)
{
        const struct buf borrowed = spool_borrow(content);

        return file_replace_with(dir_fd, path, &borrowed, mode, problem);
}
