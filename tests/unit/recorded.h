/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A disk that remembers what was done to it, to show what a power failure leaves. The linker puts
 * these in the place of the system calls (changing_calls in meson.build).
 *
 * The rules are those of POSIX and no kinder: data is durable after fsync() or fdatasync() of its
 * file, a name after fsync() of its folder. Of what was not durable, each write may be there, gone,
 * cut short or rubbish; of the changes to a folder, the first few are there.
 */

#include "lib/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDED_MAX   8192
#define RECORDED_FILES 4096
#define RECORDED_FDS   256
#define RECORDED_PATH  128

enum recorded_kind {
        RECORDED_CREATE,
        RECORDED_MKDIR,
        RECORDED_RENAME,
        RECORDED_UNLINK,
        RECORDED_WRITE,
        RECORDED_TRUNCATE,
        RECORDED_SYNC_FILE,
        RECORDED_LOSE, /* a sync that failed: what it was to make durable never will be */
        RECORDED_SYNC_FOLDER,
};

struct recorded_change {
        enum recorded_kind kind;
        char path[RECORDED_PATH]; /* below the root; of a folder for RECORDED_SYNC_FOLDER */
        char to[RECORDED_PATH];
        int file;
        uint64_t offset;
        struct buf bytes;
        size_t mark; /* what the test had been promised before this change */
        size_t second_mark;
};

static struct {
        const char *root; /* NULL: nothing is recorded */
        struct recorded_change changes[RECORDED_MAX];
        size_t count;
        size_t mark, second_mark;
        unsigned syncs, failing_sync; /* of data; which of them fails, from 1 */
        struct {
                char path[RECORDED_PATH];
                int file;
        } names[RECORDED_FILES]; /* files that have a name now */
        size_t name_count;
        int files;
        struct {
                int file;
                uint64_t position;
        } fds[RECORDED_FDS];
} recorded;

/* The path below the root, or NULL when it is elsewhere. */
static const char *recorded_path(int dir_fd, const char *path, char ret[2 * RECORDED_PATH])
{
        char link[64], base[RECORDED_PATH] = "";
        size_t length;
        ssize_t got;

        if (!recorded.root)
                return NULL;
        if (path[0] != '/') {
                (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dir_fd);
                got = readlink(link, base, sizeof(base) - 1);
                assert(got > 0);
                base[got] = '\0';
        }
        (void)snprintf(ret, (size_t)2 * RECORDED_PATH, "%s%s%s", base,
                       base[0] && path[0] ? "/" : "", path);
        length = strlen(recorded.root);
        if (strncmp(ret, recorded.root, length) != 0)
                return NULL;
        return ret[length] == '/' ? ret + length + 1 : ret + length;
}

static struct recorded_change *recorded_add(enum recorded_kind kind, const char *path, int file)
{
        struct recorded_change *change = &recorded.changes[recorded.count++];

        assert(recorded.count <= RECORDED_MAX && strlen(path) < RECORDED_PATH);
        *change = (struct recorded_change){.kind = kind,
                                           .file = file,
                                           .mark = recorded.mark,
                                           .second_mark = recorded.second_mark};
        memcpy(change->path, path, strlen(path) + 1);
        return change;
}

/* The name's place in the list, or the end of it. */
static size_t recorded_find(const char *path)
{
        size_t i = 0;

        while (i < recorded.name_count && !string_equal(recorded.names[i].path, path))
                i++;
        return i;
}

static void recorded_forget(const char *path)
{
        size_t i = recorded_find(path);

        if (i < recorded.name_count)
                recorded.names[i] = recorded.names[--recorded.name_count];
}

static void recorded_name(const char *path, int file)
{
        recorded_forget(path);
        assert(recorded.name_count < RECORDED_FILES && strlen(path) < RECORDED_PATH);
        memcpy(recorded.names[recorded.name_count].path, path, strlen(path) + 1);
        recorded.names[recorded.name_count++].file = file;
}

static void recorded_open(int fd, const char *path, int flags)
{
        size_t i = recorded_find(path);

        assert(fd < RECORDED_FDS);
        if (flags & O_DIRECTORY)
                return;
        if (i == recorded.name_count && !(flags & O_CREAT))
                return;
        if (i == recorded.name_count) {
                recorded_add(RECORDED_CREATE, path, ++recorded.files);
                recorded_name(path, recorded.files);
                i = recorded_find(path);
        } else if (flags & O_TRUNC) {
                recorded_add(RECORDED_TRUNCATE, "", recorded.names[i].file);
        }
        recorded.fds[fd].file = recorded.names[i].file;
        recorded.fds[fd].position = 0;
}

int __real_openat64(int dir_fd, const char *path, int flags, ...);
int __wrap_openat64(int dir_fd, const char *path, int flags, ...);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_ftruncate64(int fd, off_t size);
int __wrap_ftruncate64(int fd, off_t size);
int __real_mkdirat(int dir_fd, const char *path, mode_t mode);
int __wrap_mkdirat(int dir_fd, const char *path, mode_t mode);
int __real_unlinkat(int dir_fd, const char *path, int flags);
int __wrap_unlinkat(int dir_fd, const char *path, int flags);

int __wrap_openat64(int dir_fd, const char *path, int flags, ...)
{
        char room[2 * RECORDED_PATH];
        const char *below = recorded_path(dir_fd, path, room);
        va_list arguments;
        mode_t mode;
        int fd;

        va_start(arguments, flags);
        mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
        va_end(arguments);
        fd = __real_openat64(dir_fd, path, flags, mode);
        if (fd >= 0 && below)
                recorded_open(fd, below, flags);
        return fd;
}

static void recorded_write(int fd, const void *bytes, size_t size, uint64_t offset)
{
        struct recorded_change *change = recorded_add(RECORDED_WRITE, "", recorded.fds[fd].file);

        change->offset = offset;
        buf_put(&change->bytes, bytes, size);
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
        if (recorded.root)
                recorded_write(fd, bytes, size, (uint64_t)offset);
        return __real_pwrite64(fd, bytes, size, offset);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
        if (recorded.root) {
                recorded_write(fd, bytes, size, recorded.fds[fd].position);
                recorded.fds[fd].position += size;
        }
        return __real_write(fd, bytes, size);
}

int __wrap_fsync(int fd)
{
        char room[2 * RECORDED_PATH];
        struct stat status;
        const char *below;

        if (!recorded.root || fstat(fd, &status) < 0)
                return 0;
        below = recorded_path(fd, "", room);
        if (S_ISDIR(status.st_mode) && below)
                recorded_add(RECORDED_SYNC_FOLDER, below, 0);
        else if (!S_ISDIR(status.st_mode))
                recorded_add(RECORDED_SYNC_FILE, "", recorded.fds[fd].file);
        return 0;
}

int __wrap_fdatasync(int fd)
{
        if (!recorded.root || ++recorded.syncs != recorded.failing_sync)
                return __wrap_fsync(fd);
        recorded_add(RECORDED_LOSE, "", recorded.fds[fd].file);
        errno = EIO;
        return -1;
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
        char room[2 * RECORDED_PATH], to_room[2 * RECORDED_PATH];
        const char *below = recorded_path(from_fd, from, room);
        const char *to_below = recorded_path(to_fd, to, to_room);
        int r = __real_renameat(from_fd, from, to_fd, to);

        if (r == 0 && below && to_below) {
                struct recorded_change *change = recorded_add(RECORDED_RENAME, below, 0);

                memcpy(change->to, to_below, strlen(to_below) + 1);
                recorded_name(to_below, recorded.names[recorded_find(below)].file);
                recorded_forget(below);
        }
        return r;
}

int __wrap_ftruncate64(int fd, off_t size)
{
        if (recorded.root)
                recorded_add(RECORDED_TRUNCATE, "", recorded.fds[fd].file)->offset = (uint64_t)size;
        return __real_ftruncate64(fd, size);
}

int __wrap_mkdirat(int dir_fd, const char *path, mode_t mode)
{
        char room[2 * RECORDED_PATH];
        const char *below = recorded_path(dir_fd, path, room);
        int r = __real_mkdirat(dir_fd, path, mode);

        if (r == 0 && below)
                recorded_add(RECORDED_MKDIR, below, 0);
        return r;
}

int __wrap_unlinkat(int dir_fd, const char *path, int flags)
{
        char room[2 * RECORDED_PATH];
        const char *below = recorded_path(dir_fd, path, room);
        int r = __real_unlinkat(dir_fd, path, flags);

        if (r == 0 && below) {
                recorded_add(RECORDED_UNLINK, below, 0);
                recorded_forget(below);
        }
        return r;
}

/* The folder whose fsync() makes the change durable; empty for changes of data. */
static void recorded_folder(const struct recorded_change *change, char ret[RECORDED_PATH])
{
        char *slash;

        memcpy(ret, change->path, RECORDED_PATH);
        slash = strrchr(ret, '/');
        ret[slash ? slash - ret : 0] = '\0';
}

static int recorded_is_data(const struct recorded_change *change)
{
        return change->kind == RECORDED_WRITE || change->kind == RECORDED_TRUNCATE;
}

/* Whether a sync between the change and the crash covers it. */
static int recorded_is_durable(size_t index, size_t crash)
{
        const struct recorded_change *change = &recorded.changes[index];
        char folder[RECORDED_PATH];

        recorded_folder(change, folder);
        for (size_t i = index + 1; i < crash; i++) {
                const struct recorded_change *later = &recorded.changes[i];

                if (recorded_is_data(change) && later->kind == RECORDED_LOSE &&
                    later->file == change->file)
                        return 0;
                if (recorded_is_data(change)
                            ? later->kind == RECORDED_SYNC_FILE && later->file == change->file
                            : later->kind == RECORDED_SYNC_FOLDER &&
                                      string_equal(later->path, folder))
                        return 1;
        }
        return 0;
}

static void recorded_reset(void)
{
        for (size_t i = 0; i < recorded.count; i++)
                buf_done(&recorded.changes[i].bytes);
        recorded.root = NULL;
        recorded.count = recorded.name_count = 0;
        recorded.files = 0;
        recorded.syncs = recorded.failing_sync = 0;
        recorded.mark = recorded.second_mark = 0;
}
